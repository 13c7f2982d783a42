package send

import (
	"net/http"
	"net/textproto"
	"strings"

	"github.com/solatis/solatis-cli/internal/event"
)

// dropped are the headers that are about the connection to the relay, not about the
// request (RFC 9110 section 7.6.1), and those that net/http writes by itself. Trailer
// announces fields that never follow a body of known length.
var dropped = map[string]bool{
	"Connection":        true,
	"Keep-Alive":        true,
	"Proxy-Connection":  true,
	"Te":                true,
	"Transfer-Encoding": true,
	"Upgrade":           true,
	"Trailer":           true,
	"Content-Length":    true,
	"Host":              true,
}

// forwardHeader returns what is sent of r's headers, with extra in the place of those by
// the same names. It shares the values with both, which neither it nor net/http writes to.
func forwardHeader(r *event.Request, extra event.Header) http.Header {
	named := connectionNames(r.Header)
	h := make(http.Header, len(r.Header)+len(extra)+4)
	for name, values := range r.Header {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if !dropped[canonical] && !named[canonical] {
			h[name] = values
		}
	}
	addForwarded(h, r)
	if len(extra) > 0 {
		replace(h, extra)
	}
	keepUserAgent(h)
	return h
}

// connectionNames returns the headers that Connection says are about the connection.
func connectionNames(header event.Header) map[string]bool {
	var names map[string]bool
	for _, value := range header["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			if names == nil {
				names = make(map[string]bool)
			}
			names[textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name))] = true
		}
	}
	return names
}

// keepUserAgent works round net/http, which adds a User-Agent of its own where there is
// none, drops an empty one, and sends only the first of several. A key with no values
// stops the first; net/http doesn't recognise the lower-case key, so it writes those
// values as it does any others.
func keepUserAgent(h http.Header) {
	values := h["User-Agent"]
	if len(values) == 1 && values[0] != "" {
		return
	}
	h["User-Agent"] = nil
	if len(values) > 0 {
		h["user-agent"] = values
	}
}

// addForwarded says who sent r, and to which host and how. The sender's address joins
// those of earlier proxies; host and scheme are the relay's word alone, so that nothing
// a sender claims is taken for it.
func addForwarded(h http.Header, r *event.Request) {
	if r.Remote != "" {
		before := h["X-Forwarded-For"]
		if last := len(before) - 1; last < 0 {
			h["X-Forwarded-For"] = []string{r.Remote}
		} else {
			chain := append([]string(nil), before...)
			chain[last] += ", " + r.Remote
			h["X-Forwarded-For"] = chain
		}
	}
	if r.Host != "" {
		h["X-Forwarded-Host"] = []string{r.Host}
	}
	if r.Proto != "" {
		h["X-Forwarded-Proto"] = []string{r.Proto}
	}
}
