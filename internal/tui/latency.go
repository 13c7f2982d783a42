package tui

import (
	"slices"
	"strings"
	"time"
)

// latency is how long the app took lately: percentiles of the newest answers, and a
// picture of how they went. Its size doesn't depend on how many there were.
type latency struct {
	newest  []time.Duration // a ring of at most keptDurations
	next    int             // where the ring goes on
	picture []time.Duration // the middle of each batch, oldest first; at most keptCells
	p50     time.Duration
	p95     time.Duration
}

const (
	keptDurations = 512
	keptCells     = 60
)

// add takes the durations of one batch of updates. A burst gives one cell, so that the
// picture doesn't race.
func (l *latency) add(batch []time.Duration) {
	if len(batch) == 0 {
		return
	}
	for _, d := range batch {
		if len(l.newest) < keptDurations {
			l.newest = append(l.newest, d)
		} else {
			l.newest[l.next] = d
		}
		l.next = (l.next + 1) % keptDurations
	}
	sorted := slices.Sorted(slices.Values(l.newest))
	l.p50, l.p95 = percentile(sorted, 50), percentile(sorted, 95)
	l.picture = append(l.picture, percentile(slices.Sorted(slices.Values(batch)), 50))
	if over := len(l.picture) - keptCells; over > 0 {
		l.picture = slices.Delete(l.picture, 0, over)
	}
}

// percentile is the smallest value that p percent don't exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	n := (len(sorted)*p + 99) / 100
	return sorted[max(n, 1)-1]
}

var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline draws the newest cells of the picture, the highest as a full bar.
func (l *latency) sparkline(width int) string {
	cells := l.picture[max(0, len(l.picture)-width):]
	if len(cells) == 0 {
		return ""
	}
	highest := max(slices.Max(cells), 1)
	var b strings.Builder
	for _, d := range cells {
		b.WriteRune(bars[int(d*time.Duration(len(bars)-1)/highest)])
	}
	return b.String()
}

// words are the percentiles, or nothing before the first answer.
func (l *latency) words() string {
	if len(l.newest) == 0 {
		return ""
	}
	return "p50 " + spanText(l.p50) + "  p95 " + spanText(l.p95)
}
