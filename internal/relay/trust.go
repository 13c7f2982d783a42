package relay

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Hosts are the names under which a relay answers. Without the check a web page could
// reach a relay on loopback by a DNS name of its own that resolves to 127.0.0.1 (DNS
// rebinding). A nil Hosts allows all.
type Hosts map[string]bool

// LoopbackHosts returns the names of this machine's loopback, and the further ones.
func LoopbackHosts(further ...string) Hosts {
	h := Hosts{"localhost": true, "127.0.0.1": true, "::1": true}
	for _, name := range further {
		h[hostname(name)] = true
	}
	return h
}

// Allow reports whether a Host header, with or without a port, is one of h.
func (h Hosts) Allow(host string) bool { return h == nil || h[hostname(host)] }

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// fromWebPage reports whether a browser made the request on behalf of a page. Senders
// of webhooks and agents send neither header.
func fromWebPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return len(r.Header["Origin"]) > 0 || site != "" && site != "none"
}

// Authority decides who may do what. Its methods may be called from any number of
// goroutines.
type Authority interface {
	// Endpoint reports whether id takes requests.
	Endpoint(ctx context.Context, id string) (bool, error)
	// Bearer finds whose token it is; token is "" where none was sent. A token that may
	// not listen is a *RefusedError.
	Bearer(ctx context.Context, token string) (Bearer, error)
	// Open returns the id of the endpoint that its owner calls name. The first use of a
	// name makes the endpoint. A name that isn't to be had is a *RefusedError.
	Open(ctx context.Context, b Bearer, name string) (id string, err error)
}

// Bearer is what a valid token says of the one who presents it.
type Bearer struct {
	TokenID string    // names the token, and is no secret
	Owner   string    // whose endpoints it opens
	Expires time.Time // zero for never
}

// RefusedError says why somebody may not do what he asked for, in words for him.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

// SingleEndpoint is the Authority of a relay with one endpoint and one token, as it is
// embedded in solatis listen. The endpoint's name is its id.
type SingleEndpoint struct{ ID, Token string }

// Endpoint reports whether id is the endpoint.
func (s SingleEndpoint) Endpoint(_ context.Context, id string) (bool, error) {
	return equal(id, s.ID), nil
}

// Bearer refuses all tokens but one.
func (s SingleEndpoint) Bearer(_ context.Context, token string) (Bearer, error) {
	if !equal(token, s.Token) {
		return Bearer{}, &RefusedError{"the token isn't the one of this session"}
	}
	return Bearer{TokenID: "session", Owner: "session"}, nil
}

// Open refuses all names but one.
func (s SingleEndpoint) Open(_ context.Context, _ Bearer, name string) (string, error) {
	if !equal(name, s.ID) {
		return "", &RefusedError{"this relay has no such endpoint"}
	}
	return s.ID, nil
}

// equal compares in a time that tells nothing of either, not even the length.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// token returns what the Authorization header has (RFC 6750 section 2.1), or "".
func token(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

func quote(s string) string { return strconv.QuoteToASCII(s) }

// refuse answers with a status and a sentence that says why.
func (r *Relay) refuse(w http.ResponseWriter, status int, reason Refusal, why string) {
	r.Meter.Refused(reason)
	http.Error(w, "solatis: "+why, status)
}

// retryAfter is when a sender should try again that was refused for a passing reason.
const retryAfter = 5 * time.Second

// refuseForNow answers that another try may succeed.
func (r *Relay) refuseForNow(w http.ResponseWriter, reason Refusal, why string) {
	setRetryAfter(w, retryAfter)
	r.refuse(w, http.StatusServiceUnavailable, reason, why)
}

// refuseRate answers that somebody does something too often.
func (r *Relay) refuseRate(w http.ResponseWriter, reason Refusal, wait time.Duration, why string) {
	setRetryAfter(w, wait)
	r.refuse(w, http.StatusTooManyRequests, reason, why)
}

// setRetryAfter sets the header in whole seconds, rounded up (RFC 9110 section 10.2.3).
func setRetryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
}

// short is what logs have of an endpoint's id, since who knows all of it can send to it.
func short(id string) string { return id[:min(len(id), 8)] }
