package listen

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/tunnel"
)

// days is a laptop on a fake clock: the history is a real one, and an app stands where the
// network would be.
type days struct {
	*testing.T
	history *history.History
	policy  delivery.Policy
	target  send.Target
	began   time.Time
	down    atomic.Bool
	ahead   atomic.Int64 // of the wall clock before true time

	mu   sync.Mutex // guards what follows
	log  []string   // what the app got, and when in true time
	seqs uint64
}

func (d *days) now() time.Time { return time.Now().Round(0).Add(time.Duration(d.ahead.Load())) }

// start runs a session until the returned function kills it: what was decided and not kept
// is then forgotten.
func (d *days) start() (*Session, func()) {
	s := New(Config{
		Relay: Relay{Agent: "a"}, History: d.history, Bus: new(activity.Bus), Forward: []send.Target{d.target},
		Retry: d.policy, Concurrency: 1, Now: d.now,
	})
	l := s.lanes.all[0]
	l.queue.start = func(j *job) { d.deliver(s, j) }
	ctx, kill := context.WithCancel(d.Context())
	s.attempts = ctx
	if err := s.resume(ctx); err != nil {
		d.Fatal(err)
	}
	go l.retries.run()
	s.begin(tunnel.Welcome{})
	l.queue.connected(0, 0)
	return s, func() {
		kill()
		l.queue.close()
		l.retries.close()
	}
}

// deliver is that of Session, with an app that is asked at once.
func (d *days) deliver(s *Session, j *job) {
	if s.admit(j) {
		outcome := delivery.Outcome{Kind: delivery.NoConnect}
		if !d.down.Load() {
			outcome = delivery.Outcome{Kind: delivery.Answered, Status: 200}
		}
		d.mu.Lock()
		d.log = append(d.log, fmt.Sprintf("%s #%d %s", j.name.id, j.number, delivery.Brief(time.Since(d.began))))
		d.mu.Unlock()
		now := s.Now()
		a := attempted{origin: j.origin, target: d.target, attempt: delivery.Attempt{Number: j.number, Started: now, Outcome: outcome}, ended: now}
		j.lane.retries.finish(j, a, new(event.Request), nil)
	}
	j.lane.queue.done(j)
}

// arrive brings an event, which is recorded at once.
func (d *days) arrive(s *Session, id string) {
	d.seqs++
	l := s.lanes.all[0]
	j := &job{
		lane: l, delivery: "dlv_" + id, number: 1, request: "req_" + id, name: eventName{id, "task.created"}, origin: delivery.Received,
		recorded: make(chan bool, 1), generation: 1, seq: d.seqs,
	}
	_, err := d.history.Record(d.Context(), history.Batch{Agent: "a", Records: []history.Record{{
		Request: &event.Request{ID: j.request, Received: d.now()}, Seq: d.seqs, EventID: id, Delivery: j.delivery, Target: d.target.String(),
	}}})
	if err != nil {
		d.Fatal(err)
	}
	j.recorded <- true
	l.queue.submit(j)
}

// open returns what the history has that isn't final.
func (d *days) open() (open []string) {
	left, err := d.history.Pending(d.Context(), "a", d.target.String())
	if err != nil {
		d.Fatal(err)
	}
	for _, p := range left {
		open = append(open, fmt.Sprintf("%s %s", p.EventID, p.Standing.State))
	}
	return open
}

// TestDays plays the guide's 26 h 36 m at its own speed, through kills, a night's sleep and a
// clock that jumps. Times are true ones since the first attempt.
func TestDays(t *testing.T) {
	guide := delivery.Policy{Schedule: delivery.GuideSchedule(), Speed: delivery.RealSpeed}
	undisturbed := []string{"a #1 0s", "a #2 1m", "a #3 6m", "a #4 36m", "a #5 2h36m", "a #6 26h36m"}
	type step struct {
		at  time.Duration
		did string
	}
	for name, c := range map[string]struct {
		policy delivery.Policy
		steps  []step
		log    []string
		open   []string
	}{
		"nothing happens":     {guide, nil, undisturbed, nil},
		"the literal reading": {delivery.Policy{Schedule: guide.Schedule, DisableAfter: 5}, nil, undisturbed[:5], nil},
		"the app comes back":  {guide, []step{{time.Hour, "up"}}, undisturbed[:5], nil},
		"killed and started": {guide, []step{{10 * time.Minute, "kill"}, {30 * time.Minute, "start"}, {3 * time.Hour, "kill"}, {26 * time.Hour, "start"}},
			undisturbed, nil},
		"killed for a night": {guide, []step{{10 * time.Minute, "kill"}, {8 * time.Hour, "start"}},
			append(slices.Clone(undisturbed[:3]), "a #4 8h", "a #5 10h", "a #6 34h"), nil},
		"eight hours of sleep": {guide, []step{{time.Hour + time.Second, "sleep"}},
			append(slices.Clone(undisturbed[:4]), "a #5 1h0m10s", "a #6 25h0m10s"), nil},
		"the clock jumps ahead": {guide, []step{{3*time.Hour + time.Second, "ahead"}},
			append(slices.Clone(undisturbed[:5]), "a #6 3h0m10s"), nil},
		"the clock jumps back": {guide, []step{{3*time.Hour + time.Second, "back"}},
			append(slices.Clone(undisturbed[:5]), "a #6 27h0m10s"), nil},
		"held, killed, enabled": {guide, []step{
			{26*time.Hour + 10*time.Minute, "b"}, {27 * time.Hour, "c"}, {28 * time.Hour, "kill"}, {29 * time.Hour, "start"}, {30 * time.Hour, "up"}, {31 * time.Hour, "enable"},
		}, append(slices.Clone(undisturbed[:5]), "b #1 26h10m", "b #2 26h11m", "b #3 26h16m", "a #6 26h36m", "b #4 31h", "c #1 31h"), nil},
		"held for ever": {guide, []step{{27 * time.Hour, "b"}}, undisturbed, []string{"b held"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.db")
			target, err := send.ParseTarget("localhost:3000")
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				h, err := history.Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				defer h.Close()
				d := &days{T: t, history: h, policy: c.policy, target: target, began: time.Now()}
				d.down.Store(true)
				s, kill := d.start()
				d.arrive(s, "a")
				for _, step := range c.steps {
					d.until(step.at)
					switch step.did {
					case "kill":
						kill()
					case "start":
						s, kill = d.start()
					case "up":
						d.down.Store(false)
					case "sleep":
						d.ahead.Add(int64(8 * time.Hour))
					case "ahead":
						d.ahead.Add(int64(25 * time.Hour))
					case "back":
						d.ahead.Add(int64(-25 * time.Hour))
					case "enable":
						if _, err := s.lanes.all[0].retries.set(t.Context(), delivery.Enabled); err != nil {
							t.Error(err)
						}
					default:
						d.arrive(s, step.did)
					}
				}
				d.until(100 * time.Hour)
				kill()
				if got := rounded(d.log); !slices.Equal(got, c.log) {
					t.Errorf("the app got\n%q, want\n%q", got, c.log)
				}
				if open := d.open(); !slices.Equal(open, c.open) {
					t.Errorf("left are %q, want %q", open, c.open)
				}
			})
		})
	}
}

// until waits for a true time since the beginning.
func (d *days) until(at time.Duration) {
	time.Sleep(time.Until(d.began.Add(at)))
	synctest.Wait()
}

// rounded takes out of a log the few milliseconds that the history waits for company.
func rounded(log []string) (all []string) {
	for _, line := range log {
		var id, attempt, at string
		fmt.Sscan(line, &id, &attempt, &at)
		d, _ := time.ParseDuration(at)
		all = append(all, id+" "+attempt+" "+delivery.Brief(d.Truncate(time.Second)))
	}
	return all
}
