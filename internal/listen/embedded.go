package listen

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/wire"
)

// Embedded is a relay inside this process: the same that can be hosted publicly, with
// one endpoint, a token of this run, and no grace, since its only agent is here.
type Embedded struct {
	server *http.Server
	relay  *relay.Relay
	serve  sync.WaitGroup
	token  string
	id     string
	port   int
}

// EmbeddedConfig says how to run an embedded relay.
type EmbeddedConfig struct {
	Store     relay.Store    // outlives the relay
	Listeners []net.Listener // of one port; closed with the relay
	Endpoint  string         // the endpoint's id
	Hosts     []string       // further names under which it answers
	MaxBody   int64          // of one request, in bytes
}

// Timeouts and bounds of the embedded relay's HTTP server. Bodies have an idle limit of
// their own in package relay.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// StartEmbedded starts a relay that runs until Close.
func StartEmbedded(c EmbeddedConfig) *Embedded {
	var token [32]byte
	rand.Read(token[:]) // never fails: crypto/rand ends the program instead
	e := &Embedded{
		token: hex.EncodeToString(token[:]),
		id:    c.Endpoint,
		port:  c.Listeners[0].Addr().(*net.TCPAddr).Port,
	}
	limits := relay.DefaultLimits
	limits.Grace = 0
	e.relay = relay.New(relay.Config{
		Store:     c.Store,
		Authority: relay.SingleEndpoint{ID: c.Endpoint, Token: e.token},
		Hosts:     relay.LoopbackHosts(c.Hosts...),
		Limits:    limits,
		MaxBody:   c.MaxBody,
	})
	e.server = &http.Server{
		Handler:           e.relay,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(io.Discard, "", 0), // what it has to say is of broken clients
	}
	for _, ln := range c.Listeners {
		e.serve.Go(func() { _ = e.server.Serve(ln) })
	}
	return e
}

// URL returns where webhooks are to be sent, seen from this machine.
func (e *Embedded) URL() string {
	return "http://localhost:" + strconv.Itoa(e.port) + e.Path()
}

// Path returns the path of URL, for other hosts that lead here.
func (e *Embedded) Path() string { return wire.EndpointPath + e.id }

// Relay returns how a session connects to the relay as agent.
func (e *Embedded) Relay(agent, software string) Relay {
	return Relay{
		URL:      "ws://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(e.port)) + wire.AgentPath,
		Token:    e.token,
		Endpoint: e.id,
		Agent:    agent,
		Software: software,
	}
}

// Close ends the relay. Requests under way may finish for as long as grace.
func (e *Embedded) Close(grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	e.relay.Shutdown("solatis listen is ending", 0)
	err := e.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = e.server.Close()
	}
	e.serve.Wait()
	return err
}
