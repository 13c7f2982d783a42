//go:build linux

package netns

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The addresses of the three places.
const (
	serverAddress   = "198.51.100.1" // as the laptop and the internet know it
	laptopAddress   = "198.51.100.2"
	gatewayAddress  = "192.0.2.1" // the server's other leg
	internetAddress = "192.0.2.2"
)

// space is a network namespace.
type space string

// world is the network: three namespaces and two cables.
type world struct{ server, laptop, internet space }

// The cables' ends. The laptop's is the one that gets pulled.
const (
	laptopCable   = "laptop"
	internetCable = "internet"
	upstream      = "eth0" // at the laptop's and the internet's end
)

// newWorld makes the network, which goes away with the test.
func newWorld(t *testing.T) *world {
	t.Helper()
	name := func(place string) space { return space(fmt.Sprintf("solatis-%d-%s", os.Getpid(), place)) }
	w := &world{server: name("server"), laptop: name("laptop"), internet: name("internet")}
	for _, s := range []space{w.server, w.laptop, w.internet} {
		if out, err := exec.Command("ip", "netns", "add", string(s)).CombinedOutput(); err != nil {
			unavailable(t, fmt.Sprintf("no network namespace can be made here: %v: %s", err, out))
		}
		t.Cleanup(func() { ip(t, "netns", "del", string(s)) })
		ip(t, "-n", string(s), "link", "set", "lo", "up")
	}
	w.cable(t, laptopCable, serverAddress, w.laptop, laptopAddress)
	w.cable(t, internetCable, gatewayAddress, w.internet, internetAddress)
	ip(t, "-n", string(w.internet), "route", "add", "default", "via", gatewayAddress)
	return w
}

// cable connects the server with another place.
func (w *world) cable(t *testing.T, name, near string, place space, far string) {
	t.Helper()
	ip(t, "link", "add", name, "netns", string(w.server), "type", "veth", "peer", "name", upstream, "netns", string(place))
	ip(t, "-n", string(w.server), "address", "add", near+"/24", "dev", name)
	ip(t, "-n", string(place), "address", "add", far+"/24", "dev", upstream)
	ip(t, "-n", string(w.server), "link", "set", name, "up")
	ip(t, "-n", string(place), "link", "set", upstream, "up")
}

// pull pulls the laptop's cable, and plug puts it back. Neither end is told by a packet.
func (w *world) pull(t *testing.T) { ip(t, "-n", string(w.server), "link", "set", laptopCable, "down") }
func (w *world) plug(t *testing.T) { ip(t, "-n", string(w.server), "link", "set", laptopCable, "up") }

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// command is a command that runs in the namespace. The process is the program's own: ip
// replaces itself by it.
func (s space) command(program string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", string(s), program}, args...)...)
}

// within runs f on a thread of its own that is in the namespace. A socket that f opens
// belongs to the namespace for good, whoever uses it.
func (s space) within(f func() error) error {
	ended := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine, and nobody else gets it.
		runtime.LockOSThread()
		ended <- s.enter(f)
	}()
	return <-ended
}

func (s space) enter(f func() error) error {
	at, err := os.Open(filepath.Join("/run/netns", string(s)))
	if err != nil {
		return err
	}
	defer at.Close()
	if err := unix.Setns(int(at.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("setns %s: %w", s, err)
	}
	return f()
}

// listen opens a TCP port in the namespace.
func (s space) listen(t *testing.T, address string) (ln net.Listener) {
	t.Helper()
	err := s.within(func() (err error) {
		ln, err = net.Listen("tcp", address)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// dial connects from the namespace to an IP address and port.
func (s space) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = s.within(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}
