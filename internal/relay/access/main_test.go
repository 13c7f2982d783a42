package access_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex // guards what follows
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// load opens the registry in a folder until the test ends.
func load(t testing.TB, folder string, o access.Options) *access.Registry {
	t.Helper()
	r, err := access.Load(t.Context(), filepath.Join(folder, "access.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func create(t testing.TB, r *access.Registry, owner string, scope access.Scope) (access.Token, string) {
	t.Helper()
	token, secret, err := r.CreateToken(t.Context(), owner, scope, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return token, secret.Reveal()
}

func openEndpoint(t testing.TB, r *access.Registry, owner, name string) string {
	t.Helper()
	id, err := r.Open(t.Context(), relay.Bearer{Owner: owner}, name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func takes(t testing.TB, r *access.Registry, id string) bool {
	t.Helper()
	ok, err := r.Endpoint(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// refused is the reason of a *relay.RefusedError; the test fails for any other error.
func refused(t testing.TB, err error) string {
	t.Helper()
	var e *relay.RefusedError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *relay.RefusedError", err)
	}
	return e.Reason
}
