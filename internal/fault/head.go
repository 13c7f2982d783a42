package fault

import (
	"bytes"
	"fmt"
	"maps"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
	"golang.org/x/net/http/httpguts"
)

// head writes what stands before the body, as send.Sender has net/http write it: the two
// must stay the same, which a test holds, so that an app sees no difference but the fault.
func head(s *send.Sender, to send.Target, r *event.Request, length int) ([]byte, error) {
	path, host, err := resolve(s, to, r)
	if err != nil {
		return nil, err
	}
	header := headerOf(s, r)
	if err := check(r.Method, header); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, path, host)
	fmt.Fprintf(&b, "Content-Length: %d\r\n", length)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	b.WriteString("\r\n")
	return b.Bytes(), nil
}

// resolve returns what follows the method, and the Host header.
func resolve(s *send.Sender, to send.Target, r *event.Request) (path, host string, err error) {
	full, err := to.URL(r.Path, r.RawQuery)
	if err != nil {
		return "", "", err
	}
	if socket, ok := strings.CutPrefix(full, to.Address()+":"); ok {
		path, host = socket, "localhost"
	} else {
		_, rest, _ := strings.Cut(full, "://")
		at := strings.IndexByte(rest, '/') // URL always gives a path
		host, path = rest[:at], rest[at:]
	}
	if s.Host != "" {
		host = s.Host
	}
	if s.KeepHost && r.Host != "" {
		host = r.Host
	}
	return path, host, send.CheckHost(host)
}

// dropped are the headers that are about one connection (RFC 9110 section 7.6.1), and
// those that are written anew.
var dropped = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Transfer-Encoding", "Upgrade", "Trailer",
	"Content-Length", "Host",
}

// headerOf returns what is sent of r's headers, and what is added to them.
func headerOf(s *send.Sender, r *event.Request) event.Header {
	h := maps.Clone(r.Header)
	if h == nil {
		h = make(event.Header)
	}
	for _, value := range r.Header["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			take(h, textproto.TrimString(name))
		}
	}
	for _, name := range dropped {
		take(h, name)
	}
	forwarded(h, r)
	for name, values := range s.Header {
		take(h, name)
		h[name] = values
	}
	return h
}

// forwarded says who sent r.
func forwarded(h event.Header, r *event.Request) {
	if r.Remote != "" {
		chain := slices.Clone(h["X-Forwarded-For"])
		if last := len(chain) - 1; last >= 0 {
			chain[last] += ", " + r.Remote
		} else {
			chain = []string{r.Remote}
		}
		h["X-Forwarded-For"] = chain
	}
	if r.Host != "" {
		h["X-Forwarded-Host"] = []string{r.Host}
	}
	if r.Proto != "" {
		h["X-Forwarded-Proto"] = []string{r.Proto}
	}
}

// check refuses what would end the head early, or can't be sent to an app at all.
func check(method string, h event.Header) error {
	if !httpguts.ValidHeaderFieldName(method) || method == "CONNECT" {
		return fmt.Errorf("the method %q can't be sent to an app", method)
	}
	for name, values := range h {
		if !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("the header name %q is not valid in HTTP", name)
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return fmt.Errorf("the header %s: %q holds a control character", name, v)
			}
		}
	}
	return nil
}

// serverName is the name that a target's certificate has to be for.
func serverName(to send.Target) string {
	u, err := url.Parse(to.String())
	if err != nil {
		return ""
	}
	return u.Hostname()
}
