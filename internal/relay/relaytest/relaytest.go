// Package relaytest runs a real relay on loopback, with a real store in a temporary
// folder, for tests.
package relaytest

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

// Endpoint is the id of the relay's endpoint.
const Endpoint = "0123456789abcdef0123456789abcdef"

// Start runs an embedded relay whose store is in folder, until stop or the test's end.
// The same folder may be used again afterwards.
func Start(t testing.TB, folder string) (r *listen.Embedded, stop func()) {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(folder, "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r = listen.StartEmbedded(listen.EmbeddedConfig{
		Store: store, Listeners: []net.Listener{ln}, Endpoint: Endpoint, MaxBody: relay.DefaultMaxBody,
	})
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		if err := r.Close(time.Second); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return r, stop
}
