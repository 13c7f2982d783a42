package relay_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/relaytest"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	endpoint = wire.EndpointPath + relaytest.Endpoint
	// post begins a request that is right so far. Connection: close lets the relay end
	// the connection, so that a test needn't guess whether more will come.
	post = "POST " + endpoint + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	// kept is post without the close, for requests that have another one behind them.
	kept = "POST " + endpoint + " HTTP/1.1\r\nHost: localhost\r\n"
)

// stuck ends a test whose relay doesn't answer; it never decides one that passes.
const stuck = 20 * time.Second

// dial connects to a relay.
func dial(t *testing.T, r *listen.Embedded) *net.TCPConn {
	t.Helper()
	var host string
	if _, err := fmt.Sscanf(r.Relay("", "").URL, "ws://%s", &host); err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, "/")
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(stuck)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// after is what a sender does when it has written all.
type after int

const (
	waits after = iota
	ends        // its side of the connection
)

// exchange writes raw and returns the responses without their bodies, once the relay has
// ended the connection.
func exchange(t *testing.T, r *listen.Embedded, raw string, then after) (responses []*http.Response) {
	t.Helper()
	c := dial(t, r)
	wrote := make(chan struct{})
	go func() { // the relay may answer, and stop reading, before all is written
		defer close(wrote)
		_, _ = io.WriteString(c, raw)
		if then == ends {
			_ = c.CloseWrite()
		}
	}()
	in := bufio.NewReader(c)
	method, _, _ := strings.Cut(raw, " ") // an answer to HEAD has no body
	for {
		response, err := http.ReadResponse(in, &http.Request{Method: method})
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Fatal("the relay doesn't end the connection")
		}
		if err != nil {
			c.Close()
			<-wrote
			return responses
		}
		responses = append(responses, response)
	}
}

func statuses(responses []*http.Response) string {
	all := []string{}
	for _, r := range responses {
		all = append(all, fmt.Sprint(r.StatusCode))
	}
	return strings.Join(all, " ")
}

// log is what a stopped relay's store has.
func log(t *testing.T, folder string) []relay.Entry {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(folder, "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	entries, err := store.Read(t.Context(), relaytest.Endpoint, 0, 1000, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// run sends raw to a relay of its own, and returns the statuses and what was recorded.
func run(t *testing.T, raw string) (got []*http.Response, entries []relay.Entry) {
	t.Helper()
	folder := t.TempDir()
	r, stop := relaytest.Start(t, folder)
	got = exchange(t, r, raw, waits)
	stop()
	return got, log(t, folder)
}

// broken are requests that must not be taken, and the status that each gets.
var broken = []struct{ name, raw, status string }{
	// Length.
	{"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "400"},
	{"two lengths in one header", post + "Content-Length: 2, 3\r\n\r\nabc", "400"},
	{"negative length", post + "Content-Length: -1\r\n\r\nabc", "400"},
	{"signed length", post + "Content-Length: +3\r\n\r\nabc", "400"},
	{"hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc", "400"},
	{"length beyond 64 bits", post + "Content-Length: 18446744073709551619\r\n\r\nabc", "400"},
	{"length over the limit", post + "Content-Length: 33554433\r\n\r\nabc", "413"},
	{"body too short", post + "Content-Length: 10\r\n\r\nabc", "400"},
	{"large body too short", post + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 600_000), "400"},
	{"no body where one was said", post + "Content-Length: 1\r\n\r\n", "400"},

	// Chunks.
	{"HTTP/1.0 with chunks", "POST " + endpoint + " HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "411"},
	{"chunk longer than said", chunked("2\r\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk shorter than said", chunked("5\r\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk size no number", chunked("x\r\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk size negative", chunked("-3\r\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk size in C's hexadecimal", chunked("0x3\r\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk size empty", chunked("\r\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk size beyond 64 bits", chunked("10000000000000003\r\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk size with a bare LF", chunked("3\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk extension with a bare LF", chunked("3;a\nabc\r\n0\r\n\r\n"), "400"},
	{"chunk ended with a bare LF", chunked("3\r\nabc\n0\r\n\r\n"), "400"},
	{"cut within a chunk", chunked("5\r\nabc"), "400"},
	{"cut behind a chunk", chunked("3\r\nabc\r\n"), "400"},
	{"cut within a size", chunked("3\r\nabc\r\n1"), "400"},
	{"cut within a large chunk", chunked("f4240\r\n" + strings.Repeat("x", 600_000)), "400"},
	{"cut before the last line", chunked("3\r\nabc\r\n0\r\n"), "400"},
	{"chunks never begun", chunked(""), "400"},

	// Encoding.
	{"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "501"},
	{"chunked and something", post + "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "501"},
	{"another encoding", post + "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", "501"},
	{"chunked and a length, cut", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", "400"},
	{"a broken length beside chunked", post + "Content-Length: -3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "400"},

	// Header.
	{"space before the colon", post + "Content-Length : 3\r\n\r\nabc", "400"},
	{"header without a colon", post + "Content-Length 3\r\n\r\nabc", "400"},
	{"header without a name", post + ": 3\r\n\r\n", "400"},
	{"NUL in a header", post + "X-A: a\x00b\r\nContent-Length: 3\r\n\r\nabc", "400"},
	{"bare CR in a header", post + "X-A: a\rContent-Length: 3\r\n\r\nabc", "400"},
	{"folded before any header", "POST " + endpoint + " HTTP/1.1\r\n Host: localhost\r\n\r\n", "400"},
	{"header over 64 KiB", post + "X-A: " + strings.Repeat("a", 80<<10) + "\r\nContent-Length: 3\r\n\r\nabc", "431"},
	{"many headers over 64 KiB", post + strings.Repeat("X-A: aaaaaaaaaaaaaaaaaaaaaaaa\r\n", 4000) + "Content-Length: 3\r\n\r\nabc", "431"},
	{"no host", "POST " + endpoint + " HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "400"},
	{"two hosts", post + "Host: localhost\r\nContent-Length: 3\r\n\r\nabc", "400"},
	{"header never ended", post + "Content-Length: 0\r\n", "400"},

	// Request line.
	{"no HTTP", "\x16\x03\x01\x00\x00\r\n\r\n", "400"},
	{"no version", "POST " + endpoint + "\r\n\r\n", "400"},
	{"another version", "POST " + endpoint + " HTTP/3.0\r\nHost: localhost\r\n\r\n", "505"},
	{"space in the path", "POST " + endpoint + "/a b HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},
	{"broken escape", "POST " + endpoint + "/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},

	// Method and place.
	{"GET", strings.Replace(post, "POST", "GET", 1) + "\r\n", "405"},
	{"HEAD", strings.Replace(post, "POST", "HEAD", 1) + "\r\n", "405"},
	{"DELETE", strings.Replace(post, "POST", "DELETE", 1) + "Content-Length: 3\r\n\r\nabc", "405"},
	{"method in lower case", strings.Replace(post, "POST", "post", 1) + "Content-Length: 3\r\n\r\nabc", "405"},
	{"unknown endpoint", at("/e/ffffffffffffffffffffffffffffffff"), "404"},
	{"endpoint cut short", at(endpoint[:len(endpoint)-1]), "404"},
	{"endpoint with more behind", at(endpoint + "0"), "404"},
	{"no endpoint", at("/e/"), "404"},
	{"root", at("/"), "404"},
	{"elsewhere", at("/other"), "404"},
	{"dot segments before the endpoint", at("/e/../" + endpoint[1:]), "404"},
	{"dot segment in the endpoint's place", at("/e/./" + relaytest.Endpoint), "404"},
	{"escaped dot segments", at("/e/%2e%2e/e/" + relaytest.Endpoint), "404"},
	{"two slashes", at("/" + endpoint), "404"},
	{"escaped slash", at("/e%2F" + relaytest.Endpoint), "404"},
	{"escaped slash behind the endpoint", at(endpoint + "%2Fa"), "404"},
	{"backslash", at(`/e\` + relaytest.Endpoint), "404"},
	{"another host", "POST " + endpoint + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "421"},
	{"another host in the request line", at("http://evil.example" + endpoint), "421"},
}

func chunked(body string) string { return post + "Transfer-Encoding: chunked\r\n\r\n" + body }

func at(path string) string {
	return strings.Replace(post, endpoint, path, 1) + "Content-Length: 3\r\n\r\nabc"
}

// TestBrokenRequestsAreRefused sends each to one relay, so that what one leaves behind
// could be seen. Right ones stand around them.
func TestBrokenRequestsAreRefused(t *testing.T) {
	folder := t.TempDir()
	r, stop := relaytest.Start(t, folder)
	right := func(body string) {
		if got := statuses(exchange(t, r, post+"Content-Length: 5\r\n\r\n"+body, waits)); got != "200" {
			t.Errorf("a right request is answered %q", got)
		}
	}
	right("begin")
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			got := exchange(t, r, c.raw, ends)
			if statuses(got) != c.status {
				t.Errorf("answered %q, want %q", statuses(got), c.status)
			}
			for _, response := range got {
				if response.StatusCode == http.StatusMethodNotAllowed && response.Header.Get("Allow") != "POST" {
					t.Errorf("Allow is %q", response.Header.Get("Allow"))
				}
			}
		})
	}
	right("ended")
	stop()
	bodies := []string{}
	for _, e := range log(t, folder) {
		bodies = append(bodies, string(e.Request.Body))
	}
	if !slices.Equal(bodies, []string{"begin", "ended"}) {
		t.Errorf("recorded %q", bodies)
	}
}

// TestASenderThatGoes closes the whole connection, so that no answer is possible.
func TestASenderThatGoes(t *testing.T) {
	folder := t.TempDir()
	r, stop := relaytest.Start(t, folder)
	for _, raw := range []string{
		"", "P", kept, kept + "Content-Length: 10\r\n\r\n", kept + "Content-Length: 10\r\n\r\nabc",
		kept + "Content-Length: 900000\r\n\r\n" + strings.Repeat("x", 500_000),
		kept + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	} {
		for _, reset := range []bool{false, true} {
			c := dial(t, r)
			if _, err := io.WriteString(c, raw); err != nil {
				t.Fatal(err)
			}
			if reset {
				_ = c.SetLinger(0)
			}
			c.Close()
		}
	}
	stop() // waits for what is under way
	if entries := log(t, folder); len(entries) != 0 {
		t.Errorf("%d were recorded, the first with %q", len(entries), entries[0].Request.Body)
	}
}

// TestUnusualRequestsAreTakenWhole are requests that HTTP lets a server take, or that it
// must take. Each is recorded with exactly its body.
func TestUnusualRequestsAreTakenWhole(t *testing.T) {
	for _, c := range []struct{ name, raw, path, body string }{
		{"plain", post + "Content-Length: 3\r\n\r\nabc", "", "abc"},
		{"empty", post + "Content-Length: 0\r\n\r\n", "", ""},
		{"no length", post + "\r\n", "", ""},
		{"the same length twice", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "", "abc"},
		{"length with zeros in front", post + "Content-Length: 0003\r\n\r\nabc", "", "abc"},
		{"bare LF in the header", strings.ReplaceAll(post+"Content-Length: 6\r\n\r\n", "\r\n", "\n") + "a\r\nb\n\x00", "", "a\r\nb\n\x00"},
		{"chunks", chunked("1\r\na\r\n00002;x=y\r\nbc\r\n0\r\nX-Trailer: t\r\n\r\n"), "", "abc"},
		{"chunked in capitals", strings.Replace(chunked("3\r\nabc\r\n0\r\n\r\n"), "chunked", "CHUNKED", 1), "", "abc"},
		{"dot segments behind the endpoint", at(endpoint + "/a/../../b/%2e%2e//c"), "/a/../../b/%2e%2e//c", "abc"},
		{"escapes", at(endpoint + "/%2F%00%ff?q=%zz"), "/%2F%00%ff", "abc"},
		{"header just below 64 KiB", post + "X-A: " + strings.Repeat("a", 60<<10) + "\r\nContent-Length: 3\r\n\r\nabc", "", "abc"},
		{"HTTP/1.0", "POST " + endpoint + " HTTP/1.0\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", "", "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, entries := run(t, c.raw)
			if statuses(got) != "200" || len(entries) != 1 {
				t.Fatalf("answered %q, %d recorded", statuses(got), len(entries))
			}
			if r := entries[0].Request; string(r.Body) != c.body || r.Path != c.path {
				t.Errorf("recorded %q with %q", r.Path, r.Body)
			}
		})
	}
}

// follower is a right request that must not be seen behind a broken one.
const follower = post + "Content-Length: 8\r\n\r\nsmuggled"

// TestAFoldedHeaderIsOneValue: RFC 9112 section 5.2 lets a server put spaces in the
// fold's place. What is folded must not become a header of its own.
func TestAFoldedHeaderIsOneValue(t *testing.T) {
	got, entries := run(t, post+"X-A: a\r\n X-Solatis-Signature: b\r\n\tc\r\nContent-Length: 3\r\n\r\nabc")
	if statuses(got) == "400" && len(entries) == 0 {
		return
	}
	if statuses(got) != "200" || len(entries) != 1 {
		t.Fatalf("answered %q, %d recorded", statuses(got), len(entries))
	}
	header := entries[0].Request.Header
	if v := header["X-A"]; len(v) != 1 || v[0] != "a X-Solatis-Signature: b c" || header["X-Solatis-Signature"] != nil {
		t.Errorf("recorded %q", header)
	}
}

// TestChunkedWinsOverALength: RFC 9112 section 6.3 lets a server go by the chunks alone.
// What a proxy that goes by the length would take for a part of the body is then a
// request of its own, or is dropped with the connection, but is never mixed into the
// first one's body.
func TestChunkedWinsOverALength(t *testing.T) {
	for _, order := range []string{"Content-Length: 100\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"} {
		got, entries := run(t, kept+order+"\r\n3\r\nabc\r\n0\r\n\r\n"+follower)
		if statuses(got) == "400" && len(entries) == 0 {
			continue
		}
		bodies := []string{}
		for _, e := range entries {
			bodies = append(bodies, string(e.Request.Body))
		}
		if all := []string{"abc", "smuggled"}; len(bodies) == 0 || len(bodies) != len(got) || !slices.Equal(bodies, all[:min(len(all), len(bodies))]) {
			t.Fatalf("%s: answered %q, recorded %q", order, statuses(got), bodies)
		}
		if header := entries[0].Request.Header; header["Content-Length"] != nil || header["Transfer-Encoding"] != nil {
			t.Errorf("%s: the first has the header %q", order, header)
		}
	}
}

// TestNothingFollowsABrokenRequest puts a right request where a broken one ends, or
// seems to.
func TestNothingFollowsABrokenRequest(t *testing.T) {
	for name, raw := range map[string]string{
		"two lengths":       kept + "Content-Length: 0\r\nContent-Length: 3\r\n\r\n",
		"negative length":   kept + "Content-Length: -1\r\n\r\n",
		"chunk longer":      kept + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
		"bare LF in chunks": kept + "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
		"unknown encoding":  kept + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"space in a header": kept + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, entries := run(t, raw+follower)
			if len(got) != 1 || got[0].StatusCode < 400 || len(entries) != 0 {
				t.Errorf("answered %q, %d recorded", statuses(got), len(entries))
			}
		})
	}
}
