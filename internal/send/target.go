package send

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Target is a place that requests are forwarded to. Targets compare with ==; the zero
// Target is none.
type Target struct {
	scheme string // "http" or "https"
	host   string // lower case, an IPv6 address without brackets
	port   string
	socket string // path of a Unix socket, in place of host and port; its scheme is "http"
	path   string // escaped; "" or "/…" with at least one further character
	query  string // escaped, without the "?"
}

const targetForms = "write it like 3000, localhost:3000, localhost:3000/webhooks/solatis, https://localhost:3000 or unix:/run/app.sock:/webhooks/solatis"

// ParseTarget reads a target as a developer types it: a port ("3000"), a port and a
// path (":3000/hooks"), a host and a port ("localhost:3000", "[::1]:3000/hooks"), a full
// URL, whose port may be left out, or a Unix socket ("unix:/run/app.sock"), with the
// path that the app is to see behind a further colon ("unix:/run/app.sock:/hooks").
func ParseTarget(s string) (Target, error) {
	t, err := parseTarget(s)
	if err != nil {
		return Target{}, fmt.Errorf("target %q: %w; %s", s, err, targetForms)
	}
	return t, nil
}

func parseTarget(s string) (Target, error) {
	if rest, ok := strings.CutPrefix(s, unixPrefix); ok {
		return parseUnix(rest)
	}
	if err := checkText(s); err != nil {
		return Target{}, err
	}
	t := Target{scheme: "http"}
	scheme, rest, full := strings.Cut(s, "://")
	if !full || strings.ContainsAny(scheme, "/?") { // as in 3000/a?next=http://b
		full, rest = false, s
	} else if t.scheme = strings.ToLower(scheme); t.scheme != "http" && t.scheme != "https" {
		return Target{}, fmt.Errorf("the scheme %q is neither http nor https", scheme)
	}
	authority, rest := splitAuthority(rest)
	if err := t.setAuthority(authority, full); err != nil {
		return Target{}, err
	}
	return t, t.setPath(rest)
}

// setPath reads the escaped path and query.
func (t *Target) setPath(s string) error {
	t.path, t.query, _ = strings.Cut(s, "?")
	if t.path == "/" {
		t.path = ""
	}
	return checkPath(t.path)
}

// checkText refuses what has no place in any target.
func checkText(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	for _, r := range s {
		switch {
		case r <= ' ' || r == 0x7f:
			return errors.New("it holds white space or a control character")
		case r > 0x7f:
			return errors.New("it holds a character that has to be escaped in a URL")
		case r == '#':
			return errors.New("a fragment (#…) is never sent to a server")
		}
	}
	return nil
}

func splitAuthority(s string) (authority, rest string) {
	if i := strings.IndexAny(s, "/?"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// setAuthority reads "host:port", ":port" or "port". Only a full URL may leave the
// port out: a lone word is more often a mistake than a host that listens on port 80.
func (t *Target) setAuthority(s string, full bool) error {
	if strings.Contains(s, "@") {
		return errors.New("it holds a user name or password, which a webhook never carries")
	}
	host, port, err := splitPort(s)
	switch {
	case err != nil:
		return err
	case host == "" && full:
		return errors.New("it names no host")
	case host == "":
		host = "localhost"
	}
	if port == "" && full {
		port = map[string]string{"http": "80", "https": "443"}[t.scheme]
	}
	if t.host, err = canonicalHost(host); err != nil {
		return err
	}
	t.port, err = canonicalPort(port)
	return err
}

// splitPort takes host and port apart; either may be missing.
func splitPort(s string) (host, port string, err error) {
	if s != "" && strings.Trim(s, "0123456789") == "" {
		return "", s, nil
	}
	end := strings.LastIndexByte(s, ']')
	colon := strings.LastIndexByte(s, ':')
	switch {
	case colon <= end: // no colon after the brackets, or none at all
		host = s
	case colon == len(s)-1:
		return "", "", errors.New("no port follows the colon")
	default:
		host, port = s[:colon], s[colon+1:]
	}
	if end < 0 && strings.Contains(host, ":") {
		return "", "", errors.New("an IPv6 address stands in brackets, as in [::1]:3000")
	}
	return host, port, nil
}

func canonicalHost(s string) (string, error) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if !ok || err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", fmt.Errorf("%q is not an IPv6 address in brackets", s)
		}
		return addr.String(), nil
	}
	s = strings.ToLower(s)
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" || strings.Trim(s, ".") == "" {
		return "", fmt.Errorf("%q is not a host name", s)
	}
	if strings.Trim(s, "0123456789") == "" {
		return "", fmt.Errorf("%q is a number and not a host name", s) // alone it would be read as a port
	}
	return s, nil
}

func canonicalPort(s string) (string, error) {
	if s == "" {
		return "", errors.New("it names no port")
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("the port %q is not a number from 1 to 65535", s)
	}
	return strconv.FormatUint(n, 10), nil
}

// IsZero reports whether t is no target at all.
func (t Target) IsZero() bool { return t == Target{} }

// HasPath reports whether t names a path of its own, other than "/".
func (t Target) HasPath() bool { return t.path != "" }

// Address returns host and port, such as "localhost:3000", or "unix:" and a socket's
// path, to speak of t in messages.
func (t Target) Address() string {
	if t.socket != "" {
		return unixPrefix + t.socket
	}
	return net.JoinHostPort(t.host, t.port)
}

// IsTLS reports whether t is reached by TLS.
func (t Target) IsTLS() bool { return t.scheme == "https" }

// String returns t as a URL, such as "http://localhost:3000/webhooks". ParseTarget reads
// it back to the same Target.
func (t Target) String() string {
	switch {
	case t.IsZero():
		return ""
	case t.socket != "" && t.query == "" && t.path == "":
		return t.Address()
	case t.query == "":
		return t.base() + t.path
	case t.path == "":
		return t.base() + "/?" + t.query
	}
	return t.base() + t.path + "?" + t.query
}

// base is what stands before the path.
func (t Target) base() string {
	if t.socket != "" {
		return t.Address() + ":"
	}
	return t.scheme + "://" + t.hostHeader()
}

// hostHeader is the authority without the port that the scheme implies.
func (t Target) hostHeader() string {
	if t.socket != "" {
		return "localhost"
	}
	if t.scheme == "http" && t.port != "80" || t.scheme == "https" && t.port != "443" {
		return t.Address()
	}
	return strings.TrimSuffix(t.Address(), ":"+t.port)
}
