package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/session"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/spf13/cobra"
)

// triggerOptions are the flags of trigger.
type triggerOptions struct {
	app *app

	to      string
	session string
	secret  secretFlags
	seed    uint64
	seeded  bool
	timeout time.Duration
	list    bool
	print   bool
}

func (a *app) newTrigger() *cobra.Command {
	o := &triggerOptions{app: a}
	cmd := &cobra.Command{
		Use:   "trigger EVENT",
		Short: "Send a signed sample event to the running session, or to a URL",
		Long: `trigger makes a sample of one of the 13 event types, signs it, and sends it to the
URL of the running solatis listen, as Solatis would. It prints what your app
answered, and exits with 4 if that was not a 2xx.`,
		Example: `  solatis trigger document.analyzed
  solatis trigger task.created --seed 7 --print
  solatis trigger task.created --to localhost:3000/webhooks/solatis`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(catalog.Names(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.seeded = cmd.Flags().Changed("seed")
			return o.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "send straight to this URL; no session is needed")
	f.StringVar(&o.session, "session", "", "id of the session to send to, where several are running")
	o.secret.declare(f)
	f.Uint64Var(&o.seed, "seed", 0, "vary the sample's data; the same number gives the same data")
	f.DurationVar(&o.timeout, "timeout", send.DefaultTimeout, "with --to, how long the app may take to answer")
	f.BoolVar(&o.list, "list", false, "list the event types")
	f.BoolVar(&o.print, "print", false, "print the event's body and send nothing")
	return withSettings(cmd)
}

func (o *triggerOptions) run(ctx context.Context, args []string) error {
	switch {
	case o.list:
		return o.printTypes()
	case len(args) == 0:
		return usageErrorf("say which event, such as document.analyzed; solatis trigger --list shows all")
	case o.to != "" && o.session != "":
		return usageErrorf("--to %s and --session %s: give one of both", o.to, o.session)
	}
	typ, err := catalog.Lookup(args[0])
	if err != nil {
		return &codedError{exitUsage, err}
	}
	id := event.NewEventID(o.app.now())
	options := catalog.Options{ID: id, Now: o.app.now()}
	if o.seeded {
		options.Seed = &o.seed
	}
	body, err := typ.Generate(options)
	if err != nil {
		return err
	}
	if o.print {
		_, err := fmt.Fprintf(o.app.streams.Out, "%s\n", body)
		return err
	}
	sample := sample{id: id, typ: typ.Name, body: body}
	if o.to != "" {
		return o.sendTo(ctx, sample)
	}
	return o.sendToSession(ctx, sample)
}

// sample is an event that trigger made.
type sample struct {
	id, typ string
	body    []byte
}

func (o *triggerOptions) printTypes() error {
	for _, t := range catalog.Types() {
		if _, err := fmt.Fprintf(o.app.streams.Out, "%-24s %-11s %s\n", t.Name, t.Source, t.Fired); err != nil {
			return err
		}
	}
	return nil
}

// sendTo sends a sample straight to a URL, and records it where there is a history.
func (o *triggerOptions) sendTo(ctx context.Context, s sample) error {
	target, err := send.ParseTarget(o.to)
	if err != nil {
		return usageErrorf("--to: %w", err)
	}
	secret, _, err := o.secret.resolve(o.app)
	if err != nil {
		return err
	}
	r := requestOf(s, secret, o.app.now())
	sender := send.New(send.Options{Timeout: o.timeout})
	defer sender.Close()
	h, err := o.openHistory(ctx)
	if err != nil {
		fmt.Fprintln(o.app.streams.Err, "solatis: not recorded:", err)
		return o.app.verdict(unrecorded(ctx, sender, target, r, s))
	}
	defer h.Close()
	err = h.AddRequest(ctx, history.Record{
		Request: r, EventID: s.id, EventType: s.typ, Verdict: signature.Valid, Disposition: string(activity.Forward),
	})
	if err != nil {
		return err
	}
	result, err := listen.Resend(ctx, h, sender, target, r.ID, delivery.Trigger, o.app.now)
	if err != nil {
		return err
	}
	return o.app.verdict(result)
}

func (o *triggerOptions) openHistory(ctx context.Context) (*history.History, error) {
	f, err := folders.Resolve(o.app.env)
	if err != nil {
		return nil, err
	}
	return history.Open(ctx, f.History())
}

// requestOf is the sample as Solatis would send it.
func requestOf(s sample, secret signature.Secret, now time.Time) *event.Request {
	return &event.Request{
		ID: event.NewRequestID(now), Method: http.MethodPost, Host: "localhost", Proto: "http", Remote: "127.0.0.1",
		Header: event.Header{
			"Content-Type":       {"application/json"},
			"User-Agent":         {userAgent},
			signature.HeaderName: {signature.Sign(secret, s.body)},
		},
		Body: s.body, Received: now,
	}
}

const userAgent = "Solatis-Webhooks/2.0"

// unrecorded sends a request without a history.
func unrecorded(ctx context.Context, sender *send.Sender, target send.Target, r *event.Request, s sample) activity.Attempted {
	outcome := sender.Send(ctx, target, r)
	a := activity.Attempted{
		Event: s.id, EventType: s.typ, Method: r.Method, Target: target.String(), Attempt: 1,
		Outcome: outcome.Kind, Status: outcome.Status, Error: outcome.Error, Hint: send.Hint(target, outcome),
		Duration: outcome.Duration, State: outcome.Next(),
	}
	if !outcome.Success() {
		a.Response = string(outcome.Body[:min(len(outcome.Body), activity.MaxExcerpt)])
	}
	return a
}

// sendToSession sends a sample to the running session's URL and waits for what its app
// makes of it.
func (o *triggerOptions) sendToSession(ctx context.Context, s sample) error {
	info, err := o.app.chooseSession(o.session)
	if err != nil {
		return err
	}
	transport, err := ingestTransport(info)
	if err != nil {
		return err
	}
	client := control.Dial(info.Socket)
	defer client.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	follow, err := client.Follow(ctx, control.Filter{Event: s.id})
	if err != nil {
		return err
	}
	defer follow.Close()
	sign, err := o.signWith(ctx, client, s.body)
	if err != nil {
		return err
	}
	// The answer of the URL itself matters only where nothing was received: else the
	// updates say more.
	answered := make(chan error, 1)
	go func() { answered <- post(ctx, transport, info.URL, s.body, sign) }()
	return o.await(ctx, cancel, follow, answered)
}

// signWith signs with the secret that was given, or lets the session do it.
func (o *triggerOptions) signWith(ctx context.Context, client *control.Client, body []byte) (string, error) {
	secret, err := o.secret.given(o.app.env)
	if err != nil {
		return "", err
	}
	if secret.IsZero() {
		return client.Sign(ctx, body)
	}
	return signature.Sign(secret, body), nil
}

// refusedByRelay is the answer of a URL that took nothing.
type refusedByRelay struct {
	status int
	text   string
}

func (e *refusedByRelay) Error() string {
	return fmt.Sprintf("the session's URL answered %d: %s", e.status, strings.TrimSpace(e.text))
}

// ingestTransport is how to reach the session's URL. A remote relay is reached as the
// session itself reaches it: through the same proxy, trusting the same certificates.
func ingestTransport(info session.Info) (*http.Transport, error) {
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	if info.Relay == "" {
		return transport, nil
	}
	if info.URL == "" {
		return nil, fmt.Errorf("session %s has not reached its relay %s yet: its terminal says why, and so does solatis doctor", info.ID, info.Relay)
	}
	transport.Proxy = http.ProxyFromEnvironment
	if info.RelayCA == "" {
		return transport, nil
	}
	var err error
	if transport.TLSClientConfig, err = trusting(info.RelayCA); err != nil {
		err = fmt.Errorf("the certificates that session %s trusts can't be read: %w", info.ID, err)
	}
	return transport, err
}

// post sends a body to an ingest URL. A redirect is an answer like any other.
func post(ctx context.Context, transport *http.Transport, url string, body []byte, sign string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {userAgent}, signature.HeaderName: {sign}}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, activity.MaxExcerpt))
	if err == nil && resp.StatusCode/100 != 2 {
		err = &refusedByRelay{resp.StatusCode, string(text)}
	}
	return err
}

// updateGrace is how much later than the URL's answer the updates may come: the session
// records before it tells.
const updateGrace = 2 * time.Second

// slowAfter is how long a silence after the URL's answer needs no word: it is what the app
// may take.
const slowAfter = send.DefaultTimeout

// await returns when the app has answered, or when it is clear that it won't be asked.
func (o *triggerOptions) await(ctx context.Context, cancel func(), follow *control.Stream, answered <-chan error) error {
	outcome := make(chan error, 1)
	go func() { outcome <- o.follow(follow) }()
	var refusal error
	var late, slow <-chan time.Time
	for {
		select {
		case err := <-outcome:
			return err
		case refusal = <-answered:
			answered = nil
			if refusal != nil {
				late = time.After(updateGrace)
			} else {
				slow = time.After(slowAfter)
			}
		case <-slow:
			fmt.Fprintln(o.app.streams.Err, "the relay has it, and the session is still to get it and to hear from the app; ^C ends the waiting, not the delivery")
		case <-late:
			cancel()
			<-outcome
			return refusal
		case <-ctx.Done():
			<-outcome
			return ctx.Err()
		}
	}
}

// follow reads updates until one decides.
func (o *triggerOptions) follow(stream *control.Stream) error {
	for {
		u, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return errors.New("the session ended before the app answered")
		}
		if err != nil {
			return err
		}
		switch u := u.(type) {
		case activity.Attempted:
			return o.app.verdict(u)
		case activity.Received:
			if u.Disposition != activity.Forward {
				return o.notForwarded(u)
			}
		}
	}
}

func (o *triggerOptions) notForwarded(u activity.Received) error {
	why := u.Reason
	if u.Disposition == activity.RecordOnly {
		why = "the session has no --forward"
	}
	fmt.Fprintf(o.app.streams.Out, "%s [%s] was recorded, but not forwarded: %s\n", u.EventType, u.Event, why)
	if u.Disposition == activity.BadSign {
		return &codedError{exitBadSign, nil}
	}
	return nil
}

// chooseSession finds the session that a command is for.
func (a *app) chooseSession(wanted string) (session.Info, error) {
	f, err := folders.Resolve(a.env)
	if err != nil {
		return session.Info{}, err
	}
	live, err := session.Live(f)
	if err != nil {
		return session.Info{}, err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return session.Info{}, err
	}
	info, err := session.Choose(live, cwd, wanted)
	if errors.Is(err, session.ErrAmbiguous) || errors.Is(err, session.ErrUnknown) {
		return info, &codedError{exitUsage, err}
	}
	return info, err
}
