package relay

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strconv"
	"strings"
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

// SingleEndpoint is the Authority of a relay with one endpoint and one token, as it is
// embedded in solatis listen.
type SingleEndpoint struct{ ID, Token string }

// Endpoint reports whether id is the endpoint.
func (s SingleEndpoint) Endpoint(_ context.Context, id string) (bool, error) {
	return equal(id, s.ID), nil
}

// Agent reports whether token is the token, and id the endpoint.
func (s SingleEndpoint) Agent(_ context.Context, token, id string) (bool, error) {
	return equal(token, s.Token) && equal(id, s.ID), nil
}

// equal compares in a time that tells nothing of either, not even the length.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

func quote(s string) string { return strconv.QuoteToASCII(s) }

// refuse answers with a status and a sentence that says why.
func refuse(w http.ResponseWriter, status int, why string) {
	http.Error(w, "solatis: "+why, status)
}
