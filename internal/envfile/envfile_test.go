package envfile_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/envfile"
	"pgregory.net/rapid"
)

const name = "SOLATIS_WEBHOOK_SECRET"

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSet(t *testing.T) {
	for what, c := range map[string]struct{ before, value, after string }{
		"empty":                {"", "whsec_a-b_1", name + "=whsec_a-b_1\n"},
		"appended":             {"A=1\n# note\n", "x", "A=1\n# note\n" + name + "=x\n"},
		"no final newline":     {"A=1", "x", "A=1\n" + name + "=x\n"},
		"CRLF":                 {"A=1\r\nB=2\r\n", "x", "A=1\r\nB=2\r\n" + name + "=x\r\n"},
		"CRLF, no newline":     {"A=1\r\nB=2", "x", "A=1\r\nB=2\r\n" + name + "=x\r\n"},
		"replaced":             {"A=1\n" + name + "=old\nB=2\n", "x", "A=1\n" + name + "=x\nB=2\n"},
		"replaced, CRLF":       {name + "=old\r\nB=2\r\n", "x", name + "=x\r\nB=2\r\n"},
		"replaced, at the end": {"A=1\n" + name + "=old", "x", "A=1\n" + name + "=x"},
		"no value before":      {name + "=\nA=1\n", "x", name + "=x\nA=1\n"},
		"white space":          {" \t" + name + " =  old\n", "x", " \t" + name + " =  x\n"},
		"export":               {"export  " + name + "=old\n", "x", "export  " + name + "=x\n"},
		"double quotes":        {name + `="old"` + "\n", "x", name + `="x"` + "\n"},
		"single quotes":        {name + `='o"d'`, "x", name + `='x'`},
		"back quotes":          {name + "=`old`\n", "x", name + "=x\n"},
		"unclosed quotes":      {name + `="old` + "\nA=1\n", "x", name + "=x\nA=1\n"},
		"quotes kept, if fit":  {name + `="old"`, "a$b", name + `='a$b'`},
		"several lines":        {name + "=\"old\nA=1 \\\" \n\"\nB=2\n", "x", name + "=\"x\"\nB=2\n"},
		"comment":              {name + "=old # mine\n", "x", name + "=x # mine\n"},
		"comment, quoted":      {name + "='#old' # mine\n", "x", name + "='x' # mine\n"},
		"no comment":           {name + "=old#mine\n", "x", name + "=x\n"},
		"twice":                {name + "=1\nA=1\n" + name + "=2\n", "x", name + "=x\nA=1\n" + name + "=x\n"},
		"within a value":       {"A=\"\n" + name + "=no\n\"\n", "x", "A=\"\n" + name + "=no\n\"\n" + name + "=x\n"},
		"commented out":        {"#" + name + "=no\n", "x", "#" + name + "=no\n" + name + "=x\n"},
		"longer names":         {"MY_" + name + "=1\n" + name + "_2=2\n" + name + ".A=3\n", "x", "MY_" + name + "=1\n" + name + "_2=2\n" + name + ".A=3\n" + name + "=x\n"},
		"byte order mark":      {"\ufeff" + name + "=old\n", "x", "\ufeff" + name + "=x\n"},
		"byte order mark only": {"\ufeff", "x", "\ufeff" + name + "=x\n"},
		"not text":             {"\xff\xfe\x00\n\n\r=", "x", "\xff\xfe\x00\n\n\r=\n" + name + "=x\n"},
		"quoted":               {"", "a b#c", name + "='a b#c'\n"},
		"with a quote":         {"", "it's", name + `="it's"` + "\n"},
		"not ASCII":            {"", "é", name + "='é'\n"},
	} {
		path := filepath.Join(t.TempDir(), ".env")
		write(t, path, c.before, 0o640)
		changed, err := envfile.Set(path, name, c.value)
		if got := read(t, path); err != nil || !changed || got != c.after {
			t.Errorf("%s: %v, %v\ngot  %q\nwant %q", what, changed, err, got, c.after)
		}
		if changed, err := envfile.Set(path, name, c.value); err != nil || changed {
			t.Errorf("%s: again: %v, %v", what, changed, err)
		}
	}
}

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := t.TempDir()
	created, kept := filepath.Join(dir, "new"), filepath.Join(dir, "old")
	write(t, kept, "A=1\n", 0o644)
	if err := os.Chmod(kept, 0o664); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{created: 0o600, kept: 0o664} {
		if _, err := envfile.Set(path, name, "x"); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file, large := filepath.Join(dir, "file"), filepath.Join(dir, "large")
	write(t, file, "A=1\n", 0o600)
	write(t, large, strings.Repeat("A=1\n", 1<<18+1), 0o600)
	for path, reason := range map[string]string{
		dir:                                "not a file",
		large:                              "over 1024 KiB",
		filepath.Join(dir, "missing", "x"): "can't be written",
	} {
		if _, err := envfile.Set(path, name, "x"); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v, want %q", path, err, reason)
		}
	}
	for _, bad := range []string{"", "1A", "A B", "A=", "Ä", "A-B"} {
		if _, err := envfile.Set(file, bad, "x"); err == nil || !strings.Contains(err.Error(), "no name of a variable") {
			t.Errorf("name %q: %v", bad, err)
		}
	}
	for _, value := range []string{"", "a\nb", "a\rb", "a\x00b", `a\b`, "a`b", "${A}", `'"`, `'$`} {
		if _, err := envfile.Set(file, name, value); err == nil || !strings.Contains(err.Error(), "the value of "+name) {
			t.Errorf("value %q: %v", value, err)
		} else if value != "" && strings.Contains(err.Error(), value) && len(value) > 3 {
			t.Errorf("the error shows the value: %v", err)
		}
	}
	if got := read(t, file); got != "A=1\n" {
		t.Errorf("the file was changed: %q", got)
	}
}

func TestLinks(t *testing.T) {
	dir := t.TempDir()
	file, link, broken := filepath.Join(dir, "shared"), filepath.Join(dir, ".env"), filepath.Join(dir, "broken")
	write(t, file, "A=1\n", 0o600)
	if err := os.Symlink(file, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.Symlink(filepath.Join(dir, "gone"), broken); err != nil {
		t.Fatal(err)
	}
	if _, err := envfile.Set(link, name, "x"); err == nil || !strings.Contains(err.Error(), "leads to ") || !strings.Contains(err.Error(), "name the file itself") {
		t.Errorf("a link: %v", err)
	}
	if _, err := envfile.Set(broken, name, "x"); err == nil || !strings.Contains(err.Error(), "leads nowhere") {
		t.Errorf("a broken link: %v", err)
	}
	if got := read(t, file); got != "A=1\n" {
		t.Errorf("the file behind the link was changed: %q", got)
	}
}

// someLine is a line of such a file, and sometimes of none.
func someLine() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`(export )?(A|B|SOLATIS_WEBHOOK_SECRET_2)=("[a-z#\n]*"|'[a-z\n]*'|[a-z ]*)( # .*)?`),
		rapid.StringMatching(`#[ -~]{0,9}`),
		rapid.Just(""),
		rapid.String(),
	)
}

// TestNothingElseChanges: whatever is in the file, all that is left of it without the
// variable's own line is what was there.
func TestNothingElseChanges(t *testing.T) {
	dir := t.TempDir()
	own := regexp.MustCompile(`(?m)^` + name + `=.*\r?\n`)
	rapid.Check(t, func(t *rapid.T) {
		ending := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "ending")
		before := strings.Join(rapid.SliceOf(someLine()).Draw(t, "lines"), ending)
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{"first", "second"} {
			if _, err := envfile.Set(path, name, value); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte(name+"="+value)); n != 1 {
				t.Fatalf("%q: the value is there %d times", text, n)
			}
			rest := own.ReplaceAllString(string(text), "")
			if rest != before && rest != before+"\n" && rest != before+"\r\n" {
				t.Fatalf("was %q\nis  %q", before, rest)
			}
		}
	})
}

// TestAShellReadsIt holds what is written against the strictest reader there is.
func TestAShellReadsIt(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here:", err)
	}
	for _, before := range []string{"", "export " + name + "=x # note\n", name + "=\"x\ny\"\nA=1", name + "='x'\n"} {
		for _, value := range []string{"whsec_a-b_c", "a b", "#a", "a'b", `a"b`, "a$b", "$(touch x)", "~", "a;b&c|d", "*", "é", " a ", "!a", "a=b", "%A%", "a:b@c"} {
			path := filepath.Join(t.TempDir(), "env")
			write(t, path, before, 0o600)
			if _, err := envfile.Set(path, name, value); err != nil {
				t.Errorf("%q: %v", value, err)
				continue
			}
			out, err := exec.Command(sh, "-c", `. "$1" && printf %s "$`+name+`"`, "sh", path).CombinedOutput()
			if err != nil || string(out) != value {
				t.Errorf("%q reads as %q, %v:\n%s", value, out, err, read(t, path))
			}
		}
	}
}

func FuzzSet(f *testing.F) {
	for _, text := range []string{"", "A=1", "export A='\n'", name + "=\"\\\"\n", "\ufeff" + name + " = x # y\r\n", name + "=`", "=\x00"} {
		f.Add([]byte(text), "whsec_x")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, value string) {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		changed, err := envfile.Set(path, name, value)
		once := read(t, path)
		if err != nil && once != string(text) {
			t.Fatalf("%v, and %q became %q", err, text, once)
		}
		if err != nil {
			return
		}
		if !strings.Contains(once, name) || changed != (once != string(text)) {
			t.Fatalf("changed %v: %q became %q", changed, text, once)
		}
		if again, err := envfile.Set(path, name, value); err != nil || again {
			t.Fatalf("again: %v, %v: %q became %q", again, err, once, read(t, path))
		}
	})
}
