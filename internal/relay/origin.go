package relay

import (
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// origin is where a request came from.
type origin struct {
	remote string // address, without the port
	proto  string // "http" or "https", as the sender used it
}

// originOf finds out where a request came from. What trusted proxies say in
// X-Forwarded-For and X-Forwarded-Proto is believed; what others say is not.
func (r *Relay) originOf(req *http.Request) origin {
	remote, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		remote = req.RemoteAddr
	}
	o := origin{remote: remote, proto: "http"}
	if req.TLS != nil {
		o.proto = "https"
	}
	if !r.trusts(remote) {
		return o
	}
	if said := req.Header["X-Forwarded-Proto"]; len(said) > 0 {
		if last := strings.ToLower(said[len(said)-1]); last == "http" || last == "https" {
			o.proto = last
		}
	}
	hops, _ := r.hops(req)
	if len(hops) > 0 {
		o.remote = hops[0]
	}
	return o
}

// hops returns the addresses in X-Forwarded-For that trusted proxies wrote, the sender's
// first, and what stands before them, which anybody may have written.
func (r *Relay) hops(req *http.Request) (hops, before []string) {
	for _, value := range req.Header["X-Forwarded-For"] {
		for part := range strings.SplitSeq(value, ",") {
			before = append(before, strings.TrimSpace(part))
		}
	}
	for len(before) > 0 {
		last := len(before) - 1
		addr, ok := parseHop(before[last])
		if !ok {
			break
		}
		hops, before = append([]string{addr.Unmap().String()}, hops...), before[:last]
		if !r.trusts(hops[0]) {
			break
		}
	}
	return hops, before
}

// parseHop takes an address as proxies write it: bare, in brackets, or with a port.
func parseHop(s string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr, err == nil
}

func (r *Relay) trusts(remote string) bool {
	if len(r.TrustedProxies) == 0 {
		return false
	}
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	for _, p := range r.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// headerOf returns the headers as the sender sent them: without what trusted proxies added
// to X-Forwarded-For, since the target gets that from origin.
func (r *Relay) headerOf(req *http.Request) http.Header {
	peer, _, _ := net.SplitHostPort(req.RemoteAddr)
	if len(req.Header["X-Forwarded-For"]) == 0 || !r.trusts(peer) {
		return req.Header
	}
	h := maps.Clone(req.Header)
	if _, before := r.hops(req); len(before) > 0 {
		h["X-Forwarded-For"] = []string{strings.Join(before, ", ")}
	} else {
		delete(h, "X-Forwarded-For")
	}
	return h
}
