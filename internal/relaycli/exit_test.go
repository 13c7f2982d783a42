package relaycli

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"unicode"

	"github.com/solatis/solatis-cli/internal/term"
)

// runCommand runs a command in this process.
func runCommand(ctx context.Context, env map[string]string, args ...string) (code int, stdout, stderr string) {
	var out, errs strings.Builder
	streams := term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
	code = run(ctx, args, streams, func(name string) string { return env[name] })
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	data := t.TempDir()
	for _, c := range []struct {
		args string
		want int
	}{
		{"version", exitDone},
		{"", exitDone}, // the help
		{"config example", exitDone},
		{"token list", exitDone},
		{"token", exitUsage},
		{"tokne", exitUsage},
		{"token lits", exitUsage},
		{"token list --nothing", exitUsage},
		{"token list --output xml", exitUsage},
		{"token create", exitUsage},
		{"token create --owner a --expires soon", exitUsage},
		{"token revoke", exitUsage},
		{"serve --log-level much", exitUsage},
		{"serve --max-body 0", exitUsage},
		{"serve --max-body 33MiB", exitUsage},
		{"serve --grace soon", exitUsage},
		{"serve --public-url nothing", exitUsage},
		{"serve --config missing.toml", exitUsage},
		{"token revoke tok_0000000000", exitFailed},
		{"config check missing.toml", exitFailed},
		{"health --admin-listen 127.0.0.1:1", exitFailed},
		{"serve --tls-cert missing --tls-key missing", exitFailed},
	} {
		code, stdout, stderr := runCommand(t.Context(), map[string]string{"SOLATIS_RELAY_DATA": data}, strings.Fields(c.args)...)
		if code != c.want {
			t.Errorf("%q ends with %d instead of %d: %s", c.args, code, c.want, stderr)
		}
		if (code == exitDone) != (stderr == "") {
			t.Errorf("%q ends with %d and says %q", c.args, code, stderr)
		}
		if code != exitDone && stdout != "" {
			t.Errorf("%q fails and prints %q", c.args, stdout)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, _, stderr := runCommand(ctx, map[string]string{"SOLATIS_RELAY_DATA": t.TempDir()}, "token", "list")
	if code != exitInterrupted || stderr != "" {
		t.Errorf("an interrupted command ends with %d and says %q", code, stderr)
	}
}

// TestJSONIsSafeToPrint: and nothing of it is lost.
func TestJSONIsSafeToPrint(t *testing.T) {
	name := "a\x1b\x7f\u009b[2J\u202e\U000e0041ü"
	var out strings.Builder
	if err := printJSON(&out, map[string]string{"name": name}); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(visibleWriter{&out}, nil)).Info("x", "name", name)
	for line := range strings.Lines(out.String()) {
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("it can't be printed: %q", line)
		}
		var back struct{ Name string }
		if err := json.Unmarshal([]byte(line), &back); err != nil || back.Name != name {
			t.Errorf("%q is read back as %q, %v", line, back.Name, err)
		}
	}
}

// TestTablesAreSafeToPrint: names of agents, for one, come from the network.
func TestTablesAreSafeToPrint(t *testing.T) {
	var out strings.Builder
	if err := table(&out, []string{"AGENT", "STATE"}, [][]string{{"a\x1b[2Jb\rc\td\n", ""}, {"long enough", "connected"}}); err != nil {
		t.Fatal(err)
	}
	want := "AGENT              STATE\n" + `a\x1b[2Jb\rc\td\n  -` + "\nlong enough        connected\n"
	if out.String() != want {
		t.Errorf("the table is\n%q\ninstead of\n%q", out.String(), want)
	}
}
