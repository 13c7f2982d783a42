package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

// soon is how long before its end a certificate is worth a word.
const soon = 7 * 24 * time.Hour

// maxSkew is by how much two clocks may differ before it is worth a word. What is lost
// by it is little: times look wrong, and a new certificate may not be valid yet.
const maxSkew = time.Minute

// tls asks the relay for a page and looks at the connection that the answer came by. Any
// answer will do.
func (w *way) tls(ctx context.Context) Result {
	state, err := w.ask(ctx, w.relay.TLS)
	if err == nil && state == nil {
		return ok("none: the relay's URL is plain http")
	}
	if err == nil {
		return w.lasting(state.PeerCertificates[0])
	}
	var distrust *tls.CertificateVerificationError
	if errors.As(err, &distrust) && len(distrust.UnverifiedCertificates) > 0 {
		// Who can't be trusted may still tell the time, which may be what is wrong.
		_, _ = w.ask(ctx, &tls.Config{InsecureSkipVerify: true}) // nothing secret is sent
		return w.distrusted(distrust.UnverifiedCertificates[0], distrust.Err)
	}
	return w.noTLS(ctx, err)
}

// ask makes one request, without the token, and notes what time it is at the relay.
func (w *way) ask(ctx context.Context, config *tls.Config) (*tls.ConnectionState, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, w.relay.Origin.String()+"/", nil)
	if err != nil {
		return nil, err
	}
	resp, err := transport.RoundTrip(req) // follows no redirect
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		w.date, w.clocked = date, w.now()
	}
	return resp.TLS, nil
}

func (w *way) lasting(cert *x509.Certificate) Result {
	left := cert.NotAfter.Sub(w.now())
	issuer := cert.Issuer.String()
	if left < soon {
		return warn("tell who runs the relay", "the certificate ends in %v, at %s (issued by %s)", left.Round(time.Hour), day(cert.NotAfter), issuer)
	}
	return ok("the certificate is valid until %s (issued by %s)", day(cert.NotAfter), issuer)
}

func day(t time.Time) string { return t.Format(time.RFC3339) }

// distrusted explains a certificate that isn't trusted.
func (w *way) distrusted(cert *x509.Certificate, err error) Result {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	now := w.now()
	switch {
	case now.Before(cert.NotBefore) || now.After(cert.NotAfter):
		return w.outdated(cert, now)
	case errors.As(err, &unknown):
		mend := "if the relay, or a proxy on the way, has an authority of its own, give that one's certificate by --relay-ca FILE; if not, somebody is in between"
		return fail(mend, "the certificate is issued by %s, which this machine doesn't know", cert.Issuer)
	case errors.As(err, &name):
		return fail("correct the relay's URL, or tell who runs it", "the certificate is for another host: %v", name)
	}
	return fail("tell who runs the relay", "the certificate is not trusted: %v", err)
}

// outdated tells a wrong certificate from a wrong clock.
func (w *way) outdated(cert *x509.Certificate, now time.Time) Result {
	found := "the certificate is valid from " + day(cert.NotBefore) + " to " + day(cert.NotAfter)
	there := w.date
	if !there.IsZero() && there.After(cert.NotBefore) && there.Before(cert.NotAfter) {
		return fail("set this machine's clock", "%s; this machine's clock says %s and the relay's %s, so this machine's is wrong", found, day(now), day(there))
	}
	return fail("tell who runs the relay", "%s, and this machine's clock says %s", found, day(now))
}

func (w *way) noTLS(ctx context.Context, err error) Result {
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return fail("correct the port in the relay's URL", "%s answers without TLS, so it isn't the relay's https port", w.what())
	}
	if w.proxy != nil {
		return fail("ask who runs the proxy to let solatis through, or go around it with NO_PROXY="+w.relay.Origin.Hostname(),
			"no answer came through the proxy: %v", reason(ctx, err))
	}
	return fail("look whether a firewall or VPN is in between, and ask who runs the relay", "the relay doesn't answer: %v", reason(ctx, err))
}

// clock compares this machine's clock with the relay's.
func (w *way) clock(context.Context) Result {
	if w.date.IsZero() {
		return unused("the relay doesn't say what time it is")
	}
	skew := w.clocked.Sub(w.date)
	switch {
	case skew > maxSkew:
		return warn("set this machine's clock", "this machine's clock is %v ahead of the relay's", skew.Round(time.Second))
	case skew < -maxSkew:
		return warn("set this machine's clock", "this machine's clock is %v behind the relay's", (-skew).Round(time.Second))
	}
	return ok("this machine's clock and the relay's agree")
}
