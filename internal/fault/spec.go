package fault

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/nearest"
)

// Spec is one fault as somebody asked for it. Get one from Parse. Of its last four fields
// each kind reads only those that it has a key for.
type Spec struct {
	Kind   Kind
	P      float64  // the probability that it happens to a request, 0 to 1
	Events []string // patterns of catalog.Match that an event's type has to match one of; none for all requests

	Wait  Span
	Count int
	At    float64 // the part of the body after which it ends, 0 to 1
	Type  string  // a media type
}

// Span is a range of durations, both ends included. Where both are the same it is one.
type Span struct{ From, To time.Duration }

const form = "write KIND[:key=value,…], as in delay:by=2s or bad-signature:p=10%,events=document.*"

// Parse reads a fault as a developer types it: a kind, and behind a colon its keys. All
// kinds take p, a probability (p=0.1, p=10%, or only 10%), and events, a pattern such as
// document.*, which may come several times. The others are those of Form.Keys. Errors say
// what is wrong, the right form and the nearest name.
func Parse(text string) (Spec, error) {
	s, err := parse(text)
	if err != nil {
		return Spec{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return s, nil
}

func parse(text string) (Spec, error) {
	name, rest, keyed := strings.Cut(text, ":")
	f, ok := formOf(Kind(name))
	if !ok {
		return Spec{}, unknownKind(name)
	}
	s := Spec{Kind: f.Kind, P: 1}
	for _, k := range f.keys {
		if err := s.set(k, k.text); err != nil {
			panic("fault: the default of " + k.name + ": " + err.Error()) // a test parses every kind
		}
	}
	if !keyed {
		return s, nil
	}
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(rest, ",") {
		name, value, err := cutPart(f, part)
		if err != nil {
			return Spec{}, err
		}
		if seen[name] && name != "events" {
			return Spec{}, fmt.Errorf("%s is given twice", name)
		}
		seen[name] = true
		if err := s.setNamed(f, name, value); err != nil {
			return Spec{}, fmt.Errorf("%s: %w", part, err)
		}
	}
	return s, nil
}

// unknownKind names the kinds, and the one that was probably meant.
func unknownKind(name string) error {
	if name == "" {
		return fmt.Errorf("it names no kind; %s; the kinds are %s", form, strings.Join(kinds(), ", "))
	}
	if near, ok := nearest.Match(name, kinds()); ok {
		return fmt.Errorf("there is no kind %q: did you mean %s? %s", name, near, form)
	}
	return fmt.Errorf("there is no kind %q; %s; the kinds are %s", name, form, strings.Join(kinds(), ", "))
}

// cutPart takes one key and its value apart. A bare percentage is a probability.
func cutPart(f Form, part string) (name, value string, err error) {
	name, value, ok := strings.Cut(part, "=")
	switch {
	case ok && value != "":
		return name, value, nil
	case ok:
		return "", "", fmt.Errorf("%s has no value; %s", name, form)
	case strings.HasSuffix(part, "%"):
		return "p", part, nil
	case part == "":
		return "", "", fmt.Errorf("a key is missing; %s", form)
	}
	return "", "", fmt.Errorf("%q is no key with a value; %s takes %s", part, f.Kind, f.allKeys())
}

// setNamed sets what the key of that name means.
func (s *Spec) setNamed(f Form, name, value string) error {
	switch name {
	case "p":
		p, err := parseShare(value)
		if err != nil {
			return fmt.Errorf("a probability is 0 to 1, as in p=0.1, or a percentage, as in p=10%%")
		}
		s.P = p
		return nil
	case "events":
		if _, err := catalog.Match(value); err != nil {
			return err
		}
		s.Events = append(s.Events, value)
		return nil
	}
	names := []string{"p", "events"}
	for _, k := range f.keys {
		if k.name == name {
			return s.set(k, value)
		}
		names = append(names, k.name)
	}
	if near, ok := nearest.Match(name, names); ok {
		return fmt.Errorf("%s has no key %q: did you mean %s? It takes %s", f.Kind, name, near, f.allKeys())
	}
	return fmt.Errorf("%s has no key %q: it takes %s", f.Kind, name, f.allKeys())
}

// allKeys shows what a kind takes.
func (f Form) allKeys() string {
	all := "p=10%,events=document.*"
	if own := f.Keys(); own != "" {
		all = own + "," + all
	}
	return all
}

// set sets one of a kind's own keys.
func (s *Spec) set(k key, value string) (err error) {
	switch k.of {
	case wait, span:
		s.Wait, err = k.parseWait(value)
	case count:
		s.Count, err = strconv.Atoi(value)
		if err != nil || s.Count < 1 || s.Count > k.most {
			err = fmt.Errorf("it takes a number from 1 to %d", k.most)
		}
	case share:
		s.At, err = parseShare(value)
		if err != nil || s.At == 1 {
			err = errors.New("it takes the part of the body to send, from 0 to below 1, as in at=0.5, or a percentage, as in at=50%")
		}
	case media:
		if s.Type = value; !isMedia(value) {
			err = errors.New("it takes a media type, as in type=text/plain")
		}
	}
	return err
}

func (k key) parseWait(text string) (Span, error) {
	from, to, ranged := strings.Cut(text, "..")
	if !ranged {
		to = from
	}
	low, err := time.ParseDuration(from)
	high, errTo := time.ParseDuration(to)
	switch {
	case err != nil || errTo != nil || ranged && k.of != span:
		return Span{}, fmt.Errorf("it takes a duration%s, as in %s", k.orRange(), k.example())
	case low < k.low || high > k.high || low > high:
		return Span{}, fmt.Errorf("it takes %v to %v%s", k.low, k.high, k.orRange())
	}
	return Span{low, high}, nil
}

func (k key) orRange() string {
	if k.of == span {
		return " or a range of them"
	}
	return ""
}

func (k key) example() string {
	if k.of == span {
		return k.name + "=" + k.text + " or " + k.name + "=1s..5s"
	}
	return k.name + "=" + k.text
}

// parseShare reads 0.1 or 10%.
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	if strings.Trim(number, "0123456789.e-") != "" {
		return 0, strconv.ErrSyntax // neither hexadecimal numbers nor Inf
	}
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err == nil && !(v >= 0 && v <= 1) {
		err = strconv.ErrRange
	}
	return v, err
}

// isMedia reports whether s is a type, a slash and a subtype. Parameters can't be
// written, since a comma or a semicolon would have to be quoted.
func isMedia(s string) bool {
	isToken := func(s string) bool {
		return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
			return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
		})
	}
	kind, sub, ok := strings.Cut(s, "/")
	return ok && isToken(kind) && isToken(sub)
}

// String writes the spec as Parse reads it, without what is as it is by default.
func (s Spec) String() string {
	f, _ := formOf(s.Kind)
	var parts []string
	for _, k := range f.keys {
		if text := s.value(k); text != k.text {
			parts = append(parts, k.name+"="+text)
		}
	}
	if s.P != 1 {
		parts = append(parts, "p="+formatShare(s.P))
	}
	for _, pattern := range s.Events {
		parts = append(parts, "events="+pattern)
	}
	if parts == nil {
		return string(s.Kind)
	}
	return string(s.Kind) + ":" + strings.Join(parts, ",")
}

// value writes what a key sets.
func (s Spec) value(k key) string {
	switch k.of {
	case count:
		return strconv.Itoa(s.Count)
	case share:
		if s.At == 0.5 {
			return "50%"
		}
		return formatShare(s.At)
	case media:
		return s.Type
	}
	if s.Wait.From == s.Wait.To {
		return s.Wait.From.String()
	}
	return s.Wait.From.String() + ".." + s.Wait.To.String()
}

func formatShare(v float64) string {
	return strings.ReplaceAll(strconv.FormatFloat(v, 'g', -1, 64), "+", "")
}

// takes reports whether the spec is for events of a type, "" for what is no event.
func (s Spec) takes(eventType string) bool {
	return len(s.Events) == 0 || slices.ContainsFunc(s.Events, func(pattern string) bool {
		ok, err := path.Match(pattern, eventType)
		return pattern == "*" || ok && err == nil && eventType != ""
	})
}
