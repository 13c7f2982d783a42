// Package relay is the server core: it takes webhooks over HTTP, makes them durable,
// and passes them to agents over websockets. The relay that solatis listen runs inside
// itself and the public one are both this package; they differ in their Authority,
// Hosts, Limits and Store.
//
// The way of a request: ingest reads it and appends it to the Store; the endpoint's hub
// learns its seq; each connected agent's pusher sends it in order, within the agent's
// window; the agent acknowledges what is durable with it, and the store trims what
// nobody needs. In response mode "app" the ingest handler meanwhile waits for the
// app's answer, else it answers 200 at once.
package relay

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
)

// EndpointPath begins every endpoint's URL; its id follows.
const EndpointPath = "/e/"

// Config says how a Relay works. Store and Authority are required.
type Config struct {
	Store     Store
	Authority Authority
	Hosts     Hosts        // which Host headers are answered; nil means all
	Limits    Limits       // of each endpoint's log
	MaxBody   int64        // of one request, in bytes; DefaultMaxBody if 0
	InFlight  InFlight     // per agent; DefaultInFlight if zero
	Log       *slog.Logger // never gets bodies, header values or tokens; discarded if nil
	Now       func() time.Time
}

// DefaultMaxBody is the largest body that a relay takes, unless told otherwise.
const DefaultMaxBody = 32 << 20

// InFlight bounds what is sent to one agent and not acknowledged by it.
type InFlight struct {
	Requests int
	Bytes    int64
}

// DefaultInFlight keeps a fast agent busy and a slow one small.
var DefaultInFlight = InFlight{Requests: 1024, Bytes: 64 << 20}

// Relay serves any number of endpoints. Create it with New; it needs no closing, but
// Shutdown sends its agents away and ends all that it runs.
type Relay struct {
	Config

	mu        sync.Mutex // guards what follows
	endpoints map[string]*endpoint
	closing   bool
	agents    sync.WaitGroup
}

// New returns a relay.
func New(c Config) *Relay {
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.InFlight == (InFlight{}) {
		c.InFlight = DefaultInFlight
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Relay{Config: c, endpoints: make(map[string]*endpoint)}
}

// ServeHTTP takes webhooks at EndpointPath and agents at wire.AgentPath. It doesn't use
// a ServeMux, which would redirect paths that it finds unclean instead of passing them.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case !r.Hosts.Allow(req.Host):
		refuse(w, http.StatusMisdirectedRequest, "this relay doesn't answer for the host "+quote(req.Host)+
			"; if it should, start solatis listen with --allow-host or --public-url")
	case fromWebPage(req):
		refuse(w, http.StatusForbidden, "requests from web pages are refused")
	case req.URL.Path == wire.AgentPath:
		r.serveAgent(w, req)
	case strings.HasPrefix(req.URL.Path, EndpointPath):
		id, extra := splitPath(req.URL.EscapedPath())
		r.ingest(w, req, id, extra)
	default:
		refuse(w, http.StatusNotFound, "there is nothing here; webhooks go to the URL that solatis listen printed")
	}
}

// splitPath takes an escaped "/e/ID/more" apart into "ID" and "/more".
func splitPath(path string) (id, extra string) {
	id = strings.TrimPrefix(path, EndpointPath)
	if i := strings.IndexByte(id, '/'); i >= 0 {
		return id[:i], id[i:]
	}
	return id, ""
}

// Shutdown tells every agent to come back later, and returns when their connections
// are closed. Later agents are refused. Requests that wait for an app's answer are not
// waited for.
func (r *Relay) Shutdown(reason string, retryIn time.Duration) {
	r.mu.Lock()
	r.closing = true
	var all []*agent
	for _, e := range r.endpoints {
		all = append(all, e.connected()...)
	}
	r.mu.Unlock()
	for _, a := range all {
		a.goodbye(wire.CodeRestart, reason, retryIn)
	}
	r.agents.Wait()
}

// endpoint returns the hub of an endpoint that the authority knows.
func (r *Relay) endpoint(ctx context.Context, id string) (*endpoint, error) {
	r.mu.Lock()
	e, ok := r.endpoints[id]
	r.mu.Unlock()
	if ok {
		return e, nil
	}
	stat, err := r.Store.Stat(ctx, id, "")
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.endpoints[id]; ok {
		return e, nil
	}
	e = newEndpoint(id, stat.Head)
	r.endpoints[id] = e
	return e, nil
}
