package settings

import (
	"slices"
	"strings"
	"testing"
)

func TestParseRelayURL(t *testing.T) {
	tests := map[string]string{
		"https://relay.example.com":       "https://relay.example.com",
		"https://Relay.Example.COM/":      "https://relay.example.com",
		"HTTPS://relay.example.com:443":   "https://relay.example.com",
		"https://relay.example.com:08443": "https://relay.example.com:8443",
		"https://192.0.2.1:8443":          "https://192.0.2.1:8443",
		"https://[2001:DB8:0::1]":         "https://[2001:db8::1]",
		"http://localhost:8080":           "http://localhost:8080",
		"http://127.9.9.9":                "http://127.9.9.9",
		"http://[::1]:80/":                "http://[::1]",
	}
	for given, want := range tests {
		u, err := ParseRelayURL(given, false)
		must(t, err)
		equal(t, u.String(), want)
		again, err := ParseRelayURL(u.String(), false)
		must(t, err)
		equal(t, again.String(), want)
	}
}

func TestRelayURLsThatAreRefused(t *testing.T) {
	tests := map[string]string{
		"relay.example.com":                 "scheme",
		"relay.example.com:8443":            "https",
		"wss://relay.example.com":           "scheme",
		"ftp://relay.example.com":           "scheme",
		"https:relay.example.com":           "URL",
		"https://":                          "host name",
		"https:///":                         "host name",
		"https://relay.example.com/sub":     `path "/sub"`,
		"https://relay.example.com//":       "path",
		"https://relay.example.com?a":       "query",
		"https://relay.example.com?":        "query",
		"https://relay.example.com#":        "fragment",
		"https://u@relay.example.com":       "user name",
		"https://u:hunter2@relay.example":   "--token-stdin",
		"https://relay.example.com:0":       "port",
		"https://relay.example.com:":        "port",
		"https://relay.example.com:65536":   "port",
		"https://relay.example.com.":        "host name",
		"https://relay..example.com":        "host name",
		"https://relay example.com":         "URL",
		"https://bücher.example.com":        "xn--",
		"https://relay%2eexample.com":       "URL",
		"https://[fe80::1%25eth0]":          "IPv6",
		"https://[::1":                      "URL",
		"http://relay.example.com":          "--insecure-relay",
		"http://localhost.example.com":      "--insecure-relay",
		"http://10.0.0.1":                   "--insecure-relay",
		"http://0.0.0.0":                    "--insecure-relay",
		"https://u:hunter2@relay.example\n": "",
	}
	for given, part := range tests {
		u, err := ParseRelayURL(given, false)
		if err == nil {
			t.Errorf("%q is taken as %s", given, u)
			continue
		}
		checkError(t, err, part)
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	u, err := ParseRelayURL("http://relay.example.com", true)
	must(t, err)
	equal(t, u.String(), "http://relay.example.com")
}

func TestRelays(t *testing.T) {
	u := load(t, userFileWith(t, "[relays.team]\nurl = 'https://Team.example.com'\n[relays.again]\nurl = 'https://team.example.com/'\n"))
	must(t, u.AddRelay(Relay{"other", "http://relay.example.com:80"}))
	must(t, u.AddRelay(Relay{"team", "https://team.example.com"}))
	want := []Relay{{"again", "https://team.example.com"}, {"other", "http://relay.example.com"}, {"team", "https://team.example.com"}}
	if got := u.Relays(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	checkError(t, u.AddRelay(Relay{"team", "https://evil.example.com"}), "https://team.example.com already", "solatis relay remove team")
	checkError(t, u.AddRelay(Relay{"none", "https://a"}), `"none"`)
	checkError(t, u.AddRelay(Relay{"A", "https://a"}), `"A"`)
	checkError(t, u.AddRelay(Relay{"a", "https://a/b"}), "path")
	checkError(t, u.RemoveRelay("taem"), `"taem"`, "did you mean team?")
	for given, want := range map[string]Relay{
		"team":                         {"team", "https://team.example.com"},
		"https://TEAM.example.com:443": {"again", "https://team.example.com"},
		"https://new.example.com":      {"", "https://new.example.com"},
	} {
		if got, err := u.Relay(given); err != nil || got != want {
			t.Errorf("%s: got %q, %v", given, got, err)
		}
	}
	_, err := u.Relay("teem")
	checkError(t, err, `"teem"`, "did you mean team?")
	_, err = u.Relay("https://a/b")
	checkError(t, err, "path")

	must(t, u.Set("work", "relay", "team"))
	checkError(t, u.RemoveRelay("team"), "profile work", "solatis relay use none --profile work")
	must(t, u.Set("work", "relay", NoRelay))
	must(t, u.RemoveRelay("team"))
}
