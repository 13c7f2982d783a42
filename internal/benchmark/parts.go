package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// serve listens on a free port of loopback, prints its URL, and serves until its standard
// input ends, which is when the bench does.
func serve(h http.Handler) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", ln.Addr())
	go http.Serve(ln, h)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// app answers 200 to everything.
func app() error {
	return serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
}

// proxy is one httputil.ReverseProxy hop with as many idle connections as it can use.
func proxy(target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	p := httputil.NewSingleHostReverseProxy(u)
	p.Transport = &http.Transport{MaxIdleConnsPerHost: 256}
	return serve(p)
}

// loadResult is what a load prints, in JSON.
type loadResult struct {
	Events   int
	Failed   int
	Seconds  float64
	P50, P99 time.Duration
}

// load posts 1 KiB bodies: load URL CONNECTIONS SECONDS.
func load(args []string) error {
	connections, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	began := time.Now()
	until := began.Add(time.Duration(seconds) * time.Second)
	var mu sync.Mutex
	var took []time.Duration
	failed := 0
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			mine, bad := sender(transport, args[0], c, until)
			mu.Lock()
			defer mu.Unlock()
			took, failed = append(took, mine...), failed+bad
		})
	}
	wg.Wait()
	if len(took) == 0 {
		return fmt.Errorf("no request was answered")
	}
	slices.Sort(took)
	return json.NewEncoder(os.Stdout).Encode(loadResult{
		Events: len(took), Failed: failed, Seconds: time.Since(began).Seconds(),
		P50: took[len(took)/2], P99: took[len(took)*99/100],
	})
}

func sender(transport *http.Transport, to string, connection int, until time.Time) (took []time.Duration, failed int) {
	pad := string(bytes.Repeat([]byte("x"), 900))
	for i := 0; time.Now().Before(until); i++ {
		body := fmt.Appendf(nil, `{"id":"evt_%d_%d","event":"task.created","created_at":"2026-01-01T00:00:00Z","data":{"pad":"%s"}}`, connection, i, pad)
		req, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(body))
		if err != nil {
			return took, failed + 1
		}
		began := time.Now()
		resp, err := transport.RoundTrip(req)
		if err != nil {
			failed++
			continue
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			failed++
			continue
		}
		took = append(took, time.Since(began))
	}
	return took, failed
}
