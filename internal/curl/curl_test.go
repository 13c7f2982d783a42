package curl_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/curl"
	"github.com/solatis/solatis-cli/internal/event"
	"pgregory.net/rapid"
)

// arrived is a request as the receiver got it.
type arrived struct {
	method, uri, host string
	header            http.Header
	body              []byte
}

// receiver takes requests and hands on what it got.
type receiver struct {
	url string
	got chan arrived
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	header := req.Header.Clone()
	header.Del("Content-Length")
	r.got <- arrived{req.Method, req.RequestURI, req.Host, header, body}
}

func newReceiver(t *testing.T) *receiver {
	needsShell(t)
	r := &receiver{got: make(chan arrived, 1)}
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	r.url = srv.URL
	return r
}

func needsShell(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed, so the printed command can't be run", program)
		}
	}
}

// failer is what *testing.T and *rapid.T share.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// runShell runs a command through sh, as from a file: a command that is one argument of sh
// would be bounded in its length.
func runShell(t failer, command string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh")
	cmd.Stdin = strings.NewReader(command + "\n")
	cmd.Env = append(os.Environ(), "HOME=/nonexistent", "http_proxy=", "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%.2000s", err, out, command)
	}
}

// check runs the command for a request and wants exactly this request to arrive.
func (r *receiver) check(t failer, method, path string, header event.Header, body []byte) {
	t.Helper()
	command := curl.Command(method, r.url+path, header, body)
	runShell(t, command)
	got := <-r.got
	if got.method != method || got.uri != path {
		t.Fatalf("%s %s arrived as %s %s by\n%s", method, path, got.method, got.uri, command)
	}
	if !bytes.Equal(got.body, body) {
		t.Fatalf("the body %.500q arrived as %.500q by\n%.2000s", body, got.body, command)
	}
	if !maps.EqualFunc(map[string][]string(got.header), map[string][]string(header), slices.Equal) {
		t.Fatalf("the headers %q arrived as %q by\n%s", header, got.header, command)
	}
}

func TestArrivesAsItIs(t *testing.T) {
	r := newReceiver(t)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	json := event.Header{"Content-Type": {"application/json"}}
	for _, c := range []struct {
		name, method, path string
		header             event.Header
		body               string
	}{
		{"an event", "POST", "/hooks?a=b&c=d", event.Header{"Content-Type": {"application/json"}, "User-Agent": {"Solatis-Webhooks/2.0"}, "X-Solatis-Signature": {"00ff"}}, `{"id":"evt_1","data":{"s":"it's €5 & \"more\" $HOME !! 100% \\n"}}`},
		{"no header", "POST", "/", nil, "x=1"},
		{"no body", "POST", "/", json, ""},
		{"a file's name", "POST", "/", json, "@/etc/passwd"},
		{"an option", "POST", "/", json, "--help"},
		{"an option of printf's", "POST", "/", json, "-v\x00"},
		{"dashes", "POST", "/", json, "--\x00"},
		{"line breaks at the end", "POST", "/", json, "a\n\n"},
		{"carriage returns", "POST", "/", json, "a\r\nb\r"},
		{"NUL", "POST", "/", json, "a\x00b\x001"},
		{"all bytes", "POST", "/", json, string(every)},
		{"all bytes backwards, twice", "POST", "/", json, string(every) + string(every)},
		{"octal digits behind an escape", "POST", "/", json, "\x01777\x0007"},
		{"formats", "POST", "/", json, "%s %d %% %n \\ \\\\ \\t\t"},
		{"bidi", "POST", "/", json, "a\u202eb\u200d\ufeff"},
		{"not UTF-8", "POST", "/", json, "caf\xe9 \xff\xfe"},
		{"over an argument's length", "POST", "/", json, strings.Repeat("'é%\\", 60_000)},
		{"over a mebibyte, where curl would ask first", "POST", "/", json, strings.Repeat("x", 1<<20+1)},
		{"headers", "POST", "/", event.Header{
			"X-Empty": {""}, "X-Twice": {"b", "", "a"}, "X-Quote": {`it's "so" $(id) \`}, "X-Bytes": {"caf\xe9\tx"},
			"Accept": {"text/plain", "*/*"}, "Expect-Ct": {"max-age=0"}, "User-Agent": {""},
		}, "x"},
		{"PUT", "PUT", "/", json, "x"},
		{"PUT without a body", "PUT", "/", json, ""},
		{"GET", "GET", "/", nil, ""},
		{"GET with a body", "GET", "/", json, "x"},
		{"HEAD", "HEAD", "/", nil, ""},
		{"DELETE", "DELETE", "/x", nil, ""},
		{"a path that curl would change", "POST", "/a/../b/./[1-2]/{x,y}?q=[a]", json, "x"},
	} {
		t.Run(c.name, func(t *testing.T) { r.check(t, c.method, c.path, c.header, []byte(c.body)) })
	}
}

func TestHostIsThatOfTheHeader(t *testing.T) {
	r := newReceiver(t)
	runShell(t, curl.Command("POST", r.url, event.Header{"Host": {"hooks.example:8080"}}, []byte("x")))
	if got := <-r.got; got.host != "hooks.example:8080" {
		t.Errorf("host %q", got.host)
	}
}

// TestFraming holds that the headers of another body's framing don't spoil this one's, and
// that nothing smuggles a header in.
func TestFraming(t *testing.T) {
	r := newReceiver(t)
	command := curl.Command("POST", r.url, event.Header{
		"Content-Length": {"3"}, "Transfer-Encoding": {"chunked"}, "content-type": {"text/plain"},
		"X-Evil": {"a\r\nX-Smuggled: 1"}, "@/etc/passwd": {"x"}, "A: b": {"c"},
	}, []byte("longer than three"))
	runShell(t, command)
	got := <-r.got
	if string(got.body) != "longer than three" {
		t.Errorf("body %q", got.body)
	}
	if want := (http.Header{"Content-Type": {"text/plain"}}); !maps.EqualFunc(got.header, want, slices.Equal) {
		t.Errorf("headers %q", got.header)
	}
}

func TestUnixSocket(t *testing.T) {
	needsShell(t)
	path := filepath.Join(t.TempDir(), "it's.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{got: make(chan arrived, 1)}
	srv := &http.Server{Handler: r}
	defer srv.Close()
	go srv.Serve(listener)
	runShell(t, curl.Socket(path, "POST", "http://localhost/hooks", nil, []byte("x")))
	if got := <-r.got; got.host != "localhost" || got.uri != "/hooks" || string(got.body) != "x" {
		t.Errorf("arrived: %+v", got)
	}
}

// TestReadable holds the form that people see.
func TestReadable(t *testing.T) {
	got := curl.Command("POST", "http://localhost:3000/hooks", event.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Solatis-Webhooks/2.0"}, "X-Solatis-Signature": {"00ff"},
	}, []byte(`{"s":"it's"}`))
	const want = `curl http://localhost:3000/hooks \
  -H 'Content-Type: application/json' \
  -H 'User-Agent: Solatis-Webhooks/2.0' \
  -H 'X-Solatis-Signature: 00ff' \
  -H Accept: -H Expect: \
  --data-raw '{"s":"it'"'"'s"}'`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestAnything sends any bytes through the real shell and the real curl.
func TestAnything(t *testing.T) {
	r := newReceiver(t)
	awkward := rapid.SliceOfN(rapid.OneOf(
		rapid.Byte(), rapid.SampledFrom([]byte("\x00\x01\r\n\t '\"\\$`%@!-07{}[]~#&;|<>*?")),
	), 0, 60)
	value := rapid.StringMatching(`([!-~\x80-\xff]([ -~\t]{0,8}[!-~])?)?`)
	rapid.Check(t, func(t *rapid.T) {
		header := event.Header{}
		for name, values := range rapid.MapOfN(rapid.StringMatching(`X-[A-Z][a-z!#$%&'*+.^_~0-9]{0,5}`), rapid.SliceOfN(value, 1, 3), 0, 3).Draw(t, "headers") {
			header[http.CanonicalHeaderKey(name)] = values
		}
		r.check(t, "POST", "/x", header, awkward.Draw(t, "body"))
	})
}

// FuzzQuoting looks at what sh makes of the command's words; curl itself is left out, so
// that many can be tried.
func FuzzQuoting(f *testing.F) {
	f.Add("it's", []byte("it's $HOME `id` \x00 100%"))
	f.Add("", []byte(""))
	f.Add("caf\xe9 \u202e", []byte("@x\n\n"))
	f.Add("-\xff", []byte("-\x00"))
	f.Add("$(id)\\", []byte("\\0777%s'"))
	f.Fuzz(func(t *testing.T, value string, body []byte) {
		if _, err := exec.LookPath("sh"); err != nil {
			t.Skip("sh is not installed")
		}
		if len(body) > 4<<10 || len(value) > 4<<10 {
			return
		}
		dir := t.TempDir()
		fake := "#!/bin/sh\nfor a; do printf '%s\\000' \"$a\"; done > " + dir + "/args\ncase $* in *@-) cat > " + dir + "/stdin;; esac\n"
		if err := os.WriteFile(filepath.Join(dir, "curl"), []byte(fake), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh")
		cmd.Stdin = strings.NewReader(curl.Command("POST", "http://localhost", event.Header{"X-Value": {value}}, body))
		cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "LC_ALL=C"}
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%v: %s", err, out)
		}
		text, err := os.ReadFile(filepath.Join(dir, "args"))
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
		want := "X-Value: " + value
		if strings.Trim(value, " \t") == "" {
			want = "X-Value;"
		}
		if sendable := !strings.ContainsAny(value, "\r\n\x00"); slices.Contains(args, want) != sendable {
			t.Fatalf("no word is %q, but %q", want, args)
		}
		sent := []byte(args[len(args)-1])
		if string(sent) == "@-" && args[len(args)-2] == "--data-binary" {
			if sent, err = os.ReadFile(filepath.Join(dir, "stdin")); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(sent, body) {
			t.Fatalf("the body %q became %q", body, sent)
		}
	})
}
