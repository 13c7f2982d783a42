package filter

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/nearest"
)

// words are the values of the keys that take one of a few.
var words = map[Key][]string{
	Status: {
		"failed", "succeeded", "pending", "held", "exhausted", "cancelled",
		"timeout", "no-connect", "broken-off", "interrupted", "refused",
		"1xx", "2xx", "3xx", "4xx", "5xx",
	},
	Sig:    {"ok", "bad", "missing", "off"},
	Drift:  {"yes", "no"},
	Dup:    {"yes", "no"},
	Origin: {"received", "trigger", "replay"},
}

// takes says what values a key has.
var takes = map[Key]string{
	Type:   "an event type, as in document.*",
	Status: "a code as in 500, or " + strings.Join(words[Status], ", "),
	Sig:    strings.Join(words[Sig], ", "),
	Drift:  strings.Join(words[Drift], " or "),
	Dup:    strings.Join(words[Dup], " or "),
	Origin: strings.Join(words[Origin], ", "),
	Target: "text in the URL that a delivery goes to",
	ID:     "the beginning of an id",
	Since:  timeForms,
	Until:  timeForms,
}

const timeForms = "how long ago, as in 10m or 2d, a date, or a time as in 2026-01-02T15:04:05Z"

// NewTerm returns the term with a key and a value as somebody typed it, without quotes.
// now is that of Parse. An error says what the key takes.
func NewTerm(key Key, value string, now time.Time) (Term, error) {
	if value == "" {
		return Term{}, fmt.Errorf("an empty %s would match everything or nothing", cmp.Or(string(key), "text"))
	}
	t := Term{Key: key, Value: value}
	if allowed, ok := words[key]; ok {
		return wordTerm(key, strings.ToLower(value), allowed)
	}
	var err error
	switch key {
	case Since:
		t.At, err = ParseSince(value, now)
	case Until:
		t.At, err = ParseUntil(value, now)
	default:
		return t, nil
	}
	if err != nil {
		return Term{}, err
	}
	t.Value = t.At.Format(time.RFC3339Nano)
	return t, nil
}

func wordTerm(key Key, value string, allowed []string) (Term, error) {
	if slices.Contains(allowed, value) || key == Status && isCode(value) {
		return Term{Key: key, Value: value}, nil
	}
	hint := ""
	if match, ok := nearest.Match(value, allowed); ok {
		hint = "; did you mean " + match + "?"
	}
	return Term{}, fmt.Errorf("%q is no value of %s, which takes %s%s", value, key, takes[key], hint)
}

// isCode reports whether s is an HTTP status.
func isCode(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && len(s) == 3 && n >= 100 && n <= 599
}

// ParseSince reads when something begins: so long before now, a day's beginning, or a
// time.
func ParseSince(s string, now time.Time) (time.Time, error) { return parseTime(s, now, 0) }

// ParseUntil reads when something ends, exclusively: so long before now, a day's end, or a
// time.
func ParseUntil(s string, now time.Time) (time.Time, error) { return parseTime(s, now, 1) }

var errTime = errors.New("it takes " + timeForms)

// parseTime reads a time in UTC. A date means the beginning of the day so many days later.
func parseTime(s string, now time.Time, days int) (time.Time, error) {
	t, err := readTime(s, now, days)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("%q: %w", s, err)
	case t.Year() < 1970 || t.Year() > 2261: // what nanoseconds since 1970 can count
		return time.Time{}, fmt.Errorf("%q: the year %d is not one in which anything was received", s, t.Year())
	}
	return t.Round(0).UTC(), nil
}

func readTime(s string, now time.Time, days int) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, now.Location()); err == nil {
		return t.AddDate(0, 0, days), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	ago, err := ParseAgo(s)
	return now.Add(-ago), err
}

// day is how long the unit d is, whatever the clocks do.
const day = 24 * time.Hour

// ParseAgo reads a duration as time.ParseDuration does, and also one that begins with
// days, as in 2d or 1d12h. It is never negative.
func ParseAgo(s string) (time.Duration, error) {
	var whole time.Duration
	rest := s
	if count, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil {
			return 0, errTime
		}
		whole, rest = time.Duration(n)*day, after
		if rest == "" {
			return whole, nil
		}
	}
	part, err := time.ParseDuration(rest)
	if err != nil || part < 0 || whole+part < whole || rest[0] == '+' || rest[0] == '-' {
		return 0, errTime
	}
	return whole + part, nil
}
