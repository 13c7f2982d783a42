package event

import "time"

// Request is an HTTP request that came in on an endpoint, or that trigger made as
// if it had. It may carry an Envelope and is kept even when it doesn't.
type Request struct {
	ID       string    // "req_…", given by the relay that accepted it
	Method   string    // as sent, such as "POST"
	Path     string    // what followed the endpoint's URL, still escaped; "" or "/…"
	RawQuery string    // without the "?", still escaped
	Host     string    // the Host header as sent
	Proto    string    // "http" or "https", as the sender spoke to the relay
	Remote   string    // the sender's IP address
	Header   Header    // all values, in their order per name
	Body     []byte    // raw
	Received time.Time // when the relay had read the last byte
}

// Header maps canonical header names to all their values in the order they came.
// It has the shape of http.Header, so that either converts to the other at no
// cost, and is a type of its own so that this package needs no net/http.
type Header map[string][]string

// Size is the request's weight in bytes against the limits for backlog and
// in-flight data: the body, and the header as it is written on the wire.
func (r *Request) Size() int {
	n := len(r.Method) + len(r.Path) + len(r.RawQuery) + len(r.Host) + len(r.Body)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v) + len(": \r\n")
		}
	}
	return n
}
