package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/signature"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestLoadPostsWhatSolatisPosts holds that a load is signed events of 1 KiB, each with an
// id of its own.
func TestLoadPostsWhatSolatisPosts(t *testing.T) {
	secret, err := signature.NewSecret(secretText)
	if err != nil {
		t.Fatal(err)
	}
	app := new(app)
	ids := make(chan string, 1<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if v := signature.Verify(secret, body, r.Header[signature.HeaderName]); v != signature.Valid || len(body) != bodySize {
			t.Errorf("%d bytes, signature %s", len(body), v)
		}
		e, err := event.Parse(body)
		if err != nil {
			t.Error(err)
		}
		ids <- e.ID
		r.Body = io.NopCloser(bytes.NewReader(body))
		app.ServeHTTP(w, r)
	}))
	defer server.Close()
	got, err := load{URL: server.URL, Connections: 3, For: 30 * time.Millisecond}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	close(ids)
	seen := map[string]bool{}
	for id := range ids {
		seen[id] = true
	}
	if len(seen) != got.Events || got.Events < 3 {
		t.Errorf("%d ids of %d events by 3 connections", len(seen), got.Events)
	}
	a := app.take()
	if a.Events != got.Events || a.Median <= 0 || a.Median > got.P99 {
		t.Errorf("the app saw %+v, the load %+v", a, got)
	}
	if again := app.take(); again != (arrivals{}) {
		t.Errorf("asked again it has %+v", again)
	}
}

func TestLoadFailsWhereTheAnswerIsNotOK(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := load{URL: server.URL, Connections: 2, For: time.Second}.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want the status", err)
	}
}

// TestProxyPasses runs app and proxy as their processes do, one behind the other.
func TestProxyPasses(t *testing.T) {
	app := runServer(t, appRole)
	proxy := runServer(t, proxyRole, app)
	got, err := load{URL: proxy, Connections: 1, For: 20 * time.Millisecond}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen, err := ask(t.Context(), app)
	if err != nil || seen.Events != got.Events || seen.Events == 0 {
		t.Errorf("%d events sent, %d arrived, %v", got.Events, seen.Events, err)
	}
	closeIdle()
}

// closeIdle ends the connections by which an app was asked, whose goroutines a test would
// otherwise leave behind.
func closeIdle() { http.DefaultClient.CloseIdleConnections() }

func runServer(t *testing.T, r role, args ...string) (url string) {
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- r(ctx, args, in) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	line := make([]byte, 100)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(line[:n]))
}

// TestSession runs what --profile profiles.
func TestSession(t *testing.T) {
	app := runServer(t, appRole)
	s, err := startSession(t.Context(), t.TempDir(), app)
	if err != nil {
		t.Fatal(err)
	}
	got, err := load{URL: s.relay.URL(), Connections: 4, For: 50 * time.Millisecond}.run(t.Context())
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if err != nil || got.Events == 0 {
		t.Errorf("%d events, %v", got.Events, err)
	}
}
