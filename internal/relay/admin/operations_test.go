package admin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
)

// eachWay runs a test with the operations of a Manager, and of a Client of one.
func eachWay(t *testing.T, test func(t *testing.T, m *admin.Manager, o admin.Operations)) {
	t.Run("manager", func(t *testing.T) {
		m := newManager(t, t.TempDir())
		test(t, m, m)
	})
	t.Run("client", func(t *testing.T) {
		folder := shortFolder(t)
		m := newManager(t, folder)
		serve(t, folder, m)
		test(t, m, connect(t, folder))
	})
}

func TestTokens(t *testing.T) {
	eachWay(t, func(t *testing.T, m *admin.Manager, o admin.Operations) {
		ctx := t.Context()
		expires := noon.Add(time.Hour)
		ann, secret, err := o.CreateToken(ctx, admin.TokenRequest{Owner: "ann", Scope: access.ScopeListen, Comment: "laptop", Expires: expires})
		if err != nil {
			t.Fatal(err)
		}
		want := access.Token{ID: ann.ID, Owner: "ann", Scope: access.ScopeListen, Comment: "laptop", Created: noon, Expires: expires}
		if ann != want {
			t.Errorf("got %+v, want %+v", ann, want)
		}
		if _, err := m.Registry.Bearer(ctx, secret.Reveal()); err != nil {
			t.Error(err)
		}
		bob, _, err := o.CreateToken(ctx, admin.TokenRequest{Owner: "bob", Scope: access.ScopeAdmin})
		if err != nil {
			t.Fatal(err)
		}
		if all, err := o.Tokens(ctx, "bob"); err != nil || !slices.Equal(all, []access.Token{bob}) {
			t.Errorf("got %+v, %v", all, err)
		}
		if all, err := o.Tokens(ctx, ""); err != nil || len(all) != 2 {
			t.Errorf("got %+v, %v", all, err)
		}
		if _, err := o.RevokeToken(ctx, bob.ID, "ann"); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("ann revokes what is bob's: %v", err)
		}
		revoked, err := o.RevokeToken(ctx, ann.ID[:10], "")
		if want.Revoked, want.Used = noon, noon; err != nil || revoked != want {
			t.Errorf("got %+v, %v", revoked, err)
		}
		if _, err := m.Registry.Bearer(ctx, secret.Reveal()); err == nil {
			t.Error("taken after it was revoked")
		}
		if _, _, err := o.CreateToken(ctx, admin.TokenRequest{Owner: "anonymous", Scope: access.ScopeListen}); !isInvalid(err) {
			t.Errorf("got %v", err)
		}
	})
}

func isInvalid(err error) bool {
	var wrong *access.InvalidError
	return errors.As(err, &wrong)
}

func TestEndpoints(t *testing.T) {
	eachWay(t, func(t *testing.T, m *admin.Manager, o admin.Operations) {
		ctx := t.Context()
		m.Live = &live{connected: []string{"laptop", "~ci"}}
		id := openEndpoint(t, m, "ann", "shop")
		openEndpoint(t, m, "bob", "shop")
		at, err := m.Store.Resume(ctx, id, "laptop", event.Position{}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Store.Resume(ctx, id, "desk", at, noon.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		appendTo(t, m, id, "one", "two", "three")
		if err := m.Store.Ack(ctx, id, "laptop", 1, noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		stat, err := m.Store.Stat(ctx, id, "")
		if err != nil || stat.BacklogBytes == 0 {
			t.Fatal(stat, err)
		}
		want := admin.Endpoint{
			Endpoint: access.Endpoint{ID: id, Owner: "ann", Name: "shop", Created: noon},
			URL:      "https://relay.example/e/" + id, Head: 3, Backlog: 2, Bytes: stat.BacklogBytes,
			Agents: []admin.Agent{
				{Name: "desk", Backlog: 3, Seen: noon.Add(-time.Hour)},
				{Name: "laptop", Seq: 1, Backlog: 2, Seen: noon.Add(time.Minute), Connected: true},
				{Name: "~ci", Connected: true},
			},
		}
		for _, name := range []string{id, "shop"} {
			if got, err := o.Endpoint(ctx, name, "ann"); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
			}
		}
		if all, err := o.Endpoints(ctx, "ann"); err != nil || !reflect.DeepEqual(all, []admin.Endpoint{want}) {
			t.Errorf("got %+v, %v", all, err)
		}
		if all, err := o.Endpoints(ctx, ""); err != nil || len(all) != 2 || all[1].Owner != "bob" {
			t.Errorf("got %+v, %v", all, err)
		}
		if all, err := o.Endpoints(ctx, "nobody"); err != nil || len(all) != 0 {
			t.Errorf("got %+v, %v", all, err)
		}
		if _, err := o.Endpoint(ctx, "shop", ""); !isInvalid(err) {
			t.Errorf("a name of two: %v", err)
		}
		for _, name := range []string{"", ".", "..", "a/b", "../tokens", "shop?owner=bob", "%2e"} {
			if _, err := o.Endpoint(ctx, name, "ann"); !errors.Is(err, access.ErrNotFound) {
				t.Errorf("%q: %v", name, err)
			}
		}
		if e, err := o.DeleteEndpoint(ctx, "shop", "ann"); err != nil || e != want.Endpoint {
			t.Errorf("got %+v, %v", e, err)
		}
		_, err = o.DeleteEndpoint(ctx, "shop", "ann")
		if !errors.Is(err, access.ErrNotFound) || err.Error() != `endpoint "shop": not found` {
			t.Errorf("deleted again: %v", err)
		}
	})
}

func TestBackup(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for name, tt := range map[string]struct {
		write int // bytes
		err   error
		want  string // what the error says
	}{
		"whole":          {len(large), nil, ""},
		"nothing":        {0, nil, ""},
		"fails":          {0, errors.New("the disk is full: make room"), "the disk is full: make room"},
		"fails half-way": {100, errors.New("half-way"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, m *admin.Manager, o admin.Operations) {
				m.Copy = func(_ context.Context, w io.Writer) error {
					if tt.write > 0 {
						w.Write(large[:tt.write])
					}
					return tt.err
				}
				var got bytes.Buffer
				err := o.Backup(t.Context(), &got)
				if (err == nil) != (tt.err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				if err == nil && !bytes.Equal(got.Bytes(), large[:tt.write]) {
					t.Errorf("%d bytes of %d", got.Len(), tt.write)
				}
			})
		})
	}
	m := newManager(t, t.TempDir())
	if m.Copy = nil; m.Backup(t.Context(), io.Discard) == nil {
		t.Error("a backup of nothing")
	}
}

func TestATokenIsRevokedBeforeItsConnectionsAreClosed(t *testing.T) {
	m := newManager(t, t.TempDir())
	id, text := token(t, m, "ann", access.ScopeListen)
	l := &live{onTold: func(string) {
		if _, err := m.Registry.Bearer(t.Context(), text); err == nil {
			t.Error("agents would be back with the token")
		}
	}}
	m.Live = l
	if _, err := m.RevokeToken(t.Context(), id, "bob"); err == nil || len(l.told) != 0 {
		t.Errorf("bob: %v, and the relay was told %v", err, l.told)
	}
	if _, err := m.RevokeToken(t.Context(), id, "ann"); err != nil {
		t.Fatal(err)
	}
	if want := "disconnect " + id + ": the token " + id + " was revoked"; len(l.told) != 1 || !strings.HasPrefix(l.told[0], want) {
		t.Errorf("told %v", l.told)
	}
}

// deleting is a store that calls before a log is deleted.
type deleting struct {
	relay.Store
	before func(id string) error
}

func (d deleting) Delete(ctx context.Context, id string) error {
	if err := d.before(id); err != nil {
		return err
	}
	return d.Store.Delete(ctx, id)
}

func TestAnEndpointIsDeletedInOrder(t *testing.T) {
	m := newManager(t, t.TempDir())
	id := openEndpoint(t, m, "ann", "shop")
	appendTo(t, m, id, "one")
	l := &live{onTold: func(string) {
		if ok, _ := m.Registry.Endpoint(t.Context(), id); ok {
			t.Error("agents are sent away while the registry would let them in again")
		}
	}}
	m.Live = l
	m.Store = deleting{m.Store, func(string) error {
		if len(l.told) != 1 || l.told[0] != "drop "+id {
			t.Errorf("the log goes after the relay was told %v", l.told)
		}
		return nil
	}}
	if _, err := m.DeleteEndpoint(t.Context(), "shop", "ann"); err != nil {
		t.Fatal(err)
	}
	if stat, err := m.Store.Stat(t.Context(), id, ""); err != nil || stat.Head != 0 {
		t.Errorf("left: %+v, %v", stat, err)
	}
}

func TestSweepDeletesWhatADeletionLeft(t *testing.T) {
	m := newManager(t, t.TempDir())
	store := m.Store
	failing, raced, kept := openEndpoint(t, m, "ann", "failing"), openEndpoint(t, m, "ann", "raced"), openEndpoint(t, m, "ann", "kept")
	for _, id := range []string{failing, raced, kept} {
		appendTo(t, m, id, "one")
	}
	m.Store = deleting{store, func(string) error { return errors.New("the disk is gone") }}
	if _, err := m.DeleteEndpoint(t.Context(), "failing", "ann"); err == nil || !strings.Contains(err.Error(), "is deleted") {
		t.Errorf("got %v", err)
	}
	if err := m.Sweep(t.Context()); err == nil {
		t.Error("swept, though the store can't delete")
	}
	m.Store = store
	if _, err := m.DeleteEndpoint(t.Context(), "raced", "ann"); err != nil {
		t.Fatal(err)
	}
	appendTo(t, m, raced, "late")
	for range 2 { // a second one has nothing to do
		if err := m.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]uint64{failing: 0, raced: 0, kept: 1} {
			if stat, err := store.Stat(t.Context(), id, ""); err != nil || stat.Head != want {
				t.Errorf("%s: %+v, %v", id, stat, err)
			}
		}
	}
	if ids, err := m.Registry.Deleted(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("still to clear: %v, %v", ids, err)
	}
}

func TestTheLogKnowsNoSecrets(t *testing.T) {
	m := newManager(t, t.TempDir())
	var log bytes.Buffer
	m.Log = slog.New(slog.NewTextHandler(&log, nil))
	id, text := token(t, m, "ann", access.ScopeListen)
	endpoint := openEndpoint(t, m, "ann", "shop")
	if _, err := m.RevokeToken(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := m.DeleteEndpoint(t.Context(), endpoint, ""); err != nil {
		t.Fatal(err)
	}
	said := log.String()
	if strings.Contains(said, text[4:]) || strings.Contains(said, endpoint) {
		t.Errorf("a secret is in the log: %s", said)
	}
	for _, want := range []string{"token created", "token revoked", "endpoint deleted", "owner=ann", id, endpoint[:8]} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in %s", want, said)
		}
	}
}
