package admin_test

import (
	"net/http"
	"strings"
)

// theirs picks one of the other tenant's endpoints, which may just be being deleted.
func (w *worker) theirs() (*inbox, bool) {
	w.other.mu.Lock()
	defer w.other.mu.Unlock()
	if len(w.other.endpoints) == 0 {
		return nil, false
	}
	return w.other.endpoints[w.rand.IntN(len(w.other.endpoints))], true
}

// sendTheirs sends to the other's endpoint, as everybody may who knows its URL.
func (w *worker) sendTheirs() {
	b, ok := w.theirs()
	if !ok {
		return
	}
	gone := b.deleted.Load()
	switch status := w.post(b); {
	case status == http.StatusOK && gone, status != http.StatusOK && status != http.StatusNotFound && status != http.StatusServiceUnavailable:
		w.t.Errorf("a webhook to %s, deleted before: %v: %d", b.body(), gone, status)
	}
}

func (w *worker) showTheirs() {
	if b, ok := w.theirs(); ok {
		if status := w.ask("GET", "/endpoints/"+b.id, "", nil); status != http.StatusNotFound {
			w.t.Errorf("%s looks at %s: %d", w.self.name, b.body(), status)
		}
	}
}

func (w *worker) deleteTheirs() {
	if b, ok := w.theirs(); ok {
		if status := w.ask("DELETE", "/endpoints/"+b.id, "", nil); status != http.StatusNotFound {
			w.t.Errorf("%s deletes %s: %d", w.self.name, b.body(), status)
		}
	}
}

func (w *worker) revokeTheirs() {
	w.other.mu.Lock()
	id := w.other.tokens[w.rand.IntN(len(w.other.tokens))]
	w.other.mu.Unlock()
	if status := w.ask("DELETE", "/tokens/"+id, "", nil); status != http.StatusNotFound {
		w.t.Errorf("%s revokes %s: %d", w.self.name, id, status)
	}
}

// guess sends to an id, and comes with a token, that differ from real ones in one place.
func (w *worker) guess() {
	b, ok := w.theirs()
	if !ok {
		return
	}
	id := []byte(b.id)
	i := w.rand.IntN(len(id))
	id[i] = "0123456789abcdef0"[strings.IndexByte("0123456789abcdef", id[i])+1]
	if status := w.post(&inbox{owner: b.owner, id: string(id)}); status != http.StatusNotFound {
		w.t.Errorf("a webhook to %s, which is none: %d", id, status)
	}
	if _, err := w.m.Registry.Bearer(w.t.Context(), w.self.admin[:46]+"-"); err == nil {
		w.t.Error("a token that is none is taken")
	}
}

// nameTheirs is an agent that gives the id of the other's endpoint for a name.
func (w *worker) nameTheirs() {
	if b, ok := w.theirs(); ok {
		if id, err := w.m.Registry.Open(w.t.Context(), w.bearer(), b.id); err == nil {
			w.t.Errorf("%s opens %s by the id of %s", w.self.name, id, b.body())
		}
	}
}
