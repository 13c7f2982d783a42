package send

import (
	"errors"
	"net"
	"runtime"
	"testing"
)

// pair returns the two ends of a TCP connection, ours as a conn.
func pair(t *testing.T) (*conn, net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ours, err := dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours.(*conn), theirs
}

func TestWriteToAClosedIdleConnection(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("isStale can't look ahead on Windows")
	}
	c, peer := pair(t)
	c.begin(true)
	if _, err := c.Write([]byte("first")); err != nil || c.untouched() {
		t.Fatalf("with the peer there: %v, untouched %v", err, c.untouched())
	}
	peer.Close()
	c.begin(true)
	if n, err := c.Write([]byte("second")); n != 0 || !errors.Is(err, errStale) || !c.untouched() {
		t.Fatalf("after it closed: %d, %v, untouched %v", n, err, c.untouched())
	}
}

func TestAFreshConnectionIsNeverUntouched(t *testing.T) {
	c, peer := pair(t)
	peer.Close()
	c.begin(false)
	if c.untouched() {
		t.Error("an attempt over a fresh connection would be repeated for ever")
	}
}
