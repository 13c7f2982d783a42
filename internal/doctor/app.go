package doctor

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
)

// appLink is the last one: from the session to the app.
type appLink struct{ Config }

// check connects to the app and sends nothing: what an event would do there is not for
// this tool to find out unasked.
func (a appLink) check(ctx context.Context) Result {
	if a.Target == nil {
		return unused("no --forward was given: solatis doctor --forward localhost:3000 looks at the app as well")
	}
	address := a.Target.Address()
	err := connect(ctx, address)
	if err == nil {
		return ok("something listens on %s", address)
	}
	if a.onWSL() && errors.Is(err, syscall.ECONNREFUSED) && isLoopback(address) {
		return fail(wslMend, "nothing listens on %s inside WSL: %v", address, reason(ctx, err))
	}
	return fail("start your app, or correct --forward", "could not connect to %s: %v", address, reason(ctx, err))
}

const wslMend = "start your app; if it runs on Windows itself, it is not on this localhost: " +
	"set networkingMode=mirrored in .wslconfig, or let it listen on 0.0.0.0 and forward to the address that `ip route show default` names"

// onWSL reports whether this is Linux inside Windows, where localhost may be another one
// than that of the programs on Windows.
func (a appLink) onWSL() bool {
	return strings.Contains(strings.ToLower(a.kernel()), "microsoft")
}

// connect opens a connection to address and closes it. The name localhost means both
// loopback addresses, as it does to a session.
func connect(ctx context.Context, address string) error {
	var dialer net.Dialer
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		conn, err := dialer.DialContext(ctx, "unix", path)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if host, port, _ := net.SplitHostPort(address); err != nil && host == "localhost" {
		conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort("::1", port))
		if err != nil {
			conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
		}
	}
	if err != nil {
		return err
	}
	return conn.Close()
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
