package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// print writes the figures as tables of Markdown, so that they can go into a document as
// they are.
func (f *figures) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; load average %.1f at the start; medians of %d rounds of %s\n\n", f.System, f.Load, f.Rounds, f.Time)
	f.variantTable().write(&b)
	fmt.Fprintf(&b, "\nTimes are in µs, × is the ratio to one hop. A durable commit (4 KiB append and fsync): %.0f µs.\n", f.CommitMicroseconds)
	for _, left := range f.LeftOut {
		fmt.Fprintf(&b, "Left out: %s.\n", left)
	}
	for _, idle := range f.Idle {
		fmt.Fprintf(&b, "%s.\n", idle)
	}
	for _, binary := range f.Binaries {
		fmt.Fprintf(&b, "%s, stripped: %.1f MB.\n", binary.Name, binary.megabytes())
	}
	b.WriteByte('\n')
	goalTable(f.Goals).write(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

func (f *figures) variantTable() table {
	t := table{align: "rlrrrrrrrr", rows: [][]string{
		{"connections", "variant", "events/s", "×", "CPU per event", "×", "round trip p50", "p99", "to the app p50", "p99"},
	}}
	for _, v := range f.Variants {
		cpu, ratio := "–", "–"
		if v.Variant != direct {
			cpu, ratio = whole(v.CPU), fmt.Sprintf("%.2f", v.CPURatio)
		}
		t.rows = append(t.rows, []string{
			fmt.Sprint(v.Connections), v.Variant, whole(v.EventsPerSecond), fmt.Sprintf("%.2f", v.EventsRatio), cpu, ratio,
			whole(v.RoundTripMedian), whole(v.RoundTripP99), whole(v.ArrivalMedian), whole(v.ArrivalP99),
		})
	}
	return t
}

func goalTable(goals []goalFigure) table {
	t := table{align: "lrrl", rows: [][]string{{"what", "measured", "goal", ""}}}
	for _, g := range goals {
		bound, verdict := "at most", "missed"
		if g.AtLeast {
			bound = "at least"
		}
		if g.Reached {
			verdict = "reached"
		}
		t.rows = append(t.rows, []string{
			g.What, brief(g.Measured) + " " + g.Unit, bound + " " + brief(g.Goal) + " " + g.Unit, verdict,
		})
	}
	return t
}

// whole writes a number without a fraction, in groups of three digits.
func whole(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// brief writes a number with three digits, or as many as it has before the point, and one
// that is whole without a fraction.
func brief(v float64) string {
	switch {
	case v >= 100 || v == math.Trunc(v):
		return whole(v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// table is a table of Markdown. Its first row is the head.
type table struct {
	align string // l or r for each column
	rows  [][]string
}

func (t table) write(b *strings.Builder) {
	widths := make([]int, len(t.align))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 2)
		}
	}
	for n, row := range t.rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.align[i] == 'r' {
				cell, pad = pad+cell, ""
			}
			b.WriteString("| " + cell + pad + " ")
		}
		b.WriteString("|\n")
		if n == 0 {
			t.writeRule(b, widths)
		}
	}
}

func (t table) writeRule(b *strings.Builder, widths []int) {
	for i, width := range widths {
		right := ":"
		if t.align[i] == 'l' {
			right = "-"
		}
		b.WriteString("|-" + strings.Repeat("-", width) + right)
	}
	b.WriteString("|\n")
}
