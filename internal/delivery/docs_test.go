package delivery_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
)

// table returns the worked table of docs/retries.md: what an outage that never ends looks
// like, by both readings, as the state machine plays it.
func table(t *testing.T) string {
	five, literal := guide, guide
	literal.DisableAfter = 5
	readings := []played{play(t, five), play(t, literal)}
	after := func(speed delivery.Speed, i int) string {
		return delivery.Brief(speed.Compress(guide.Production(i + 1)).Round(time.Millisecond))
	}
	var b strings.Builder
	b.WriteString("| request | after the failure before it | in production, after the first | at speed 60 | at speed 3600 | after five failed retries | `--disable-after 5` |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	for i := range readings[0].standings {
		name, wait := "1, the event itself", "-"
		if i > 0 {
			name = fmt.Sprintf("%d, retry %d", i+1, i)
			wait = delivery.Brief(readings[0].standings[i-1].Wait)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |", name, wait, delivery.Brief(guide.Production(i+1)), after(60, i), after(3600, i))
		for _, r := range readings {
			fmt.Fprintf(&b, " %s |", fate(r, i))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// fate says what the i-th failure, counted from 0, leads to.
func fate(r played, i int) string {
	switch {
	case i >= len(r.standings):
		return "not made"
	case r.webhooks[i].Disabled():
		return fmt.Sprintf("%s, webhook %s", r.standings[i].State, r.webhooks[i].State)
	}
	return string(r.standings[i].State)
}

// TestDocs holds the worked table of docs/retries.md against the state machine.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "retries.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "\r\n", "\n")
	if want := table(t); !strings.Contains(text, want) {
		t.Errorf("docs/retries.md should have this table:\n%s", want)
	}
	if schedule := delivery.GuideSchedule().String(); !strings.Contains(text, "--retry-schedule "+schedule) {
		t.Errorf("docs/retries.md should show --retry-schedule %s", schedule)
	}
}
