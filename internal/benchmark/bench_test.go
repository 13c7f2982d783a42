package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
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
	http.DefaultClient.CloseIdleConnections()
}

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

func TestParseStat(t *testing.T) {
	got, err := parseStat([]byte("7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 150 25 0 0 20 0 9 0 100"))
	if err != nil || got != 1750*time.Millisecond {
		t.Errorf("got %v, %v, want 1.75 s", got, err)
	}
	if _, err := parseStat([]byte("7 (a) S 1")); err == nil {
		t.Error("a short line has no error")
	}
}

func TestCPUTimeOfThisProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	if _, err := cpuTime([]int{os.Getpid()}); err != nil {
		t.Error(err)
	}
	if got, err := cpuTime(nil); got != 0 || err != nil {
		t.Errorf("nothing in the middle costs %v, %v", got, err)
	}
}

func TestQuantile(t *testing.T) {
	sorted := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if got := quantile(sorted, 0.99); got != 10 {
		t.Errorf("p99 of ten is %v", got)
	}
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median is %v", got)
	}
	if got := quantile([]float64(nil), 0.5); got != 0 {
		t.Errorf("median of nothing is %v", got)
	}
}

func TestSummaryIsTheMedianBesideOneHop(t *testing.T) {
	f := figures{cells: map[cellKey][]sample{}, commits: []time.Duration{time.Millisecond}}
	for _, n := range connections {
		for name, scale := range map[string]int{direct: 4, oneHop: 2, twoHops: 1, session: 1} {
			for _, events := range []int{1, 100, 1e6} { // two outliers that a mean would follow
				f.cells[cellKey{name, n}] = append(f.cells[cellKey{name, n}], sample{
					loaded: loaded{Events: events * scale, Took: time.Second}, cpu: time.Duration(events) * time.Millisecond,
				})
			}
		}
	}
	f.summarize()
	if len(f.Variants) != 8 || f.ArrivalGoal != 1500 {
		t.Fatalf("%d lines, goal %v", len(f.Variants), f.ArrivalGoal)
	}
	if v := f.Variants[3]; v.Variant != session || v.EventsPerSecond != 100 || v.EventsRatio != 0.5 || v.CPU != 1000 || v.CPURatio != 2 {
		t.Errorf("%+v", v)
	}
	var out strings.Builder
	if err := f.print(&out); err != nil || !strings.Contains(out.String(), "1500 µs") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{{}, {"--solatis", "x", "more"}, {"--solatis", "x", "--rounds", "0"}, {"--solatis", "x", "--time", "1h"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
