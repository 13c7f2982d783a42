package relaycli

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/server"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/pflag"
)

// configOf is the server's configuration with some flags.
func configOf(t *testing.T, flags map[string]string) (server.Config, *strings.Builder) {
	t.Helper()
	var log strings.Builder
	o := &serve{app: &app{streams: term.Streams{Err: &log}, now: time.Now}}
	set := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	o.declare(set)
	for name, value := range flags {
		if err := set.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	c, err := o.config()
	if err != nil {
		t.Fatal(err)
	}
	return c, &log
}

// TestEveryFlagCounts sets each flag alone and wants the server to be told.
func TestEveryFlagCounts(t *testing.T) {
	values := map[string]string{
		"data": "/elsewhere", "listen": ":1", "http-listen": ":2", "admin-listen": "off", "public-url": "https://relay.example.com",
		"domain": "relay.example.com", "acme-email": "a@example.com", "acme-directory": "https://ca.example.com", "acme-ca": "ca.pem",
		"tls-cert": "cert.pem", "tls-key": "key.pem", "trusted-proxies": "127.0.0.1",
		"max-body": "1KiB", "backlog": "1", "backlog-bytes": "1KiB", "grace": "1s", "kept-bytes": "1KiB", "agent-retention": "1s",
		"rate-ip": "1/s", "rate-endpoint": "1/s", "rate-token": "off",
		"max-connections": "1", "max-connections-per-ip": "1", "max-agents": "1", "max-agents-per-owner": "1", "max-endpoints": "1", "allow-anonymous": "true",
	}
	needs := map[string]string{ // what a flag makes sense with
		"http-listen": "domain", "acme-email": "domain", "acme-directory": "domain", "acme-ca": "domain", "tls-cert": "tls-key", "tls-key": "tls-cert",
	}
	settingFlags().VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, "log-") {
			return
		}
		value, ok := values[f.Name]
		if !ok {
			t.Errorf("the test has no value for --%s", f.Name)
			return
		}
		without, with := map[string]string{}, map[string]string{f.Name: value}
		if other := needs[f.Name]; other != "" {
			with[other] = values[other]
			if !strings.HasPrefix(f.Name, "tls-") {
				without[other] = values[other]
			}
		}
		a, _ := configOf(t, without)
		b, _ := configOf(t, with)
		a.Log, b.Log, a.Now, b.Now = nil, nil, nil, nil
		if reflect.DeepEqual(a, b) {
			t.Errorf("--%s changes nothing", f.Name)
		}
	})
}

func TestLogFlagsCount(t *testing.T) {
	for _, c := range []struct{ format, level, want string }{
		{"text", "info", "level=INFO msg=hello"},
		{"json", "info", `"level":"INFO","msg":"hello"`},
		{"text", "warn", ""},
		{"json", "error", ""},
		{"text", "debug", "level=INFO msg=hello"},
	} {
		config, log := configOf(t, map[string]string{"log-format": c.format, "log-level": c.level})
		config.Log.Info("hello")
		if got := log.String(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s from %s on: %q", c.format, c.level, got)
		}
		if config.Log.Enabled(t.Context(), slog.LevelDebug) != (c.level == "debug") {
			t.Errorf("%s: debug lines are wrong", c.level)
		}
	}
}
