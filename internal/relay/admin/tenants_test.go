package admin_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
)

const (
	tenantOps     = 100_000
	tenantWorkers = 12 // of each tenant
	tenantSeed    = 1
)

// TestTwoTenantsNeverMeet lets two owners do 100,000 random things on one relay: make,
// use and delete endpoints and tokens of their own, and try to with the other's. Each
// request carries in its body whose endpoint it was sent to, so that one that reaches
// somebody else is found by what it is, not by what the test remembers.
//
// What a worker makes it alone changes, so it knows at each step what has to be there.
func TestTwoTenantsNeverMeet(t *testing.T) {
	ops := tenantOps
	switch {
	case testing.Short():
		ops = 5_000
	case raceDetector:
		ops /= 4
	}
	m := newManager(t, t.TempDir())
	core := relay.New(relay.Config{Store: m.Store, Authority: m.Registry})
	m.Live = core
	h := &house{m: m, relay: core, door: admin.RemoteHandler(m), t: t}
	h.tenants[0], h.tenants[1] = newTenant(t, m, "ann"), newTenant(t, m, "bob")
	t.Logf("seed %d, %d operations", tenantSeed, ops)
	var work sync.WaitGroup
	for i := range 2 * tenantWorkers {
		w := newWorker(h, i)
		work.Go(func() {
			for range ops / (2 * tenantWorkers) {
				if t.Failed() {
					return
				}
				w.step()
			}
		})
	}
	work.Wait()
	h.settle()
	for name, n := range h.counts() {
		if t.Logf("%-13s %6d", name, n); n == 0 {
			t.Errorf("%s never happened", name)
		}
	}
}

// house is a relay, and those who use it.
type house struct {
	t       *testing.T
	m       *admin.Manager
	relay   *relay.Relay
	door    http.Handler
	tenants [2]*tenant

	workers []*worker
	done    [len(actions)]atomic.Int64 // how often each was done
	given   sync.Map                   // whose each id of an endpoint or a token is
}

// tenant is an owner, and what the other one knows of him.
type tenant struct {
	name  string
	admin string // a token

	mu        sync.Mutex // guards what follows
	endpoints []*inbox   // deleted ones too
	tokens    []string   // ids
}

// inbox is an endpoint. Its body says whose it is.
type inbox struct {
	owner, name, id string
	accepted        atomic.Uint64
	deleted         atomic.Bool
}

func (b *inbox) body() string { return b.owner + "/" + b.id }

func newTenant(t *testing.T, m *admin.Manager, name string) *tenant {
	_, text := token(t, m, name, access.ScopeAdmin)
	return &tenant{name: name, admin: text}
}

// worker does things for one tenant, one after the other.
type worker struct {
	*house
	n           int
	rand        *rand.Rand
	self, other *tenant
	inboxes     map[string]*inbox // living ones, by name
	at          map[string]event.Position
	tokens      map[string]string // texts of those for listening, by id
	revoked     map[string]string
}

func newWorker(h *house, n int) *worker {
	w := &worker{
		house: h, n: n, rand: rand.New(rand.NewPCG(tenantSeed, uint64(n))), self: h.tenants[n%2], other: h.tenants[1-n%2],
		inboxes: make(map[string]*inbox), at: make(map[string]event.Position),
		tokens: make(map[string]string), revoked: make(map[string]string),
	}
	h.workers = append(h.workers, w)
	w.createToken()
	return w
}

// actions are what workers do, and how often.
var actions = [...]struct {
	name   string
	weight int
	do     func(*worker)
}{
	{"open", 120, (*worker).open},
	{"send", 250, (*worker).send},
	{"receive", 120, (*worker).receive},
	{"show", 50, (*worker).show},
	{"delete", 10, (*worker).delete},
	{"list", 3, (*worker).list},
	{"list tokens", 3, (*worker).listTokens},
	{"create token", 10, (*worker).createToken},
	{"revoke", 10, (*worker).revoke},
	{"come back", 10, (*worker).comeBack},
	{"send theirs", 150, (*worker).sendTheirs},
	{"show theirs", 40, (*worker).showTheirs},
	{"delete theirs", 20, (*worker).deleteTheirs},
	{"revoke theirs", 5, (*worker).revokeTheirs},
	{"guess", 150, (*worker).guess},
	{"read theirs", 5, (*worker).nameTheirs},
}

func (w *worker) step() {
	sum := 0
	for _, a := range actions {
		sum += a.weight
	}
	at := w.rand.IntN(sum)
	for i, a := range actions {
		if at -= a.weight; at < 0 {
			a.do(w)
			w.done[i].Add(1)
			return
		}
	}
}

func (h *house) counts() map[string]int64 {
	all := make(map[string]int64)
	for i, a := range actions {
		all[a.name] = h.done[i].Load()
	}
	return all
}

// keyOf returns one of a map's keys.
func keyOf[V any](w *worker, m map[string]V) (string, bool) {
	if len(m) == 0 {
		return "", false
	}
	return slices.Sorted(maps.Keys(m))[w.rand.IntN(len(m))], true
}

func (w *worker) bearer() relay.Bearer {
	id, _ := keyOf(w, w.tokens)
	b, err := w.m.Registry.Bearer(w.t.Context(), w.tokens[id])
	if err != nil || b.Owner != w.self.name || b.TokenID != id {
		w.t.Errorf("%s comes with a token and is %+v, %v", w.self.name, b, err)
	}
	return b
}

// open opens one of the worker's endpoints as an agent does, perhaps for the first time.
// Both tenants use the same names.
func (w *worker) open() { w.opened() }

func (w *worker) opened() *inbox {
	name := fmt.Sprintf("w%d-%d", w.n/2, w.rand.IntN(3))
	id, err := w.m.Registry.Open(w.t.Context(), w.bearer(), name)
	b, known := w.inboxes[name]
	if err != nil || known && id != b.id {
		w.t.Errorf("%s opens %s: %s, %v; want %+v", w.self.name, name, id, err, b)
	}
	if known {
		return b
	}
	if whose, given := w.given.LoadOrStore(id, w.self.name); given {
		w.t.Errorf("%s was given %s, which was %s's", w.self.name, id, whose)
	}
	b = &inbox{owner: w.self.name, name: name, id: id}
	w.inboxes[name] = b
	delete(w.at, name)
	w.self.mu.Lock()
	defer w.self.mu.Unlock()
	w.self.endpoints = append(w.self.endpoints, b)
	return b
}

// post sends a webhook and returns the answer's status.
func (w *worker) post(b *inbox) int {
	req := httptest.NewRequest("POST", "/e/"+b.id, strings.NewReader(b.body()))
	rec := httptest.NewRecorder()
	w.relay.ServeHTTP(rec, req)
	if rec.Code == http.StatusOK {
		b.accepted.Add(1)
	}
	return rec.Code
}

func (w *worker) send() {
	if name, ok := keyOf(w, w.inboxes); ok {
		if status := w.post(w.inboxes[name]); status != http.StatusOK {
			w.t.Errorf("a webhook to a living endpoint: %d", status)
		}
	}
}

// receive is an agent that connects, reads and acknowledges.
func (w *worker) receive() {
	ctx, b := w.t.Context(), w.opened()
	at, err := w.m.Store.Resume(ctx, b.id, "agent", w.at[b.name], noon)
	if err != nil || w.at[b.name].Epoch != 0 && at != w.at[b.name] {
		w.t.Errorf("%s goes on at %v, %v; it was at %v", b.body(), at, err, w.at[b.name])
		return
	}
	w.at[b.name] = at
	entries, err := w.m.Store.Read(ctx, b.id, at.Seq, 1+w.rand.IntN(20), 1<<20)
	if err != nil {
		w.t.Error(err)
	}
	for i, e := range entries {
		if got := string(e.Request.Body); got != b.body() || e.Seq != at.Seq+uint64(i)+1 {
			w.t.Errorf("%s got %d, %q", b.body(), e.Seq, got)
		}
	}
	if len(entries) == 0 {
		return
	}
	at.Seq = entries[len(entries)-1].Seq
	if err := w.m.Store.Ack(ctx, b.id, "agent", at.Seq, noon); err != nil {
		w.t.Error(err)
	}
	if err := w.m.Store.Trim(ctx, b.id, relay.Limits{}, noon); err != nil {
		w.t.Error(err)
	}
	w.at[b.name] = at
}

// ask asks at the remote door as the tenant's administrator.
func (w *worker) ask(method, path, body string, into any) int {
	req := httptest.NewRequest(method, "/admin/v1"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+w.self.admin)
	rec := httptest.NewRecorder()
	w.door.ServeHTTP(rec, req)
	if into != nil && rec.Code < 300 {
		if err := json.Unmarshal(rec.Body.Bytes(), into); err != nil {
			w.t.Error(err)
		}
	}
	if id, found := w.strange(rec.Body.String(), path); found {
		w.t.Errorf("%s asks for %s and is told of %s: %s", w.self.name, path, id, rec.Body)
	}
	return rec.Code
}

// strange finds something of the other tenant in an answer, but for what was asked for.
func (w *worker) strange(answer, path string) (string, bool) {
	if strings.Contains(answer, `"`+w.other.name+`"`) {
		return w.other.name, true
	}
	for word := range strings.FieldsFuncSeq(answer, func(r rune) bool { return !strings.ContainsRune("tok_0123456789abcdefghijlmnpqrsuv", r) }) {
		if whose, ok := w.given.Load(word); ok && whose != w.self.name && !strings.Contains(path, word) {
			return word, true
		}
	}
	return "", false
}

type shown struct{ Endpoint admin.Endpoint }

func (w *worker) show() {
	name, ok := keyOf(w, w.inboxes)
	if !ok {
		return
	}
	b := w.inboxes[name]
	least := b.accepted.Load()
	var got shown
	by := []string{name, b.id}[w.rand.IntN(2)]
	if status := w.ask("GET", "/endpoints/"+by, "", &got); status != 200 || got.Endpoint.ID != b.id || got.Endpoint.Name != name || got.Endpoint.Head < least {
		w.t.Errorf("%s shows %s: %d %+v, of %d at least", w.self.name, by, status, got.Endpoint, least)
	}
}

func (w *worker) delete() {
	name, ok := keyOf(w, w.inboxes)
	if !ok {
		return
	}
	b := w.inboxes[name]
	var got shown
	if status := w.ask("DELETE", "/endpoints/"+[]string{name, b.id}[w.rand.IntN(2)], "", &got); status != 200 || got.Endpoint.ID != b.id {
		w.t.Errorf("%s deletes %s: %d %+v", w.self.name, b.body(), status, got.Endpoint)
	}
	b.deleted.Store(true)
	delete(w.inboxes, name)
	if status := w.post(b); status != http.StatusNotFound {
		w.t.Errorf("a deleted endpoint answers %d", status)
	}
}

// list sees to it that all of the worker's endpoints are among the tenant's, and that
// there are none of another.
func (w *worker) list() {
	var got struct{ Endpoints []admin.Endpoint }
	if status := w.ask("GET", "/endpoints", "", &got); status != 200 {
		w.t.Errorf("%s lists: %d", w.self.name, status)
	}
	ids := make(map[string]bool)
	for _, e := range got.Endpoints {
		if ids[e.ID] = true; e.Owner != w.self.name {
			w.t.Errorf("%s is shown %+v", w.self.name, e)
		}
	}
	for _, b := range w.inboxes {
		if !ids[b.id] {
			w.t.Errorf("%s isn't in the list", b.body())
		}
	}
}

func (w *worker) listTokens() {
	var got struct{ Tokens []access.Token }
	if status := w.ask("GET", "/tokens", "", &got); status != 200 {
		w.t.Errorf("%s lists tokens: %d", w.self.name, status)
	}
	valid := make(map[string]bool)
	for _, t := range got.Tokens {
		if valid[t.ID] = t.State(noon) == "valid"; t.Owner != w.self.name {
			w.t.Errorf("%s is shown %+v", w.self.name, t)
		}
	}
	for id := range w.tokens {
		if !valid[id] {
			w.t.Errorf("the token %s isn't valid in the list", id)
		}
	}
	for id := range w.revoked {
		if valid, there := valid[id]; valid || !there {
			w.t.Errorf("the revoked token %s: valid %v, there %v", id, valid, there)
		}
	}
}

func (w *worker) createToken() {
	var got struct {
		Token  access.Token
		Secret string
	}
	if status := w.ask("POST", "/tokens", `{"scope":"listen"}`, &got); status != 201 || got.Token.Owner != w.self.name {
		w.t.Errorf("%s makes a token: %d %+v", w.self.name, status, got.Token)
	}
	if _, given := w.given.LoadOrStore(got.Token.ID, w.self.name); given {
		w.t.Errorf("the token id %s twice", got.Token.ID)
	}
	w.tokens[got.Token.ID] = got.Secret
	w.self.mu.Lock()
	defer w.self.mu.Unlock()
	w.self.tokens = append(w.self.tokens, got.Token.ID)
}

func (w *worker) revoke() {
	id, ok := keyOf(w, w.tokens)
	if !ok || len(w.tokens) == 1 {
		return
	}
	if status := w.ask("DELETE", "/tokens/"+id, "", nil); status != 200 {
		w.t.Errorf("%s revokes %s: %d", w.self.name, id, status)
	}
	w.revoked[id] = w.tokens[id]
	delete(w.tokens, id)
}

// comeBack tries a token that was revoked.
func (w *worker) comeBack() {
	if id, ok := keyOf(w, w.revoked); ok {
		if _, err := w.m.Registry.Bearer(w.t.Context(), w.revoked[id]); err == nil {
			w.t.Errorf("the revoked token %s is taken", id)
		}
	}
}

// settle sees to it, when all have ended, that each endpoint has exactly what it
// accepted, and that nothing is left of the deleted ones.
func (h *house) settle() {
	if err := h.m.Sweep(h.t.Context()); err != nil {
		h.t.Error(err)
	}
	for _, tenant := range h.tenants {
		for _, b := range tenant.endpoints {
			want := b.accepted.Load()
			if b.deleted.Load() {
				want = 0
			}
			if stat, err := h.m.Store.Stat(h.t.Context(), b.id, ""); err != nil || stat.Head != want {
				h.t.Errorf("%s, deleted: %v: %+v, %v; %d were accepted", b.body(), b.deleted.Load(), stat, err, b.accepted.Load())
			}
			if ok, _ := h.m.Registry.Endpoint(h.t.Context(), b.id); ok == b.deleted.Load() {
				h.t.Errorf("%s takes requests: %v", b.body(), ok)
			}
		}
	}
	for _, w := range h.workers {
		w.list()
		w.listTokens()
		for id, text := range w.tokens {
			if _, err := h.m.Registry.Bearer(h.t.Context(), text); err != nil {
				h.t.Errorf("the token %s: %v", id, err)
			}
		}
	}
}
