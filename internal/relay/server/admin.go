package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
)

// observe returns the pages for monitoring, and passes the rest on to administration.
func (s *server) observe(hosts relay.Hosts, administration http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.Handle("/admin/", administration)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hosts.Allow(r.Host) {
			http.Error(w, "solatis: this address is for administrators: the request names another host", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// readyz answers 200 while the relay takes requests: not while it drains, and not while
// it can't write.
func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	if err := s.readiness.check(s); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}

// failureMemory is how long a request that could not be stored makes the relay unready.
const failureMemory = 10 * time.Second

// probeEvery is how often, at most, the disk is tried.
const probeEvery = time.Second

// readiness is whether the relay can take requests.
type readiness struct {
	mu       sync.Mutex // guards what follows
	draining bool
	probed   time.Time
	err      error // what the probe said
}

func (r *readiness) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
}

func (r *readiness) isDraining() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.draining
}

var errDraining = errors.New("the relay is draining")

func (r *readiness) check(s *server) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining {
		return errDraining
	}
	if s.meter.failedWithin(failureMemory) {
		return errors.New("a request could not be stored a moment ago: see the log")
	}
	if now := s.Now(); now.Sub(r.probed) >= probeEvery || now.Before(r.probed) {
		r.probed, r.err = now, probe(s.Data)
	}
	return r.err
}

const probePattern = ".probe-*"

// probe writes a file into the data folder, of about the size that a commit has.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, probePattern)
	if err == nil {
		_, err = f.Write(make([]byte, 64<<10))
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		return errors.New("the data folder can't be written to: see the log")
	}
	return nil
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	l, err := s.gauges.read(r.Context(), s)
	if err != nil {
		s.Log.Error("metrics not complete", "error", err)
		http.Error(w, "solatis: the backlog can't be read: see the log", http.StatusInternalServerError)
		return
	}
	l.agents, l.connections, l.draining = s.relay.Agents(), s.limiter.count(), s.readiness.isDraining()
	if s.certs.served != nil {
		l.certificates = s.certs.served()
	}
	var page bytes.Buffer
	s.meter.write(&page, l)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(page.Bytes())
}

// gauges keep what takes a look at each endpoint, so that several who watch cost no more
// than one.
type gauges struct {
	mu   sync.Mutex // guards what follows
	load load
	at   time.Time
}

// gaugesEvery is how old the backlog in the metrics may be.
const gaugesEvery = 5 * time.Second

func (g *gauges) read(ctx context.Context, s *server) (load, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := s.Now()
	if age := now.Sub(g.at); age >= 0 && age < gaugesEvery {
		return g.load, nil
	}
	ids, err := s.endpointIDs(ctx)
	if err != nil {
		return load{}, err
	}
	l := load{endpoints: len(ids)}
	for _, id := range ids {
		stat, err := s.store.Stat(ctx, id, "")
		if err != nil {
			return load{}, err
		}
		l.backlog += stat.Backlog
		l.backlogBytes += stat.BacklogBytes
	}
	g.load, g.at = l, now
	return l, nil
}
