package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/catalog"
)

// probed is what solatis check --output json says of a probe, and of all in its last line.
type probed struct {
	Type, ID, Status, Seen, Cause  string
	Total, Passed, Planned, Failed int
	Complete                       bool
	Genuine, Forged, Other, Probes int
	Fix                            struct{ Express, Flask, Go string }
}

// checked is a run of solatis check.
type checked struct {
	plan, summary probed
	probes        []probed
	code          int
}

// check runs solatis check. No answer is late in it, however busy the machine.
func (p place) check(t *testing.T, command func(...string) *exec.Cmd, args ...string) (c checked) {
	t.Helper()
	cmd := command(append([]string{"check", "--output", "json", "--timeout", "30s"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if c.code = cmd.ProcessState.ExitCode(); err != nil && c.code != 4 {
		t.Fatalf("solatis check: %v\n%s", err, stderr.String())
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line probed
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		switch line.Type {
		case "plan":
			c.plan = line
		case "probe":
			c.probes = append(c.probes, line)
		case "summary":
			c.summary = line
		}
	}
	if n := len(c.probes); c.plan.Probes != n || c.summary.Total != n || c.summary.Planned != n || !c.summary.Complete || n < 30 {
		t.Errorf("%d probes, the plan %+v, the summary %+v", n, c.plan, c.summary)
	}
	return c
}

// not lists what didn't pass, as "fail refuses-get", without the skipped ones.
func (c checked) not() (list []string) {
	for _, p := range c.probes {
		if p.Status != "pass" && p.Status != "skip" {
			list = append(list, p.Status+" "+p.ID)
		}
	}
	return list
}

// TestCheckOfTheHandlers gives the examples full marks, by their URL and as the app of a
// session, whose secret nobody else has to know.
func TestCheckOfTheHandlers(t *testing.T) {
	for name, command := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := startHandler(t, command(t))
			go h.drain()
			p := newPlace(t)
			report := filepath.Join(p.project, "report.xml")
			c := p.check(t, p.command, h.url, "--junit", report)
			if c.code != 0 || c.summary.Passed != c.summary.Total {
				t.Errorf("it exits with %d: %d of %d passed; not %q", c.code, c.summary.Passed, c.summary.Total, c.not())
			}
			var suites struct {
				Tests int `xml:"tests,attr"`
			}
			text, err := os.ReadFile(report)
			if err != nil {
				t.Fatal(err)
			}
			if err := xml.Unmarshal(text, &suites); err != nil || suites.Tests != c.summary.Total {
				t.Errorf("the report has %d tests, %v", suites.Tests, err)
			}

			s := p.listen(t, func(activity.Update) {}, "--forward", h.url)
			c = p.check(t, p.withoutSecret)
			if c.code != 0 || c.summary.Passed != c.summary.Total {
				t.Errorf("by the session it exits with %d: not %q", c.code, c.not())
			}
			s.interrupt(t, 130)
		})
	}
}

// drain takes what a handler prints, so that it never waits for a reader.
func (h *handler) drain() {
	for {
		select {
		case <-h.lines:
		case <-h.ended:
			return
		}
	}
}

// withoutSecret is a command whose environment doesn't hold the secret.
func (p place) withoutSecret(args ...string) *exec.Cmd {
	cmd := p.command(args...)
	cmd.Env = slices.DeleteFunc(cmd.Env, func(s string) bool { return strings.HasPrefix(s, "SOLATIS_WEBHOOK_SECRET=") })
	return cmd
}

// brokenHandlers are programs with a mistake that people make, the provider's own among
// them, and what each gets: the probes that fail, each with a part of its cause.
var brokenHandlers = map[string]map[string]string{
	"express/guide_first.js":  forged(map[string]string{"raw-large": "larger than the handler"}),
	"express/guide_verify.js": throwing(every("the handler throws, and Solatis")),
	"express/reserialised.js": {
		"accepts-transcription-completed": "hashes something else", // there are numbers like 62.0 in it
		"raw-white-space":                 "without the white space", "raw-key-order": "JavaScript puts numbers first",
		"raw-escapes": "other escapes", "raw-numbers": "1.0 becomes 1",
	},
	"express/lengths.js": {
		"refuses-missing-signature": "is given nothing", "refuses-empty-signature": "another length", "refuses-short-signature": "another length",
		"refuses-overlong-signature": "another length", "refuses-doubled-signature": "another length", "refuses-non-ascii-signature": "outside ASCII",
	},
	"express/hex.js": {
		"refuses-missing-signature": "is given nothing", "refuses-empty-signature": "another length", "refuses-short-signature": "another length",
		"refuses-overlong-signature": "stops where the hex ends", "refuses-upper-case-signature": "upper and lower case",
		"refuses-doubled-signature": "takes one in silence", "refuses-non-ascii-signature": "outside ASCII",
	},
	"flask/guide_first.py":  forged(nil),
	"flask/guide_verify.py": {"refuses-missing-signature": "is given nothing", "refuses-non-ascii-signature": "outside ASCII"},
	"flask/reserialised.py": every("hashes something else"),
}

// forged adds to want what a handler gets that verifies nothing.
func forged(want map[string]string) map[string]string {
	all := map[string]string{
		"refuses-tampered-body": "anybody who knows the URL", "refuses-wrong-secret": "anybody who knows the URL",
		"refuses-missing-signature": "verifies nothing", "refuses-empty-signature": "verifies nothing",
		"refuses-short-signature": "only the beginning", "refuses-overlong-signature": "behind the 64 digits",
		"refuses-upper-case-signature": "upper and lower case", "refuses-doubled-signature": "takes one in silence",
		"refuses-non-ascii-signature": "no hex digits",
	}
	for id, cause := range want {
		all[id] = cause
	}
	return all
}

// every wants a cause for all types of event.
func every(cause string) map[string]string {
	all := make(map[string]string)
	for _, typ := range catalog.Names() {
		all["accepts-"+strings.NewReplacer(".", "-", "_", "-").Replace(typ)] = cause
	}
	return all
}

// throwing adds to want what a handler gets for forged events that throws on any.
func throwing(want map[string]string) map[string]string {
	for id := range forged(nil) {
		want[id] = "the handler throws, and Solatis"
	}
	return want
}

// TestCheckOfBrokenHandlers wants exactly the failures that each mistake brings, from
// real Express and Flask.
func TestCheckOfBrokenHandlers(t *testing.T) {
	setNodePath(t)
	for name, want := range brokenHandlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := startBroken(t, name)
			p := newPlace(t)
			c := p.check(t, p.command, h.url)
			if c.code != 4 {
				t.Errorf("it exits with %d, want 4", c.code)
			}
			for _, r := range c.probes {
				cause, failing := want[r.ID]
				switch {
				case failing != (r.Status == "fail"):
					t.Errorf("%s: %s (%s), %s", r.ID, r.Status, r.Seen, r.Cause)
				case r.Status == "warn":
					t.Errorf("%s warns: %s", r.ID, r.Seen)
				case !strings.Contains(r.Cause, cause):
					t.Errorf("%s: the cause is %q, want one with %q", r.ID, r.Cause, cause)
				case failing && (r.Fix.Express == "" || r.Fix.Flask == "" || r.Fix.Go == ""):
					t.Errorf("%s: not every fix is named: %+v", r.ID, r.Fix)
				}
			}
		})
	}
}

// setNodePath lets programs outside of docs/handlers/express use its Express.
func setNodePath(t *testing.T) {
	t.Helper()
	modules, err := filepath.Abs(filepath.Join(root, "docs", "handlers", "express", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NODE_PATH", modules)
}

// startBroken starts a program of internal/check/testdata/broken.
func startBroken(t *testing.T, name string) *handler {
	t.Helper()
	framework, _, _ := strings.Cut(name, "/")
	argv := handlers[framework](t) // skips where the language is missing
	argv[len(argv)-1] = filepath.Join(root, "internal", "check", "testdata", "broken", filepath.FromSlash(name))
	h := startHandler(t, argv)
	go h.drain()
	return h
}

// TestCheckForPeople reads what a person sees of the provider's own Python sample.
func TestCheckForPeople(t *testing.T) {
	h := startBroken(t, "flask/guide_verify.py")
	p := newPlace(t)
	cmd := p.command("check", h.url, "--timeout", "30s")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != 4 {
		t.Errorf("it exits with %d, want 4", code)
	}
	for _, want := range []string{
		"\n✗ fail  refuses-missing-signature        500 Internal Server Error\n",
		"\n✓ pass  refuses-tampered-body            401 Unauthorized\n",
		"\n✗ refuses-missing-signature\n  cause    the header isn't there and the comparison is given nothing: it throws",
		"\n  Flask    hmac.compare_digest(None, …) raises, as in the provider's own sample; use a default",
		"\n35 of 37 probes passed, 2 failed\n",
	} {
		if !strings.Contains("\n"+string(out), want) {
			t.Errorf("it doesn't print %q, but:\n%s", want, out)
		}
	}
	if want := "check sends at most 47 genuine events, 13 forged ones and 4 other requests"; !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("it announces %q", stderr.String())
	}
	if strings.Contains(string(out)+stderr.String(), secret) {
		t.Error("it prints the secret")
	}
}

// TestCheckInterrupted presses ^C in the middle of a probe.
func TestCheckInterrupted(t *testing.T) {
	arrived, hold := make(chan struct{}, 1), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			arrived <- struct{}{}
			<-hold
		}
		io.Copy(io.Discard, r.Body)
	}))
	defer srv.Close()
	defer close(hold)
	p := newPlace(t)
	report := filepath.Join(p.project, "report.xml")
	cmd := p.command("check", srv.URL, "--only", "accepts-*", "--only", "refuses-get", "--junit", report)
	lines := make(chan string, 100)
	c := start(t, cmd, func(line string) { lines <- line })
	<-arrived
	c.interrupt(t, 130)
	if stderr := c.stderr.String(); !strings.Contains(stderr, "stopped after 13 of 14 probes") {
		t.Errorf("it says %q", stderr)
	}
	close(lines)
	var last string
	for line := range lines {
		last = line
	}
	if last != "13 of 13 probes passed" {
		t.Errorf("its last line is %q", last)
	}
	if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), `errors="1"`) {
		t.Errorf("the report is %v:\n%s", err, text)
	}
}

// TestCheckOfAHostileApp has an app that answers with what would steer a terminal.
func TestCheckOfAHostileApp(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, "oh\x1b]0;title\a\x00 \u202egnp.exe \u009b2J ]]></failure>\xff\rpass\n")
	}))
	defer srv.Close()
	p := newPlace(t)
	report := filepath.Join(p.project, "report.xml")
	out, _ := p.command("check", srv.URL, "--only", "accepts-task-created", "--junit", report).CombinedOutput()
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for what, said := range map[string]string{"output": string(out), "report": string(text)} {
		if strings.ContainsAny(said, "\x1b\a\x00\r\u202e\u009b") || !strings.Contains(said, `oh\x1b]0;title\x07\x00 \u202egnp.exe`) {
			t.Errorf("the %s is %q", what, said)
		}
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("the report: %v\n%s", err, text)
		}
	}
}
