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
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// Config says how a Relay works. Store and Authority are required.
type Config struct {
	Store     Store
	Authority Authority
	Hosts     Hosts        // which Host headers are answered; nil means all
	Limits    Limits       // of each endpoint's log
	MaxBody   int64        // of one request, in bytes; DefaultMaxBody if 0
	InFlight  InFlight     // per agent; DefaultInFlight if zero
	Rates     Rates        // no limits where zero
	MaxAgents int          // connected at once; 0 for no limit
	PerOwner  int          // of those, of one owner; 0 for no limit
	Log       *slog.Logger // never gets bodies, header values, tokens or whole endpoint ids; discarded if nil
	Meter     Meter        // nil for none
	Notice    string       // told to every agent that connects; empty for none
	// TrustedProxies are believed when they say whose request they pass on.
	TrustedProxies []netip.Prefix
	Now            func() time.Time
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

// MaxAgentsPerEndpoint bounds how often each request is sent.
const MaxAgentsPerEndpoint = 32

// Relay serves any number of endpoints. Create it with New; it needs no closing, but
// Shutdown sends its agents away and ends all that it runs.
type Relay struct {
	Config
	rates  struct{ ip, endpoint, token *limiter }
	ending chan struct{} // closed with the first Shutdown

	mu        sync.Mutex // guards what follows
	endpoints map[string]*endpoint
	closing   bool
	connected int                   // agents, from their handshake on
	owned     map[string]int        // those whose owner is known, by owner
	barred    map[string]bool       // ids of tokens that Disconnect was called for
	strangers map[*wsconn.Conn]bool // those that haven't said who they are
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
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	r := &Relay{Config: c, ending: make(chan struct{}), endpoints: make(map[string]*endpoint), barred: make(map[string]bool), owned: make(map[string]int), strangers: make(map[*wsconn.Conn]bool)}
	r.rates.ip, r.rates.endpoint, r.rates.token = newLimiter(c.Rates.IP), newLimiter(c.Rates.Endpoint), newLimiter(c.Rates.Token)
	return r
}

// ServeHTTP takes webhooks at wire.EndpointPath and agents at wire.AgentPath. It doesn't
// use a ServeMux, which would redirect paths that it finds unclean instead of passing them.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	from := r.originOf(req)
	wait, ok := r.rates.ip.take(ipKey(from.remote), r.Now())
	switch {
	case r.isClosing():
		w.Header().Set("Connection", "close")
		r.refuseForNow(w, RefusedDraining, "the relay is restarting")
	case !ok:
		r.refuseRate(w, RefusedIPRate, wait, "too many requests from "+from.remote)
	case !r.Hosts.Allow(req.Host):
		r.refuse(w, http.StatusMisdirectedRequest, RefusedHost, "this relay doesn't answer for the host "+quote(req.Host)+
			"; if it should, start solatis listen with --allow-host or --public-url")
	case fromWebPage(req):
		r.refuse(w, http.StatusForbidden, RefusedWebPage, "requests from web pages are refused")
	case req.URL.Path == wire.AgentPath:
		r.serveAgent(w, req)
	case strings.HasPrefix(req.URL.Path, wire.EndpointPath):
		id, extra := splitPath(req.URL.EscapedPath())
		r.ingest(w, req, from, id, extra)
	default:
		r.refuse(w, http.StatusNotFound, RefusedPath, "there is nothing here; webhooks go to the URL that solatis listen printed")
	}
}

// splitPath takes an escaped "/e/ID/more" apart into "ID" and "/more".
func splitPath(path string) (id, extra string) {
	id = strings.TrimPrefix(path, wire.EndpointPath)
	if i := strings.IndexByte(id, '/'); i >= 0 {
		return id[:i], id[i:]
	}
	return id, ""
}

func (r *Relay) isClosing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closing
}

// endpoint returns the hub of an endpoint that the authority knows.
func (r *Relay) endpoint(ctx context.Context, id string) (*endpoint, error) {
	e := r.addHub(id)
	if err := e.opened(func() error { return r.open(ctx, e) }); err != nil {
		r.removeHub(e)
		return nil, err
	}
	return e, nil
}

// open prepares a new hub, which nobody uses yet.
func (r *Relay) open(ctx context.Context, e *endpoint) error {
	if err := r.forgetEphemeral(ctx, e.id); err != nil {
		return err
	}
	stat, err := r.Store.Stat(ctx, e.id, "")
	if err != nil {
		return err
	}
	e.head = stat.Head
	// It may have been deleted since its id was looked up, when Drop found no hub.
	ok, err := r.Authority.Endpoint(ctx, e.id)
	if err == nil && !ok {
		err = errDropped
	}
	return err
}

// addHub returns the hub of id, a new one where there is none.
func (r *Relay) addHub(id string) *endpoint {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.endpoints[id]
	if !ok {
		e = newEndpoint(id)
		r.endpoints[id] = e
	}
	return e
}

func (r *Relay) removeHub(e *endpoint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.endpoints[e.id] == e {
		delete(r.endpoints, e.id)
	}
}

func (r *Relay) hub(id string) (*endpoint, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.endpoints[id]
	return e, ok
}

// hubs returns all hubs there are.
func (r *Relay) hubs() []*endpoint {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.endpoints))
}
