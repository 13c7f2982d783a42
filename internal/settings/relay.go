package settings

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/solatis/solatis-cli/internal/nearest"
)

// NoRelay stands where the name of a relay could, and means the one that is embedded in
// solatis listen.
const NoRelay = "none"

// Relay is a public relay that the developer knows by a name.
type Relay struct {
	Name string // "" for one that was given by its URL and has none
	URL  string // its origin: scheme://host or scheme://host:port, in lower case
}

// Relays are the relays of the user file, sorted by name.
func (u *User) Relays() []Relay { return u.doc.sortedRelays() }

func (c content) sortedRelays() []Relay {
	all := make([]Relay, 0, len(c.relays))
	for name, origin := range c.relays {
		all = append(all, Relay{name, origin})
	}
	slices.SortFunc(all, func(a, b Relay) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// AddRelay adds a relay under its name. Once more with the same URL is no error; with
// another one it is, since the token that is kept for the name belongs to the first. That
// the URL is safe to use is ParseRelayURL's to say, before.
func (u *User) AddRelay(r Relay) error {
	if err := CheckName("relay", r.Name); err != nil {
		return err
	}
	if r.Name == NoRelay {
		return fmt.Errorf("relay %q: the word stands for the embedded relay, so choose another name", r.Name)
	}
	parsed, err := ParseRelayURL(r.URL, true)
	if err != nil {
		return err
	}
	origin := parsed.String()
	return u.change(func(d document) (document, error) {
		switch there := d.relays[r.Name]; there {
		case origin:
			return d, nil
		case "":
			return d.set([]string{"relays", r.Name}, "url", quote(origin), func(c *content) { c.relays[r.Name] = origin })
		default:
			return document{}, fmt.Errorf("relay %s is %s already: choose another name, or remove it first, as in solatis relay remove %s", r.Name, there, r.Name)
		}
	})
}

// RemoveRelay removes a relay. One that a profile uses is refused: its next session would
// otherwise listen somewhere else than meant.
func (u *User) RemoveRelay(name string) error {
	return u.change(func(d document) (document, error) {
		if _, ok := d.relays[name]; !ok {
			return document{}, d.unknownRelay(name)
		}
		for _, profile := range d.names() {
			if d.profiles[profile]["relay"] == name {
				return document{}, fmt.Errorf("relay %s is used by the profile %s: choose another one for it first, as in solatis relay use none --profile %s", name, profile, profile)
			}
		}
		return d.drop([]string{"relays", name}, func(c *content) { delete(c.relays, name) })
	})
}

// Relay finds a relay by its name or its URL. A URL that no relay of the file has is a
// relay without a name; of two names for one URL it is the first in the alphabet. Before
// connecting, ParseRelayURL says whether the URL is safe.
func (u *User) Relay(nameOrURL string) (Relay, error) { return u.doc.relay(nameOrURL) }

func (c content) relay(nameOrURL string) (Relay, error) {
	if !strings.Contains(nameOrURL, "://") {
		if origin, ok := c.relays[nameOrURL]; ok {
			return Relay{nameOrURL, origin}, nil
		}
		return Relay{}, c.unknownRelay(nameOrURL)
	}
	parsed, err := ParseRelayURL(nameOrURL, true)
	if err != nil {
		return Relay{}, err
	}
	for _, r := range c.sortedRelays() {
		if r.URL == parsed.String() {
			return r, nil
		}
	}
	return Relay{URL: parsed.String()}, nil
}

func (c content) unknownRelay(name string) error {
	if match, ok := nearest.Match(name, slices.Sorted(maps.Keys(c.relays))); ok {
		return fmt.Errorf("there is no relay %q: did you mean %s?", name, match)
	}
	return fmt.Errorf("there is no relay %q: add it, as in solatis relay add NAME https://relay.example.com", name)
}

const relayForm = "write it like https://relay.example.com"

// ParseRelayURL reads the URL of a relay and returns its origin, from which String makes
// the normal form: scheme, host in lower case, and the port unless the scheme implies it.
// The scheme is https; http is taken for loopback, and for any host if insecure.
//
// A path is refused, even if a proxy may put a relay below one: tokens are bound to
// origins, and what shares an origin could then not be told apart.
func ParseRelayURL(s string, insecure bool) (*url.URL, error) {
	origin, err := parseOrigin(s)
	if err == nil && origin.Scheme == "http" && !insecure && !isLoopback(origin.Hostname()) {
		err = errors.New("without TLS everybody on the way can read the token and the webhooks; use https, or --insecure-relay if you trust the network")
	}
	if err != nil {
		return nil, fmt.Errorf("relay URL %q: %w", withoutUser(s), err)
	}
	return origin, nil
}

func parseOrigin(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "":
		return nil, fmt.Errorf("it can't be read as a URL; %s", relayForm)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the scheme is neither https nor http; %s", relayForm)
	case u.User != nil:
		return nil, fmt.Errorf("it holds a user name or password; a token is given by --token-stdin or --token-file")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return nil, fmt.Errorf("it holds a query or a fragment; %s", relayForm)
	case u.Path != "" && u.Path != "/":
		return nil, fmt.Errorf("it holds the path %q, but a relay has a host name of its own; %s", u.Path, relayForm)
	}
	host, err := canonicalHost(u.Hostname(), u.Host)
	if err != nil {
		return nil, err
	}
	port, err := canonicalPort(u)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, Host: host + port}, nil
}

// canonicalHost is the host as origins are compared by it, an IPv6 address in brackets.
func canonicalHost(name, written string) (string, error) {
	if strings.HasPrefix(written, "[") {
		addr, err := netip.ParseAddr(name)
		if err != nil || addr.Zone() != "" {
			return "", fmt.Errorf("%q is no IPv6 address", name)
		}
		return "[" + addr.String() + "]", nil
	}
	name = strings.ToLower(name)
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" || slices.Contains(strings.Split(name, "."), "") {
		return "", fmt.Errorf("%q is no host name; names in other scripts are written in their xn-- form; %s", name, relayForm)
	}
	return name, nil
}

// canonicalPort is ":port", or "" for the one that the scheme implies.
func canonicalPort(u *url.URL) (string, error) {
	text := u.Port()
	if text == "" && !strings.HasSuffix(u.Host, ":") {
		return "", nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("the port %q is not a number from 1 to 65535", text)
	}
	if u.Scheme == "https" && n == 443 || u.Scheme == "http" && n == 80 {
		return "", nil
	}
	return ":" + strconv.FormatUint(n, 10), nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// withoutUser is s without what may be a password.
func withoutUser(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		return "…" + s[i:]
	}
	return s
}
