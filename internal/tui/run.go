package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/term"
)

// Config says what the view shows and what can be done in it. Reader, In, Out and Now are
// required.
type Config struct {
	Updates *activity.Subscription // of the session; nil shows the history alone
	Reader  Reader
	Actions Actions
	History string // where the history is, for people

	In      io.Reader // the terminal
	Out     io.Writer // the same terminal
	Environ []string  // the environment, of which the terminal's variables count
	Color   bool      // as term.UseColor decided
	Editor  []string  // the editor's command, with its arguments; empty for none
	Dir     string    // where bodies are saved
	CrashTo string    // the file that a panic is written to; "" for none

	Now  func() time.Time
	Zone *time.Location // of the times shown; nil means local time

	options []tea.ProgramOption // further ones, of tests
}

func (c *Config) zone() *time.Location {
	if c.Zone == nil {
		return time.Local
	}
	return c.Zone
}

// Run shows the view until the person quits, the session ends, which closes Updates, or
// ctx does, and returns nil then. The terminal is as it was before, whatever happened,
// and a summary of the session stands in it. All goroutines have ended but that which
// waits for a key, if In can't be interrupted. A panic is returned as a *CrashError.
func Run(ctx context.Context, c Config) error {
	ctx, end := context.WithCancel(ctx)
	w := newWork(ctx)
	defer w.wait()
	defer end()
	m := newRoot(&c, w)
	p := tea.NewProgram(m, c.programOptions()...)
	m.quit = p.Quit
	stop := context.AfterFunc(ctx, p.Quit) // rather than tea.WithContext, which kills it
	defer stop()
	began := c.Now()
	_, err := p.Run()
	if m.crash != nil {
		return m.crash.report(c.CrashTo, c.Now())
	}
	if errors.Is(err, tea.ErrProgramPanic) {
		return &CrashError{Cause: err.Error()}
	}
	if err != nil && !errors.Is(err, tea.ErrInterrupted) {
		return fmt.Errorf("the live view failed: %w", err)
	}
	if c.Updates != nil {
		io.WriteString(c.Out, m.header.summary(c.Now().Sub(began), c.zone()))
	}
	return nil
}

func (c *Config) programOptions() []tea.ProgramOption {
	options := []tea.ProgramOption{
		tea.WithInput(c.In), tea.WithOutput(c.Out),
		tea.WithFPS(int(time.Second / frame)),
		tea.WithoutSignalHandler(), // whoever calls Run handles signals, and ends ctx
	}
	if c.Environ != nil {
		options = append(options, tea.WithEnvironment(c.terminalEnviron()))
	}
	if !c.Color {
		options = append(options, tea.WithColorProfile(colorprofile.Ascii))
	}
	return append(options, c.options...)
}

// terminalEnviron is the environment without what would decide about colours once more.
func (c *Config) terminalEnviron() []string {
	var kept []string
	for _, v := range c.Environ {
		name, _, _ := strings.Cut(v, "=")
		if name != "NO_COLOR" && name != "CLICOLOR" && name != "CLICOLOR_FORCE" {
			kept = append(kept, v)
		}
	}
	return kept
}

// summary is what stays in the terminal when the view is gone: at most five lines.
func (h *header) summary(long time.Duration, zone *time.Location) string {
	if h.ready.Session == "" {
		return "" // the session never began, and says why itself
	}
	text := []string{
		fmt.Sprintf("Listened for %s on %s", spanText(long), h.ready.URL),
		fmt.Sprintf("%s received; deliveries: %s ok, %s failed, %s retrying, %s held", countText(h.received),
			countText(h.ok), countText(h.failed), countText(len(h.retrying)), countText(h.heldNow())),
	}
	if h.paused && h.kept > 0 {
		text[1] += fmt.Sprintf(", %s waiting for the next session", countText(h.kept))
	}
	if words := h.latency.words(); words != "" {
		text = append(text, "The app answered in "+words)
	}
	if bad := h.lastBad; bad.Delivery != "" {
		o := delivery.Outcome{Kind: bad.Outcome, Status: bad.Status}
		id := bad.Event
		if id == "" {
			id = bad.Request
		}
		text = append(text, fmt.Sprintf("Last failure: %s %s [%s] at %s", o.Label(), bad.EventType, id, bad.At.In(zone).Format(time.TimeOnly)))
	}
	text = append(text, "All of it is in the history: solatis history")
	return term.SanitizeLines(strings.Join(text, "\n")) + "\n"
}
