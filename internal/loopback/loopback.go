// Package loopback opens the listeners of servers that only this machine should reach:
// one port, on 127.0.0.1 and ::1 at once, because what "localhost" means differs from
// client to client.
//
// The port is part of a URL that people paste into other places, so a server wants the
// same one each time: the last run's, or else the first free one of a known series
// (4650, 4660 … 4990; the port after each belongs to the inspector).
package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
)

const (
	firstPort = 4650
	lastPort  = 4990
	portStep  = 10
	// freeTries is how often the system is asked for any free port: it knows of one
	// address only, and on the other the port may be taken.
	freeTries = 20
)

// Options say where to listen.
type Options struct {
	Port      int      // exactly this port; an error where it is taken. 0 chooses one
	Preferred int      // what to try first when choosing, such as the last run's port; may be 0
	Any       bool     // any free port, instead of the known series
	Bind      []string // IP addresses to listen on instead of 127.0.0.1 and ::1
}

// Listen opens a listener for each address, all on the same port; a port that is taken
// on one address counts as taken. moved says that there was a Preferred port and that
// it is another one now. Where the machine has no IPv6 loopback, 127.0.0.1 is enough.
func Listen(ctx context.Context, o Options) (listeners []net.Listener, port int, moved bool, err error) {
	addrs, err := addresses(o.Bind)
	if err != nil {
		return nil, 0, false, err
	}
	if err := o.check(); err != nil {
		return nil, 0, false, err
	}
	if o.Port != 0 {
		listeners, err := listenAll(ctx, addrs, o.Port)
		if isTaken(err) {
			err = fmt.Errorf("port %d is taken by another program: choose another one, or end that program (%w)", o.Port, err)
		}
		return listeners, o.Port, false, err
	}
	listeners, port, err = choose(ctx, addrs, o.candidates())
	return listeners, port, err == nil && o.Preferred != 0 && port != o.Preferred, err
}

func (o Options) check() error {
	for _, port := range []int{o.Port, o.Preferred} {
		if port < 0 || port > 65535 {
			return fmt.Errorf("port %d does not exist: ports go from 1 to 65535", port)
		}
	}
	return nil
}

// candidates are the ports to try, in order, before any free one.
func (o Options) candidates() []int {
	var ports []int
	if o.Preferred != 0 {
		ports = append(ports, o.Preferred)
	}
	if o.Any {
		return ports
	}
	for port := firstPort; port <= lastPort; port += portStep {
		ports = append(ports, port)
	}
	return ports
}

// choose listens on the first of the ports that is free, or on any free one.
func choose(ctx context.Context, addrs []address, ports []int) ([]net.Listener, int, error) {
	for _, port := range ports {
		listeners, err := listenAll(ctx, addrs, port)
		if !isTaken(err) {
			return listeners, port, err
		}
	}
	var last error
	for range freeTries {
		listeners, err := listenAll(ctx, addrs, 0)
		if err == nil {
			return listeners, portOf(listeners[0]), nil
		}
		last = err
		if !isTaken(err) {
			break
		}
	}
	return nil, 0, fmt.Errorf("no free port: %w", last)
}

// address is where one of the listeners goes.
type address struct {
	ip       netip.Addr
	optional bool // may be missing on this machine
}

func addresses(bind []string) ([]address, error) {
	if len(bind) == 0 {
		return []address{{ip: netip.MustParseAddr("127.0.0.1")}, {ip: netip.IPv6Loopback(), optional: true}}, nil
	}
	var addrs []address
	for _, text := range bind {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("can't listen on %q: it is not an IP address such as 127.0.0.1, 0.0.0.0 or ::1", text)
		}
		if a := (address{ip: ip}); !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	return addrs, nil
}

// listenAll listens on every address or on none. With port 0 the first address gets any
// free port and the others the same.
func listenAll(ctx context.Context, addrs []address, port int) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, a := range addrs {
		ln, err := a.listen(ctx, port)
		if a.optional && isMissing(err) {
			continue
		}
		if err != nil {
			for _, open := range listeners {
				open.Close()
			}
			return nil, err
		}
		listeners = append(listeners, ln)
		port = portOf(ln)
	}
	return listeners, nil
}

// listen names the IP version, because "tcp" would let [::] take the IPv4 side too.
func (a address) listen(ctx context.Context, port int) (net.Listener, error) {
	network := "tcp6"
	if a.ip.Is4() {
		network = "tcp4"
	}
	var config net.ListenConfig
	return config.Listen(ctx, network, net.JoinHostPort(a.ip.String(), strconv.Itoa(port)))
}

func portOf(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

// Windows reports errors of its own for sockets, which package syscall doesn't name.
const (
	windowsAccess       = syscall.Errno(10013) // also what an exclusively used port gives
	windowsNoFamily     = syscall.Errno(10047)
	windowsInUse        = syscall.Errno(10048)
	windowsNotAvailable = syscall.Errno(10049)
)

func isTaken(err error) bool {
	return isAny(err, syscall.EADDRINUSE, windowsInUse, windowsAccess)
}

// isMissing reports whether the machine doesn't have the address or its IP version.
func isMissing(err error) bool {
	return isAny(err, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT, windowsNotAvailable, windowsNoFamily)
}

func isAny(err error, numbers ...syscall.Errno) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains(numbers, errno)
}
