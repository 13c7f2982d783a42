package cli_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

// anyCertificate is a sender that doesn't care who it talks to.
var anyCertificate = &http.Client{Transport: &http.Transport{
	DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
}}

// testRelay is the real relay in this process, with TLS by an authority of its own and
// one token.
type testRelay struct {
	core  *relay.Relay
	gate  *gate
	token string

	mu      sync.Mutex // guards what follows
	revoked bool
	salt    string // of the endpoints' ids
	ids     map[string]bool
}

// relays are the running ones, by script and name.
var relays sync.Map

func relayOf(ts *testscript.TestScript, name string) *testRelay {
	found, running := relays.Load(sessionKey(ts, name))
	if !running {
		ts.Fatalf("no relay %s is running", name)
	}
	return found.(*testRelay)
}

// startRelay runs a relay: relay NAME. It sets $NAME to its origin and writes NAME.pem,
// the certificate of its authority, and NAME.token. The certificate is also for
// example.com.
func startRelay(ts *testscript.TestScript, neg bool, args []string) {
	name := args[0]
	store, err := sqlitestore.Open(context.Background(), filepath.Join(ts.Getenv("WORK"), name+".db"))
	ts.Check(err)
	r := &testRelay{token: "slt_canary" + hex.EncodeToString([]byte(ts.Name()+name)), ids: make(map[string]bool)}
	r.core = relay.New(relay.Config{Store: store, Limits: relay.DefaultLimits, MaxBody: relay.DefaultMaxBody, Authority: r})
	srv := httptest.NewUnstartedServer(r.core)
	r.gate = &gate{Listener: srv.Listener, open: make(map[net.Conn]bool)}
	srv.Listener = r.gate
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	relays.Store(sessionKey(ts, name), r)
	ts.Defer(func() {
		r.core.Shutdown("the test is over", 0)
		srv.CloseClientConnections()
		srv.Close()
		store.Close()
	})
	ts.Setenv(name, srv.URL)
	block := &pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}
	ts.Check(os.WriteFile(ts.MkAbs(name+".pem"), pem.EncodeToMemory(block), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(name+".token"), []byte(r.token+"\n"), 0o600))
}

// Endpoint, Bearer and Open make the relay its own Authority.
func (r *testRelay) Endpoint(_ context.Context, id string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id], nil
}

func (r *testRelay) Bearer(_ context.Context, token string) (relay.Bearer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case token == "":
		return relay.Bearer{}, &relay.RefusedError{Reason: "an agent needs a token"}
	case token != r.token:
		return relay.Bearer{}, &relay.RefusedError{Reason: "the token is not known here"}
	case r.revoked:
		return relay.Bearer{}, &relay.RefusedError{Reason: "the token was revoked"}
	}
	return relay.Bearer{TokenID: "tok_1", Owner: "dev"}, nil
}

func (r *testRelay) Open(_ context.Context, _ relay.Bearer, name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := sha256.Sum256([]byte(r.salt + name))
	id := hex.EncodeToString(sum[:16])
	r.ids[id] = true
	return id, nil
}

// revoke takes the token back while agents are connected with it.
func (r *testRelay) revoke() {
	r.mu.Lock()
	r.revoked = true
	r.mu.Unlock()
	r.core.Disconnect("tok_1", "the token was revoked")
}

// forget gives every endpoint another id from now on, as if all had been deleted.
func (r *testRelay) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.salt += "again "
}

// gate is a listener that can be shut, and then turns everybody away at once.
type gate struct {
	net.Listener

	mu   sync.Mutex // guards what follows
	down bool
	open map[net.Conn]bool
}

func (g *gate) shut(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
	if down {
		for conn := range g.open {
			conn.Close()
		}
		clear(g.open)
	}
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil || g.admit(conn) {
			return conn, err
		}
		conn.Close()
	}
}

func (g *gate) admit(conn net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.down {
		g.open[conn] = true
	}
	return !g.down
}

// startProxy runs a proxy that leads wherever it is asked to the relay: proxy NAME RELAY.
// It sets $NAME to its URL and appends what it was asked for to the file NAME.
func startProxy(ts *testscript.TestScript, neg bool, args []string) {
	to := relayOf(ts, args[1]).gate.Addr().String()
	asked, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(asked, r.Method+" "+r.Host+"\n")
		there, err := net.Dial("tcp", to)
		if r.Method != http.MethodConnect || err != nil {
			http.Error(w, "only CONNECT", http.StatusBadGateway)
			return
		}
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			there.Close()
			return
		}
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(there, buffered); there.Close() }()
		go func() { io.Copy(here, there); here.Close() }()
	}))
	ts.Defer(func() { srv.Close(); asked.Close() })
	ts.Setenv(args[0], srv.URL)
}

// untold fails if a relay's token stands anywhere but where it belongs: untold RELAY.
func untold(ts *testscript.TestScript, neg bool, args []string) {
	token := relayOf(ts, args[0]).token
	for _, root := range []string{ts.Getenv("WORK"), ts.Getenv("SOLATIS_HOME")} {
		ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".token") {
				return err
			}
			text, err := os.ReadFile(path)
			if !strings.Contains(string(text), token) {
				return err
			}
			if filepath.Base(filepath.Dir(path)) != "credentials" {
				ts.Fatalf("the token stands in %s", path)
			}
			return err
		}))
	}
	if ts.ReadFile(ts.Getenv(transcriptVariable)) == "" {
		ts.Fatalf("the script has no transcript")
	}
}
