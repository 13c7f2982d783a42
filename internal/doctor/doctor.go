// Package doctor finds the broken link between a webhook's sender and the developer's
// app: the folders and files on this machine, the way to the relay, the relay itself,
// and the app.
//
// The links are checked in the order in which a webhook and the tool's own connection
// need them. A check whose ground is missing, because a link before it is broken, is
// skipped rather than failed, so the first failure is the one to mend. Nothing is
// changed anywhere: no endpoint is opened at the relay and nothing is sent to the app.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Status is what a check came to.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warn    Status = "warn"    // it works, and something about it deserves a look
	Fail    Status = "fail"    // the broken link
	Skipped Status = "skipped" // what it needs is broken, or it isn't in use
)

// Result is what a check found.
type Result struct {
	Check  string `json:"check"` // the link's name, such as "dns"
	Status Status `json:"status"`
	Found  string `json:"found"`          // untrusted text may be part of it
	Mend   string `json:"mend,omitempty"` // what to do about it; empty where all is well
}

func ok(format string, args ...any) Result {
	return Result{Status: OK, Found: fmt.Sprintf(format, args...)}
}

func unused(format string, args ...any) Result {
	return Result{Status: Skipped, Found: fmt.Sprintf(format, args...)}
}

func warn(mend, format string, args ...any) Result {
	return Result{Status: Warn, Mend: mend, Found: fmt.Sprintf(format, args...)}
}

func fail(mend, format string, args ...any) Result {
	return Result{Status: Fail, Mend: mend, Found: fmt.Sprintf(format, args...)}
}

// link is one check. It is skipped if any of the links that it needs failed or was
// skipped itself.
type link struct {
	name  string
	needs []string
	check func(context.Context) Result
}

// checkTimeout bounds one check. Networks that are that slow break more than this tool.
const checkTimeout = 8 * time.Second

// Run checks all links and hands each result to report as soon as it is there. It
// returns them all. When ctx ends it stops at the check that is under way.
func Run(ctx context.Context, c Config, report func(Result)) []Result {
	if c.Now == nil {
		c.Now = time.Now
	}
	return walk(ctx, c.links(), report)
}

// RunWay checks the way to a relay only, up to whether it takes the token.
func RunWay(ctx context.Context, r *Relay, now func() time.Time, report func(Result)) []Result {
	return walk(ctx, (&way{relay: r, now: now}).links(), report)
}

func walk(ctx context.Context, links []link, report func(Result)) []Result {
	var results []Result
	without := make(map[string]bool) // links that nothing can rest on
	for _, l := range links {
		if ctx.Err() != nil {
			return results
		}
		r := l.run(ctx, without)
		without[l.name] = r.Status == Fail || r.Status == Skipped
		report(r)
		results = append(results, r)
	}
	return results
}

func (l link) run(ctx context.Context, without map[string]bool) Result {
	ctx, cancel := context.WithTimeoutCause(ctx, checkTimeout, errSlow)
	defer cancel()
	r := l.unlessWithout(ctx, without)
	r.Check = l.name
	return r
}

func (l link) unlessWithout(ctx context.Context, without map[string]bool) Result {
	for _, need := range l.needs {
		if without[need] {
			return unused("it needs %q", need)
		}
	}
	return l.check(ctx)
}

var errSlow = errors.New("no answer in " + checkTimeout.String())

// reason is err, or why ctx ended if that is behind it.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Broken returns the first failure, which is the link to mend first.
func Broken(results []Result) (first Result, broken bool) {
	for _, r := range results {
		if r.Status == Fail {
			return r, true
		}
	}
	return Result{}, false
}
