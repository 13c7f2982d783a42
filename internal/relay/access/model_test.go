package access_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
)

// world is a registry and, in plain maps, what should be in it.
type world struct {
	t        *testing.T
	folder   string
	options  access.Options
	clock    *clock
	registry *access.Registry

	secrets   map[string]access.Token // by text
	endpoints map[[2]string]string    // ids, by owner and name
	given     map[string]bool         // ids, deleted ones too
	used      map[string]time.Time    // by token id
}

var (
	owners = []string{"ann", "bob", "cleo"}
	names  = []string{"shop", "blog", "ci", "Shop"}
)

const modelEndpoints = 3 // of one owner at most

// TestTheRegistryIsItsModel does random things to a registry, and compares it with maps
// after each.
func TestTheRegistryIsItsModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		c := newClock()
		w := &world{
			t: t, folder: folder, clock: c, options: access.Options{MaxEndpoints: modelEndpoints, Now: c.Now},
			secrets: make(map[string]access.Token), endpoints: make(map[[2]string]string),
			given: make(map[string]bool), used: make(map[string]time.Time),
		}
		w.open(rt)
		defer func() { w.registry.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"create":  w.create,
			"revoke":  w.revoke,
			"present": w.present,
			"open":    w.openEndpoint,
			"delete":  w.delete,
			"wait": func(rt *rapid.T) {
				c.advance(time.Duration(rapid.IntRange(1, 120).Draw(rt, "minutes")) * time.Minute)
			},
			"reopen": func(rt *rapid.T) {
				if err := w.registry.Close(); err != nil {
					rt.Fatal(err)
				}
				w.open(rt)
			},
			"": w.compare,
		})
	})
}

func (w *world) open(rt *rapid.T) {
	var err error
	if w.registry, err = access.Load(w.t.Context(), filepath.Join(w.folder, "access.db"), w.options); err != nil {
		rt.Fatal(err)
	}
}

func owner(rt *rapid.T) string { return rapid.SampledFrom(owners).Draw(rt, "owner") }

// asker is somebody who wants to change something: an owner, or the operator.
func asker(rt *rapid.T) string {
	return rapid.SampledFrom(append([]string{""}, owners...)).Draw(rt, "asker")
}

func (w *world) create(rt *rapid.T) {
	var expires time.Time
	if rapid.Bool().Draw(rt, "expires") {
		expires = w.clock.Now().Add(time.Duration(rapid.IntRange(1, 300).Draw(rt, "minutes")) * time.Minute)
	}
	scope := rapid.SampledFrom(access.Scopes).Draw(rt, "scope")
	token, secret, err := w.registry.CreateToken(w.t.Context(), owner(rt), scope, "for a test", expires)
	if err != nil {
		rt.Fatal(err)
	}
	if _, ok := w.secrets[secret.Reveal()]; ok {
		rt.Fatal("a token twice")
	}
	w.secrets[secret.Reveal()] = token
}

// pick chooses one of a map's keys; the order is that of the strings.
func pick[V any](rt *rapid.T, m map[string]V) string {
	if len(m) == 0 {
		rt.Skip("none yet")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m))).Draw(rt, "which")
}

func (w *world) revoke(rt *rapid.T) {
	text, by := pick(rt, w.secrets), asker(rt)
	token := w.secrets[text]
	got, err := w.registry.RevokeToken(w.t.Context(), token.ID, by)
	if by != "" && by != token.Owner {
		if !errors.Is(err, access.ErrNotFound) {
			rt.Fatalf("%s revokes a token of %s: %v", by, token.Owner, err)
		}
		return
	}
	if token.Revoked.IsZero() {
		token.Revoked = w.clock.Now()
	}
	if err != nil || got != w.known(token) {
		rt.Fatalf("got %+v, %v; want %+v", got, err, w.known(token))
	}
	w.secrets[text] = token
}

// known is a token as the registry should describe it.
func (w *world) known(t access.Token) access.Token {
	t.Used = w.used[t.ID]
	return t
}

func (w *world) present(rt *rapid.T) {
	text := pick(rt, w.secrets)
	token, now := w.secrets[text], w.clock.Now()
	ask, want := w.registry.Bearer, access.ScopeListen
	if rapid.Bool().Draw(rt, "as admin") {
		ask, want = w.registry.Admin, access.ScopeAdmin
	}
	b, err := ask(w.t.Context(), text)
	valid := token.Revoked.IsZero() && (token.Expires.IsZero() || now.Before(token.Expires)) && token.Scope == want
	if !valid {
		if why := refused(w.t, err); strings.Contains(why, text[4:]) {
			rt.Fatal("the token stands in its refusal")
		}
		return
	}
	if err != nil || b != (relay.Bearer{TokenID: token.ID, Owner: token.Owner, Expires: token.Expires}) {
		rt.Fatalf("got %+v, %v for %+v", b, err, token)
	}
	if last, ok := w.used[token.ID]; !ok || now.Sub(last) >= time.Hour {
		w.used[token.ID] = now
	}
}

func (w *world) openEndpoint(rt *rapid.T) {
	key := [2]string{owner(rt), rapid.SampledFrom(names).Draw(rt, "name")}
	id, err := w.registry.Open(w.t.Context(), relay.Bearer{Owner: key[0]}, key[1])
	if there, ok := w.endpoints[key]; ok {
		if err != nil || id != there {
			rt.Fatalf("got %s, %v; want %s", id, err, there)
		}
		return
	}
	if w.count(key[0]) == modelEndpoints {
		refused(w.t, err)
		return
	}
	if err != nil || w.given[id] {
		rt.Fatalf("got %s, which was given before: %v; %v", id, w.given[id], err)
	}
	w.endpoints[key], w.given[id] = id, true
}

func (w *world) count(owner string) (n int) {
	for key := range w.endpoints {
		if key[0] == owner {
			n++
		}
	}
	return n
}

func (w *world) delete(rt *rapid.T) {
	id, by := pick(rt, w.given), asker(rt)
	var key [2]string
	for k, other := range w.endpoints {
		if other == id {
			key = k
		}
	}
	name := id
	if key[1] != "" && by != "" && rapid.Bool().Draw(rt, "by name") {
		name = key[1]
		key, id = [2]string{by, name}, w.endpoints[[2]string{by, name}] // his own of that name, if any
	}
	e, err := w.registry.DeleteEndpoint(w.t.Context(), name, by)
	if key[1] == "" || id == "" || by != "" && by != key[0] {
		if !errors.Is(err, access.ErrNotFound) {
			rt.Fatalf("%q deletes %s: %v", by, name, err)
		}
		return
	}
	if err != nil || e.ID != id || e.Owner != key[0] || e.Name != key[1] {
		rt.Fatalf("got %+v, %v; want %v", e, err, key)
	}
	delete(w.endpoints, key)
}

// compare holds all that can be asked against the model.
func (w *world) compare(rt *rapid.T) {
	live := make(map[string]bool)
	for _, id := range w.endpoints {
		live[id] = true
	}
	for id := range w.given {
		if takes(w.t, w.registry, id) != live[id] {
			rt.Fatalf("%s takes requests: %v", id, !live[id])
		}
	}
	for _, by := range append([]string{""}, owners...) {
		w.compareTokens(rt, by)
		w.compareEndpoints(rt, by)
	}
}

func (w *world) compareTokens(rt *rapid.T, by string) {
	all, err := w.registry.Tokens(w.t.Context(), by)
	if err != nil {
		rt.Fatal(err)
	}
	want := make(map[string]access.Token)
	for _, token := range w.secrets {
		if by == "" || by == token.Owner {
			want[token.ID] = w.known(token)
		}
	}
	got := make(map[string]access.Token)
	for _, token := range all {
		got[token.ID] = token
	}
	if len(all) != len(want) || !maps.Equal(got, want) {
		rt.Fatalf("%q sees the tokens %+v, want %+v", by, got, want)
	}
}

func (w *world) compareEndpoints(rt *rapid.T, by string) {
	all, err := w.registry.Endpoints(w.t.Context(), by)
	if err != nil {
		rt.Fatal(err)
	}
	want := make(map[[2]string]string)
	for key, id := range w.endpoints {
		if by == "" || by == key[0] {
			want[key] = id
		}
	}
	got := make(map[[2]string]string)
	for _, e := range all {
		got[[2]string{e.Owner, e.Name}] = e.ID
	}
	if len(all) != len(want) || !maps.Equal(got, want) {
		rt.Fatalf("%q sees the endpoints %v, want %v", by, got, want)
	}
}
