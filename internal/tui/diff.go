package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
)

// maxDiffBytes and maxDiffLines bound what is compared: the work may grow with their
// square.
const (
	maxDiffBytes = 256 << 10
	maxDiffLines = 4_000
)

// diff compares the delivery with the marked one or, without a mark, the newest answer
// with the one before it.
func (m material) diff() []line {
	if m.marked != nil {
		name := "marked " + idOf(&m.marked.Summary)
		all := []line{{say(kindStrong, "body, against the one of "+name)}}
		all = append(all, differences(m.marked.Request.Body, m.details.Request.Body)...)
		all = append(all, nil, line{say(kindStrong, "answer, against the one of "+name)})
		return append(all, answersDiffer(newestAnswers(*m.marked, 1), newestAnswers(m.details, 1))...)
	}
	answers := newestAnswers(m.details, 2)
	if len(answers) < 2 {
		return []line{
			sayLine(kindFaint, "There is no earlier answer to compare with."),
			sayLine(kindFaint, "r replays the delivery; x marks it, and others are then compared with it."),
		}
	}
	all := []line{{say(kindStrong, "newest answer, against the one before")}}
	return append(all, answersDiffer(answers[1:], answers[:1])...)
}

// newestAnswers returns up to n outcomes, newest first.
func newestAnswers(d history.Details, n int) []delivery.Outcome {
	var all []delivery.Attempt
	for _, del := range d.Deliveries {
		all = append(all, del.Attempts...)
	}
	slices.SortStableFunc(all, func(a, b delivery.Attempt) int { return b.Started.Compare(a.Started) })
	var out []delivery.Outcome
	for _, a := range all[:min(n, len(all))] {
		out = append(out, a.Outcome)
	}
	return out
}

func answersDiffer(before, after []delivery.Outcome) []line {
	if len(before) == 0 || len(after) == 0 {
		return []line{sayLine(kindFaint, "one of them has no answer")}
	}
	b, a := before[0], after[0]
	all := []line{sayLine(kindPlain, fmt.Sprintf("%s → %s, %s → %s", outcomeText(b), outcomeText(a), spanText(b.Duration), spanText(a.Duration)))}
	return append(all, differences(b.Body, a.Body)...)
}

// differences compares two bodies line by line, JSON as it is shown.
func differences(before, after []byte) []line {
	if string(before) == string(after) {
		return []line{sayLine(kindFaint, "no difference in the body")}
	}
	if len(before) > maxDiffBytes || len(after) > maxDiffBytes {
		return []line{sayLine(kindWarn, fmt.Sprintf("they differ, and are too long to compare: %s and %s", bytesText(len(before)), bytesText(len(after))))}
	}
	b, a := textOf(before, formPretty), textOf(after, formPretty)
	if b.form != a.form {
		return []line{sayLine(kindWarn, fmt.Sprintf("one is %s and the other %s", b.form, a.form))}
	}
	if len(b.lines) > maxDiffLines || len(a.lines) > maxDiffLines {
		return []line{sayLine(kindWarn, fmt.Sprintf("they differ, and are too long to compare: %d and %d lines", len(b.lines), len(a.lines)))}
	}
	return diffLines(joined(b.lines), joined(a.lines))
}

func joined(all []line) string {
	var b strings.Builder
	for _, l := range all {
		b.WriteString(l.text())
		b.WriteByte('\n')
	}
	return b.String()
}

// diffLines are the changed lines with three around each.
func diffLines(before, after string) []line {
	u, err := udiff.ToUnifiedDiff("", "", before, udiff.Lines(before, after), udiff.DefaultContextLines)
	if err != nil {
		return []line{sayLine(kindWarn, "they differ, and can't be compared: "+err.Error())}
	}
	if len(u.Hunks) == 0 {
		return []line{sayLine(kindFaint, "they differ in white space alone")}
	}
	var all []line
	for i, hunk := range u.Hunks {
		if i > 0 {
			all = append(all, sayLine(kindFaint, "  …"))
		}
		for _, l := range hunk.Lines {
			text := strings.TrimSuffix(l.Content, "\n")
			switch l.Kind {
			case udiff.Delete:
				all = append(all, sayLine(kindRemoved, "- "+text))
			case udiff.Insert:
				all = append(all, sayLine(kindAdded, "+ "+text))
			default:
				all = append(all, sayLine(kindPlain, "  "+text))
			}
		}
	}
	return all
}
