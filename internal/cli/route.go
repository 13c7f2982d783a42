package cli

import (
	"crypto/tls"
	"slices"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/spf13/pflag"
)

// targetFlags say where a session forwards to, and how.
type targetFlags struct {
	forward   []string
	routes    []string
	headers   []string
	host      string
	insecure  bool
	authority string
}

// The words that --host-header takes beside a host.
const (
	hostRewrite  = "rewrite"
	hostPreserve = "preserve"
)

func (o *targetFlags) declare(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.forward, "forward", "f", nil, "where to forward to: 3000, :3000/path, localhost:3000, a full URL or unix:/run/app.sock:/path; may be repeated, and each gets what no --route takes (also --forward-to)")
	f.StringSliceVar(&o.routes, "route", nil, "a target of their own for some event types, such as 'document.*=localhost:3000/docs'; may be repeated, and the first that matches takes the event")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "header to add to what the app gets, such as 'X-Tenant: blue', in place of one by that name; may be repeated")
	f.StringVar(&o.host, "host-header", hostRewrite, "the Host header that the app gets: rewrite for the target's, preserve for the one that came in, or a host of your own")
	f.BoolVar(&o.insecure, "insecure", false, "don't verify the certificate of an app behind https")
	f.StringVar(&o.authority, "ca", "", "file with the certificate of the authority that issued the app's, beside those of this system")
}

// targets are what targetFlags say.
type targets struct {
	forward []send.Target
	routes  []listen.Route
	options send.Options // but for the timeout
	notices []string     // what the developer should know of them
}

// parse reads the flags. events are those that the session forwards, none for all.
func (o *targetFlags) parse(a *app, flags *pflag.FlagSet, events []string) (t targets, err error) {
	for _, text := range o.forward {
		target, err := send.ParseTarget(text)
		switch {
		case err != nil:
			return t, usageErrorf("--forward: %w", err)
		case slices.Contains(t.forward, target):
			return t, usageErrorf("--forward %s: it is there twice", target)
		}
		t.forward = append(t.forward, target)
	}
	for _, text := range o.routes {
		route, err := listen.ParseRoute(text)
		if err != nil {
			return t, usageErrorf("--route: %w", err)
		}
		t.routes = append(t.routes, route)
	}
	if err := listen.CheckRoutes(t.routes, events); err != nil {
		return t, usageErrorf("--route: %w", err)
	}
	if err := o.parseHeaders(&t); err != nil {
		return t, err
	}
	if err := o.parseHost(&t.options); err != nil {
		return t, err
	}
	if t.options.TLS, err = o.trust(); err != nil {
		return t, err
	}
	return t, o.checkUse(a, flags, t)
}

func (o *targetFlags) parseHeaders(t *targets) error {
	for _, text := range o.headers {
		name, value, err := send.ParseHeader(text)
		if err != nil {
			return usageErrorf("--header %w", err)
		}
		if t.options.Header == nil {
			t.options.Header = make(event.Header)
		}
		t.options.Header[name] = append(t.options.Header[name], value)
		if name == signature.HeaderName && len(t.options.Header[name]) == 1 {
			t.notices = append(t.notices, "--header replaces "+signature.HeaderName+": the app can't verify what came in")
		}
	}
	return nil
}

func (o *targetFlags) parseHost(options *send.Options) error {
	switch o.host {
	case hostRewrite:
	case hostPreserve:
		options.KeepHost = true
	default:
		if err := send.CheckHost(o.host); err != nil {
			return usageErrorf("--host-header: %w; it takes %s, %s, or a host such as app.test:8080", err, hostRewrite, hostPreserve)
		}
		options.Host = o.host
	}
	return nil
}

// trust is the TLS of apps behind https, nil for the system's.
func (o *targetFlags) trust() (*tls.Config, error) {
	switch {
	case o.insecure && o.authority != "":
		return nil, usageErrorf("--insecure and --ca %s: without verifying, no authority is of use; give one of both", o.authority)
	case o.insecure:
		return &tls.Config{InsecureSkipVerify: true}, nil
	case o.authority == "":
		return nil, nil
	}
	config, err := trusting(o.authority)
	if err != nil {
		return nil, usageErrorf("--ca: %w", err)
	}
	return config, nil
}

// checkUse refuses flags of the command line that would do nothing.
func (o *targetFlags) checkUse(a *app, flags *pflag.FlagSet, t targets) error {
	all := t.all()
	for _, name := range []string{"header", "host-header"} {
		if a.typed(flags, name) && len(all) == 0 {
			return usageErrorf("--%s: nothing is forwarded: add --forward", name)
		}
	}
	for _, name := range []string{"insecure", "ca"} {
		if a.typed(flags, name) && !slices.ContainsFunc(all, send.Target.IsTLS) {
			return usageErrorf("--%s: that is for an app behind https, and no target is", name)
		}
	}
	return nil
}

// all are the targets: what no route takes goes to the first ones.
func (t targets) all() []send.Target {
	all := slices.Clone(t.forward)
	for _, r := range t.routes {
		all = append(all, r.Target)
	}
	return all
}

// describe says in the session's ready line where it forwards to.
func (t targets) describe(r *activity.Ready) {
	if all := t.all(); len(all) > 0 {
		r.Target = all[0].String()
	}
	for _, target := range t.forward {
		r.Targets = append(r.Targets, target.String())
	}
	for _, route := range t.routes {
		r.Routes = append(r.Routes, route.String())
	}
}

// checkProject asks for the developer's word where a project's file, which may come from
// anybody, sends the webhooks to what may not be this machine's app.
func (o *listenOptions) checkProject() error {
	sources := &o.app.sources
	if o.yesRemote || sources.project == nil {
		return nil
	}
	const elsewhere = "--%s %s: that is not on this machine, and it was this project's file that said so; if webhooks may go there, add --yes-remote"
	if target, remote := sources.project.RemoteTarget(); remote && sources.of["forward"].kind == fromProject {
		return usageErrorf(elsewhere, "forward", target)
	}
	if route, remote := sources.project.RemoteRoute(); remote && sources.of["route"].kind == fromProject {
		return usageErrorf(elsewhere, "route", route)
	}
	return nil
}

// setArgument takes the target that was given without a flag as the only --forward. It
// stands in the place of those that come from elsewhere.
func (o *listenOptions) setArgument(flags *pflag.FlagSet, target string) error {
	if o.app.typed(flags, "forward") {
		return usageErrorf("%q and --forward %q: without a flag there can be one target; give each of several by --forward", target, o.targets.forward[0])
	}
	o.targets.forward = []string{target}
	delete(o.app.sources.of, "forward")
	return nil
}
