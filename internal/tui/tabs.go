package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
)

// The tabs of a delivery.
const (
	tabBody = iota
	tabRequest
	tabResponse
	tabAttempts
	tabSignature
	tabDiff
	tabs // how many there are
)

var tabNames = [tabs]string{"Body", "Request", "Response", "Attempts", "Signature", "Diff"}

// material is what the tabs are made of.
type material struct {
	details   history.Details
	marked    *history.Details // to compare with; nil for none, or for the same one
	diagnosis string           // of a bad signature; "" where nothing is known
	form      form
	zone      *time.Location
	next      map[string]nextTry // the retries that come, by their delivery
}

// pages makes the tabs. It takes a while for a large body.
func (m material) pages() pages {
	p := pages{details: m.details}
	body := textOf(m.details.Request.Body, m.form)
	p.form = body.form
	p.tabs[tabBody] = newPage(body.lines)
	p.tabs[tabBody].folds = body.folds
	p.tabs[tabRequest] = newPage(m.request())
	p.tabs[tabResponse] = newPage(m.responses())
	p.tabs[tabAttempts] = newPage(m.attempts())
	p.tabs[tabSignature] = newPage(m.signature())
	p.tabs[tabDiff] = newPage(m.diff())
	return p
}

func (m material) request() []line {
	r, s := m.details.Request, m.details.Summary
	path := r.Path
	if path == "" {
		path = "/"
	}
	if r.RawQuery != "" {
		path += "?" + r.RawQuery
	}
	all := []line{
		{say(kindStrong, r.Method+" "+path)},
		field("Host", r.Host),
	}
	all = append(all, headerLines(r.Header)...)
	all = append(all, nil,
		field("id", r.ID),
		field("received", r.Received.In(m.zone).Format("2006-01-02 15:04:05.000 MST")),
		field("from", strings.TrimSpace(r.Remote+" "+r.Proto)),
		field("body", bytesText(len(r.Body))))
	if s.Reason != "" || s.Last.Delivery == "" {
		all = append(all, field(s.Disposition, s.Reason))
	}
	for warning := range strings.SplitSeq(strings.TrimSpace(s.Drift), "\n") {
		if warning != "" {
			all = append(all, line{{kindWarn, "drift: "}, say(kindPlain, warning)})
		}
	}
	switch {
	case s.OtherBody:
		all = append(all, line{{kindWarn, "same event id, but another body than "}, say(kindPlain, s.DuplicateOf)})
	case s.DuplicateOf != "":
		all = append(all, line{{kindWarn, "duplicate of "}, say(kindPlain, s.DuplicateOf)})
	}
	return all
}

func field(name, value string) line {
	return line{say(kindKey, name), {kindPunct, ": "}, say(kindPlain, value)}
}

// headerLines are all values of a header, by name.
func headerLines(h map[string][]string) []line {
	var all []line
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			all = append(all, field(name, value))
		}
	}
	return all
}

// maxResponses is how many of the newest answers are shown.
const maxResponses = 20

// responses are the answers, newest first.
func (m material) responses() []line {
	var all []line
	shown := 0
	for _, d := range slices.Backward(m.details.Deliveries) {
		for _, a := range slices.Backward(d.Attempts) {
			if shown++; shown > maxResponses {
				return append(all, nil, sayLine(kindFaint, "… older answers are not shown; solatis events show has them"))
			}
			if len(all) > 0 {
				all = append(all, nil)
			}
			all = append(all, m.attemptHeading(d, a))
			all = append(all, outcomeLines(a.Outcome)...)
		}
	}
	if len(all) == 0 {
		return []line{sayLine(kindFaint, "nothing has answered yet")}
	}
	return all
}

func (m material) attemptHeading(d history.DeliveryDetails, a delivery.Attempt) line {
	k := kindBad
	if a.Outcome.Success() {
		k = kindGood
	}
	return line{
		{kindStrong, fmt.Sprintf("attempt %d: ", a.Number)},
		say(k, outcomeText(a.Outcome)),
		say(kindFaint, fmt.Sprintf(" in %s at %s from %s", spanText(a.Outcome.Duration), a.Started.In(m.zone).Format("15:04:05.000"), place(d.Target))),
	}
}

// place is a target without what goes without saying.
func place(target string) string { return strings.TrimPrefix(target, "http://") }

// outcomeText names an outcome with a symbol and a word or status.
func outcomeText(o delivery.Outcome) string {
	switch {
	case o.Success():
		return "✓ " + o.Label()
	case o.Kind == delivery.Interrupted:
		return "– interrupted"
	}
	return "✗ " + o.Label()
}

func outcomeLines(o delivery.Outcome) []line {
	var all []line
	if o.Error != "" {
		all = append(all, lines(kindBad, o.Error)...)
	}
	if o.Kind != delivery.Answered {
		return all
	}
	all = append(all, headerLines(o.Header)...)
	all = append(all, nil)
	all = append(all, textOf(o.Body, formPretty).lines...)
	if o.Truncated {
		all = append(all, sayLine(kindWarn, "… only the first "+bytesText(delivery.MaxRecordedBody)+" were recorded"))
	}
	return all
}

// attempts draws each delivery's attempts down a line.
func (m material) attempts() []line {
	if len(m.details.Deliveries) == 0 {
		why := m.details.Summary.Reason
		if why == "" {
			why = m.details.Summary.Disposition
		}
		return []line{sayLine(kindFaint, "it was not forwarded: "+why)}
	}
	var all []line
	for _, d := range slices.Backward(m.details.Deliveries) {
		if len(all) > 0 {
			all = append(all, nil)
		}
		all = append(all, line{say(kindStrong, string(d.Origin)), say(kindPlain, " → "+place(d.Target)), say(kindFaint, "  "+d.ID)})
		all = append(all, m.timeline(d)...)
	}
	return all
}

func (m material) timeline(d history.DeliveryDetails) []line {
	var all []line
	for i, a := range d.Attempts {
		k, dot := kindBad, "●"
		if a.Outcome.Success() {
			k = kindGood
		}
		if a.Outcome.Kind == delivery.Interrupted {
			k, dot = kindFaint, "○"
		}
		after := ""
		if i > 0 {
			after = "+" + spanText(a.Started.Sub(d.Attempts[i-1].Started))
		}
		all = append(all, line{
			{kindFaint, "  │ "}, {k, dot}, {kindPlain, fmt.Sprintf(" %-3d", a.Number)},
			say(kindFaint, fmt.Sprintf("%s %-8s", a.Started.In(m.zone).Format("15:04:05.000"), after)),
			say(k, fmt.Sprintf(" %-15s", outcomeText(a.Outcome))), say(kindFaint, spanText(a.Outcome.Duration)),
		})
		if a.Outcome.Error != "" {
			all = append(all, line{{kindFaint, "  │      "}, say(k, a.Outcome.Error)})
		}
		if a.Outcome.Fault != "" {
			all = append(all, line{{kindFaint, "  │      "}, say(kindWarn, "on purpose: "+a.Outcome.Fault)})
		}
	}
	if next, waits := m.next[d.ID]; waits && next.Retry > 0 {
		all = append(all, line{
			{kindFaint, "  │ "}, {kindWarn, "○"}, {kindPlain, fmt.Sprintf(" %-3d", len(d.Attempts)+1)},
			say(kindWarn, fmt.Sprintf("due %s, retry %d of %d; in production after %s", next.Due.In(m.zone).Format("15:04:05"), next.Retry, next.Of, delivery.Brief(next.Production))),
		})
	}
	k := kindWarn
	switch d.State {
	case delivery.Succeeded:
		k = kindGood
	case delivery.Failed, delivery.Exhausted:
		k = kindBad
	}
	return append(all, line{{kindFaint, "  └ "}, say(k, string(d.State))})
}

// signature says whether the signature holds and, if not, what is wrong with it.
func (m material) signature() []line {
	r, verdict := m.details.Request, m.details.Summary.Verdict
	k, sign := kindBad, "✗ "
	switch {
	case verdict == signature.Valid:
		k, sign = kindGood, "✓ "
	case verdict.OK():
		k, sign = kindFaint, "– "
	}
	all := []line{{say(k, sign+verdict.Explain())}, nil}
	values := event.Header(r.Header)[signature.HeaderName]
	for _, v := range values {
		all = append(all, field(signature.HeaderName, v))
	}
	all = append(all, field("body", bytesText(len(r.Body))))
	if m.diagnosis != "" {
		all = append(all, nil)
		all = append(all, lines(kindPlain, m.diagnosis)...)
	}
	return all
}
