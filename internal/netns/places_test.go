//go:build linux

package netns

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/signature"
)

// secret signs the events.
const secret = "whsec_netns"

func key(t *testing.T) signature.Secret {
	t.Helper()
	k, err := signature.NewSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// arrival is one request at the app.
type arrival struct {
	n     int    // the event's number, 0 where the request is no event
	wrong string // what is wrong with it; "" for nothing
}

// startApp runs the app on the laptop: it takes whatever comes, and notes it.
func startApp(t *testing.T, w *world) *feed[arrival] {
	t.Helper()
	arrivals, k := newFeed[arrival](), key(t)
	srv := &httptest.Server{
		Listener: w.laptop.listen(t, "127.0.0.1:3000"),
		Config: &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			arrivals.add(inspect(k, r))
		})},
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return arrivals
}

// inspect holds a request to what the sender sent, and to what the app is to know of him.
func inspect(k signature.Secret, r *http.Request) arrival {
	var e struct{ Data struct{ N int } }
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	a := arrival{n: e.Data.N}
	if err != nil {
		a.wrong = fmt.Sprintf("its body: %v", err)
	}
	if v := signature.Verify(k, body, r.Header.Values(signature.HeaderName)); v != signature.Valid {
		a.wrong = "its signature is " + string(v)
	}
	if r.RequestURI != path {
		a.wrong = "its path is " + r.RequestURI
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": internetAddress, "X-Forwarded-Proto": "https", "X-Forwarded-Host": serverAddress,
		"X_under_score": strconv.Itoa(a.n), "User-Agent": "", "Accept-Encoding": "", "Via": "",
	} {
		if got := r.Header.Values(name); want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0] != want) {
			a.wrong = fmt.Sprintf("%s is %q, want %q", name, got, want)
		}
	}
	return a
}

// sender sends numbered events from the internet, each only after the one before was
// answered with 2xx.
type sender struct {
	client *http.Client
	url    string
	key    signature.Secret
	sent   atomic.Int64 // how many were answered with 2xx
	tries  []int        // of each event, from 1 on, those that may have arrived; of one goroutine
}

func newSender(t *testing.T, w *world, a *authority, url string) *sender {
	transport := &http.Transport{
		TLSClientConfig: a.client(), DisableCompression: true,
		DialContext: w.internet.dial,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &sender{client: &http.Client{Transport: transport, Timeout: patience}, url: url, key: key(t), tries: make([]int, 1)}
}

// again is how soon a sender tries again, and pace how fast a stream of events is.
const (
	again = 20 * time.Millisecond
	pace  = 30 * time.Millisecond
)

// next sends the next event until it is accepted.
func (s *sender) next(ctx context.Context) error {
	n := len(s.tries)
	s.tries = append(s.tries, 0)
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		status, err := s.post(ctx, n)
		if err != nil || status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
			s.tries[n]++ // unless it was refused with a word of the relay's
		}
		if err == nil && status == http.StatusOK {
			s.sent.Store(int64(n))
			return nil
		}
		select {
		case <-time.After(again):
		case <-late.C:
			return fmt.Errorf("event %d is not accepted within %v; the last answer was %d, %v", n, patience, status, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// path follows the endpoint's URL. A proxy that tidies up would change it.
const path = "/webhooks//sol%2Fatis"

// large is how much some of the events carry, which go another way through the relay than
// small ones, and are more than a proxy takes unless told.
const large = 1200 << 10

func (s *sender) post(ctx context.Context, n int) (status int, err error) {
	carried := 10
	if n%100 == 30 {
		carried = large
	}
	body := fmt.Appendf(nil, `{"id":"evt_%d","event":"task.created","created_at":"2026-01-02T15:04:05Z","data":{"n":%d,"é":"\u00e9","text":"%s"}}`,
		n, n, strings.Repeat("x", carried))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {""}, "X_under_score": {strconv.Itoa(n)},
		signature.HeaderName: {signature.Sign(s.key, body)},
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// stream sends one event after another until the returned function is called, which
// returns when the last one is accepted.
func (s *sender) stream(t *testing.T) (stop func()) {
	t.Helper()
	ended, enough := make(chan error, 1), make(chan struct{})
	go func() {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for {
			if err := s.next(t.Context()); err != nil {
				ended <- err
				return
			}
			select {
			case <-tick.C:
			case <-enough:
				ended <- nil
				return
			}
		}
	}()
	return func() {
		t.Helper()
		close(enough)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}
