//go:build linux

package netns

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/signature"
)

// The versions of the relay, before and after its upgrade.
const (
	oldVersion = "1.0.0"
	newVersion = "2.0.0"
)

// scene is all that one test has.
type scene struct {
	*world
	dir      string
	server   *server
	laptop   *laptop
	upgrade  string // the newer relay's program
	sender   *sender
	arrivals *feed[arrival]
	nginx    *process
	relay    *process
	session  *session
}

// TestRelayAcrossABrokenNetwork is the main job on a public relay, and what may come
// between: a cut network, a laptop that sleeps, a relay that is restarted, killed,
// upgraded and restored. Every event that got a 2xx arrives, in order, until the token is
// revoked.
func TestRelayAcrossABrokenNetwork(t *testing.T) {
	needs(t)
	s := newScene(t)
	for _, chapter := range []struct {
		name string
		run  func(t *testing.T, s *scene)
	}{
		{"events arrive", eventsArrive},
		{"the network is cut", theNetworkIsCut},
		{"the laptop sleeps", theLaptopSleeps},
		{"the relay is restarted", theRelayIsRestarted},
		{"the relay is killed", theRelayIsKilled},
		{"the relay is upgraded", theRelayIsUpgraded},
		{"the relay is restored", theRelayIsRestored},
		{"the token is revoked", theTokenIsRevoked},
	} {
		began := time.Now()
		chapter.run(t, s)
		s.check(t)
		if t.Failed() {
			t.Fatalf("%s: failed", chapter.name)
		}
		t.Logf("%s: well after %v, with event %d", chapter.name, time.Since(began).Round(time.Millisecond), s.sender.sent.Load())
	}
}

// newScene sets up everything by the commands of the manual, to the point where listen is
// ready.
func newScene(t *testing.T) *scene {
	t.Helper()
	// t.TempDir has the test's name in it, which can make it too long for sockets.
	dir, err := os.MkdirTemp("", "netns-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w, a := newWorld(t), newAuthority(t, dir)
	m := newManual(t, "relay.example.com", serverAddress, "relay.pem", a.certFile, "relay.key", a.keyFile,
		"relay-backup.tar", filepath.Join(dir, "relay-backup.tar"))
	s := &scene{
		world:    w,
		dir:      dir,
		server:   &server{world: w, manual: m, program: build(t, dir, "solatis-relay", oldVersion), data: filepath.Join(dir, "data")},
		laptop:   &laptop{world: w, manual: m, program: build(t, dir, "solatis", oldVersion), home: filepath.Join(dir, "home"), project: t.TempDir(), trust: a.file},
		upgrade:  build(t, dir, "solatis-relay", newVersion),
		arrivals: startApp(t, w),
	}
	s.relay = s.server.serve(t, behindProxy, oldVersion)
	s.nginx = startNginx(t, w, a, dir)
	token := run(t, s.server.command(t, "solatis-relay token create --owner ann"))
	add := s.laptop.command(t, "solatis relay add work https://relay.example.com --token-stdin < token", "--relay-ca", a.file)
	add.Stdin = strings.NewReader(token)
	run(t, add)
	run(t, s.laptop.command(t, "solatis relay list"))
	run(t, s.laptop.command(t, "solatis relay use work"))
	s.session = s.laptop.listen(t)
	s.sender = newSender(t, w, a, s.session.url)
	return s
}

// arrived waits until the app has all that was accepted.
func (s *scene) arrived(t *testing.T) {
	t.Helper()
	last := int(s.sender.sent.Load())
	s.arrivals.await(t, "the last event arrives at the app", max(s.arrivals.len()-1, 0), func(a arrival) bool { return a.n == last })
	// A listen that is stopped before the app's answer is recorded makes the attempt again.
	s.session.updates.await(t, "the last event's attempt is recorded", 0, func(u update) bool {
		a, ok := u.Update.(activity.Attempted)
		return ok && a.Event == fmt.Sprintf("evt_%d", last)
	})
}

// under waits until n more events are accepted, so that what happens next happens in the
// middle of them.
func (s *scene) under(t *testing.T, n int) {
	t.Helper()
	goal := s.sender.sent.Load() + int64(n)
	late := time.NewTimer(patience)
	defer late.Stop()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for s.sender.sent.Load() < goal {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("event %d is not accepted within %v", goal, patience)
		}
	}
}

// check holds all that the app got so far to what was sent: every event, in order, and
// again only where the sender had to try again; each one whole and verified.
func (s *scene) check(t *testing.T) {
	t.Helper()
	last, times := 0, 0
	for _, a := range s.arrivals.all() {
		switch {
		case a.wrong != "":
			t.Errorf("event %d: %s", a.n, a.wrong)
		case a.n == last && times < s.sender.tries[last]:
			times++
		case a.n == last+1:
			last, times = a.n, 1
		default:
			var around []int
			for _, b := range s.arrivals.all() {
				if b.n > last-4 && b.n < last+8 {
					around = append(around, b.n)
				}
			}
			t.Fatalf("event %d arrives after %d, which came %d times and was sent %d times; around it came %v", a.n, last, times, s.sender.tries[last], around)
		}
	}
	if sent := int(s.sender.sent.Load()); last != sent {
		t.Errorf("%d events were accepted, %d have arrived", sent, last)
	}
	for _, u := range s.session.updates.all() {
		switch u := u.Update.(type) {
		case activity.Received:
			if u.Signature != signature.Valid {
				t.Errorf("%s is received, and its signature is %q", u.Event, u.Signature)
			}
		case activity.Gap, activity.Missed:
			t.Errorf("listen says %+v", u)
		}
	}
}

func eventsArrive(t *testing.T, s *scene) {
	stop := s.sender.stream(t)
	s.under(t, 50)
	stop()
	s.arrived(t)
}

// theNetworkIsCut pulls the laptop's cable while events come. They go on to be accepted.
func theNetworkIsCut(t *testing.T, s *scene) {
	stop := s.sender.stream(t)
	s.under(t, 20)
	from := s.session.updates.len()
	cut := time.Now()
	s.pull(t)
	from = s.session.dropped(t, from, cut)
	s.under(t, 20)
	mended := time.Now()
	s.plug(t)
	s.session.restored(t, from, mended)
	s.under(t, 20)
	stop()
	s.arrived(t)
}

// theLaptopSleeps stops listen for longer than a connection lives.
func theLaptopSleeps(t *testing.T, s *scene) {
	length := time.Minute
	if testing.Short() {
		length /= 2
	}
	stop := s.sender.stream(t)
	s.under(t, 20)
	from := s.session.updates.len()
	s.session.signal(t, syscall.SIGSTOP)
	<-time.After(length)
	woken := time.Now()
	s.session.signal(t, syscall.SIGCONT)
	from = s.session.dropped(t, from, woken)
	s.session.restored(t, from, woken)
	s.under(t, 20)
	stop()
	s.arrived(t)
}

// theRelayIsRestarted ends the relay in good order while events come.
func theRelayIsRestarted(t *testing.T, s *scene) {
	stop := s.sender.stream(t)
	s.under(t, 20)
	from := s.session.updates.len()
	ending := time.Now()
	s.relay.end(t, syscall.SIGTERM, 0)
	from = s.session.dropped(t, from, ending)
	why := s.session.updates.all()[from-1].Update.(activity.Disconnected).Reason
	if !strings.Contains(why, "the relay is restarting") {
		t.Errorf("listen says that the connection is lost since %q: the relay's goodbye didn't come through", why)
	}
	s.relay = s.server.serve(t, behindProxy, oldVersion)
	s.session.restored(t, from, time.Now())
	s.under(t, 20)
	stop()
	s.arrived(t)
}

func theRelayIsKilled(t *testing.T, s *scene) {
	stop := s.sender.stream(t)
	s.under(t, 20)
	from := s.session.updates.len()
	killed := time.Now()
	s.relay.kill()
	from = s.session.dropped(t, from, killed)
	s.relay = s.server.serve(t, behindProxy, oldVersion)
	s.session.restored(t, from, time.Now())
	s.under(t, 20)
	stop()
	s.arrived(t)
}

// queued is how many events wait while nobody listens.
const queued = 1000

// theRelayIsUpgraded replaces the relay by a newer version while many events wait in it.
func theRelayIsUpgraded(t *testing.T, s *scene) {
	s.session.end(t, syscall.SIGINT, 130)
	for range queued {
		if err := s.sender.next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.relay.end(t, syscall.SIGTERM, 0)
	s.server.program = s.upgrade
	s.relay = s.server.serve(t, behindProxy, newVersion)
	url := s.session.url
	s.session = s.laptop.listen(t)
	if s.session.url != url {
		t.Errorf("the URL is %s after the upgrade, and was %s", s.session.url, url)
	}
	u, _ := s.session.updates.await(t, "listen is connected", 0, is[activity.Connected])
	if n := u.Update.(activity.Connected).Backlog; n != queued {
		t.Errorf("listen says that %d requests were missed while offline, want %d", n, queued)
	}
	s.arrived(t)
}

// theRelayIsRestored moves the relay to another disk by way of a backup, and from behind
// nginx to the open. What came after the backup the agent has, and the relay not any more.
func theRelayIsRestored(t *testing.T, s *scene) {
	for _, command := range []string{
		"solatis-relay health", "solatis-relay health --ready", "solatis-relay token list", "solatis-relay endpoint list",
		"solatis-relay endpoint show shop --owner ann", "solatis-relay backup relay-backup.tar", "solatis-relay check",
	} {
		run(t, s.server.command(t, command))
	}
	s.server.manual.checkMetrics(t, s.server.metrics(t))
	stop := s.sender.stream(t)
	s.under(t, 20)
	stop()
	s.arrived(t)
	from := s.session.updates.len()
	ending := time.Now()
	s.relay.end(t, syscall.SIGTERM, 0)
	s.nginx.end(t, syscall.SIGTERM, 0)
	s.server.data = filepath.Join(s.dir, "another-disk")
	run(t, s.server.command(t, "solatis-relay restore relay-backup.tar"))
	run(t, s.server.command(t, "solatis-relay check"))
	s.relay = s.server.serve(t, withTLS, newVersion)
	from = s.session.dropped(t, from, ending)
	s.session.restored(t, from, time.Now())
	stop = s.sender.stream(t)
	s.under(t, 20)
	stop()
	s.arrived(t)
}

// theTokenIsRevoked sends the agent away at once and for good.
func theTokenIsRevoked(t *testing.T, s *scene) {
	var token struct{ ID string }
	list := run(t, s.server.command(t, "solatis-relay token list", "--output", "json"))
	if err := json.Unmarshal([]byte(list), &token); err != nil || token.ID == "" {
		t.Fatalf("token list prints %q: %v", list, err)
	}
	revoke := s.server.command(t, "solatis-relay token revoke tok_…")
	revoke.Args[len(revoke.Args)-1] = token.ID
	run(t, revoke)
	select {
	case <-s.session.ended:
	case <-time.After(patience):
		t.Fatal("listen goes on without its token")
	}
	if code := s.session.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("listen ends with %d without its token, want 1", code)
	}
}
