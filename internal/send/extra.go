package send

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/solatis/solatis-cli/internal/event"
)

// ParseHeader reads a header that is to be added to what the app gets, as a developer
// types it: "Name: value". The name comes back in canonical form. Those that are about
// the connection, and those that HTTP itself depends on, are refused.
func ParseHeader(s string) (name, value string, err error) {
	name, value, err = parseHeader(s)
	if err != nil {
		return "", "", fmt.Errorf("%q: %w", s, err)
	}
	return name, value, nil
}

func parseHeader(s string) (name, value string, err error) {
	name, value, ok := strings.Cut(s, ":")
	if !ok {
		return "", "", errors.New(`there is no colon; write it like "X-Tenant: blue"`)
	}
	value = textproto.TrimString(value)
	if !isToken(name) {
		return "", "", fmt.Errorf(`%q is not the name of a header; write it like "X-Tenant: blue"`, name)
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	switch {
	case name == "Host":
		return "", "", fmt.Errorf("the Host header has a flag of its own: --host-header %s", value)
	case name == "Content-Length":
		return "", "", errors.New("the length is that of the body")
	case dropped[name]:
		return "", "", fmt.Errorf("%s is about a single connection, and solatis makes that itself", name)
	case value == "":
		return "", "", errors.New("no value follows the colon")
	}
	return name, value, checkHeader(event.Header{name: {value}})
}

// replace puts the headers of extra in the place of those by the same names.
func replace(h http.Header, extra event.Header) {
	for name := range h {
		if _, ok := extra[textproto.CanonicalMIMEHeaderKey(name)]; ok {
			delete(h, name)
		}
	}
	for name, values := range extra {
		h[name] = values
	}
}

// host returns the Host header of what goes to t.
func (s *Sender) host(t Target, r *event.Request) (string, error) {
	host := s.Host
	if s.KeepHost && r.Host != "" {
		host = r.Host
	}
	if host == "" {
		return t.hostHeader(), nil
	}
	return host, CheckHost(host)
}

// CheckHost says what is wrong with the value of a Host header, or nil: it is a name or
// an address, and maybe a port.
func CheckHost(s string) error {
	name, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		name, port = s[:i], s[i+1:]
		if _, err := canonicalPort(port); err != nil {
			return fmt.Errorf("the Host header %q: %w", s, err)
		}
	}
	if _, err := canonicalHost(name); err != nil {
		return fmt.Errorf("the Host header %q: %w", s, err)
	}
	return nil
}
