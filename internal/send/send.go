package send

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
)

// DefaultTimeout is how long Solatis waits for an answer (the provider's guide, "Return
// 200 Quickly").
const DefaultTimeout = 5 * time.Second

const (
	// idleTimeout is shorter than the time after which app servers close a connection
	// that nothing comes in on (gunicorn 2 s, Node 5 s): a POST written at the moment in
	// which the app closes would fail, though the app is well.
	idleTimeout = time.Second

	// maxIdle keeps a burst from dialling anew for each of its requests.
	maxIdle = 1024

	// maxUnrecorded is how much of an answer is read beyond what is recorded. It is there
	// to see that the answer is complete; from a longer one the connection is dropped.
	maxUnrecorded = 4 << 20

	maxAnswerHeader = 1 << 20
)

// Options say how a Sender sends.
type Options struct {
	Timeout time.Duration // until the answer is complete, connecting included; 0 means DefaultTimeout
	TLS     *tls.Config   // for https targets; nil trusts what the system trusts
	Header  event.Header  // replaces what the requests have by these names, which are those of ParseHeader
	Host    string        // the Host header that apps get; "" means the target's
	// KeepHost gives apps the Host header that came in, where there is one.
	KeepHost bool
}

// Sender makes attempts. It keeps connections to reuse and is safe for concurrent use.
type Sender struct {
	Options
	transport *http.Transport
}

// New returns a Sender, to be closed after use.
func New(o Options) *Sender {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	return &Sender{Options: o, transport: &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        o.TLS,
		DisableCompression:     true, // else net/http asks for gzip and unpacks it
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxAnswerHeader,
	}}
}

// Close closes the idle connections. It is called after the last Send has returned.
func (s *Sender) Close() { s.transport.CloseIdleConnections() }

// Send makes one attempt to bring r to t and returns how it ended. It returns within the
// timeout, and at once when ctx is cancelled, as Interrupted. r is only read.
func (s *Sender) Send(ctx context.Context, t Target, r *event.Request) delivery.Outcome {
	req, err := s.newRequest(t, r)
	if err != nil {
		return delivery.Outcome{Kind: delivery.Refused, Error: err.Error()}
	}
	a := attempt{target: t, timeout: s.Timeout, parent: ctx, started: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: a.getConn, GotConn: a.gotConn})
	o := a.run(s.transport, req.WithContext(ctx))
	o.Duration = time.Since(a.started)
	return o
}

// newRequest builds what goes to t. The request's target is put in as opaque text, so
// that net/url doesn't re-encode it.
func (s *Sender) newRequest(t Target, r *event.Request) (*http.Request, error) {
	path, query, err := t.resolve(r.Path, r.RawQuery)
	if err != nil {
		return nil, err
	}
	if !isToken(r.Method) || r.Method == http.MethodConnect {
		return nil, fmt.Errorf("the method %q can't be sent to an app", r.Method)
	}
	if err := checkHeader(r.Header); err != nil {
		return nil, err
	}
	host, err := s.host(t, r)
	if err != nil {
		return nil, err
	}
	req := &http.Request{
		Method: r.Method,
		URL:    &url.URL{Scheme: t.scheme, Host: t.authority(), Opaque: path, RawQuery: query},
		Host:   host,
		Header: forwardHeader(r, s.Header),
	}
	if len(r.Body) > 0 {
		req.ContentLength = int64(len(r.Body))
		req.GetBody = func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(r.Body)), nil
		}
		req.Body, _ = req.GetBody()
	}
	return req, nil
}

func checkHeader(h event.Header) error {
	for name, values := range h {
		if !isToken(name) {
			return fmt.Errorf("the header name %q is not valid in HTTP", name)
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return fmt.Errorf("the header %s: %q holds a control character", name, v)
			}
		}
	}
	return nil
}

// isToken reports whether s may stand for a method or a header name (RFC 9110 section
// 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// attempt is one call of Send.
type attempt struct {
	target  Target
	timeout time.Duration
	parent  context.Context // without the timeout
	started time.Time       // when the connection was there, or looking for it began
	conn    *conn           // nil while there is none
}

// getConn and gotConn are called again if the first connection turned out stale.
func (a *attempt) getConn(string) { a.conn = nil }

func (a *attempt) gotConn(info httptrace.GotConnInfo) {
	a.conn, a.started = connOf(info), time.Now()
	a.conn.begin(info.Reused)
}

func (a *attempt) run(transport *http.Transport, req *http.Request) delivery.Outcome {
	resp, err := a.roundTrip(transport, req)
	if err != nil {
		return a.failed(err, 0)
	}
	defer resp.Body.Close()
	o := delivery.Outcome{Kind: delivery.Answered, Status: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return o // nobody asked for that; what follows is no body and may never end
	}
	if o.Body, o.Truncated, err = readAnswer(resp.Body); err != nil {
		return a.failed(err, resp.StatusCode)
	}
	return o
}

// roundTrip takes another connection as long as it meets stale ones. net/http does so
// itself in most cases; not with a body that outgrows its buffer, where it takes the
// failed write for a failed read of the body, and not if it learns of the connection's
// end between choosing it and writing to it.
func (a *attempt) roundTrip(transport *http.Transport, req *http.Request) (*http.Response, error) {
	for {
		resp, err := transport.RoundTrip(req)
		if err == nil || req.Context().Err() != nil || a.conn == nil || !a.conn.untouched() {
			return resp, err
		}
		if req.GetBody != nil {
			req.Body, _ = req.GetBody()
		}
	}
}

// readAnswer returns the part of an answer's body that is recorded.
func readAnswer(body io.Reader) (recorded []byte, truncated bool, err error) {
	recorded, err = io.ReadAll(io.LimitReader(body, delivery.MaxRecordedBody))
	if err != nil || len(recorded) < delivery.MaxRecordedBody {
		return recorded, false, err
	}
	n, err := io.CopyN(io.Discard, body, maxUnrecorded)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return recorded, n > 0, err
}
