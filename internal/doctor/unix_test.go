//go:build unix

package doctor

import (
	"net"
	"path/filepath"
	"testing"
)

// TestConnectToASocket wants an app behind a Unix socket to be found, and its absence too.
func TestConnectToASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.sock")
	if err := connect(t.Context(), "unix:"+path); err == nil {
		t.Error("a socket that isn't there took a connection")
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := connect(t.Context(), "unix:"+path); err != nil {
		t.Error(err)
	}
}
