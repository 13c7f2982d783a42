package cli

import (
	"io"
	"net/http"
	"sync"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/signature"
)

// demoHandler is the app of the demo: it verifies the raw body and handles each event
// once, as docs/handlers show it.
type demoHandler struct {
	secret signature.Secret

	mu   sync.Mutex // guards what follows
	seen map[string]bool
	fail bool // whether to fail the next event
}

func (h *demoHandler) failNext() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail = true
}

func (h *demoHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, relay.DefaultMaxBody))
	if err != nil {
		http.Error(w, "unreadable body", http.StatusBadRequest)
		return
	}
	if signature.Verify(h.secret, body, r.Header[signature.HeaderName]) != signature.Valid {
		http.Error(w, "invalid signature", http.StatusUnauthorized)
		return
	}
	e, err := event.Parse(body)
	if err != nil {
		http.Error(w, "not an event", http.StatusBadRequest)
		return
	}
	status, text := h.handle(e)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (h *demoHandler) handle(e event.Envelope) (status int, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.fail:
		h.fail = false
		return http.StatusInternalServerError, "database is down"
	case h.seen[e.ID]:
		return http.StatusOK, "duplicate"
	}
	h.seen[e.ID] = true
	return http.StatusOK, "OK"
}
