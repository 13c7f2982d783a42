package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// serve serves h on a free port until ctx ends, and prints the server's URL to out.
func serve(ctx context.Context, h http.Handler, out io.Writer) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if _, err := fmt.Fprintf(out, "http://%s\n", ln.Addr()); err != nil {
		return errors.Join(err, ln.Close())
	}
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// app answers every POST with 200 and remembers how long each was on its way, by the
// time of sending in sentHeader. A GET returns that as arrivals and forgets it.
type app struct {
	mu     sync.Mutex // guards what follows
	took   []time.Duration
	events int
}

// arrivals is what an app has seen since it was asked last.
type arrivals struct {
	Events int
	Median time.Duration // from just before the request was written to its last byte at the app
	P99    time.Duration
}

func appRole(ctx context.Context, _ []string, out io.Writer) error {
	return serve(ctx, new(app), out)
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_ = json.NewEncoder(w).Encode(a.take())
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	now := time.Now().UnixNano()
	sent, err := strconv.ParseInt(r.Header.Get(sentHeader), 10, 64)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events++
	if err == nil { // what trigger sends has no such header
		a.took = append(a.took, time.Duration(now-sent))
	}
}

func (a *app) take() arrivals {
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.Sort(a.took)
	seen := arrivals{Events: a.events, Median: quantile(a.took, 0.5), P99: quantile(a.took, 0.99)}
	a.took, a.events = a.took[:0], 0
	return seen
}

// ask returns what the app at url has seen since it was asked last.
func ask(ctx context.Context, url string) (arrivals, error) {
	var seen arrivals
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return seen, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return seen, err
	}
	defer resp.Body.Close()
	return seen, json.NewDecoder(resp.Body).Decode(&seen)
}

// proxyIdle lets a proxy keep a connection for each of its clients. Go's default of two
// would make it dial for nearly every request, and solatis look good beside it.
const proxyIdle = 1024

// proxyRole is one plain hop to the URL that is its argument.
func proxyRole(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("proxy takes one URL")
	}
	target, err := url.Parse(args[0])
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConns: proxyIdle, MaxIdleConnsPerHost: proxyIdle, DisableCompression: true}
	defer transport.CloseIdleConnections()
	return serve(ctx, &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
	}, out)
}
