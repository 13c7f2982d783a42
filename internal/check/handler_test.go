package check_test

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/check"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
)

// patience bounds what comes at once; no test depends on it.
const patience = 30 * time.Second

var secret = must(signature.NewSecret("whsec_check-é"))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// handler is a webhook handler that is right in all that its fields don't say otherwise.
// Each field is a step of it.
type handler struct {
	method func(method string) bool // whether it takes a request by this method
	read   func(*http.Request) ([]byte, error)
	verify func(header http.Header, body []byte) bool
	work   func(http.ResponseWriter, message) // answers a genuine event
}

// message is what a handler reads of an event.
type message struct {
	ID      string          `json:"id"`
	Type    string          `json:"event"`
	Created time.Time       `json:"created_at"`
	Data    json.RawMessage `json:"data"`
	raw     []byte
}

func right() *handler {
	return &handler{
		method: func(method string) bool { return method == http.MethodPost },
		read:   func(r *http.Request) ([]byte, error) { return io.ReadAll(r.Body) },
		verify: func(header http.Header, body []byte) bool {
			return signature.Verify(secret, body, header[signature.HeaderName]) == signature.Valid
		},
		work: func(w http.ResponseWriter, _ message) { io.WriteString(w, "OK") },
	}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.method(r.Method) {
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := h.read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !h.verify(r.Header, body) {
		http.Error(w, "invalid signature", http.StatusUnauthorized)
		return
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil && len(body) > 0 {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	m.raw = body
	h.work(w, m)
}

// serve runs an app until the test ends, and returns its URL.
func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

func target(t *testing.T, url string) send.Target {
	t.Helper()
	target, err := send.ParseTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func sign(_ context.Context, body []byte) (string, error) { return signature.Sign(secret, body), nil }

// config probes the app at a URL, whose answers are never late.
func config(t *testing.T, url string, probes []check.Probe) check.Config {
	return check.Config{
		Target: target(t, url), Probes: probes, Sign: sign, Limit: patience, Patience: patience,
	}
}

// run runs probes and wants no error. observe gets each result, before the next probe.
func run(t *testing.T, c check.Config, observe func(check.Result)) []check.Result {
	t.Helper()
	results, err := check.Run(t.Context(), c, observe)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(c.Probes) {
		t.Fatalf("%d results of %d probes", len(results), len(c.Probes))
	}
	return results
}

func unobserved(check.Result) {}

func only(t *testing.T, globs ...string) []check.Probe {
	t.Helper()
	probes, err := check.Select(globs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return probes
}

// counter counts the requests that arrive, by what they are.
type counter struct {
	http.Handler
	mu    sync.Mutex
	count check.Load
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	switch {
	case r.Method != http.MethodPost || err != nil:
		c.count.Other++
	case signature.Verify(secret, body, r.Header[signature.HeaderName]) == signature.Valid:
		c.count.Genuine++
	default:
		c.count.Forged++
	}
	c.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	if err == nil {
		c.Handler.ServeHTTP(w, r)
	}
}
