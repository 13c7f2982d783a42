package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
	"github.com/solatis/solatis-cli/internal/term"
)

// Bounds of a difference that is shown: a person compares the rest in another program.
const (
	maxCompared  = 64 << 10 // bytes of each text
	maxDiffLines = 60
	maxDiffWidth = 200 // characters of a line
)

// showDiff prints how a body differs from the one before. JSON is compared line by line
// as it is indented, everything else as it is.
func (a *app) showDiff(what string, before, now []byte) {
	out := a.streams.Out
	switch {
	case bytes.Equal(before, now):
		fmt.Fprintf(out, "%s is the same\n", what)
		return
	case !utf8.Valid(before) || !utf8.Valid(now):
		fmt.Fprintf(out, "%s is another one: %d bytes before, now %d, and not text\n", what, len(before), len(now))
		return
	case len(before) > maxCompared || len(now) > maxCompared:
		fmt.Fprintf(out, "%s is another one: %d bytes before, now %d, which is too much to compare here\n", what, len(before), len(now))
		return
	}
	from, to := comparable(before), comparable(now)
	if from == to {
		fmt.Fprintf(out, "%s differs in its white space only\n", what)
		return
	}
	fmt.Fprintf(out, "%s changed:\n", what)
	diff := udiff.Unified("before", "now", from, to)
	lines := strings.Split(strings.TrimSuffix(diff, "\n"), "\n")[2:] // without the names
	for i, line := range lines {
		if i == maxDiffLines {
			fmt.Fprintf(out, "  and %s of the difference\n", times(len(lines)-i, "more line"))
			return
		}
		fmt.Fprintln(out, "  "+a.paintDiff(line))
	}
}

// comparable is a body as lines.
func comparable(body []byte) string {
	var indented bytes.Buffer
	if json.Indent(&indented, bytes.TrimSpace(body), "", "  ") == nil {
		body = indented.Bytes()
	}
	return strings.TrimRight(string(body), "\r\n") + "\n"
}

// paintDiff colours a line by what it says, cuts it, and makes it safe to print.
func (a *app) paintDiff(line string) string {
	p := a.palette(a.streams.OutTTY)
	safe := term.Sanitize(line)
	if n := utf8.RuneCountInString(safe); n > maxDiffWidth {
		safe = string([]rune(safe)[:maxDiffWidth]) + "…"
	}
	switch line[:min(1, len(line))] {
	case "+":
		return p.Good(safe)
	case "-":
		return p.Bad(safe)
	case "@":
		return p.Faint(safe)
	}
	return safe
}
