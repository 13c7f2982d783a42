package cli

import (
	"fmt"
	"strings"

	"github.com/solatis/solatis-cli/internal/check"
	"github.com/solatis/solatis-cli/internal/term"
)

// What check prints in --output json: planJSON first, then a probeJSON for each probe,
// then summaryOfCheckJSON.
type (
	planJSON struct {
		Type    string `json:"type"` // "plan"
		Target  string `json:"target"`
		Probes  int    `json:"probes"`
		Genuine int    `json:"genuine"` // how many events the app is to take for real, at most
		Forged  int    `json:"forged"`
		Other   int    `json:"other"`
	}
	probeJSON struct {
		Type       string       `json:"type"` // "probe"
		ID         string       `json:"id"`
		Title      string       `json:"title"`
		Status     check.Status `json:"status,omitempty"` // absent in --list
		Seen       string       `json:"seen,omitempty"`
		Cause      string       `json:"cause,omitempty"`
		Fix        *check.Fix   `json:"fix,omitempty"`
		DurationMS int64        `json:"duration_ms"`
	}
	checkSummaryJSON struct {
		Type   string `json:"type"` // "summary"
		Target string `json:"target"`
		check.Summary
		Planned  int  `json:"planned"`  // how many probes there would have been
		Complete bool `json:"complete"` // whether all of them were run
	}
)

// print lists probes.
func (o *checkOptions) print(probes []check.Probe) error {
	for _, p := range probes {
		var err error
		if o.output == "json" {
			err = o.app.printJSON(probeJSON{Type: "probe", ID: p.ID, Title: p.Title})
		} else {
			_, err = fmt.Fprintf(o.app.streams.Out, "%-*s  %s\n", idWidth, p.ID, p.Title)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// idWidth is the length of the longest id.
var idWidth = func() (width int) {
	for _, id := range probeIDs() {
		width = max(width, len(id))
	}
	return width
}()

// symbols stand before a status, so that it shows without colours too.
var symbols = map[check.Status]string{check.Pass: "✓", check.Warn: "!", check.Fail: "✗", check.Skip: "-"}

func paintOf(p term.Palette, s check.Status) func(string) string {
	return map[check.Status]func(string) string{check.Pass: p.Good, check.Warn: p.Warn, check.Fail: p.Bad, check.Skip: p.Faint}[s]
}

// show prints the line of a result. One that can't be written shows in the last line as
// well, which tells.
func (o *checkOptions) show(r check.Result) {
	if o.output == "json" {
		line := probeJSON{
			Type: "probe", ID: r.ID, Title: r.Title, Status: r.Status, Seen: r.Seen, DurationMS: r.Took.Milliseconds(),
		}
		if r.Advice != (check.Advice{}) {
			line.Cause, line.Fix = r.Advice.Cause, &r.Advice.Fix
		}
		_ = o.app.printJSON(line)
		return
	}
	p := o.app.palette(o.app.streams.OutTTY)
	fmt.Fprintf(o.app.streams.Out, "%s  %-*s  %s\n",
		paintOf(p, r.Status)(symbols[r.Status]+" "+string(r.Status)), idWidth, r.ID, term.Sanitize(r.Seen))
}

// conclude names the mistakes and counts the results.
func (o *checkOptions) conclude(c check.Config, results []check.Result, stopped bool) error {
	summary := check.Summarise(results)
	if o.output == "json" {
		return o.app.printJSON(checkSummaryJSON{"summary", c.Target.String(), summary, len(c.Probes), !stopped})
	}
	if len(results) == 0 {
		return nil // the reason is an error, and says more than a score of nothing
	}
	p := o.app.palette(o.app.streams.OutTTY)
	for _, m := range check.Mistakes(results) {
		fmt.Fprintln(o.app.streams.Out, mistakeText(p, m))
	}
	_, err := fmt.Fprintf(o.app.streams.Out, "\n%s\n", scoreText(p, summary))
	return err
}

// mistakeText is a mistake with its fixes, after an empty line.
func mistakeText(p term.Palette, m check.Mistake) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s %s\n", paintOf(p, m.Worst)(symbols[m.Worst]), p.Strong(manyText(m.Probes)))
	fmt.Fprintf(&b, "  cause    %s\n", m.Advice.Cause)
	if fix := m.Advice.Fix; fix.Express == fix.Flask && fix.Flask == fix.Go {
		return b.String() + "  fix      " + fix.Go
	}
	fmt.Fprintf(&b, "  Express  %s\n  Flask    %s\n  Go       %s", m.Advice.Fix.Express, m.Advice.Fix.Flask, m.Advice.Fix.Go)
	return b.String()
}

// manyText names a few of many; the lines above name them all.
func manyText(ids []string) string {
	const few = 5
	if more := len(ids) - few; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:few], ", "), more)
	}
	return strings.Join(ids, ", ")
}

func scoreText(p term.Palette, s check.Summary) string {
	text := fmt.Sprintf("%d of %d probes passed", s.Passed, s.Total)
	for _, part := range []struct {
		n     int
		word  string
		paint func(string) string
	}{{s.Warned, "warned", p.Warn}, {s.Failed, "failed", p.Bad}, {s.Skipped, "skipped", p.Faint}} {
		if part.n > 0 {
			text += ", " + part.paint(fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	if s.Passed == s.Total {
		text = p.Good(text)
	}
	return text
}
