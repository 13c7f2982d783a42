package admin_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// live is a relay of which tests say who is connected. It notes what it is told.
type live struct {
	mu        sync.Mutex // guards what follows
	told      []string
	connected []string
	onTold    func(string)
}

func (l *live) tell(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, what)
	if l.onTold != nil {
		l.onTold(what)
	}
}

func (l *live) Disconnect(tokenID, reason string) { l.tell("disconnect " + tokenID + ": " + reason) }
func (l *live) Drop(endpoint string)              { l.tell("drop " + endpoint) }
func (l *live) Connected(string) []string         { return l.connected }

// newManager is a Manager of new stores in a folder.
func newManager(t testing.TB, folder string) *admin.Manager {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(folder, "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	registry, err := access.Load(t.Context(), filepath.Join(folder, "access.db"), access.Options{
		MaxEndpoints: 1000, Now: func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { registry.Close() })
	return &admin.Manager{
		Registry: registry, Store: store,
		URL:  func(id string) string { return "https://relay.example/e/" + id },
		Copy: func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, "all of it"); return err },
	}
}

// serve serves the local door on a folder's socket until the test ends.
func serve(t testing.TB, data string, o admin.Operations) net.Listener {
	t.Helper()
	ln, err := admin.Listen(data)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(admin.LocalHandler(o))
	srv.Listener.Close()
	srv.Listener = ln
	srv.Start()
	t.Cleanup(srv.Close)
	return ln
}

// connect returns a client of the relay on a folder.
func connect(t testing.TB, data string) *admin.Client {
	t.Helper()
	c, ok, err := admin.Connect(t.Context(), data)
	if err != nil || !ok {
		t.Fatalf("connected: %v, %v", ok, err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// shortFolder is a new folder whose path is short enough for sockets.
func shortFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "r")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func token(t testing.TB, m *admin.Manager, owner string, scope access.Scope) (id, text string) {
	t.Helper()
	made, secret, err := m.CreateToken(t.Context(), admin.TokenRequest{Owner: owner, Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID, secret.Reveal()
}

func openEndpoint(t testing.TB, m *admin.Manager, owner, name string) string {
	t.Helper()
	id, err := m.Registry.Open(t.Context(), relay.Bearer{Owner: owner}, name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func appendTo(t testing.TB, m *admin.Manager, endpoint string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		r := &event.Request{ID: event.NewRequestID(noon), Method: "POST", Received: noon, Body: []byte(body)}
		if _, err := m.Store.Append(t.Context(), endpoint, r, relay.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
}

// ask makes a request of a handler, with a token unless it is empty, and decodes the
// answer.
func ask(t testing.TB, h http.Handler, method, path, token, body string) (status int, answer map[string]any) {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		t.Errorf("%s %s: %d with %q: %v", method, path, rec.Code, rec.Body, err)
	}
	return rec.Code, answer
}
