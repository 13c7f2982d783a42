package send_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/send"
)

func TestParseTarget(t *testing.T) {
	for in, want := range map[string]struct {
		text, address string
		hasPath       bool
	}{
		"3000":                           {"http://localhost:3000", "localhost:3000", false},
		":3000":                          {"http://localhost:3000", "localhost:3000", false},
		"3000/hooks":                     {"http://localhost:3000/hooks", "localhost:3000", true},
		":3000/path":                     {"http://localhost:3000/path", "localhost:3000", true},
		"localhost:3000":                 {"http://localhost:3000", "localhost:3000", false},
		"localhost:3000/":                {"http://localhost:3000", "localhost:3000", false},
		"LocalHost:03000/Path":           {"http://localhost:3000/Path", "localhost:3000", true},
		"localhost:3000/a/?x=1&y":        {"http://localhost:3000/a/?x=1&y", "localhost:3000", true},
		"localhost:3000?x=/":             {"http://localhost:3000/?x=/", "localhost:3000", false},
		"localhost:3000/a?next=http://b": {"http://localhost:3000/a?next=http://b", "localhost:3000", true},
		"http://localhost":               {"http://localhost", "localhost:80", false},
		"HTTP://localhost:80/a%2Fb":      {"http://localhost/a%2Fb", "localhost:80", true},
		"https://app.test":               {"https://app.test", "app.test:443", false},
		"https://app.test:443/x":         {"https://app.test/x", "app.test:443", true},
		"https://app.test:80":            {"https://app.test:80", "app.test:80", false},
		"127.0.0.1:5000":                 {"http://127.0.0.1:5000", "127.0.0.1:5000", false},
		"[::1]:3000":                     {"http://[::1]:3000", "[::1]:3000", false},
		"[0:0::1]:3000/a":                {"http://[::1]:3000/a", "[::1]:3000", true},
		"http://[::1]/a":                 {"http://[::1]/a", "[::1]:80", true},
		"my_app.localhost:8080":          {"http://my_app.localhost:8080", "my_app.localhost:8080", false},
		"unix:/run/app.sock":             {"unix:/run/app.sock", "unix:/run/app.sock", false},
		"unix:/run/app.sock:/":           {"unix:/run/app.sock", "unix:/run/app.sock", false},
		"unix:/run/app.sock:/hooks?x=1":  {"unix:/run/app.sock:/hooks?x=1", "unix:/run/app.sock", true},
		"unix:/run/app.sock:/?x=:/":      {"unix:/run/app.sock:/?x=:/", "unix:/run/app.sock", false},
		"unix:///run/app.sock:/a:/b":     {"unix:/run/app.sock:/a:/b", "unix:/run/app.sock", true},
		"unix:/run/Bärs app:1.sock":      {"unix:/run/Bärs app:1.sock", "unix:/run/Bärs app:1.sock", false},
		`unix:C:\run\app.sock:/hooks`:    {`unix:C:\run\app.sock:/hooks`, `unix:C:\run\app.sock`, true},
		"unix:c:/run/app.sock":           {"unix:c:/run/app.sock", "unix:c:/run/app.sock", false},
		"http://unix:3000":               {"http://unix:3000", "unix:3000", false},
	} {
		to, err := send.ParseTarget(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if to.String() != want.text || to.Address() != want.address || to.HasPath() != want.hasPath {
			t.Errorf("%s: got %s, %s, %v", in, to, to.Address(), to.HasPath())
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for in, reason := range map[string]string{
		"":                             "empty",
		" 3000":                        "white space",
		"localhost:3000/a b":           "white space",
		"localhost:3000\n":             "control character",
		"localhost:3000/\x7f":          "control character",
		"localhost:3000/ü":             "escaped",
		"localhost:\xff":               "escaped",
		"ftp://localhost:3000":         "scheme",
		"://localhost:3000":            "scheme",
		"file:///etc/passwd":           "scheme",
		"http://":                      "no host",
		"http://:3000":                 "no host",
		"http://user:pw@localhost":     "user name",
		"user@localhost:3000":          "user name",
		"localhost:3000/#top":          "fragment",
		"localhost":                    "no port",
		"localhost:":                   "no port follows",
		"http://localhost:":            "no port follows",
		"/webhooks":                    "no port",
		"0":                            "1 to 65535",
		"65536":                        "1 to 65535",
		"localhost:99999999999":        "1 to 65535",
		"localhost:-1":                 "1 to 65535",
		"localhost:http":               "1 to 65535",
		"::1:3000":                     "brackets",
		"[::1":                         "brackets",
		"[::1]x:3000":                  "brackets",
		"[localhost]:3000":             "brackets",
		"[127.0.0.1]:3000":             "brackets",
		"[fe80::1%eth0]:3000":          "brackets",
		`local\host:3000`:              "host name",
		"local%68ost:3000":             "host name",
		".:3000":                       "host name",
		"0:80":                         "a number",
		"http://2130706433:80/":        "a number",
		"localhost:3000//evil.test/":   "another host",
		"localhost:3000/a/../b":        "segment",
		"localhost:3000/%2e%2E/b":      "segment",
		"unix:":                        "absolute",
		"unix:3000":                    "absolute",
		"unix:app.sock":                "absolute",
		"unix:./app.sock":              "absolute",
		"unix://run/app.sock":          "absolute",
		"unix:////run/app.sock":        "no path of a socket",
		"unix:/":                       "no path of a socket",
		"unix:/run/":                   "no path of a socket",
		"unix:/run/app.sock:":          "no path follows",
		"unix:/run/app.sock?x=1":       "follows a colon",
		"unix:/run/app.sock#x":         "follows a colon",
		"unix:/run/app\x00.sock":       "control character",
		"unix:/run/app\xff.sock":       "control character",
		"unix:/run/app.sock:/a b":      "white space",
		"unix:/run/app.sock:/a/../b":   "segment",
		"unix:/run/app.sock://evil":    "another host",
		"http://localhost:3000/a/..%5": "", // a broken escape and no dot segment
	} {
		_, err := send.ParseTarget(in)
		if reason == "" {
			if err != nil {
				t.Errorf("%q: %v", in, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%q: accepted", in)
			continue
		}
		for _, part := range []string{reason, "localhost:3000/webhooks/solatis"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %q is not in the error %q", in, part, err)
			}
		}
	}
}

func TestURL(t *testing.T) {
	for _, c := range []struct{ target, path, query, want string }{
		{"3000", "", "", "http://localhost:3000/"},
		{"3000", "/", "", "http://localhost:3000/"},
		{"3000", "/hooks/a%20b%2Fc", "", "http://localhost:3000/hooks/a%20b%2Fc"},
		{"3000", "/a//b/", "x=%2e%2e&y", "http://localhost:3000/a//b/?x=%2e%2e&y"},
		{"3000", "/a..b/...", "", "http://localhost:3000/a..b/..."},
		{"3000", "/100%25", "", "http://localhost:3000/100%25"},
		{"3000", "/{id}|\xff", "q=\xff", "http://localhost:3000/{id}|\xff?q=\xff"},
		{"3000/own", "/extra", "", "http://localhost:3000/own"},
		{"3000/own?a=1", "/extra", "b=2", "http://localhost:3000/own?a=1&b=2"},
		{"3000?a=1", "/extra", "", "http://localhost:3000/extra?a=1"},
		{"3000?a=1", "", "", "http://localhost:3000/?a=1"},
		{"unix:/run/app.sock", "", "", "unix:/run/app.sock:/"},
		{"unix:/run/app.sock", "/extra", "q=1", "unix:/run/app.sock:/extra?q=1"},
		{"unix:/run/app.sock:/own", "/extra", "q=1", "unix:/run/app.sock:/own?q=1"},
	} {
		got, err := target(t, c.target).URL(c.path, c.query)
		if err != nil || got != c.want {
			t.Errorf("%s + %s ? %s: %s, %v; want %s", c.target, c.path, c.query, got, err, c.want)
		}
	}
}

var hostilePaths = []string{
	"/..", "/.", "/../admin", "/a/../b", "/a/./b", "/a/..",
	"/%2e%2e/x", "/%2E%2e", "/.%2e/", "/%2e", "/%252e%252e/", "/%25%32%65%2e",
	`/a\..\b`, "/a%5c..%5Cb", "/a%2f..%2Fb", "/..%2f", "/..%5c", "/%2e%2e%2fx", "/..;x=1/admin", "/..%3bx/",
	"//evil.test/", `/\evil.test`, "a", "../a",
	"/a b", "/a\tb", "/a\r\nX: y", "/a\x00", "/a?b", "/a#b",
	"/" + strings.Repeat("%25", 3) + strings.Repeat("25", 40),
}

func TestURLRefuses(t *testing.T) {
	for _, path := range hostilePaths {
		for _, to := range []string{"3000", "3000/own", "unix:/run/app.sock"} {
			if got, err := target(t, to).URL(path, ""); err == nil {
				t.Errorf("%s + %q: %s", to, path, got)
			}
		}
	}
	for _, query := range []string{"a b", "a\r\nX: y", "a#b", "a\x7f"} {
		if got, err := target(t, "3000").URL("", query); err == nil {
			t.Errorf("query %q: %s", query, got)
		}
	}
	if got, err := (send.Target{}).URL("", ""); err == nil {
		t.Errorf("no target: %s", got)
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"3000", ":3000/a?b", "https://app.test/x", "[::1]:80", "ftp://x", "a@b:1", "http://a:1//b", "1/%2e.",
		"unix:/run/app.sock", "unix:///run/app.sock:/a?b", "unix:/:/", "unix:C:/x:/y", "unix:/a:/b:/c", "unix:3000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		to, err := send.ParseTarget(s)
		if err != nil {
			return
		}
		again, err := send.ParseTarget(to.String())
		if err != nil || again != to {
			t.Fatalf("%q: %s reads back as %s, %v", s, to, again, err)
		}
		checkURL(t, to, "", "")
	})
}

func FuzzURL(f *testing.F) {
	for _, path := range hostilePaths {
		f.Add("3000", path, "a=b")
	}
	f.Add("https://app.test/own?x", "/fine/%41", "")
	f.Fuzz(func(t *testing.T, text, path, query string) {
		if to, err := send.ParseTarget(text); err == nil {
			checkURL(t, to, path, query)
		}
	})
}

// checkURL holds URL against net/url: whatever comes out leads to the target's host, and
// cleaning its decoded path takes nothing away.
func checkURL(t *testing.T, to send.Target, path, query string) {
	text, err := to.URL(path, query)
	if err != nil {
		return
	}
	if rest, ok := strings.CutPrefix(text, "unix:"); ok {
		checkSocketURL(t, to, rest)
		return
	}
	u, err := url.Parse(text)
	if err != nil {
		return // a lenient server may read what net/url doesn't; broken escapes, that is
	}
	base, err := url.Parse(to.String())
	if err != nil {
		return
	}
	if u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil || u.Fragment != "" {
		t.Fatalf("%s + %q leads to %q", to, path, text)
	}
	for segment := range strings.SplitSeq(strings.ReplaceAll(u.Path, `\`, "/"), "/") {
		if segment == "." || segment == ".." {
			t.Fatalf("%s + %q: %q has a dot segment", to, path, text)
		}
	}
	if to.HasPath() && u.EscapedPath() != base.EscapedPath() {
		t.Fatalf("%s + %q: another path, %q", to, path, text)
	}
}

// checkSocketURL holds that a URL leads to the target's socket, and that what the app sees
// of it is what it would see behind a host.
func checkSocketURL(t *testing.T, to send.Target, rest string) {
	socket := strings.TrimPrefix(to.Address(), "unix:")
	seen, ok := strings.CutPrefix(rest, socket+":/")
	if !ok || socket == "" {
		t.Fatalf("%s: %q leads elsewhere", to, rest)
	}
	path, query, _ := strings.Cut("/"+seen, "?")
	plain, err := send.ParseTarget("http://localhost:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.URL(path, query); err != nil {
		t.Fatalf("%s: %q would be refused behind a host: %v", to, rest, err)
	}
}
