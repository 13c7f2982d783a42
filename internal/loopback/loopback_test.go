package loopback

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

var (
	v4 = address{ip: netip.MustParseAddr("127.0.0.1")}
	v6 = address{ip: netip.IPv6Loopback(), optional: true}
)

// hold takes a free port on one address for the time of the test.
func hold(t *testing.T, a address) int {
	t.Helper()
	ln, err := a.listen(t.Context(), 0)
	if a.optional && isMissing(err) {
		t.Skip("this machine has no IPv6 loopback")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return portOf(ln)
}

// free is a port that was free a moment ago.
func free(t *testing.T) int {
	t.Helper()
	listeners, port, err := choose(t.Context(), []address{v4, v6}, nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAll(listeners)
	return port
}

func closeAll(listeners []net.Listener) {
	for _, ln := range listeners {
		ln.Close()
	}
}

func TestListenOnBothLoopbacks(t *testing.T) {
	want := free(t)
	listeners, port, moved, err := Listen(t.Context(), Options{Preferred: want})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(listeners)
	if port != want || moved {
		t.Errorf("got port %d, moved %v; want %d", port, moved, want)
	}
	for _, ln := range listeners {
		addr := ln.Addr().(*net.TCPAddr)
		if !addr.IP.IsLoopback() || addr.Port != port {
			t.Errorf("listens on %v", addr)
		}
	}
	if !listeners[0].Addr().(*net.TCPAddr).IP.Equal(net.IPv4(127, 0, 0, 1)) {
		t.Errorf("the first listener is on %v", listeners[0].Addr())
	}
	if ln, err := v6.listen(t.Context(), 0); err == nil {
		ln.Close()
		if len(listeners) != 2 {
			t.Errorf("%d listeners on a machine with an IPv6 loopback", len(listeners))
		}
	}
}

func TestPortTakenOnEitherAddressIsTaken(t *testing.T) {
	for name, a := range map[string]address{"IPv4": v4, "IPv6": v6} {
		t.Run(name, func(t *testing.T) {
			taken := hold(t, a)
			listeners, port, moved, err := Listen(t.Context(), Options{Preferred: taken})
			if err != nil {
				t.Fatal(err)
			}
			defer closeAll(listeners)
			if port == taken || !moved {
				t.Errorf("got port %d, moved %v, while %d is taken", port, moved, taken)
			}
			// The half that was free must not stay open.
			other := v4
			if a == v4 {
				other = v6
			}
			ln, err := other.listen(t.Context(), taken)
			if err != nil && !isMissing(err) {
				t.Fatalf("the other address of the taken port: %v", err)
			}
			if err == nil {
				ln.Close()
			}
		})
	}
}

func TestExplicitPort(t *testing.T) {
	taken := hold(t, v4)
	listeners, _, _, err := Listen(t.Context(), Options{Port: taken, Preferred: free(t)})
	closeAll(listeners)
	if err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("got %v for a port that is taken", err)
	}
	want := free(t)
	listeners, port, moved, err := Listen(t.Context(), Options{Port: want, Preferred: taken})
	closeAll(listeners)
	if err != nil || port != want || moved {
		t.Errorf("got port %d, moved %v, %v; want %d", port, moved, err, want)
	}
}

func TestChooseGoesThroughTheSeries(t *testing.T) {
	first, second, third := hold(t, v4), hold(t, v4), free(t)
	listeners, port, err := choose(t.Context(), []address{v4, v6}, []int{first, second, third})
	closeAll(listeners)
	if err != nil || port != third {
		t.Errorf("got %d, %v; want %d", port, err, third)
	}
	listeners, port, err = choose(t.Context(), []address{v4, v6}, []int{first, second})
	closeAll(listeners)
	if err != nil || port == first || port == second || port == 0 {
		t.Errorf("got %d, %v; want any free port", port, err)
	}
	for _, ln := range listeners {
		if portOf(ln) != port {
			t.Errorf("listens on %v, not on port %d", ln.Addr(), port)
		}
	}
}

func TestCandidates(t *testing.T) {
	ports := Options{}.candidates()
	if ports[0] != 4650 || ports[1] != 4660 || ports[len(ports)-1] != 4990 || len(ports) != 35 {
		t.Errorf("got %v", ports)
	}
	if ports := (Options{Preferred: 5000}).candidates(); ports[0] != 5000 || ports[1] != 4650 || len(ports) != 36 {
		t.Errorf("got %v", ports)
	}
}

func TestMissingAddress(t *testing.T) {
	// A documentation address (RFC 3849), which no machine has.
	missing := address{ip: netip.MustParseAddr("2001:db8::1"), optional: true}
	listeners, err := listenAll(t.Context(), []address{v4, missing}, 0)
	closeAll(listeners)
	if err != nil || len(listeners) != 1 {
		t.Errorf("got %d listeners, %v; want the IPv4 one alone", len(listeners), err)
	}
	missing.optional = false
	if _, err := listenAll(t.Context(), []address{v4, missing}, 0); err == nil {
		t.Error("an address that was asked for is missing, and nobody says so")
	}
}

func TestBind(t *testing.T) {
	port := free(t)
	listeners, _, _, err := Listen(t.Context(), Options{Port: port, Bind: []string{"0.0.0.0", "0.0.0.0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(listeners)
	if len(listeners) != 1 || !listeners[0].Addr().(*net.TCPAddr).IP.IsUnspecified() {
		t.Errorf("got %v", listeners)
	}
	for _, bad := range []string{"", "localhost", "127.0.0.1:80", "10.0.0.0/8"} {
		if _, _, _, err := Listen(t.Context(), Options{Bind: []string{bad}}); err == nil {
			t.Errorf("--bind %q is taken for an address", bad)
		}
	}
}

func TestPortOutOfRange(t *testing.T) {
	for _, o := range []Options{{Port: -1}, {Port: 65536}, {Preferred: 65536}} {
		if listeners, _, _, err := Listen(t.Context(), o); err == nil {
			closeAll(listeners)
			t.Errorf("%+v has no such port, and nobody says so", o)
		}
	}
}
