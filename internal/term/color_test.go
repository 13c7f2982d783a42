package term_test

import (
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/term"
)

func TestUseColor(t *testing.T) {
	for _, c := range []struct {
		mode term.ColorMode
		env  string
		tty  bool
		want bool
	}{
		{"auto", "", true, true},
		{"auto", "", false, false},
		{"auto", "TERM=xterm", true, true},
		{"auto", "TERM=dumb", true, false},
		{"auto", "NO_COLOR=1", true, false},
		{"auto", "NO_COLOR=", true, true},
		{"auto", "CLICOLOR_FORCE=1", false, true},
		{"auto", "CLICOLOR_FORCE=0", false, false},
		{"auto", "CLICOLOR_FORCE=0", true, true},
		{"auto", "CLICOLOR_FORCE=1 TERM=dumb", false, true},
		{"auto", "CLICOLOR_FORCE=1 NO_COLOR=1", true, false},
		{"always", "NO_COLOR=1 TERM=dumb", false, true},
		{"never", "CLICOLOR_FORCE=1", true, false},
	} {
		env := make(map[string]string)
		for pair := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
		if got := term.UseColor(c.mode, lookup, c.tty); got != c.want {
			t.Errorf("--color %s, %s, terminal %v: %v", c.mode, c.env, c.tty, got)
		}
	}
}

func TestParseColorMode(t *testing.T) {
	if m, err := term.ParseColorMode("never"); err != nil || m != term.ColorNever {
		t.Errorf("%q, %v", m, err)
	}
	if _, err := term.ParseColorMode("yes"); err == nil || !strings.Contains(err.Error(), `"yes"`) {
		t.Errorf("%v", err)
	}
}

// The environment must have no say any more once UseColor has decided.
func TestPaletteHoldsItsDecision(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	on, off := term.NewPalette(true), term.NewPalette(false)
	for name, paint := range map[string][2]func(string) string{
		"good":   {on.Good, off.Good},
		"bad":    {on.Bad, off.Bad},
		"warn":   {on.Warn, off.Warn},
		"faint":  {on.Faint, off.Faint},
		"strong": {on.Strong, off.Strong},
	} {
		if got := paint[0]("x"); !strings.HasPrefix(got, "\x1b[") || !strings.Contains(got, "mx\x1b[") {
			t.Errorf("%s enabled: %q", name, got)
		}
		if got := paint[1]("x"); got != "x" {
			t.Errorf("%s disabled: %q", name, got)
		}
	}
}
