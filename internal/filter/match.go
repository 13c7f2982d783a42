package filter

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/signature"
)

// Item is what a query is held against: a delivery, or a request without one.
type Item struct {
	Type      string   // of the event; "" for none
	IDs       []string // of the request, and of the event and the delivery where there are any
	Signature signature.Verdict
	Duplicate bool
	Drift     string // "yes", "no", or "" where nobody knows
	At        time.Time

	// Of the delivery; all are zero without one.
	Origin  string // see delivery.Origin
	Target  string
	State   string // see delivery.State
	Outcome string // of the last attempt, see delivery.Kind
	Status  int    // of its answer

	Body []byte // only looked at by free text
}

// Match reports whether all terms match.
func (q Query) Match(i Item) bool {
	for _, t := range q.Terms {
		if t.matches(i) == t.Not {
			return false
		}
	}
	return true
}

// matches is the term without its minus.
func (t Term) matches(i Item) bool {
	switch t.Key {
	case Type:
		return i.Type != "" && glob(t.Value, i.Type)
	case Status:
		return status(t.Value, i)
	case Sig:
		return signed(t.Value, i.Signature)
	case Drift:
		return i.Drift == t.Value
	case Dup:
		return i.Duplicate == (t.Value == "yes")
	case Origin:
		return i.Origin == t.Value
	case Target:
		return containsFold([]byte(i.Target), t.Value)
	case ID:
		return slices.ContainsFunc(i.IDs, func(id string) bool { return strings.HasPrefix(id, t.Value) })
	case Since:
		return !i.At.Before(t.At)
	case Until:
		return i.At.Before(t.At)
	}
	return t.isIn(i)
}

// isIn reports whether the text is in any of the places where free text is looked for.
func (t Term) isIn(i Item) bool {
	return containsFold([]byte(i.Type), t.Value) ||
		slices.ContainsFunc(i.IDs, func(id string) bool { return containsFold([]byte(id), t.Value) }) ||
		containsFold(i.Body, t.Value)
}

// status reports whether a value of status: is that of a delivery.
func status(value string, i Item) bool {
	if low, high, ok := Codes(value); ok {
		return i.Status >= low && i.Status <= high
	}
	return slices.Contains(States(value), i.State) || i.Outcome == value
}

// Codes returns the first and the last HTTP status that a value of status: means, if it
// means any.
func Codes(value string) (low, high int, ok bool) {
	if len(value) != 3 || value[0] < '1' || value[0] > '5' {
		return 0, 0, false
	}
	low = int(value[0]-'0') * 100
	if value[1:] == "xx" {
		return low, low + 99, true
	}
	low += int(value[1]-'0')*10 + int(value[2]-'0')
	return low, low, true
}

// States returns the states of deliveries that a value of status: means, if it means any.
func States(value string) []string {
	switch value {
	case "failed":
		return []string{"failed", "exhausted"}
	case "succeeded", "pending", "held", "exhausted", "cancelled":
		return []string{value}
	}
	return nil
}

// Verdicts returns the verdicts that a value of sig: means.
func Verdicts(value string) []signature.Verdict {
	switch value {
	case "ok":
		return []signature.Verdict{signature.Valid}
	case "missing":
		return []signature.Verdict{signature.Missing}
	case "off":
		return []signature.Verdict{signature.Unchecked}
	}
	return []signature.Verdict{signature.Several, signature.Malformed, signature.Mismatch}
}

func signed(value string, v signature.Verdict) bool { return slices.Contains(Verdicts(value), v) }

// glob matches a pattern in which * stands for any characters and ? for one.
func glob(pattern, s string) bool {
	var star, from = -1, 0 // the last *, and where in s what follows it was tried last
	p, i := 0, 0
	for i < len(s) {
		_, width := utf8.DecodeRuneInString(s[i:])
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			p, i = p+1, i+width
		case p < len(pattern) && pattern[p] == s[i]:
			p, i = p+1, i+1
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// containsFold reports whether text is in b, in capitals or not.
func containsFold(b []byte, text string) bool {
	return bytes.Contains(bytes.ToLower(b), []byte(strings.ToLower(text)))
}
