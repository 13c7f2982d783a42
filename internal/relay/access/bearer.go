package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// usedEvery is how long a token's last use isn't written again, so that agents that come
// and go don't write each time.
const usedEvery = time.Hour

// ErrScope says that a token is valid, but not for this. It comes with a
// *relay.RefusedError.
var ErrScope = errors.New("the token has another scope")

// scopeError is a *relay.RefusedError that is ErrScope too.
type scopeError struct{ *relay.RefusedError }

func (e scopeError) Unwrap() []error { return []error{e.RefusedError, ErrScope} }

// Bearer implements relay.Authority: it accepts tokens that may listen, and none at all
// where anonymous agents are allowed.
func (r *Registry) Bearer(ctx context.Context, token string) (relay.Bearer, error) {
	switch {
	case token != "":
		return r.bearer(ctx, token, ScopeListen)
	case r.options.AllowAnonymous:
		return relay.Bearer{TokenID: Anonymous, Owner: Anonymous}, nil
	}
	return relay.Bearer{}, &relay.RefusedError{Reason: "an agent needs a token: ask whoever runs this relay for one " +
		"(solatis-relay token create makes it), and keep it with solatis relay add"}
}

// Admin finds whose token it is, and refuses those that may not administer with a
// *relay.RefusedError.
func (r *Registry) Admin(ctx context.Context, token string) (relay.Bearer, error) {
	if token == "" {
		return relay.Bearer{}, &relay.RefusedError{Reason: "administration needs a token: " +
			"create one on the relay's machine with solatis-relay token create --scope admin"}
	}
	return r.bearer(ctx, token, ScopeAdmin)
}

func (r *Registry) bearer(ctx context.Context, token string, want Scope) (relay.Bearer, error) {
	t, err := r.lookUp(ctx, token)
	if err != nil {
		return relay.Bearer{}, err
	}
	now := r.options.Now()
	if err := usable(t, want, now); err != nil {
		return relay.Bearer{}, err
	}
	if now.Sub(t.Used) >= usedEvery {
		// A relay whose disk is full must let agents in, since it is they who empty it.
		_ = r.db.UpdateSoon(ctx, func(tx *sqlitedb.Tx) error {
			_, err := tx.Exec("UPDATE tokens SET used = ?2 WHERE id = ?1", t.ID, now.UnixMilli())
			return err
		})
	}
	return relay.Bearer{TokenID: t.ID, Owner: t.Owner, Expires: t.Expires}, nil
}

// lookUp finds a token by its text.
func (r *Registry) lookUp(ctx context.Context, token string) (t Token, err error) {
	unknown := &relay.RefusedError{Reason: "this relay doesn't know the token: " +
		"see that it is whole and meant for this relay, or ask for a new one"}
	if !looksLikeSecret(token) {
		return Token{}, unknown // without asking the disk
	}
	err = r.db.View(ctx, func(tx *sqlitedb.Tx) error {
		t, err = scanToken(tx.QueryRow("SELECT "+tokenColumns+" FROM tokens WHERE hash = ?", hashOf(token)))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Token{}, unknown
	}
	return t, err
}

// usable returns the *relay.RefusedError that says why a token can't be used, or nil.
func usable(t Token, want Scope, now time.Time) error {
	switch t.State(now) {
	case "revoked":
		return &relay.RefusedError{Reason: fmt.Sprintf("the token %s was revoked: ask for a new one", t.ID)}
	case "expired":
		return &relay.RefusedError{Reason: fmt.Sprintf("the token %s expired on %s: ask for a new one", t.ID, t.Expires.Format(time.RFC3339))}
	}
	if t.Scope != want {
		return scopeError{&relay.RefusedError{Reason: fmt.Sprintf("the token %s has the scope %s, and this needs one with the scope %s", t.ID, t.Scope, want)}}
	}
	return nil
}
