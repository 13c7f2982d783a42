package server

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// limiter bounds the connections of one or several listeners, all in all and from one
// address. What is over a bound is closed as soon as it is accepted: to leave it waiting
// would tell the sender nothing, and let him hold up the others.
type limiter struct {
	max, perIP int            // no bound if 0
	exempt     []netip.Prefix // proxies, which speak for many: for them perIP doesn't count
	refused    func()

	mu   sync.Mutex // guards what follows
	open map[*limitedConn]struct{}
	from map[netip.Addr]int
}

func newLimiter(max, perIP int, exempt []netip.Prefix, refused func()) *limiter {
	return &limiter{max: max, perIP: perIP, exempt: exempt, refused: refused,
		open: make(map[*limitedConn]struct{}), from: make(map[netip.Addr]int)}
}

// listen returns ln with the limits.
func (l *limiter) listen(ln net.Listener) net.Listener { return &limitedListener{ln, l} }

// count is how many connections are open.
func (l *limiter) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// closeAll closes what is open, also what net/http has let go of: the agents' websockets.
func (l *limiter) closeAll() {
	l.mu.Lock()
	all := slices.Collect(maps.Keys(l.open))
	l.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
}

// enter counts a connection in, or returns nil where it is one too many.
func (l *limiter) enter(c net.Conn) *limitedConn {
	ip := addrOf(c)
	bound := l.perIP
	for _, p := range l.exempt {
		if p.Contains(ip) {
			bound = 0
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.max > 0 && len(l.open) >= l.max || bound > 0 && l.from[ip] >= bound {
		return nil
	}
	counted := &limitedConn{Conn: c, limiter: l, ip: ip}
	l.open[counted] = struct{}{}
	l.from[ip]++
	return counted
}

func (l *limiter) leave(c *limitedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, open := l.open[c]; !open {
		return
	}
	delete(l.open, c)
	if l.from[c.ip]--; l.from[c.ip] == 0 {
		delete(l.from, c.ip)
	}
}

type limitedListener struct {
	net.Listener
	limiter *limiter
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if counted := l.limiter.enter(c); counted != nil {
			return counted, nil
		}
		l.limiter.refused() // before anybody sees that it is
		c.Close()
	}
}

// addrOf is the peer's address; what has none, as in tests, counts as one.
func addrOf(c net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

type limitedConn struct {
	net.Conn
	limiter *limiter
	ip      netip.Addr
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	c.limiter.leave(c)
	return c.Conn.Close()
}
