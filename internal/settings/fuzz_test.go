package settings

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

// FuzzUserFile gives the parser any text, and wants that a file it takes can be changed
// without losing anything, or is refused.
func FuzzUserFile(f *testing.F) {
	for _, text := range []string{
		"", "config_version = 1", flushLeft(commented), "profile = 'a'\n[profiles.a]\nport = 1\n[relays.b]\nurl = 'http://b'",
		"profiles = { a = { port = 1 } }", "[profiles]\na.port = 1", "[profiles.a]\nevents = [\n'*', # x\n]\n",
		"[profiles.\"a\"]\n\"forward\" = '''x'''", "[profiles.a]\r\nport = 1\r\n", "[[profiles.a]]", "x = [[[[",
	} {
		f.Add([]byte(text), "3000")
	}
	f.Fuzz(func(t *testing.T, text []byte, target string) {
		d, err := parseUser("config.toml", text)
		if err != nil {
			return
		}
		before := d.clone()
		u := &User{path: "config.toml", doc: d}
		wasThere := slices.Contains(u.Profiles(), "new")
		if err := u.Set("new", "forward", target); err != nil {
			return
		}
		if got, _ := u.Get("new", "forward"); got != target {
			t.Fatalf("set to %q, it is %q in:\n%s", target, got, u.doc.text)
		}
		again, err := parseUser("config.toml", u.doc.text)
		if err != nil {
			t.Fatalf("what was written can't be read: %v\n%s", err, u.doc.text)
		}
		for profile, values := range before.profiles {
			for key, value := range values {
				if got := again.profiles[profile][key]; got != value && (profile != "new" || key != "forward") {
					t.Fatalf("%s of %s was %q, it is %q", key, profile, value, got)
				}
			}
		}
		if !wasThere {
			if err := u.DeleteProfile("new"); err != nil {
				t.Fatalf("the new profile can't be deleted: %v\n%s", err, u.doc.text)
			}
		}
	})
}

// FuzzProjectFile gives the parser any text, and wants that nothing gets in that a
// stranger may not set, nor anything that a terminal could be fooled with.
func FuzzProjectFile(f *testing.F) {
	for _, text := range []string{
		"", "config_version = 1\nforward = '3000'", "relay = 'https://evil.example.com'", "'relay' = 'x'", "forward = \"\\u001b\"",
		"events = ['task.*']\nmethods = ['post']\nport = 1\ntimeout = '1s'", "values = {relay = 'x'}", "Relay = 'x'", "port = 0x7f",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := parseProject("solatis.toml", text)
		if err != nil {
			return
		}
		for _, k := range keys {
			value, ok := p.Get(k.Name)
			if ok && !k.Project {
				t.Errorf("the project sets %s", k.Name)
			}
			if ok && (k.Check(value) != nil || strings.ContainsFunc(value, unicode.IsControl)) {
				t.Errorf("the project sets %s to %q", k.Name, value)
			}
		}
	})
}
