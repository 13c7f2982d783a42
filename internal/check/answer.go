package check

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
)

// fault is what is wrong with an answer. Which advice is given depends on it.
type fault string

// The faults. The first ones are of answers to genuine events.
const (
	refused    fault = "refused"    // 401 or 403
	notFound   fault = "not found"  // 404 or 405
	tooLarge   fault = "too large"  // 413
	rejected   fault = "rejected"   // any other 4xx, or a status that has no business here
	redirected fault = "redirected" // 3xx
	crashed    fault = "crashed"    // 5xx, or the connection closed without an answer
	hung       fault = "hung"       // no answer, however long it was waited for
	ended      fault = "ended"      // the app listened before and doesn't any more
	late       fault = "late"       // an answer after the time that Solatis waits
	accepted   fault = "accepted"   // 2xx where 4xx was due
	unusual    fault = "unusual"    // 2xx other than 200
)

// takenWrong says what is wrong with the answer to a genuine event, "" if nothing is.
func takenWrong(o delivery.Outcome) fault {
	switch {
	case o.Success():
		return ""
	case o.Kind == delivery.NoConnect:
		return ended
	case o.Kind == delivery.Timeout:
		return hung
	case o.Kind != delivery.Answered || o.Status >= 500:
		return crashed
	}
	switch o.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return refused
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return notFound
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	}
	if o.Status/100 == 3 {
		return redirected
	}
	return rejected
}

// refusedWrong says what is wrong with the answer to a forged event, "" if nothing is:
// only a 4xx says that the app has understood that it should not take it.
func refusedWrong(o delivery.Outcome) fault {
	switch {
	case o.Success():
		return accepted
	case o.Kind == delivery.Answered && o.Status/100 == 4:
		return ""
	}
	return takenWrong(o)
}

// judge makes a finding of one answer.
func judge(o delivery.Outcome, wrong func(delivery.Outcome) fault) finding {
	f := finding{status: Pass, fault: wrong(o), seen: describe(o)}
	if f.fault != "" {
		f.status = Fail
	}
	return f
}

// describe says what came back. What is wrong is explained by the app itself, if at all,
// in the first line of its answer.
func describe(o delivery.Outcome) string {
	if o.Kind != delivery.Answered {
		return o.Error
	}
	text := strings.TrimSpace(fmt.Sprintf("%d %s", o.Status, http.StatusText(o.Status)))
	if o.Success() {
		return fmt.Sprintf("%s in %s", text, rounded(o.Duration))
	}
	if said := excerpt(o.Body); said != "" && !strings.EqualFold(said, http.StatusText(o.Status)) {
		text += ": " + said
	}
	return text
}

func rounded(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return max(d.Round(100*time.Microsecond), 100*time.Microsecond)
	}
	return d.Round(time.Millisecond)
}

// maxExcerpt is how much of an answer is shown, in characters.
const maxExcerpt = 160

// excerpt returns the first line of an answer that says something. Of a page that is
// what Express has in it: the error as preformatted text.
func excerpt(body []byte) string {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		_, text, found := bytes.Cut(body, []byte("<pre>"))
		if !found {
			return ""
		}
		text, _, _ = bytes.Cut(text, []byte("<"))
		body = []byte(html.UnescapeString(string(text)))
	}
	for line := range strings.Lines(string(body[:min(len(body), 4*maxExcerpt)])) {
		if line = strings.TrimSpace(line); line != "" {
			return shortened(line)
		}
	}
	return ""
}

func shortened(line string) string {
	if runes := []rune(line); len(runes) > maxExcerpt {
		return string(runes[:maxExcerpt]) + "…"
	}
	return line
}
