package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"charm.land/bubbles/v2/progress"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/term"
)

// sends follows a number of events on their way to the app: a bar on standard error while
// they go, where that is a terminal, and a summary at the end. Its methods may be called
// concurrently.
type sends struct {
	app     *app
	total   int
	started time.Time
	bar     progress.Model

	mu       sync.Mutex // guards what follows
	done     []sent
	shown    int             // of the steps in which the bar grows
	retries  int             // that were made
	retrying map[string]bool // deliveries that are to be made again
	said     time.Time       // when a retry was told last
}

// sent is what became of one event.
type sent struct {
	delivery string // its id; empty where it isn't known

	name   string // such as "task.created [evt_…]"
	label  string // a status, or how it failed, as delivery.Outcome.Label has it
	failed bool
	idle   bool          // whether nobody was asked, so that it neither failed nor not
	took   time.Duration // 0 where the app was never asked
	detail string        // of a failure, as the app or solatis put it
}

// sentBy is what became of an event by its attempts that count, at least one. The first of
// them that failed says how.
func sentBy(all ...activity.Attempted) sent {
	u := all[0]
	if i := slices.IndexFunc(all, func(u activity.Attempted) bool { return u.State != delivery.Succeeded }); i >= 0 {
		u = all[i]
	}
	outcome := delivery.Outcome{Kind: u.Outcome, Status: u.Status}
	s := sent{
		delivery: all[0].Delivery,
		name:     nameOf(u),
		label:    outcome.Label(),
		failed:   !outcome.Success(),
		took:     u.Duration,
	}
	if s.failed {
		s.detail = cmp.Or(strings.TrimSpace(u.Response), u.Error)
	}
	return s
}

// barWidth is the bar's, in characters. It fits beside its text on the narrowest terminals.
const barWidth = 30

// follow begins to follow total events.
func (a *app) follow(total int) *sends {
	options := []progress.Option{progress.WithWidth(barWidth), progress.WithColors(lipgloss.Green)}
	bar := progress.New(options...)
	bar.EmptyColor = lipgloss.BrightBlack // its own one is beyond what old terminals know
	return &sends{app: a, total: total, started: a.now(), bar: bar, retrying: make(map[string]bool)}
}

// add counts an event that has ended.
func (s *sends) add(one sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = append(s.done, one)
	delete(s.retrying, one.delivery)
	s.show()
}

// sayRetryEvery is the least time between two lines about retries, where there are so many
// events that nobody would read all.
const sayRetryEvery = time.Second

// told counts an attempt, and says that a retry follows. It reports whether one does.
func (s *sends) told(u activity.Attempted) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.Attempt > 1 {
		s.retries++
	}
	next, ok := u.Upcoming()
	if !ok {
		return false
	}
	s.retrying[u.Delivery] = true
	if s.total > 2*lines && u.At.Sub(s.said) < sayRetryEvery {
		return true
	}
	s.said = u.At
	out, end := s.app.streams.Err, ""
	if s.app.streams.ErrTTY {
		end = "\x1b[K" // what is left of the bar
		fmt.Fprint(out, "\r")
	}
	fmt.Fprintf(out, "%s %s, %s%s\n", term.Sanitize(nameOf(u)), term.Sanitize(sentBy(u).label), next, end)
	if s.app.streams.ErrTTY {
		s.draw()
	}
	return true
}

// steps are in how many the bar grows, and lines those in which the plain one does. A bar
// for each of ten thousand events would slow them down.
const (
	steps = 200
	lines = 10
)

// show says how far it is. Without a terminal that is a line now and then, and none at all
// where it would only repeat the summary.
func (s *sends) show() {
	out, n := s.app.streams.Err, len(s.done)
	if !s.app.streams.ErrTTY {
		if step := n * lines / s.total; s.total >= 2*lines && step > s.shown && n < s.total {
			s.shown = step
			fmt.Fprintf(out, "%d of %d sent, %d failed\n", n, s.total, s.failed())
		}
		return
	}
	step := n * steps / s.total
	if step == s.shown && n > 1 {
		return
	}
	s.shown = step
	s.draw()
}

// draw draws the bar.
func (s *sends) draw() {
	n := len(s.done)
	bar := s.bar.ViewAs(float64(n) / float64(s.total))
	if !s.app.colours(true) {
		bar = ansi.Strip(bar)
	}
	waiting := ""
	if len(s.retrying) > 0 {
		waiting = fmt.Sprintf(", %d retrying", len(s.retrying))
	}
	fmt.Fprintf(s.app.streams.Err, "\r%s  %d of %d, %d failed%s\x1b[K", bar, n, s.total, s.failed(), waiting)
}

func (s *sends) failed() int { return s.count(func(one sent) bool { return one.failed }) }

func (s *sends) count(is func(sent) bool) int {
	n := 0
	for _, one := range s.done {
		if is(one) {
			n++
		}
	}
	return n
}

// finish prints the summary, and returns the exit code as an error: 130 if it was
// interrupted, else 4 if any failed.
func (s *sends) finish(interrupted bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.app.streams.ErrTTY && len(s.done)+s.retries > 0 {
		fmt.Fprint(s.app.streams.Err, "\r\x1b[K")
	}
	s.summarise(interrupted)
	switch {
	case interrupted:
		return &codedError{exitInterrupted, nil}
	case s.failed() > 0:
		return &codedError{exitNotAccepted, nil}
	}
	return nil
}

func (s *sends) summarise(interrupted bool) {
	out, failed, idle := s.app.streams.Out, s.failed(), s.count(func(one sent) bool { return one.idle })
	how := fmt.Sprintf("%d sent", len(s.done))
	if interrupted {
		how = fmt.Sprintf("interrupted after %d of %d", len(s.done), s.total)
	}
	took := s.app.now().Sub(s.started)
	fmt.Fprintf(out, "%s in %v: %d accepted, %d failed%s", how, roundly(took), len(s.done)-failed-idle, failed, s.labels(func(one sent) bool { return one.failed }))
	if idle > 0 {
		fmt.Fprintf(out, ", %d not forwarded%s", idle, s.labels(func(one sent) bool { return one.idle }))
	}
	if s.retries > 0 {
		fmt.Fprintf(out, ", retries: %d", s.retries)
	}
	if len(s.retrying) > 0 {
		fmt.Fprintf(out, ", cancelled before they were taken: %d", len(s.retrying))
	}
	fmt.Fprintln(out)
	if latency := s.latency(); latency != "" {
		fmt.Fprintln(out, latency)
	}
	for _, one := range s.done {
		if one.failed {
			p := s.app.palette(s.app.streams.OutTTY)
			fmt.Fprintf(out, "first failed: %s %s\n", term.Sanitize(one.name), p.Bad(term.Sanitize(one.label)))
			if one.detail != "" {
				fmt.Fprintln(out, term.SanitizeLines(one.detail))
			}
			return
		}
	}
}

// labels says how many of them ended in which way, the most frequent one first.
func (s *sends) labels(of func(sent) bool) string {
	counts := make(map[string]int)
	for _, one := range s.done {
		if of(one) {
			counts[one.label]++
		}
	}
	if len(counts) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d × %s", counts[name], term.Sanitize(name))
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// latency says how long the app took, or nothing where it was never asked.
func (s *sends) latency() string {
	var took []time.Duration
	for _, one := range s.done {
		if one.took > 0 {
			took = append(took, one.took)
		}
	}
	if len(took) == 0 {
		return ""
	}
	slices.Sort(took)
	return fmt.Sprintf("latency: p50 %v, p95 %v, max %v",
		roundly(percentile(took, 50)), roundly(percentile(took, 95)), roundly(took[len(took)-1]))
}

// percentile is the smallest of the sorted values that p per cent of them don't exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// roundly is d to about three digits.
func roundly(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(10 * time.Microsecond)
}

// colours reports whether a stream is coloured.
func (a *app) colours(tty bool) bool {
	return term.UseColor(term.ColorMode(a.color), a.lookup, tty)
}
