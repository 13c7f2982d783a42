package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Scope is what a token can be used for.
type Scope string

// The scopes. Neither includes the other: the token that lies on a developer's laptop
// can't delete anything, and the one that can needn't lie there.
const (
	ScopeListen Scope = "listen" // connect agents, and open endpoints
	ScopeAdmin  Scope = "admin"  // manage the tokens and endpoints of its owner
)

// Scopes are all scopes.
var Scopes = []Scope{ScopeListen, ScopeAdmin}

// Token describes a token. Its text is not among it. Times are UTC, and zero where there
// is none.
type Token struct {
	ID      string    `json:"id"` // "tok_…"
	Owner   string    `json:"owner"`
	Scope   Scope     `json:"scope"`
	Comment string    `json:"comment,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
	Used    time.Time `json:"used,omitzero"` // last, to the hour
}

// State says whether a token can be used at a time: "valid", "expired" or "revoked".
func (t Token) State(now time.Time) string {
	switch {
	case !t.Revoked.IsZero():
		return "revoked"
	case t.expired(now):
		return "expired"
	}
	return "valid"
}

func (t Token) expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

// CreateToken makes a token for an owner and returns its text, which can't be had again.
// A zero time in expires means never. Values that can't be used, and a token too many,
// are an *InvalidError.
func (r *Registry) CreateToken(ctx context.Context, owner string, scope Scope, comment string, expires time.Time) (Token, Secret, error) {
	now := r.options.Now()
	if err := checkToken(owner, scope, comment, expires, now); err != nil {
		return Token{}, Secret{}, err
	}
	t := Token{
		Owner: owner, Scope: scope, Comment: comment,
		// As they will be read back.
		Created: fromMillis(millis(now)), Expires: fromMillis(millis(expires)),
	}
	secret := generateSecret()
	err := r.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		if err := r.makeRoom(tx, owner, now); err != nil {
			return err
		}
		for added := int64(0); added == 0; { // again, should the id be taken
			var err error
			t.ID = newTokenID()
			added, err = tx.Exec(`INSERT INTO tokens (id, hash, owner, scope, comment, created, expires)
				VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
				t.ID, hashOf(secret.text), owner, string(scope), comment, millis(now), millis(expires))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Token{}, Secret{}, err
	}
	return t, secret, nil
}

// tokenMemory is how long a token that can't be used any more is still listed, and told
// from an unknown one.
const tokenMemory = 90 * 24 * time.Hour

// makeRoom forgets an owner's old tokens, and sees to it that there is room for another
// one: an administrator's token must not be able to fill the disk.
func (r *Registry) makeRoom(tx *sqlitedb.Tx, owner string, now time.Time) error {
	_, err := tx.Exec("DELETE FROM tokens WHERE owner = ?1 AND min(coalesce(revoked, expires), coalesce(expires, revoked)) < ?2",
		owner, now.Add(-tokenMemory).UnixMilli())
	if err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM tokens WHERE owner = ?", owner).Scan(&n); err != nil {
		return err
	}
	if n >= r.options.MaxTokens {
		return invalid("%s has %d tokens, and there may be no more: revoked and expired ones count for %d days",
			owner, n, int(tokenMemory.Hours()/24))
	}
	return nil
}

func checkToken(owner string, scope Scope, comment string, expires, now time.Time) error {
	if err := checkOwner(owner); err != nil {
		return err
	}
	if scope != ScopeListen && scope != ScopeAdmin {
		return invalid("there is no scope %q: a token is for %s or for %s", shorten(string(scope)), ScopeListen, ScopeAdmin)
	}
	if !expires.IsZero() && !expires.After(now) {
		return invalid("the token would be expired already, on %s: give a later time", expires.UTC().Format(time.RFC3339))
	}
	return checkComment(comment)
}

const tokenColumns = "id, owner, scope, comment, created, expires, revoked, used"

func scanToken(row interface{ Scan(...any) error }) (t Token, err error) {
	var created, expires, revoked, used *int64
	err = row.Scan(&t.ID, &t.Owner, &t.Scope, &t.Comment, &created, &expires, &revoked, &used)
	t.Created, t.Expires = fromMillis(created), fromMillis(expires)
	t.Revoked, t.Used = fromMillis(revoked), fromMillis(used)
	return t, err
}

// Tokens lists the tokens of an owner, or everybody's, the oldest first. Those that are
// revoked or expired are among them, for 90 days at least.
func (r *Registry) Tokens(ctx context.Context, owner string) (all []Token, err error) {
	err = r.db.View(ctx, func(tx *sqlitedb.Tx) error {
		all, err = tokens(tx, owner)
		return err
	})
	return all, err
}

func tokens(tx *sqlitedb.Tx, owner string) (all []Token, err error) {
	rows, err := tx.Query("SELECT "+tokenColumns+" FROM tokens WHERE ?1 IN ('', owner) ORDER BY created, id", owner)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// RevokeToken makes a token useless for good and returns it. It is named by its id, or
// by a beginning of it that no other one has. Revoking one again changes nothing. Errors:
// ErrNotFound; *InvalidError for a beginning that is too short or not unique.
//
// Connections that the token has opened are for the caller to close, afterwards.
func (r *Registry) RevokeToken(ctx context.Context, id, owner string) (Token, error) {
	var t Token
	now := r.options.Now()
	err := r.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		found, err := findToken(tx, id, owner)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE tokens SET revoked = coalesce(revoked, ?2) WHERE id = ?1", found, millis(now)); err != nil {
			return err
		}
		t, err = scanToken(tx.QueryRow("SELECT "+tokenColumns+" FROM tokens WHERE id = ?", found))
		return err
	})
	return t, err
}

// minTokenPrefix is how much of an id has to be given.
const minTokenPrefix = len(TokenPrefix) + 4

// findToken returns the id of an owner's token that is, or begins with, what was given.
func findToken(tx *sqlitedb.Tx, id, owner string) (string, error) {
	var found string
	err := tx.QueryRow("SELECT id FROM tokens WHERE id = ?1 AND ?2 IN ('', owner)", id, owner).Scan(&found)
	if !errors.Is(err, sql.ErrNoRows) {
		return found, err
	}
	all, err := tokens(tx, owner)
	if err != nil {
		return "", err
	}
	var ids, matches []string
	for _, t := range all {
		ids = append(ids, t.ID)
		if strings.HasPrefix(t.ID, id) {
			matches = append(matches, t.ID)
		}
	}
	switch {
	case len(matches) == 0:
		return "", notFound("token", redactSecret(id), ids)
	case len(id) < minTokenPrefix:
		return "", invalid("%q is too little of a token's id: give %d characters at least", id, minTokenPrefix)
	case len(matches) > 1:
		return "", invalid("%d tokens begin with %q: %s", len(matches), id, strings.Join(matches, ", "))
	}
	return matches[0], nil
}

// redactSecret keeps a token that somebody gave for its id out of the error.
func redactSecret(id string) string {
	if strings.Contains(id, SecretPrefix) {
		return fmt.Sprintf("%s…", SecretPrefix)
	}
	return shorten(id)
}
