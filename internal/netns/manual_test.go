//go:build linux

package netns

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// manual is docs/relay.md. What the tests type is taken from it, so that a command which
// doesn't work there fails here.
type manual struct {
	text     string
	lines    []string // of code
	replacer *strings.Replacer
}

// newManual reads the document. The replacements are pairs of what stands there for the
// reader's own, such as a name, and what it is here.
func newManual(t *testing.T, replacements ...string) *manual {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "relay.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := &manual{text: string(text), replacer: strings.NewReplacer(replacements...)}
	for line := range strings.Lines(string(text)) {
		if code, indented := strings.CutPrefix(line, "    "); indented {
			m.lines = append(m.lines, strings.TrimSpace(code))
		}
	}
	return m
}

// args returns the arguments of a command, which has to stand in the document as it is.
// What a shell would read from a file comes by other ways.
func (m *manual) args(t *testing.T, command string) []string {
	t.Helper()
	if !slices.Contains(m.lines, command) {
		t.Fatalf("docs/relay.md doesn't have the command %q", command)
	}
	command, _, _ = strings.Cut(command, " < ")
	return strings.Fields(m.replacer.Replace(command))[1:]
}

// TestManualIsUnderstood asks for the help of every command in docs/relay.md, with its
// flags: those that don't exist are refused even then.
func TestManualIsUnderstood(t *testing.T) {
	m, dir := newManual(t), t.TempDir()
	programs := map[string]string{
		"solatis":       build(t, dir, "solatis", newVersion),
		"solatis-relay": build(t, dir, "solatis-relay", newVersion),
	}
	understood := 0
	for _, line := range m.lines {
		name, _, _ := strings.Cut(line, " ")
		if programs[name] == "" {
			continue
		}
		understood++
		cmd := exec.Command(programs[name], append(m.args(t, line), "--help")...)
		cmd.Env = environment("SOLATIS_HOME=" + dir)
		out, err := cmd.CombinedOutput()
		// A group of commands helps with an unknown one by a list of those it has.
		if err != nil || strings.Contains(string(out), "Available Commands:") {
			t.Errorf("%s\nis not understood: %v\n%s", line, err, out)
		}
	}
	if understood < 20 {
		t.Errorf("docs/relay.md has only %d commands: are they still found?", understood)
	}
}

var metric = regexp.MustCompile(`solatis_relay_[a-z_]+`)

// checkMetrics holds what the manual says of the metrics to what a relay shows that has
// taken, sent, and refused requests.
func (m *manual) checkMetrics(t *testing.T, page string) {
	t.Helper()
	names := func(text string) []string {
		all := metric.FindAllString(text, -1)
		for i := range all {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} { // a histogram's own
				all[i] = strings.TrimSuffix(all[i], suffix)
			}
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	// That one is only there with a certificate, which this relay leaves to nginx.
	page += "\nsolatis_relay_certificate_expiry_timestamp_seconds"
	if shown, told := names(page), names(m.text); !slices.Equal(shown, told) {
		t.Errorf("docs/relay.md tells of the metrics %q, and the relay shows %q", told, shown)
	}
}

// TestManualHasEveryRefusal looks for each reason of refusal in docs/relay.md.
func TestManualHasEveryRefusal(t *testing.T) {
	reason := regexp.MustCompile(`Refusal += "([a-z-]+)"`)
	m, found := newManual(t), 0
	for _, file := range []string{"internal/relay/meter.go", "internal/relay/server/metrics.go"} {
		source, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range reason.FindAllStringSubmatch(string(source), -1) {
			found++
			if !strings.Contains(m.text, "`"+match[1]+"`") {
				t.Errorf("docs/relay.md doesn't have the reason %q of %s", match[1], file)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d reasons: are they still found?", found)
	}
}
