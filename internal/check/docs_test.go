package check

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/check.md anew")

// TestDocs holds docs/check.md up to date.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "check.md")
	if *update {
		if err := os.WriteFile(path, []byte(docs()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != docs() {
		t.Errorf("%s is not up to date; if the change is meant: go generate ./internal/check", path)
	}
}

const docsIntro = `# Checking a handler

<!-- Made from internal/check: go generate ./internal/check -->

What breaks webhook handlers in production never happens on a laptop: a duplicate after a
lost answer, JSON written in a way that no library of yours writes, a stranger's request
without a signature. ` + "`solatis check`" + ` sends all that to a running handler and scores it.

    solatis check localhost:3000/webhooks/solatis     # a handler by its URL
    solatis check                                     # the app of the running session
    solatis check 3000/hooks --only 'refuses-*'       # some probes; --skip leaves some out
    solatis check --list                              # all of them
    solatis check --junit report.xml --output json    # for CI

It needs the secret that the handler has: by ` + "`SOLATIS_WEBHOOK_SECRET`, `--secret-file`" + ` or
` + "`--secret`" + `. With none of these it takes the running session's, and given a URL your profile's own,
which is the one that ` + "`solatis listen`" + ` shows.

## What it does to your app

Before it sends anything it says what, how much and to where. All of it goes straight to
the app, past any session and relay, and nothing is recorded in the history.

- **The genuine events are real to your app.** It stores them, sends the mails that it sends
  for them, and so on. Their ids are new ones that begin with ` + "`%s`" + `, so that you can
  find what they left and remove it. Whatever else is in them is the catalogue's
  [sample data](events.md).
- Forged events have such ids too. A handler that is right forgets them at once.
- A probe can stop an app that isn't ready for it. The last one, which breaks connections
  off, is the likeliest to.
- An app behind https needs a certificate that this machine trusts, ` + "`--ca FILE` or `--insecure`" + `.
- An app on another machine gets nothing without ` + "`--yes-remote`" + `. What counts as this machine
  is a loopback address, ` + "`localhost`" + ` and names below it, and a Unix socket.

## How it scores

Each probe passes, warns, fails or is skipped. The exit code is 4 if any failed, otherwise 0.
A warning is for what Solatis counts as success though its guide advises against it.

One mistake should be one failure. So a probe is skipped where it would say nothing: one of
odd spelling while no genuine event is accepted at all, and a refused forgery where a
genuine event is refused as well. If two plain events weren't answered in time
(` + "`--timeout`, %s" + ` unless told), the rest is left for later. An answer is waited for three times
as long, to tell a late one from none.

If nothing listens at the target, the exit code is 1 and nothing was checked; an app that
goes away later is a failure of the probe that it went away by. ^C ends the run with 130, and
says how far it came.

A session that forwards to several apps doesn't say which one is meant: name its URL. A header
that a session adds (` + "`--header`" + `) is not added here.

A probe that can't apply to your handler can be left out for good by ` + "`--skip`" + `. An id or pattern
that is no probe's is an error, so that a spelling mistake can't hide one.

## For programs

` + "`--output json`" + ` prints one object a line: first one of type ` + "`plan`" + `, then for each probe one of
type ` + "`probe`" + ` (` + "`id`, `title`, `status`, `seen`, `duration_ms`" + `, and where it failed or warned
` + "`cause`" + ` and ` + "`fix`" + ` with ` + "`express`, `flask`, `go`" + `), last one of type ` + "`summary`" + ` (` + "`total`, `passed`,\n`warned`, `failed`, `skipped`, `planned`, `complete`" + `). ` + "`--junit FILE`" + ` writes a JUnit report as
well, in which a warning is a test that passed.
`

// docs returns docs/check.md.
func docs() string {
	var b strings.Builder
	fmt.Fprintf(&b, docsIntro, IDPrefix, "5 s")
	b.WriteString("\n## The probes\n\n| probe | a handler that is right | what is sent |\n|---|---|---|\n")
	for _, p := range Probes() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.ID, p.Title, strings.ReplaceAll(p.Sends, "|", `\|`))
	}
	load := Total(Probes())
	fmt.Fprintf(&b, "\nTogether these are %d genuine events, %d forged ones and %d other requests.\n", load.Genuine, load.Forged, load.Other)
	b.WriteString("\n## Causes and fixes\n\nHandlers that get full marks are in [handlers](handlers/README.md).\n")
	for _, f := range []fault{refused, rejected, notFound, tooLarge, redirected, crashed, hung, ended, late} {
		writeAdvice(&b, generalHeadings[f], general[f])
	}
	var told []Advice
	for _, p := range Probes() {
		for _, f := range []fault{accepted, refused, rejected, notFound, redirected, crashed, hung, ended, late, unusual} {
			a, ok := p.causes[f]
			if !ok || slices.Contains(told, a) || a == general[late] {
				continue
			}
			told = append(told, a)
			writeAdvice(&b, headingOf(a), a)
		}
	}
	return b.String()
}

// headingOf names the probes that give this advice, and when.
func headingOf(a Advice) string {
	var parts []string
	for _, p := range Probes() {
		var when []string
		for _, f := range []fault{accepted, refused, rejected, notFound, redirected, crashed, hung, ended, late, unusual} {
			if p.causes[f] == a {
				when = append(when, faultHeadings[f])
			}
		}
		if len(when) > 0 {
			parts = append(parts, "`"+p.ID+"`: "+strings.Join(when, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// generalHeadings say when the general advice is given.
var generalHeadings = map[fault]string{
	refused:    "A genuine event gets 401 or 403",
	rejected:   "A genuine event gets another 4xx",
	notFound:   "A genuine event gets 404 or 405",
	tooLarge:   "A genuine event gets 413",
	redirected: "A redirect",
	crashed:    "5xx, or the connection closes without an answer",
	hung:       "No answer at all",
	ended:      "The app is gone",
	late:       "An answer too late",
}

// faultHeadings say when a probe's own advice is given.
var faultHeadings = map[fault]string{
	accepted: "accepted", refused: "401 or 403", rejected: "refused", notFound: "404 or 405", redirected: "redirected",
	crashed: "5xx or no answer", hung: "no answer", ended: "the app is gone", late: "too late", unusual: "another 2xx than 200",
}

func writeAdvice(b *strings.Builder, heading string, a Advice) {
	fmt.Fprintf(b, "\n### %s\n\n%s.\n\n", heading, capitalised(a.Cause))
	for _, fix := range []struct{ name, text string }{{"Express", a.Fix.Express}, {"Flask", a.Fix.Flask}, {"Go", a.Fix.Go}} {
		fmt.Fprintf(b, "- %s: %s\n", fix.name, fix.text)
	}
}

func capitalised(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
