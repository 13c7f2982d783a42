package send_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
)

func answered(t rapid.TB, o delivery.Outcome, status int) {
	t.Helper()
	if o.Kind != delivery.Answered || o.Status != status || o.Error != "" {
		t.Fatalf("got %s, %d, %q; want an answer with %d", o.Kind, o.Status, o.Error, status)
	}
}

func TestNothingIsAdded(t *testing.T) {
	to, seen := recorder(t)
	s := sender(t, send.Options{})
	answered(t, s.Send(context.Background(), to, &event.Request{Method: "POST"}), 200)
	got := <-seen
	want := rawRequest{line: "POST / HTTP/1.1", header: []string{"Host: " + to.Address(), "Content-Length: 0"}}
	if got.line != want.line || !reflect.DeepEqual(got.header, want.header) || len(got.body) > 0 {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestForwardedAndHopByHop(t *testing.T) {
	to, seen := recorder(t)
	s := sender(t, send.Options{})
	r := post("{}")
	r.Path, r.RawQuery = "/a%2Fb/{x}", "q=%41"
	r.Host, r.Proto, r.Remote = "relay.test", "https", "192.0.2.7"
	maps.Copy(r.Header, event.Header{
		"Connection":          {"close, x-private", "Keep-Alive"},
		"X-Private":           {"1"},
		"Keep-Alive":          {"timeout=5"},
		"Proxy-Connection":    {"keep-alive"},
		"Te":                  {"trailers"},
		"Transfer-Encoding":   {"chunked"},
		"Upgrade":             {"h2c"},
		"Content-Length":      {"99"},
		"Host":                {"relay.test"},
		"X-Forwarded-For":     {"198.51.100.1", "198.51.100.2"},
		"X-Forwarded-Proto":   {"gopher"},
		"Accept-Encoding":     {"br"},
		"Expect":              {"100-continue"},
		"User-Agent":          {"Solatis/2", "second"},
		"X-Solatis-Signature": {"aa", "bb"},
	})
	before := fmt.Sprint(r.Header)
	answered(t, s.Send(context.Background(), to, r), 200)
	got := <-seen
	if got.line != "POST /a%2Fb/{x}?q=%41 HTTP/1.1" {
		t.Errorf("request line %q", got.line)
	}
	want := map[string][]string{
		"host":                {to.Address()},
		"content-length":      {"2"},
		"content-type":        {"application/json"},
		"x-forwarded-for":     {"198.51.100.1", "198.51.100.2, 192.0.2.7"},
		"x-forwarded-host":    {"relay.test"},
		"x-forwarded-proto":   {"https"},
		"accept-encoding":     {"br"},
		"expect":              {"100-continue"},
		"user-agent":          {"Solatis/2", "second"},
		"x-solatis-signature": {"aa", "bb"},
	}
	if !reflect.DeepEqual(got.values(), want) {
		t.Errorf("got  %v\nwant %v", got.values(), want)
	}
	if after := fmt.Sprint(r.Header); after != before {
		t.Errorf("Send changed the request's header: %s", after)
	}
}

// headers draws any valid header, in canonical form as the relay hands it on.
func headers() *rapid.Generator[event.Header] {
	const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}"
	name := rapid.Map(rapid.StringMatching(token), http.CanonicalHeaderKey).Filter(func(s string) bool {
		return !strings.HasPrefix(s, "X-Forwarded-") && !ownHeader[s]
	})
	name = rapid.OneOf(name, rapid.SampledFrom([]string{"User-Agent", "Accept-Encoding", "X-Solatis-Signature", "Cookie", "Expect"}))
	value := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 60), func(b []byte) string {
		b = slices.DeleteFunc(b, func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f })
		return strings.Trim(string(b), " \t")
	})
	return rapid.Map(rapid.MapOfN(name, rapid.SliceOfN(value, 1, 3), 0, 8), func(m map[string][]string) event.Header { return m })
}

// ownHeader are the names that are written anew or dropped.
var ownHeader = map[string]bool{
	"Host": true, "Content-Length": true, "Connection": true, "Keep-Alive": true, "Proxy-Connection": true,
	"Te": true, "Transfer-Encoding": true, "Upgrade": true, "Trailer": true,
}

func TestAnyBodyAndHeadersArriveUnchanged(t *testing.T) {
	to, seen := recorder(t)
	s := sender(t, send.Options{})
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.OneOf(
			rapid.SliceOfN(rapid.Byte(), 0, 300),
			rapid.Map(rapid.IntRange(0, 200_000), func(n int) []byte { return bytes.Repeat([]byte("\x00\r\n\xff"), n/4) }),
		).Draw(t, "body")
		r := &event.Request{Method: "POST", Header: headers().Draw(t, "header"), Body: body}
		answered(t, s.Send(context.Background(), to, r), 200)
		got := <-seen
		if !bytes.Equal(got.body, body) {
			t.Fatalf("another body: %d bytes, want %d", len(got.body), len(body))
		}
		values := got.values()
		delete(values, "host")
		delete(values, "content-length")
		want := make(map[string][]string)
		for name, v := range r.Header {
			want[strings.ToLower(name)] = v
		}
		if !reflect.DeepEqual(values, want) {
			t.Fatalf("got  %q\nwant %q", values, want)
		}
	})
}

func TestRefused(t *testing.T) {
	to, seen := recorder(t)
	s := sender(t, send.Options{})
	for name, change := range map[string]func(*event.Request){
		"path":         func(r *event.Request) { r.Path = "/%2e./admin" },
		"query":        func(r *event.Request) { r.RawQuery = "a b" },
		"no method":    func(r *event.Request) { r.Method = "" },
		"method":       func(r *event.Request) { r.Method = "PO ST" },
		"CONNECT":      func(r *event.Request) { r.Method = "CONNECT" },
		"header name":  func(r *event.Request) { r.Header["A b"] = []string{"x"} },
		"header value": func(r *event.Request) { r.Header["A"] = []string{"x\r\nB: y"} },
	} {
		r := post("")
		change(r)
		if o := s.Send(context.Background(), to, r); o.Kind != delivery.Refused || o.Error == "" {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if o := s.Send(context.Background(), send.Target{}, post("")); o.Kind != delivery.Refused {
		t.Errorf("no target: %+v", o)
	}
	select {
	case r := <-seen:
		t.Errorf("the app got %q", r)
	default:
	}
}
