package main

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

// anybody is a relay's Authority that lets everybody in, and remembers which endpoints
// were opened. An endpoint's name is its id.
type anybody struct {
	mu     sync.Mutex // guards opened
	opened map[string]int
}

func (a *anybody) Endpoint(context.Context, string) (bool, error) { return true, nil }
func (a *anybody) Bearer(context.Context, string) (relay.Bearer, error) {
	return relay.Bearer{}, nil
}

func (a *anybody) Open(_ context.Context, _ relay.Bearer, name string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opened[name]++
	return name, nil
}

// TestAgentsHaveEndpointsOfTheirOwn also holds that all are connected once the role says
// so, and that it ends when asked to.
func TestAgentsHaveEndpointsOfTheirOwn(t *testing.T) {
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	authority := &anybody{opened: make(map[string]int)}
	core := relay.New(relay.Config{Store: store, Authority: authority, Limits: relay.DefaultLimits})
	server := httptest.NewServer(core)
	t.Cleanup(func() {
		core.Shutdown("the test is over", 0)
		server.CloseClientConnections()
		server.Close()
	})
	if said := runServer(t, agentsRole, server.URL, "3"); said != "connected" {
		t.Errorf("the agents say %q", said)
	}
	authority.mu.Lock()
	defer authority.mu.Unlock()
	if len(authority.opened) != 3 {
		t.Errorf("opened are %v, want three endpoints", authority.opened)
	}
}
