package doctor_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/doctor"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/send"
)

var quiet = log.New(io.Discard, "", 0)

const canary = "slt_canary-token-that-nobody-may-see"

// newRelay is the real thing, with one token.
func newRelay(t *testing.T) http.Handler {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "relay.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return relay.New(relay.Config{
		Store: store, Limits: relay.DefaultLimits, MaxBody: relay.DefaultMaxBody,
		Authority: relay.SingleEndpoint{ID: strings.Repeat("ab", 16), Token: canary},
	})
}

func answering(status int, text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, text, status) })
}

// dated says another time than it is.
func dated(h http.Handler, by time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
		h.ServeHTTP(w, r)
	})
}

func token(token, where string, err error) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) { return token, where, err }
}

// examine runs all checks and returns them by name. No result may tell the token.
func examine(t *testing.T, c doctor.Config) map[string]doctor.Result {
	t.Helper()
	home := t.TempDir()
	if c.Env == nil {
		c.Env = func(name string) string {
			return map[string]string{"SOLATIS_HOME": home, "SOLATIS_KEYRING": "off"}[name]
		}
	}
	found := make(map[string]doctor.Result)
	for _, r := range doctor.Run(t.Context(), c, func(doctor.Result) {}) {
		if strings.Contains(r.Found+r.Mend, canary) {
			t.Errorf("the token is told: %+v", r)
		}
		if r.Status == doctor.Fail && r.Mend == "" {
			t.Errorf("what to do is missing: %+v", r)
		}
		found[r.Check] = r
	}
	return found
}

// wantBroken wants the first failure at a link, and what it says.
func wantBroken(t *testing.T, c doctor.Config, link, found, mend string) {
	t.Helper()
	results := examine(t, c)
	got := results[link]
	if got.Status != doctor.Fail || !strings.Contains(got.Found, found) || !strings.Contains(got.Mend, mend) {
		t.Errorf("got %+v, want a failure with %q and %q", got, found, mend)
	}
	for name, r := range results {
		if r.Status == doctor.Fail && name != link {
			t.Errorf("%s is said to be broken too: %+v", name, r)
		}
	}
}

func TestWayThatHolds(t *testing.T) {
	a := newAuthority(t)
	now := time.Now()
	origin := a.serve(t, newRelay(t), "", now.Add(-time.Hour), now.AddDate(0, 2, 0))
	results := examine(t, doctor.Config{Relay: &doctor.Relay{
		Name: "work", Origin: origin, TLS: a.trusted(), Token: token(canary, "the keyring", nil),
	}})
	for _, name := range []string{"folders", "settings", "history", "relay", "token", "proxy", "dns", "tcp", "tls", "clock", "websocket", "access"} {
		if r := results[name]; r.Status != doctor.OK {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := results["token"]; !strings.Contains(r.Found, "the keyring") {
		t.Errorf("token: %+v", r)
	}
	if r := results["app"]; r.Status != doctor.Skipped || !strings.Contains(r.Found, "--forward") {
		t.Errorf("app: %+v", r)
	}
}

func TestWayBrokenAtEachLink(t *testing.T) {
	a, now := newAuthority(t), time.Now()
	month, hour := now.AddDate(0, 1, 0), now.Add(-time.Hour)
	good := func(h http.Handler) *url.URL { return a.serve(t, h, "", hour, month) }
	plain := httptest.NewServer(answering(200, "hello"))
	t.Cleanup(plain.Close)
	web := parse(t, plain.URL)
	tests := map[string]struct {
		origin            *url.URL
		trust             *tls.Config
		token             string
		tokenErr          error
		now               time.Time
		link, found, mend string
	}{
		"no such host":    {origin: parse(t, "https://relay.invalid"), link: "dns", found: "relay.invalid", mend: ""},
		"nobody there":    {origin: parse(t, "https://"+free(t)), link: "tcp", found: "refused", mend: "firewall"},
		"plain http":      {origin: parse(t, "https://"+web.Host), link: "tls", found: "without TLS", mend: "port"},
		"unknown issuer":  {origin: good(newRelay(t)), trust: new(tls.Config), link: "tls", found: "Test Authority", mend: "--relay-ca"},
		"another host":    {origin: a.serve(t, newRelay(t), "other.example", hour, month), link: "tls", found: "another host", mend: "URL"},
		"expired":         {origin: a.serve(t, newRelay(t), "", now.AddDate(-1, 0, 0), hour), link: "tls", found: "valid from", mend: "who runs the relay"},
		"clock is behind": {origin: good(newRelay(t)), trust: new(tls.Config), now: now.AddDate(-3, 0, 0), link: "tls", found: "this machine's is wrong", mend: "set this machine's clock"},
		"no relay there":  {origin: good(answering(404, "nothing here")), link: "websocket", found: "no solatis relay is there", mend: "URL"},
		"relay is closed": {origin: good(answering(503, "draining")), link: "websocket", found: "draining", mend: "try again"},
		"no upgrade":      {origin: good(answering(200, "a page")), link: "websocket", found: "200", mend: "Upgrade"},
		"wrong token":     {origin: good(newRelay(t)), token: canary + "x", link: "access", found: "doesn't take the token from the keyring", mend: "solatis relay add work https://127.0.0.1:"},
		"no token":        {origin: good(newRelay(t)), token: "-", link: "access", found: "wants a token", mend: "--token-stdin"},
		"unreadable":      {origin: good(newRelay(t)), tokenErr: errors.New("open to others"), link: "token", found: "open to others", mend: "--token-stdin"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := &doctor.Relay{Name: "work", Origin: tt.origin, TLS: a.trusted()}
			if tt.trust != nil {
				r.TLS = tt.trust
			}
			secret := map[string]string{"": canary, "-": ""}[tt.token]
			if len(tt.token) > 1 {
				secret = tt.token
			}
			r.Token = token(secret, "the keyring", tt.tokenErr)
			c := doctor.Config{Relay: r}
			if !tt.now.IsZero() {
				c.Now = func() time.Time { return tt.now }
			}
			wantBroken(t, c, tt.link, tt.found, tt.mend)
		})
	}
}

// free is an address of this machine on which nothing listens.
func free(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func TestWayWorthALook(t *testing.T) {
	a, now := newAuthority(t), time.Now()
	soon := a.serve(t, newRelay(t), "", now.Add(-time.Hour), now.AddDate(0, 0, 3))
	late := a.serve(t, dated(newRelay(t), 10*time.Minute), "", now.Add(-time.Hour), now.AddDate(0, 1, 0))
	tests := []struct {
		origin      *url.URL
		link, found string
	}{
		{soon, "tls", "ends in 72h"},
		{late, "clock", "behind the relay's"},
		{parse(t, "http://relay.invalid"), "relay", "without TLS"},
	}
	for _, tt := range tests {
		results := examine(t, doctor.Config{Relay: &doctor.Relay{Origin: tt.origin, TLS: a.trusted(), Token: token(canary, "a file", nil)}})
		if r := results[tt.link]; r.Status != doctor.Warn || !strings.Contains(r.Found, tt.found) || r.Mend == "" {
			t.Errorf("got %+v, want a warning with %q", r, tt.found)
		}
	}
}

func TestUnknownRelay(t *testing.T) {
	wantBroken(t, doctor.Config{RelayErr: errors.New("there is no relay wrok")}, "relay", "wrok", "solatis relay list")
}

func TestApp(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent to the app") }))
	defer srv.Close()
	target := func(s string) *send.Target {
		parsed, err := send.ParseTarget(s)
		if err != nil {
			t.Fatal(err)
		}
		return &parsed
	}
	_, port, _ := net.SplitHostPort(parse(t, srv.URL).Host)
	for _, s := range []string{srv.URL, "localhost:" + port} {
		if r := examine(t, doctor.Config{Target: target(s)})["app"]; r.Status != doctor.OK {
			t.Errorf("%s: %+v", s, r)
		}
	}
	down := target(free(t))
	wantBroken(t, doctor.Config{Target: down}, "app", "could not connect to "+down.Address(), "start your app")
	wsl := func() string { return "Linux version 5.15.153.1-microsoft-standard-WSL2" }
	wantBroken(t, doctor.Config{Target: down, Kernel: wsl}, "app", "inside WSL", "networkingMode=mirrored")
}

func TestMachine(t *testing.T) {
	if r := examine(t, doctor.Config{})["loopback"]; r.Status != doctor.OK || !strings.Contains(r.Found, "solatis relay add") {
		t.Errorf("%+v", r)
	}
	if r := examine(t, doctor.Config{})["keyring"]; r.Status != doctor.OK || !strings.Contains(r.Found, "SOLATIS_KEYRING=off") {
		t.Errorf("%+v", r)
	}
	bad := doctor.Config{SettingsErr: errors.New("config.toml:3: unknown key")}
	wantBroken(t, bad, "settings", "config.toml:3", "solatis config path")
	nowhere := doctor.Config{Env: func(name string) string { return map[string]string{"SOLATIS_HOME": "/dev/null"}[name] }}
	wantBroken(t, nowhere, "folders", "/dev/null", "SOLATIS_HOME")
}
