package check_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/check"
)

// TestAnnouncedLoad holds what is said beforehand against what arrives: of all probes
// together exactly, of each alone at most.
func TestAnnouncedLoad(t *testing.T) {
	t.Run("all", func(t *testing.T) {
		c := &counter{Handler: right()}
		s := serve(t, c)
		run(t, config(t, s.URL, check.Probes()), unobserved)
		s.Close() // waits for the requests that were broken off too
		if want := check.Total(check.Probes()); c.count != want {
			t.Errorf("it sent %+v, and announces %+v", c.count, want)
		}
	})
	for _, p := range check.Probes() {
		t.Run(p.ID, func(t *testing.T) {
			c := &counter{Handler: right()}
			s := serve(t, c)
			results := run(t, config(t, s.URL, []check.Probe{p}), unobserved)
			s.Close()
			if results[0].Status != check.Pass {
				t.Errorf("alone it ends as %s: %s", results[0].Status, results[0].Seen)
			}
			got, most := c.count, check.Total([]check.Probe{p})
			if got.Genuine > most.Genuine || got.Forged > most.Forged || got.Other > most.Other {
				t.Errorf("it sent %+v, and announces %+v", got, most)
			}
		})
	}
}

// TestFreshIDs wants every event to have an id of its own, that of a duplicate apart.
func TestFreshIDs(t *testing.T) {
	seen := make(chan string, 1000)
	h := right()
	h.work = func(_ http.ResponseWriter, m message) { seen <- m.ID }
	run(t, config(t, serve(t, h).URL, check.Probes()), unobserved)
	close(seen)
	count := make(map[string]int)
	for id := range seen {
		if !strings.HasPrefix(id, check.IDPrefix) || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("an id is %q", id)
		}
		count[id]++
	}
	twice := 0
	for _, n := range count {
		if n > 1 {
			twice++
		}
	}
	if want := check.Total(check.Probes()).Genuine; twice != 1 || len(count) != want-1 {
		t.Errorf("%d ids of %d events, %d of them more than once", len(count), want, twice)
	}
}

func TestNothingThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + ln.Addr().String()
	ln.Close()
	for _, globs := range [][]string{nil, {"refuses-get"}, {"survives-reset"}, {"twenty-at-once"}, {"answers-in-time"}} {
		c := config(t, url, only(t, globs...))
		results, err := check.Run(t.Context(), c, func(r check.Result) { t.Errorf("%v: a result is reported: %+v", globs, r) })
		var unreachable *check.UnreachableError
		if !errors.As(err, &unreachable) || len(results) != 0 {
			t.Errorf("%v: %d results and the error %v", globs, len(results), err)
		} else if !strings.Contains(err.Error(), "is your app running?") {
			t.Errorf("%v: the error says %q", globs, err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	arrived := make(chan struct{}, 1000)
	h := right()
	h.work = func(http.ResponseWriter, message) { arrived <- struct{}{} }
	srv := serve(t, h)
	h.read = holding(h.read, func(r *http.Request) {
		if len(arrived) == 5 {
			cancel()
			<-r.Context().Done() // the answer never comes
		}
	})
	results, err := check.Run(ctx, config(t, srv.URL, check.Probes()), unobserved)
	if !errors.Is(err, context.Canceled) || len(results) != 5 {
		t.Errorf("%d results and the error %v, want 5 and that the context has ended", len(results), err)
	}
}

func holding(read func(*http.Request) ([]byte, error), hold func(*http.Request)) func(*http.Request) ([]byte, error) {
	return func(r *http.Request) ([]byte, error) {
		body, err := read(r)
		hold(r)
		return body, err
	}
}

func TestCannotSign(t *testing.T) {
	gone := errors.New("the session ended")
	for _, p := range check.Probes() {
		c := &counter{Handler: right()}
		conf := config(t, serve(t, c).URL, []check.Probe{p})
		conf.Sign = func(context.Context, []byte) (string, error) { return "", gone }
		results, err := check.Run(t.Context(), conf, unobserved)
		if p.ID == "refuses-get" {
			continue // it signs nothing before it has got its answer
		}
		if !errors.Is(err, gone) || len(results) != 0 || c.count.Genuine+c.count.Forged > 0 {
			t.Errorf("%s: %d results, the error %v, %+v sent", p.ID, len(results), err, c.count)
		}
	}
}

// TestLate gives the app a limit that nothing can keep.
func TestLate(t *testing.T) {
	conf := config(t, serve(t, right()).URL, check.Probes())
	conf.Limit = time.Nanosecond
	compare(t, run(t, conf, unobserved), want{"answers-in-time": fails("work is done before the answer")}.
		all(skipped, "accepts-*", "raw-*", "refuses-*", "same-*", "unknown-*", "out-*", "twenty-*", "status-*", "survives-*").
		without("accepts-document-analyzed", "accepts-document-deleted"))
}

func TestLateBurst(t *testing.T) {
	conf := config(t, serve(t, right()).URL, only(t, "twenty-at-once"))
	conf.Limit = time.Nanosecond
	compare(t, run(t, conf, unobserved), want{"twenty-at-once": fails("one after the other")})
}

// TestHangs has an app that never answers.
func TestHangs(t *testing.T) {
	h := right()
	h.read = holding(h.read, func(r *http.Request) { <-r.Context().Done() })
	conf := config(t, serve(t, h).URL, check.Probes())
	conf.Limit, conf.Patience = 50*time.Millisecond, 100*time.Millisecond
	compare(t, run(t, conf, unobserved), want{"answers-in-time": fails("work is done before the answer")}.
		all(skipped, "accepts-*", "raw-*", "refuses-*", "same-*", "unknown-*", "out-*", "twenty-*", "status-*", "survives-*").
		with("accepts-document-analyzed", fails("never got an answer")).
		with("accepts-document-deleted", fails("never got an answer")))
}

// TestAppEnds has an app that ends itself: what ended it is told, and once.
func TestAppEnds(t *testing.T) {
	end := func(srv *httptest.Server) {
		srv.Listener.Close()
		srv.CloseClientConnections()
	}
	t.Run("after an answer that was right", func(t *testing.T) {
		srv := serve(t, right())
		results := run(t, config(t, srv.URL, only(t, "accepts-task-created", "refuses-*")), func(r check.Result) {
			if r.ID == "refuses-missing-signature" {
				end(srv)
			}
		})
		compare(t, results, want{}.all(skipped, "refuses-*").
			without("refuses-tampered-body", "refuses-wrong-secret", "refuses-missing-signature").
			with("refuses-empty-signature", fails("the app ended, after what it got before")))
		for _, r := range results {
			if r.ID == "refuses-empty-signature" && !strings.Contains(r.Seen, "refuses-missing-signature") {
				t.Errorf("it doesn't say what the app got last: %s", r.Seen)
			}
		}
	})
	t.Run("without an answer", func(t *testing.T) {
		h := right()
		srv := serve(t, h)
		verify := h.verify
		h.verify = func(header http.Header, body []byte) bool {
			if len(header["X-Solatis-Signature"]) == 0 {
				srv.Listener.Close()
				panic(http.ErrAbortHandler)
			}
			return verify(header, body)
		}
		results := run(t, config(t, srv.URL, only(t, "accepts-task-created", "refuses-*", "answers-in-time")), unobserved)
		compare(t, results, want{}.all(skipped, "refuses-*", "answers-in-time").
			without("refuses-tampered-body", "refuses-wrong-secret").
			with("refuses-missing-signature", fails("comparison is given nothing")))
	})
	t.Run("before anything genuine", func(t *testing.T) {
		h := right()
		h.method = func(string) bool { return true }
		h.verify = func(http.Header, []byte) bool { return true }
		srv := serve(t, h)
		results := run(t, config(t, srv.URL, only(t, "refuses-get", "survives-reset")), func(check.Result) { end(srv) })
		compare(t, results, want{"refuses-get": fails("takes any method"), "survives-reset": skipped})
	})
	t.Run("by a reset", func(t *testing.T) {
		h := right()
		srv := serve(t, h)
		h.read = func(r *http.Request) ([]byte, error) {
			body := make([]byte, r.ContentLength)
			for n := 0; n < len(body); {
				m, err := r.Body.Read(body[n:])
				if n += m; err != nil && n < len(body) {
					end(srv)
					return nil, err
				}
			}
			return body, nil
		}
		results := run(t, config(t, srv.URL, only(t, "survives-reset")), unobserved)
		compare(t, results, want{"survives-reset": fails("broke off in the middle of a body")})
	})
}

// TestOtherTransports gets full marks over TLS and over a Unix socket, which the probe
// that breaks connections off has to speak by itself.
func TestOtherTransports(t *testing.T) {
	t.Run("TLS", func(t *testing.T) {
		srv := httptest.NewTLSServer(right())
		defer srv.Close()
		conf := config(t, srv.URL, check.Probes())
		conf.TLS = srv.Client().Transport.(*http.Transport).TLSClientConfig
		compare(t, run(t, conf, unobserved), want{})
	})
	t.Run("Unix socket", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("the path would have a drive's letter in it")
		}
		path := filepath.Join(t.TempDir(), "app")
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Skip(err)
		}
		srv := httptest.NewUnstartedServer(right())
		srv.Listener.Close()
		srv.Listener = ln
		srv.Start()
		defer srv.Close()
		compare(t, run(t, config(t, "unix:"+path+":/webhooks", check.Probes()), unobserved), want{})
	})
	t.Run("localhost", func(t *testing.T) {
		_, port, _ := net.SplitHostPort(serve(t, right()).Listener.Addr().String())
		compare(t, run(t, config(t, "localhost:"+port, only(t, "survives-reset")), unobserved), want{})
	})
}
