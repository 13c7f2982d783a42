package check

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
)

// Config says what to probe, and how.
type Config struct {
	Target send.Target
	TLS    *tls.Config // for https targets; nil trusts what the system trusts
	Probes []Probe     // those to run, in this order

	// Sign returns the signature of a body by the secret that the app has.
	Sign func(ctx context.Context, body []byte) (string, error)

	// Limit is how long the app may take to answer; 0 means send.DefaultTimeout, as
	// Solatis waits.
	Limit time.Duration
	// Patience is how long an answer is waited for, to tell a late one from none; 0 means
	// three times Limit.
	Patience time.Duration

	Now func() time.Time // time.Now if nil
}

// UnreachableError says that the app isn't there: nothing ever answered.
type UnreachableError struct {
	Reason string // what failed and what to do
}

func (e *UnreachableError) Error() string { return e.Reason }

// Run runs the probes one after the other and hands each result to report as soon as it
// is there. It returns them all. It ends early, with what there is, when ctx ends (its
// error), when nothing can be signed (Sign's error), and when nothing answers at the
// target from the beginning (*UnreachableError). An app that goes away later is a
// finding.
func Run(ctx context.Context, c Config, report func(Result)) ([]Result, error) {
	c.Limit = cmp.Or(c.Limit, send.DefaultTimeout)
	c.Patience = cmp.Or(c.Patience, 3*c.Limit)
	if c.Now == nil {
		c.Now = time.Now
	}
	r := &runner{Config: c, sender: send.New(send.Options{Timeout: c.Patience, TLS: c.TLS})}
	defer r.sender.Close()
	for _, p := range c.Probes {
		result := r.probe(ctx, p)
		switch {
		case ctx.Err() != nil:
			return r.results, ctx.Err()
		case r.err != nil:
			return r.results, r.err
		}
		r.results = append(r.results, result)
		report(result)
	}
	return r.results, nil
}

// runner is one call of Run. It is meant for one goroutine.
type runner struct {
	Config
	sender  *send.Sender
	results []Result
	err     error // why no further probe can be run

	plain []plainAnswer // to events as the catalogue makes them, one of a type

	met   bool // whether the app has ever been reached
	sent  int  // by the current probe
	gone  bool // whether the app could be reached before and can't any more
	early bool // whether it was gone before the current probe had sent anything
}

// plainAnswer is what became of a genuine event without anything odd.
type plainAnswer struct {
	typ     string
	outcome delivery.Outcome
}

func (r *runner) probe(ctx context.Context, p Probe) Result {
	began := time.Now()
	f := r.find(ctx, p)
	result := Result{ID: p.ID, Title: p.Title, Status: f.status, Seen: f.seen, Took: time.Since(began)}
	switch {
	case f.status == Fail && f.fault == crashed && p.ground == toPass && r.ground(ctx) == "":
		result.Advice = general[crashed] // it throws on genuine events too, so not for what is odd here
	case f.status == Fail || f.status == Warn:
		result.Advice = p.advice(f.fault)
	}
	return result
}

// find runs a probe, unless it would say nothing.
func (r *runner) find(ctx context.Context, p Probe) finding {
	r.sent, r.early = 0, false
	if why := r.pointless(ctx, p); why != "" {
		return finding{status: Skip, seen: why}
	}
	if r.early {
		return r.leftBy()
	}
	f := p.run(ctx, r)
	switch {
	case r.early:
		return r.leftBy()
	case f.status == Pass && p.ground == toPass && r.ground(ctx) == "":
		return finding{status: Skip, seen: "it was refused, but so is a genuine event: this says nothing yet"}
	}
	return f
}

// tooSlow is how many answers to plain events have to be late for the rest to be skipped:
// one may be an app that has just been started.
const tooSlow = 2

// pointless says why a probe needn't be run, or "".
func (r *runner) pointless(ctx context.Context, p Probe) string {
	slow := 0
	for _, a := range r.plain {
		if r.isLate(a.outcome) {
			slow++
		}
	}
	switch {
	case r.gone:
		return "the app doesn't listen any more: start it again"
	case slow >= tooSlow && p.ID != inTimeID:
		return fmt.Sprintf("the app takes longer than %s to answer: mend %s first", r.Limit, inTimeID)
	case p.ground == required && r.ground(ctx) == "" && !r.gone:
		return "no genuine event was accepted, so this would say nothing: mend that first"
	}
	return ""
}

// leftBy makes a finding of an app that was gone before a probe had sent anything: what
// the probe before it sent ended the app, which matters only if that one looked right.
func (r *runner) leftBy() finding {
	last := r.results[len(r.results)-1] // there is one, since the app was met before
	if last.Status == Fail {
		return finding{status: Skip, seen: "the app doesn't listen any more: start it again"}
	}
	return finding{Fail, ended, fmt.Sprintf("nothing listens any more; the last that the app got was from %s", last.ID)}
}

// ground returns a type of event that the app accepts, or "". Where nothing plain was
// sent yet it sends one.
func (r *runner) ground(ctx context.Context) string {
	if len(r.plain) == 0 {
		r.sendPlain(ctx, groundType)
	}
	for _, a := range r.plain {
		if a.outcome.Success() {
			return a.typ
		}
	}
	return ""
}

// groundType is what is sent where a probe needs a genuine event to have been accepted.
const groundType = "document.analyzed"

// typeOr returns the type wanted, or one that is known to be accepted if that one isn't.
func (r *runner) typeOr(ctx context.Context, wanted string) string {
	for _, a := range r.plain {
		if a.typ == wanted && !a.outcome.Success() {
			return cmp.Or(r.ground(ctx), wanted)
		}
	}
	return wanted
}

// sendPlain sends an event as the catalogue makes it.
func (r *runner) sendPlain(ctx context.Context, typ string) delivery.Outcome {
	o := r.sendGenuine(ctx, r.newEvent(typ).body())
	r.plain = append(r.plain, plainAnswer{typ, o})
	return o
}

func (r *runner) isLate(o delivery.Outcome) bool {
	return o.Kind == delivery.Timeout || o.Kind == delivery.Answered && o.Duration > r.Limit
}

// sendGenuine signs a body and sends it.
func (r *runner) sendGenuine(ctx context.Context, body []byte) delivery.Outcome {
	return r.send(ctx, r.request(http.MethodPost, body, r.sign(ctx, body)))
}

func (r *runner) sign(ctx context.Context, body []byte) string {
	sign, err := r.Sign(ctx, body)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("an event can't be signed: %w", err)
	}
	return sign
}

// userAgent is what a handler may see of the sender.
const userAgent = "Solatis-Webhooks/2.0"

// request makes a request with these signature headers.
func (r *runner) request(method string, body []byte, signatures ...string) *event.Request {
	req := &event.Request{Method: method, Header: event.Header{"User-Agent": {userAgent}}, Body: body}
	if len(body) > 0 {
		req.Header["Content-Type"] = []string{"application/json"}
	}
	if len(signatures) > 0 {
		req.Header[signature.HeaderName] = signatures
	}
	return req
}

func (r *runner) send(ctx context.Context, req *event.Request) delivery.Outcome {
	if r.err != nil {
		return delivery.Outcome{Kind: delivery.Interrupted}
	}
	o := r.sender.Send(ctx, r.Target, req)
	r.note(o)
	return o
}

// note takes from an outcome whether the app is there.
func (r *runner) note(o delivery.Outcome) {
	switch {
	case o.Kind == delivery.Refused && r.err == nil:
		r.err = fmt.Errorf("nothing can be sent to %s: %s", r.Target, o.Error)
	case o.Kind == delivery.NoConnect && !r.met:
		if r.err == nil {
			r.err = &UnreachableError{o.Error}
		}
	case o.Kind == delivery.NoConnect:
		r.early = r.early || r.sent == 0
		r.gone = true
	default:
		r.met, r.gone = true, false
	}
	r.sent++
}
