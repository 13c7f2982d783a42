package main

import (
	"net"
	"sync"
)

// proxy is a stretch of network between the agent and the relay that can go bad.
type proxy struct {
	host   string // where it listens
	target string

	ln   net.Listener
	work sync.WaitGroup

	mu    sync.Mutex // guards what follows
	fault fault
	flows chan struct{} // closed while bytes flow
	pairs map[*joined]bool
	ended bool
}

// fault is what is wrong with a proxy.
type fault int

// The faults. While one lasts, new connections are reset where all are, and else wait.
const (
	none     fault = iota
	cutOff         // all connections are reset
	stalled        // no byte gets through; what was sent comes later
	halfOpen       // the relay's ends are closed, the agent's stay open and silent
	halfShut       // the agent's ends are closed, the relay's stay open and silent
)

func (f fault) String() string {
	return [...]string{"none", "cut off", "stalled", "half open at the agent", "half open at the relay"}[f]
}

// joined is one connection through the proxy.
type joined struct{ agent, relay net.Conn }

// newProxy starts a proxy, which runs until close.
func newProxy(target string) (*proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{host: ln.Addr().String(), target: target, ln: ln, flows: make(chan struct{}), pairs: map[*joined]bool{}}
	close(p.flows)
	p.work.Go(p.accept)
	return p, nil
}

func (p *proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.join(c) })
	}
}

// join passes a connection on until one of its ends closes.
func (p *proxy) join(c net.Conn) {
	if p.now() == cutOff {
		abort(c)
		return
	}
	p.wait()
	relay, err := net.Dial("tcp", p.target)
	if err != nil {
		abort(c)
		return
	}
	j := &joined{c, relay}
	p.mu.Lock()
	p.pairs[j] = true
	if p.ended {
		j.close()
	}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pass(j, relay, c) })
	both.Go(func() { p.pass(j, c, relay) })
	both.Wait()
	p.mu.Lock()
	delete(p.pairs, j)
	p.mu.Unlock()
}

// pass copies from one end to the other, while bytes flow.
func (p *proxy) pass(j *joined, to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.wait()
		if n > 0 {
			if _, failed := to.Write(buf[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			break
		}
	}
	// While half of a connection is to stay open, its other half's end isn't passed on.
	p.wait()
	j.close()
}

// wait returns when bytes flow.
func (p *proxy) wait() {
	p.mu.Lock()
	flows := p.flows
	p.mu.Unlock()
	<-flows
}

func (p *proxy) now() fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// suffer makes a proxy go bad that is good, or good again with none. Connections that were
// half open are found out then, and end.
func (p *proxy) suffer(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f == none {
		close(p.flows)
	} else {
		p.flows = make(chan struct{})
	}
	for j := range p.pairs {
		switch {
		case f == cutOff:
			j.close()
		case f == halfOpen:
			abort(j.relay)
		case f == halfShut:
			abort(j.agent)
		case f == none && (p.fault == halfOpen || p.fault == halfShut):
			j.close()
		}
	}
	p.fault = f
}

func (j *joined) close() {
	abort(j.agent)
	abort(j.relay)
}

// abort resets a connection, as a machine does that knows nothing of it.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

// close ends the proxy and all that goes through it.
func (p *proxy) close() {
	p.ln.Close()
	p.mu.Lock()
	p.ended = true
	for j := range p.pairs {
		j.close()
	}
	if p.fault != none {
		p.fault = none
		close(p.flows)
	}
	p.mu.Unlock()
	p.work.Wait()
}
