package tui

import (
	"fmt"
	"strings"
	"time"
)

// span of time as short as a reader wants it, in at most six characters below a day.
func spanText(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	case d >= 10*time.Second:
		return fmt.Sprintf("%ds", d/time.Second)
	case d >= time.Second:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	case d > 0:
		return "<1ms"
	}
	return "0s"
}

// secondsText is spanText for what counts down: whole seconds, rounded up.
func secondsText(d time.Duration) string {
	if d <= 0 {
		return "now"
	}
	whole := (d + time.Second - 1).Truncate(time.Second)
	if whole < time.Minute {
		return fmt.Sprintf("%ds", whole/time.Second)
	}
	return spanText(whole)
}

// bytesText is a size for people.
func bytesText(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n == 1:
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// countText is a number with its thousands apart, such as "12,345".
func countText(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is a count of things, such as "1 delivery" or "2 deliveries".
func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		return countText(n) + " " + strings.TrimSuffix(what, "y") + "ies"
	}
	return countText(n) + " " + what + "s"
}
