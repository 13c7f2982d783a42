package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// The ways from the load to the app.
const (
	direct   = "direct"
	oneHop   = "one ReverseProxy hop"
	twoHops  = "two ReverseProxy hops"
	nginxHop = "nginx"
	embedded = "solatis listen"
	relayed  = "solatis listen --relay" // and its solatis-relay
)

// variant is one way from the load to the app, and what runs in between.
type variant struct {
	name   string
	url    string
	middle []*child
}

func (v variant) pids() []int {
	var pids []int
	for _, c := range v.middle {
		pids = append(pids, c.cmd.Process.Pid)
	}
	return pids
}

// stage is all that runs during a comparison.
type stage struct {
	home     home   // of the session with the relay inside
	app      string // the app's URL
	variants []variant
	leftOut  []string // variants that this machine can't have, and why
	children []*child // in the order of their start
}

// open starts everything. What it started is closed by close, also where it fails.
func (s *stage) open(ctx context.Context, o options) error {
	app, url, err := startRole(ctx, "app")
	if err != nil {
		return err
	}
	s.children, s.app = append(s.children, app), url
	s.add(direct, s.app)
	for _, open := range []func(context.Context, options) error{s.openProxies, s.openNginx, s.openEmbedded, s.openRelayed} {
		if err := open(ctx, o); err != nil {
			return err
		}
	}
	return s.warmUp(ctx)
}

func (s *stage) add(name, url string, middle ...*child) {
	s.children = append(s.children, middle...)
	s.variants = append(s.variants, variant{name, url, middle})
}

func (s *stage) openProxies(ctx context.Context, _ options) error {
	one, url, err := startRole(ctx, "proxy", s.app)
	if err != nil {
		return err
	}
	s.add(oneHop, url, one)
	second, url, err := startRole(ctx, "proxy", s.app)
	if err != nil {
		return err
	}
	first, url, err := startRole(ctx, "proxy", url)
	if err != nil {
		return errors.Join(err, second.stop())
	}
	s.add(twoHops, url, second, first)
	return nil
}

func (s *stage) openNginx(ctx context.Context, o options) error {
	program, ok := findProgram(nginxNames)
	if !ok {
		s.leftOut = append(s.leftOut, "nginx: it is not installed (Debian's package is nginx-light)")
		return nil
	}
	nginx, url, err := startNginx(ctx, program, filepath.Join(o.dir, "nginx"), s.app)
	if err != nil {
		return err
	}
	s.add(nginxHop, url, nginx)
	return nil
}

func (s *stage) openEmbedded(ctx context.Context, o options) (err error) {
	if s.home, err = newHome(o.solatis, filepath.Join(o.dir, "embedded")); err != nil {
		return err
	}
	session, url, err := s.home.listen(ctx, s.app)
	if err != nil {
		return err
	}
	s.add(embedded, url, session)
	return nil
}

// openRelayed starts a relay and a session that doesn't share its folders with the other.
func (s *stage) openRelayed(ctx context.Context, o options) error {
	h, err := newHome(o.solatis, filepath.Join(o.dir, "relayed"))
	if err != nil {
		return err
	}
	relay, origin, err := startRelay(ctx, o.relay, filepath.Join(o.dir, "relay"))
	if err != nil {
		return err
	}
	session, url, err := h.listen(ctx, s.app, "--relay", origin, "--endpoint", "bench")
	if err != nil {
		return errors.Join(err, relay.stop())
	}
	s.add(relayed, url, relay, session)
	return nil
}

// warmUpFor is how long a load before the first round lasts. It fills pools and opens
// connections.
const warmUpFor = 300 * time.Millisecond

// profileConnections are for warming up, and for a profile.
const profileConnections = 64

func (s *stage) warmUp(ctx context.Context) error {
	for _, v := range s.variants {
		l := load{URL: v.url, Connections: profileConnections, For: warmUpFor}
		if _, err := l.generate(ctx); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

// close ends all children, those that others forward to last.
func (s *stage) close() error {
	var err error
	for _, c := range slices.Backward(s.children) {
		err = errors.Join(err, c.stop())
	}
	return err
}
