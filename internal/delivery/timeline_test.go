package delivery_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
)

var update = flag.Bool("update", false, "write the golden files anew")

// played is a delivery whose every attempt fails, as it stood after each.
type played struct {
	attempts  []delivery.Attempt
	standings []delivery.Standing
	webhooks  []delivery.Webhook
}

// play makes the attempts of one delivery exactly when they are due, each taking no time.
func play(t *testing.T, p delivery.Policy) played {
	t.Helper()
	l := newLine(t, p)
	if _, ok := l.Arrive("dlv_1", delivery.Received); !ok {
		t.Fatal("it is held")
	}
	var all played
	for now := noon; ; {
		s, _ := l.Ended("dlv_1", down, now)
		all.attempts = append(all.attempts, delivery.Attempt{Number: len(all.attempts) + 1, Started: now, Outcome: down})
		all.standings = append(all.standings, s)
		all.webhooks = append(all.webhooks, l.Webhook())
		wait, ok := l.Wake(now)
		if !ok {
			return all
		}
		now = now.Add(wait)
		if e := l.Due(now); len(e.Start) != 1 || !l.Begin(e.Start[0]) {
			t.Fatalf("at %v %s start", now, starts(e.Start))
		}
	}
}

// draw writes a timeline as a view might.
func draw(t delivery.Timeline) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s after %d failures, %d left\n", t.Standing.State, t.Standing.Failed, t.Left)
	for _, s := range t.Steps {
		name := "first attempt"
		if s.Retry > 0 {
			name = fmt.Sprintf("retry %d", s.Retry)
		}
		at := "-"
		if !s.At.IsZero() {
			at = delivery.Brief(s.After)
		}
		line := fmt.Sprintf("%-13s  waits %-6s (%-4s in production)  at %-9s (%-6s in production)  %-6s %s",
			name, delivery.Brief(s.Wait), delivery.Brief(s.ProductionWait), at, delivery.Brief(s.ProductionAfter), s.Fate, s.Outcome.Label())
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))) {
		t.Errorf("%s (go test -update writes it anew) should be\n%s", path, got)
	}
}

// TestTimelines holds both readings of "after 5 failed attempts", from the first failure
// to the last, in production's time and compressed.
func TestTimelines(t *testing.T) {
	for name, p := range map[string]delivery.Policy{
		"five-retries":             {Schedule: delivery.GuideSchedule(), Speed: delivery.RealSpeed},
		"five-retries-speed-60":    {Schedule: delivery.GuideSchedule(), Speed: 60},
		"five-attempts":            {Schedule: delivery.GuideSchedule(), Speed: delivery.RealSpeed, DisableAfter: 5},
		"five-attempts-speed-3600": {Schedule: delivery.GuideSchedule(), Speed: 3600, DisableAfter: 5},
		"five-retries-speed-max":   {Schedule: delivery.GuideSchedule(), Speed: delivery.MaxSpeed},
		"own-schedule-one-attempt": {Schedule: delivery.Schedule{time.Second}, Speed: delivery.RealSpeed, DisableAfter: 1},
	} {
		t.Run(name, func(t *testing.T) {
			all := play(t, p)
			var b bytes.Buffer
			fmt.Fprintf(&b, "schedule %s, speed %s, at most %d attempts\n", p.Schedule, p.Speed, p.Attempts())
			for i, s := range all.standings {
				fmt.Fprintf(&b, "\nafter attempt %d: ", i+1)
				now := all.attempts[i].Started
				if u, ok := p.Upcoming(s, now); ok {
					fmt.Fprintf(&b, "%s; ", u)
				}
				if all.webhooks[i].Disabled() {
					fmt.Fprintf(&b, "webhook disabled by %s; ", all.webhooks[i].Cause)
				}
				b.WriteString(draw(p.Timeline(all.attempts[:i+1], s, now)))
			}
			golden(t, "timeline-"+name+".txt", b.Bytes())
		})
	}
}

// TestTimelineStates draws what isn't a plain outage.
func TestTimelineStates(t *testing.T) {
	p := delivery.Policy{Schedule: delivery.GuideSchedule(), Speed: 60}
	at := func(after time.Duration, o delivery.Outcome) delivery.Attempt {
		return delivery.Attempt{Started: noon.Add(after), Outcome: o}
	}
	stopped := delivery.Outcome{Kind: delivery.Interrupted}
	waiting := func(failed int, due time.Duration) delivery.Standing {
		return delivery.Standing{State: delivery.Pending, Failed: failed, Due: noon.Add(due), Wait: time.Second}
	}
	var b bytes.Buffer
	for _, c := range []struct {
		name     string
		policy   delivery.Policy
		attempts []delivery.Attempt
		standing delivery.Standing
	}{
		{"new", p, nil, delivery.New()},
		{"taken at once", p, []delivery.Attempt{at(0, up)}, delivery.Standing{State: delivery.Succeeded}},
		{"taken late, after a stop", p,
			[]delivery.Attempt{at(0, answered(500)), at(time.Second, stopped), at(8*time.Hour, up)},
			delivery.Standing{State: delivery.Succeeded, Failed: 1}},
		{"waiting after a stop", p, []delivery.Attempt{at(0, down), at(time.Second, stopped)}, waiting(1, time.Second)},
		{"held", p, []delivery.Attempt{at(0, down)}, delivery.Standing{State: delivery.Held, Failed: 1}},
		{"cancelled", p, []delivery.Attempt{at(0, down)}, delivery.Standing{State: delivery.Cancelled, Failed: 1}},
		{"a schedule that became shorter", delivery.Policy{Schedule: delivery.Schedule{time.Minute}, Speed: 60},
			[]delivery.Attempt{at(0, down), at(time.Second, down), at(6*time.Second, down)}, waiting(3, 36*time.Second)},
		{"without retries", delivery.Policy{}, []delivery.Attempt{at(0, down)}, delivery.Standing{State: delivery.Failed, Failed: 1}},
	} {
		fmt.Fprintf(&b, "# %s: %s\n", c.name, draw(c.policy.Timeline(c.attempts, c.standing, noon)))
	}
	golden(t, "timeline-states.txt", b.Bytes())
}

func TestUpcoming(t *testing.T) {
	p := delivery.Policy{Schedule: delivery.GuideSchedule(), Speed: 60}
	s := p.After(delivery.Standing{State: delivery.Pending, Failed: 1}, down, noon)
	for after, want := range map[time.Duration]string{
		0:                       "retry 2/5 in 5s, in production 5m",
		time.Millisecond:        "retry 2/5 in 5s, in production 5m",
		time.Second:             "retry 2/5 in 4s, in production 5m",
		4 * time.Second:         "retry 2/5 in 1s, in production 5m",
		4900 * time.Millisecond: "retry 2/5 in 100ms, in production 5m",
		5 * time.Second:         "retry 2/5 now, in production 5m",
		time.Hour:               "retry 2/5 now, in production 5m",
	} {
		u, ok := p.Upcoming(s, noon.Add(after))
		if !ok || u.String() != want {
			t.Errorf("after %v: %q (%v), want %q", after, u, ok, want)
		}
	}
	literal := delivery.Policy{Schedule: p.Schedule, Speed: p.Speed, DisableAfter: 5}
	if u, _ := literal.Upcoming(s, noon); u.String() != "retry 2/4 in 5s, in production 5m" {
		t.Errorf("by the literal reading: %q", u)
	}
	for _, s := range []delivery.Standing{delivery.New(), {State: delivery.Succeeded, Failed: 1}, {State: delivery.Held, Failed: 1}} {
		if u, ok := p.Upcoming(s, noon); ok {
			t.Errorf("%+v waits for %q", s, u)
		}
	}
}
