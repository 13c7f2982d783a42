package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

func (a *app) newEvents() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Look at the recorded events",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.newEventsList(), a.newEventsSchema(), a.newEventsShow())
	return cmd
}

func (a *app) newEventsList() *cobra.Command {
	var limit int
	var output, text string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the recorded events, newest last",
		Long: `list shows the newest of the recorded events, each with its last delivery.

--filter takes terms between blanks, of which each has to match: type:document.*,
status:5xx (or 404, failed, pending, timeout …), sig:bad, drift:yes, dup:yes, origin:replay,
target:3000, id:evt_ab, since:10m, until:2026-01-02, and else text in the body, an id
or the type. A minus before a term turns it round.`,
		Example: `  solatis events list --filter 'type:document.* status:failed since:1h'
  solatis events list --filter '-status:2xx "two words"' --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usageErrorf("--limit %d: it takes 1 or more", limit)
			}
			if err := oneOf("--output", output, "plain", "json"); err != nil {
				return err
			}
			q, err := a.parseFilter("--filter", text)
			if err != nil {
				return err
			}
			return a.withHistory(cmd.Context(), func(h *history.History) error {
				return a.listEvents(cmd.Context(), h, q, limit, output)
			})
		},
	}
	cmd.Flags().StringVar(&text, "filter", "", "only what matches, such as 'type:task.* status:5xx since:10m'")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many to list")
	cmd.Flags().StringVar(&output, "output", "plain", "plain, or json for one object a line")
	return withSettings(cmd)
}

func (a *app) withHistory(ctx context.Context, do func(*history.History) error) (err error) {
	f, err := folders.Resolve(a.env)
	if err != nil {
		return err
	}
	h, err := history.Open(ctx, f.History())
	if err != nil {
		return err
	}
	defer closing(&err, h.Close)
	return do(h)
}

// parseFilter reads a filter, and shows where it is wrong.
func (a *app) parseFilter(flag, text string) (filter.Query, error) {
	q, err := filter.Parse(text, a.now())
	var wrong *filter.Error
	if errors.As(err, &wrong) {
		return q, usageErrorf("%s: %w\n%s", flag, err, wrong.Caret())
	}
	return q, err
}

func (a *app) listEvents(ctx context.Context, h *history.History, q filter.Query, limit int, output string) error {
	list, err := h.Requests(ctx, q, limit)
	if err != nil {
		return err
	}
	switch {
	case len(list) > 0 || output != "plain":
	case q.IsZero():
		fmt.Fprintln(a.streams.Err, "nothing is recorded yet: run solatis listen, and solatis trigger document.analyzed beside it")
	default:
		fmt.Fprintln(a.streams.Err, "nothing that is recorded matches "+term.Sanitize(q.String()+nearType(q)))
	}
	slices.Reverse(list)
	for _, s := range list {
		if output == "json" {
			err = a.printJSON(summaryJSON(s))
		} else {
			_, err = fmt.Fprintln(a.streams.Out, summaryLine(s))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nearType says which type a filter may have meant that stands for none.
func nearType(q filter.Query) string {
	for _, t := range q.Terms {
		var unknown *catalog.UnknownError
		if _, err := catalog.Match(t.Value); t.Key == filter.Type && !t.Not && errors.As(err, &unknown) && unknown.Nearest != "" {
			return "; did you mean " + unknown.Nearest + "?"
		}
	}
	return ""
}

func summaryLine(s history.Summary) string {
	name, id := s.EventType, s.EventID
	if id == "" {
		name, id = s.Method+" "+s.Path, s.Request
	}
	state := s.Disposition
	if s.Last.Delivery != "" {
		state = string(s.Last.State)
	}
	if s.Last.Outcome.Kind != "" {
		state += " " + s.Last.Outcome.Label()
	}
	mark := ""
	if s.DuplicateOf != "" {
		mark = "  duplicate of " + s.DuplicateOf
	}
	if s.OtherBody {
		mark += ", with another body"
	}
	if s.Last.Outcome.Fault != "" {
		mark += "  fault on purpose: " + s.Last.Outcome.Fault
	}
	if n := len(driftOf(s)); n > 0 {
		mark += fmt.Sprintf("  drift: %d", n)
	}
	return term.Sanitize(fmt.Sprintf("%s  %-24s [%s]  signature %s  %s%s",
		s.Received.Local().Format(time.DateTime), name, id, s.Verdict, state, mark))
}

// driftOf is where an event is not what the catalogue says, one warning each.
func driftOf(s history.Summary) []string {
	if s.Drift == "" {
		return nil
	}
	return strings.Split(s.Drift, "\n")
}

// eventJSON is a recorded request in --output json.
type eventJSON struct {
	Type        string          `json:"type"` // "event"
	Request     string          `json:"request"`
	Event       string          `json:"event,omitempty"`
	EventType   string          `json:"event_type,omitempty"`
	Method      string          `json:"method"`
	Path        string          `json:"path,omitempty"`
	Bytes       int             `json:"bytes"`
	Received    time.Time       `json:"received"`
	Signature   string          `json:"signature"`
	Disposition string          `json:"disposition"`
	Reason      string          `json:"reason,omitempty"`
	DuplicateOf string          `json:"duplicate_of,omitempty"`
	OtherBody   bool            `json:"other_body,omitempty"`
	State       delivery.State  `json:"state,omitempty"`
	Origin      delivery.Origin `json:"origin,omitempty"`
	Target      string          `json:"target,omitempty"`
	Attempts    int             `json:"attempts,omitempty"`
	Outcome     delivery.Kind   `json:"outcome,omitempty"`
	Status      int             `json:"status,omitempty"`
	Fault       string          `json:"fault,omitempty"` // of the last attempt, as in attemptJSON
	Drift       []string        `json:"drift,omitempty"`
}

func summaryJSON(s history.Summary) eventJSON {
	return eventJSON{
		Type: "event", Request: s.Request, Event: s.EventID, EventType: s.EventType, Method: s.Method, Path: s.Path,
		Bytes: s.Bytes, Received: s.Received, Signature: string(s.Verdict), Disposition: s.Disposition, Reason: s.Reason,
		DuplicateOf: s.DuplicateOf, OtherBody: s.OtherBody, State: s.Last.State, Origin: s.Last.Origin,
		Target: s.Last.Target, Attempts: s.Last.Attempts, Outcome: s.Last.Outcome.Kind, Status: s.Last.Outcome.Status,
		Fault: s.Last.Outcome.Fault, Drift: driftOf(s),
	}
}

func (a *app) printJSON(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.streams.Out, "%s\n", line)
	return err
}

func (a *app) newEventsShow() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show all that is recorded of an event",
		Args:  oneID,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", output, "plain", "json", "body"); err != nil {
				return err
			}
			return a.withHistory(cmd.Context(), func(h *history.History) error {
				id, err := findRequest(cmd.Context(), h, args[0])
				if err != nil {
					return err
				}
				d, err := h.Show(cmd.Context(), id)
				if err != nil {
					return err
				}
				return a.showEvent(d, output)
			})
		},
	}
	cmd.Flags().StringVar(&output, "output", "plain", "plain, json, or body for the request's body as it came")
	return withSettings(cmd)
}

func (a *app) showEvent(d history.Details, output string) error {
	switch output {
	case "body":
		_, err := a.streams.Out.Write(d.Request.Body)
		return err
	case "json":
		return a.printJSON(detailsJSON(d))
	}
	w := a.streams.Out
	fmt.Fprintln(w, summaryLine(d.Summary))
	fmt.Fprintf(w, "request   %s from %s\n", d.Summary.Request, term.Sanitize(d.Request.Remote))
	for _, warning := range driftOf(d.Summary) {
		fmt.Fprintf(w, "drift     %s\n", term.Sanitize(warning))
	}
	fmt.Fprintln(w)
	path := d.Request.Path
	if d.Request.RawQuery != "" {
		path += "?" + d.Request.RawQuery
	}
	fmt.Fprintf(w, "%s %s\n", term.Sanitize(d.Request.Method), term.Sanitize(path))
	fmt.Fprintf(w, "Host: %s\n", term.Sanitize(d.Request.Host))
	showHeader(w, d.Request.Header)
	showBody(w, d.Request.Body)
	for _, del := range d.Deliveries {
		fmt.Fprintf(w, "\ndelivery  %s  %s to %s: %s\n", del.ID, del.Origin, term.Sanitize(del.Target), del.State)
		for _, at := range del.Attempts {
			showAttempt(w, at)
		}
	}
	return nil
}

func showHeader(w io.Writer, header map[string][]string) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(w, "%s: %s\n", term.Sanitize(name), term.Sanitize(value))
		}
	}
}

func showBody(w io.Writer, body []byte) {
	switch {
	case len(body) == 0:
		fmt.Fprintln(w, "\n(no body)")
	case !utf8.Valid(body):
		fmt.Fprintf(w, "\n(%d bytes that are not text; --output body writes them as they are)\n", len(body))
	default:
		fmt.Fprintf(w, "\n%s\n", term.SanitizeLines(string(body)))
	}
}

func showAttempt(w io.Writer, a delivery.Attempt) {
	o := a.Outcome
	fmt.Fprintf(w, "attempt %d at %s: %s in %v\n", a.Number, a.Started.Local().Format(time.DateTime), o.Label(), o.Duration.Round(time.Millisecond))
	if o.Error != "" {
		fmt.Fprintln(w, term.Sanitize(o.Error))
	}
	if o.Fault != "" {
		fmt.Fprintln(w, "fault on purpose: "+term.Sanitize(o.Fault))
	}
	showHeader(w, o.Header)
	if o.Kind == delivery.Answered {
		showBody(w, o.Body)
	}
	if o.Truncated {
		fmt.Fprintf(w, "(only the first %d bytes are recorded)\n", delivery.MaxRecordedBody)
	}
}

// requestJSON is what events show --output json adds to eventJSON. Bodies are base64,
// since they need not be text.
type requestJSON struct {
	eventJSON
	Query      string              `json:"query,omitempty"`
	Host       string              `json:"host"`
	Remote     string              `json:"remote"`
	Header     map[string][]string `json:"header"`
	Body       []byte              `json:"body"`
	Deliveries []deliveryJSON      `json:"deliveries"`
}

type deliveryJSON struct {
	Delivery string          `json:"delivery"`
	Target   string          `json:"target"`
	Origin   delivery.Origin `json:"origin"`
	State    delivery.State  `json:"state"`
	Attempts []attemptJSON   `json:"attempts"`
}

type attemptJSON struct {
	Attempt   int                 `json:"attempt"`
	Started   time.Time           `json:"started"`
	Duration  time.Duration       `json:"duration_ns"`
	Outcome   delivery.Kind       `json:"outcome"`
	Error     string              `json:"error,omitempty"`
	Status    int                 `json:"status,omitempty"`
	Fault     string              `json:"fault,omitempty"` // what went wrong on purpose
	Header    map[string][]string `json:"header,omitempty"`
	Body      []byte              `json:"body,omitempty"`
	Truncated bool                `json:"truncated,omitempty"`
}

func detailsJSON(d history.Details) requestJSON {
	r := requestJSON{
		eventJSON: summaryJSON(d.Summary), Query: d.Request.RawQuery, Host: d.Request.Host, Remote: d.Request.Remote,
		Header: d.Request.Header, Body: d.Request.Body, Deliveries: []deliveryJSON{},
	}
	for _, del := range d.Deliveries {
		j := deliveryJSON{Delivery: del.ID, Target: del.Target, Origin: del.Origin, State: del.State, Attempts: []attemptJSON{}}
		for _, at := range del.Attempts {
			o := at.Outcome
			j.Attempts = append(j.Attempts, attemptJSON{at.Number, at.Started, o.Duration, o.Kind, o.Error, o.Status, o.Fault, o.Header, o.Body, o.Truncated})
		}
		r.Deliveries = append(r.Deliveries, j)
	}
	return r
}
