package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Endpoint describes an endpoint. Whoever knows its ID can send requests to it.
type Endpoint struct {
	ID      string    `json:"id"` // 32 lower-case hex digits
	Owner   string    `json:"owner"`
	Name    string    `json:"name"` // unique among the owner's
	Created time.Time `json:"created"`
}

// endpointID is an endpoint's id: 128 random bits.
type endpointID [16]byte

func newEndpointID() (id endpointID) {
	rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	return id
}

func (id endpointID) String() string { return hex.EncodeToString(id[:]) }

// parseID takes ids only as String writes them: a store keeps logs by an id's text, and
// another spelling of it would be another log.
func parseID(s string) (id endpointID, ok bool) {
	if len(s) != 2*len(id) || !madeOf(s, digits+"abcdef") {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(s))
	return id, err == nil
}

// readLive reads the ids of all endpoints: about 50 bytes of memory each, so that a
// webhook, and a guess at an id, costs no look into the database.
func (r *Registry) readLive(ctx context.Context) error {
	live := make(map[endpointID]struct{})
	err := r.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query("SELECT id FROM endpoints WHERE deleted IS NULL")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			id, ok := parseID(text)
			if !ok {
				return fmt.Errorf("relay tokens: the endpoint id %q makes no sense: restore a copy", text)
			}
			live[id] = struct{}{}
		}
		return rows.Err()
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live = live
	return err
}

// Endpoint implements relay.Authority.
func (r *Registry) Endpoint(_ context.Context, id string) (bool, error) {
	key, ok := parseID(id)
	if !ok {
		return false, nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, ok = r.live[key]
	return ok, nil
}

// Open implements relay.Authority.
func (r *Registry) Open(ctx context.Context, b relay.Bearer, name string) (id string, err error) {
	if fault := checkEndpointName(name); fault != "" {
		return "", &relay.RefusedError{Reason: fault}
	}
	var e Endpoint
	err = r.db.View(ctx, func(tx *sqlitedb.Tx) error {
		e, err = byName(tx, b.Owner, name)
		return err
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	// One that is in the database and not alive is being made or deleted at this moment,
	// which create waits for.
	if alive, _ := r.Endpoint(ctx, e.ID); !alive {
		return r.create(ctx, b.Owner, name)
	}
	return e.ID, nil
}

// create makes an endpoint, unless somebody was quicker, and returns its id.
func (r *Registry) create(ctx context.Context, owner, name string) (string, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	made := newEndpointID()
	e := Endpoint{ID: made.String()}
	err := r.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		other, err := byName(tx, owner, name)
		if !errors.Is(err, sql.ErrNoRows) {
			e = other
			return err
		}
		var n int
		if err := tx.QueryRow("SELECT count(*) FROM endpoints WHERE owner = ? AND deleted IS NULL", owner).Scan(&n); err != nil {
			return err
		}
		if n >= r.options.MaxEndpoints {
			return &relay.RefusedError{Reason: fmt.Sprintf("%s has %d endpoints, and this relay allows no more: "+
				"use one of them with --endpoint, or have one deleted (solatis-relay endpoint delete)", owner, n)}
		}
		_, err = tx.Exec("INSERT INTO endpoints (id, owner, name, created) VALUES (?, ?, ?, ?)",
			e.ID, owner, name, r.options.Now().UnixMilli())
		return err
	})
	if err != nil {
		return "", err
	}
	if e.ID == made.String() {
		r.mu.Lock()
		r.live[made] = struct{}{}
		r.mu.Unlock()
	}
	return e.ID, nil
}

const endpointColumns = "id, owner, name, created"

func scanEndpoint(row interface{ Scan(...any) error }) (e Endpoint, err error) {
	var created int64
	err = row.Scan(&e.ID, &e.Owner, &e.Name, &created)
	e.Created = fromMillis(&created)
	return e, err
}

func byName(tx *sqlitedb.Tx, owner, name string) (Endpoint, error) {
	return scanEndpoint(tx.QueryRow("SELECT "+endpointColumns+
		" FROM endpoints WHERE owner = ? AND name = ? AND deleted IS NULL", owner, name))
}

// Endpoints lists the endpoints of an owner, or everybody's, by owner and name.
func (r *Registry) Endpoints(ctx context.Context, owner string) (all []Endpoint, err error) {
	err = r.db.View(ctx, func(tx *sqlitedb.Tx) error {
		all, err = endpoints(tx, owner)
		return err
	})
	return all, err
}

func endpoints(tx *sqlitedb.Tx, owner string) (all []Endpoint, err error) {
	rows, err := tx.Query("SELECT "+endpointColumns+
		" FROM endpoints WHERE ?1 IN ('', owner) AND deleted IS NULL ORDER BY owner, name", owner)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEndpoint(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// FindEndpoint finds an endpoint of an owner, or of anybody, by its id or its name.
// Errors: ErrNotFound; *InvalidError for a name that several owners use.
func (r *Registry) FindEndpoint(ctx context.Context, idOrName, owner string) (e Endpoint, err error) {
	err = r.db.View(ctx, func(tx *sqlitedb.Tx) error {
		e, err = findEndpoint(tx, idOrName, owner)
		return err
	})
	return e, err
}

func findEndpoint(tx *sqlitedb.Tx, idOrName, owner string) (Endpoint, error) {
	e, err := scanEndpoint(tx.QueryRow("SELECT "+endpointColumns+
		" FROM endpoints WHERE id = ?1 AND ?2 IN ('', owner) AND deleted IS NULL", idOrName, owner))
	if !errors.Is(err, sql.ErrNoRows) {
		return e, err
	}
	all, err := endpoints(tx, owner)
	if err != nil {
		return Endpoint{}, err
	}
	var matches []Endpoint
	var names, owners []string
	for _, e := range all {
		names = append(names, e.Name)
		if e.Name == idOrName {
			matches = append(matches, e)
			owners = append(owners, e.Owner)
		}
	}
	switch len(matches) {
	case 0:
		return Endpoint{}, notFound("endpoint", shorten(idOrName), names)
	case 1:
		return matches[0], nil
	}
	return Endpoint{}, invalid("%d owners have an endpoint %q: say which with --owner (%s)",
		len(matches), idOrName, strings.Join(owners, ", "))
}

// DeleteEndpoint deletes an endpoint and returns what it was. Its id takes no requests
// from then on and is never given again; its name is free. Errors: those of
// FindEndpoint.
//
// Its agents and its log are for the caller to remove, in this order. Until Cleared the
// log's id is among Deleted.
func (r *Registry) DeleteEndpoint(ctx context.Context, idOrName, owner string) (e Endpoint, err error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	now := r.options.Now()
	err = r.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		if e, err = findEndpoint(tx, idOrName, owner); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE endpoints SET deleted = ?2 WHERE id = ?1", e.ID, now.UnixMilli())
		return err
	})
	if err != nil {
		return Endpoint{}, err
	}
	id, _ := parseID(e.ID)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, id)
	return e, nil
}

// Deleted lists the ids of deleted endpoints whose logs may still be there: a request
// that was under way when its endpoint was deleted can have begun a new one.
func (r *Registry) Deleted(ctx context.Context) (ids []string, err error) {
	err = r.db.View(ctx, func(tx *sqlitedb.Tx) error {
		rows, err := tx.Query("SELECT id FROM endpoints WHERE deleted IS NOT NULL AND cleared = 0")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	return ids, err
}

// Cleared notes that the log of a deleted endpoint is gone, durably, and that nobody
// writes to it any more.
func (r *Registry) Cleared(ctx context.Context, id string) error {
	return r.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("UPDATE endpoints SET cleared = 1 WHERE id = ? AND deleted IS NOT NULL", id)
		return err
	})
}
