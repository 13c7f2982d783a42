package send_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
)

func TestParseHeader(t *testing.T) {
	for in, want := range map[string]string{
		"X-Tenant: blue":          "X-Tenant=blue",
		"x-tenant:blue":           "X-Tenant=blue",
		"Authorization:  Basic x": "Authorization=Basic x",
		"X-Url: http://a:1/":      "X-Url=http://a:1/",
		"X-Name: Käthe\t2 ":       "X-Name=Käthe\t2",
	} {
		if name, value, err := send.ParseHeader(in); err != nil || name+"="+value != want {
			t.Errorf("%q: %s=%s, %v", in, name, value, err)
		}
	}
	for in, reason := range map[string]string{
		"":                      "no colon",
		"X-Tenant":              "no colon",
		": blue":                "not the name",
		"X Tenant: blue":        "not the name",
		"X-Tenant : blue":       "not the name",
		"Ä: blue":               "not the name",
		"X-Tenant:":             "no value",
		"X-Tenant: \t":          "no value",
		"X-Tenant: a\r\nX-B: c": "control character",
		"host: app.test":        "--host-header app.test",
		"content-length: 3":     "length",
		"Connection: close":     "single connection",
		"transfer-encoding: x":  "single connection",
		"Keep-Alive: 3":         "single connection",
		"TE: trailers":          "single connection",
		"Upgrade: h2c":          "single connection",
		"Trailer: X":            "single connection",
		"Proxy-Connection: x":   "single connection",
	} {
		if _, _, err := send.ParseHeader(in); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v, want %q", in, err, reason)
		}
	}
}

func TestExtraHeadersReplace(t *testing.T) {
	to, seen := recorder(t)
	s := sender(t, send.Options{Header: event.Header{
		"X-Tenant": {"blue", "green"}, "User-Agent": {"mine"}, "X-Forwarded-Proto": {"gopher"},
	}})
	r := post("{}")
	r.Proto = "https"
	r.Header["X-Tenant"], r.Header["X-Other"], r.Header["User-Agent"] = []string{"red"}, []string{"1", "2"}, []string{"Solatis/2", "x"}
	r.Header["x-tenant"] = []string{"yellow"} // from a relay that doesn't write names as ours does
	answered(t, s.Send(context.Background(), to, r), 200)
	want := map[string][]string{
		"host": {to.Address()}, "content-length": {"2"}, "content-type": {"application/json"}, "user-agent": {"mine"},
		"x-tenant": {"blue", "green"}, "x-other": {"1", "2"}, "x-forwarded-proto": {"gopher"},
	}
	if got := (<-seen).values(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if r.Header["X-Tenant"][0] != "red" {
		t.Error("Send changed the request's header")
	}
}

func TestHostHeader(t *testing.T) {
	to, seen := recorder(t)
	for _, c := range []struct {
		options    send.Options
		came, want string
	}{
		{send.Options{}, "relay.test", to.Address()},
		{send.Options{Host: "app.test:8080"}, "relay.test", "app.test:8080"},
		{send.Options{KeepHost: true}, "relay.test:99", "relay.test:99"},
		{send.Options{KeepHost: true}, "[::1]:99", "[::1]:99"},
		{send.Options{KeepHost: true}, "", to.Address()},
	} {
		r := post("{}")
		r.Host = c.came
		answered(t, sender(t, c.options).Send(context.Background(), to, r), 200)
		if got := (<-seen).values()["host"]; len(got) != 1 || got[0] != c.want {
			t.Errorf("%+v, came for %q: Host %q, want %s", c.options, c.came, got, c.want)
		}
	}
}

// TestAHostThatIsNone: what a relay says came in the Host header is nothing to trust.
func TestAHostThatIsNone(t *testing.T) {
	to, seen := recorder(t)
	s := sender(t, send.Options{KeepHost: true})
	for _, host := range []string{"a b", "a\r\nX: y", "a/b", "a@b", "a:b", "a:0", "ä.test", "[::1", "a:", " ", "unix~2f"} {
		r := post("{}")
		r.Host = host
		if o := s.Send(context.Background(), to, r); o.Kind != delivery.Refused {
			t.Errorf("%q: %+v", host, o)
		}
	}
	select {
	case r := <-seen:
		t.Errorf("the app got %q", r)
	default:
	}
}

func TestTrust(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	to := target(t, server.URL)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	trusting := &tls.Config{RootCAs: pool}
	answered(t, sender(t, send.Options{TLS: trusting}).Send(context.Background(), to, post("{}")), 200)
	answered(t, sender(t, send.Options{TLS: &tls.Config{InsecureSkipVerify: true}}).Send(context.Background(), to, post("{}")), 200)
	for name, options := range map[string]send.Options{"the system's": {}, "another name": {TLS: &tls.Config{RootCAs: pool, ServerName: "other.test"}}} {
		o := sender(t, options).Send(context.Background(), to, post("{}"))
		t.Log(name, o.Error)
		wantFailure(t, o, delivery.NoConnect, "--ca FILE, or don't verify it with --insecure")
	}
	// A Host header of another name doesn't change whose certificate is wanted.
	answered(t, sender(t, send.Options{TLS: trusting, Host: "other.test"}).Send(context.Background(), to, post("{}")), 200)
}

func FuzzParseHeader(f *testing.F) {
	for _, s := range []string{"X-A: b", "a:b:c", ": x", "Host: x", "X:\r\n", "X-\xff: y", "content-type: \t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, value, err := send.ParseHeader(s)
		if err != nil {
			return
		}
		again, same, err := send.ParseHeader(name + ": " + value)
		if err != nil || again != name || same != value || strings.ContainsAny(name+value, "\r\n\x00") {
			t.Fatalf("%q: %q %q reads back as %q %q, %v", s, name, value, again, same, err)
		}
	})
}
