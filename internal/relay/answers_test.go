package relay_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
)

// TestAnAnswerFramesNothing: what an agent says of the length of an answer, or of its
// connection, never reaches the sender, however it is spelt. With two lengths a proxy could
// take the end of one answer for another sender's.
func TestAnAnswerFramesNothing(t *testing.T) {
	p := startPublic(t, nil)
	a := agentByHand(t, p.srv.URL, wire.Hello{Agent: "evil", Mode: wire.ModeApp, AnswerMS: answerMS})
	hears[*wire.Welcome](a)
	for _, header := range []map[string][]string{
		{"Transfer-Encoding": {"chunked"}},
		{"transfer-encoding": {"chunked"}, "connection": {"keep-alive"}},
		{"TRANSFER-ENCODING": {"chunked"}},
		{"content-length": {"3"}},
		{"Content-Length": {"3"}, "CONTENT-LENGTH": {"4"}},
		{"keep-alive": {"timeout=9"}, "proxy-connection": {"keep-alive"}, "trailer": {"X"}, "te": {"trailers"}, "upgrade": {"h2c"}},
		{"Connection": {"X-Hop, close", "x-own"}, "x-hop": {"1"}, "X-Own": {"1"}},
		{"connection": {" X-HOP "}, "X-Hop": {"1"}},
	} {
		got := make(chan string)
		go func() { got <- p.postRaw(t) }()
		body := "0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
		header = maps.Clone(header)
		header["X-Kept"], header["x-kept"] = []string{"1"}, []string{"2"}
		a.say(&wire.Response{ID: hears[*wire.Request](a).ID, Status: 200, Length: uint64(len(body)), Part: []byte(body), Header: header})
		head, rest, _ := strings.Cut(<-got, "\r\n\r\n")
		var names []string
		for _, line := range strings.Split(head, "\r\n")[1:] {
			name, value, _ := strings.Cut(line, ": ")
			if name = strings.ToLower(name); name == "content-length" && value != fmt.Sprint(len(body)) {
				t.Errorf("%v: the length is %s", header, value)
			}
			names = append(names, name)
		}
		slices.Sort(names)
		// The connection's end is this server's own, since the sender asked for it.
		want := []string{"connection", "content-length", "content-type", "date", "x-kept", "x-kept"}
		if !slices.Equal(names, want) || rest != body {
			t.Errorf("%v: got\n%s\n\n%s", header, head, rest)
		}
	}
}

// postRaw posts to ann's endpoint and returns all that comes until the connection ends.
func (p *public) postRaw(t *testing.T) string {
	c, err := net.Dial("tcp", strings.TrimPrefix(p.srv.URL, "http://"))
	if err != nil {
		t.Error(err)
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(stuck))
	_, _ = io.WriteString(c, "POST /e/ann-hooks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
	all, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	return string(all)
}

// TestTheTermsOfAnAgentGoWithIt: an ephemeral agent leaves nothing behind that a sender
// could feel.
func TestTheTermsOfAnAgentGoWithIt(t *testing.T) {
	left := make(chan string, 10)
	p := startWatched(t, &watched{forget: func(agent string) { left <- agent }}, nil)
	ephemeral := func(mode wire.Mode, methods ...string) *heard {
		h := p.listen("ann", "ci", func(c *tunnel.Config) {
			c.Ephemeral, c.Mode, c.Methods, c.AnswerIn = true, mode, methods, time.Millisecond
		})
		h.expect(t, "connected, 0 wait")
		return h
	}
	ephemeral(wire.ModeApp, "PUT").leaves(left)
	if status, _ := p.post("ann-hooks", "stored"); status != 200 {
		t.Errorf("with nobody there: %d", status)
	}
	dev := p.listen("ann", "laptop", nil)
	dev.expect(t, "connected, 1 wait", "stored")
	ephemeral(wire.ModeApp).leaves(left)
	if status, _ := p.post("ann-hooks", "1"); status != 200 {
		t.Errorf("with an agent of mode relay: %d", status)
	}
	dev.expect(t, "1")
	dev.stop()

	app := agentByHand(t, p.srv.URL, wire.Hello{Agent: "app", Mode: wire.ModeApp, AnswerMS: answerMS, Epoch: 1})
	hears[*wire.Welcome](app)
	ci := p.listen("ann", "ci", func(c *tunnel.Config) { c.Ephemeral = true })
	ci.expect(t, "connected, 0 wait")
	ci.leaves(left)
	status := p.posting("ann-hooks", "2")
	for {
		r := hears[*wire.Request](app)
		if string(r.Part) == "2" {
			app.say(&wire.Response{ID: r.ID, Status: 201})
			break
		}
	}
	if s := <-status; s != 201 {
		t.Errorf("with an agent of mode app: %d", s)
	}
}

// TestFirstUsesAtOnceForgetNobody: the first use of an endpoint forgets the ephemeral agents
// of an earlier run of the relay. One that comes meanwhile isn't among them.
func TestFirstUsesAtOnceForgetNobody(t *testing.T) {
	opening, resumed := make(chan bool), make(chan string, 1)
	var asked atomic.Int64
	p := startWatched(t, &watched{
		resume: func(agent string) { resumed <- agent },
		agents: func() {
			if asked.Add(1) > 1 {
				return
			}
			close(opening)
			// The agent waits for the first use, so it can't come in now; this only gives a
			// relay the time to be wrong.
			select {
			case <-resumed:
			case <-time.After(100 * time.Millisecond):
			}
		},
	}, nil)
	status := p.posting("ann-hooks", "first")
	<-opening
	ci := p.listen("ann", "ci", func(c *tunnel.Config) { c.Ephemeral = true })
	if s := <-status; s != 200 {
		t.Errorf("the first sender got %d", s)
	}
	<-ci.lines
	if got := p.known(); !slices.Equal(got, []string{"~ci"}) {
		t.Errorf("known are %q", got)
	}
}

func TestARefusedAgentHoldsNothing(t *testing.T) {
	p := startPublic(t, nil)
	for i := range relay.MaxAgentsPerEndpoint {
		hears[*wire.Welcome](agentByHand(t, p.srv.URL, wire.Hello{Agent: fmt.Sprint("a", i), Ephemeral: i%2 == 0}))
	}
	for _, hello := range []wire.Hello{{Agent: "late"}, {Agent: "late", Ephemeral: true}} {
		if bye := hears[*wire.Goodbye](agentByHand(t, p.srv.URL, hello)); bye.Code.Final() {
			t.Errorf("it may never come back: %+v", bye)
		}
	}
	if got := p.known(); len(got) != relay.MaxAgentsPerEndpoint || slices.Contains(got, "late") || slices.Contains(got, "~late") {
		t.Errorf("known are %q", got)
	}
	// One that comes again is not one more.
	hears[*wire.Welcome](agentByHand(t, p.srv.URL, wire.Hello{Agent: "a1"}))
}

// TestAnswersNobodyWaitsForAreNotKept shows it by what the relay doesn't notice: a part
// that is too long for the answer it belongs to.
func TestAnswersNobodyWaitsForAreNotKept(t *testing.T) {
	p := startPublic(t, nil)
	a := agentByHand(t, p.srv.URL, wire.Hello{Agent: "a", Mode: wire.ModeApp, AnswerMS: answerMS})
	hears[*wire.Welcome](a)
	for i := range 100 {
		id := fmt.Sprint("unknown", i)
		a.say(&wire.Response{ID: id, Status: 200, Length: relay.MaxAnswer}, &wire.ResponseBody{ID: id})
		a.say(&wire.Response{ID: id, Status: 200, Length: 1}, &wire.ResponseBody{ID: id, Part: []byte("too long")})
	}
	status := p.posting("ann-hooks", "x")
	a.say(&wire.Response{ID: hears[*wire.Request](a).ID, Status: 201})
	if s := <-status; s != 201 {
		t.Errorf("got %d", s)
	}
}

// maxUnfinished is how many answers of the largest size may be unfinished.
const maxUnfinished = 64

func TestUnfinishedAnswersAreBounded(t *testing.T) {
	p := startPublic(t, nil)
	a := agentByHand(t, p.srv.URL, wire.Hello{Agent: "a", Mode: wire.ModeApp, AnswerMS: answerMS})
	hears[*wire.Welcome](a)
	defer p.sendersWait(p.srv.URL, maxUnfinished+1)()
	a.leaveUnfinished(maxUnfinished + 1)
	if bye := hears[*wire.Goodbye](a); bye.Code != wire.CodeProtocol || !strings.Contains(bye.Reason, "unfinished answers") {
		t.Errorf("got %+v", bye)
	}
}

func TestAnswersToSendersThatWentMakeRoom(t *testing.T) {
	p := startPublic(t, nil)
	a := agentByHand(t, p.srv.URL, wire.Hello{Agent: "a", Mode: wire.ModeApp, AnswerMS: answerMS})
	hears[*wire.Welcome](a)
	went := make(chan bool, maxUnfinished)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.ServeHTTP(w, r)
		went <- true
	}))
	defer srv.Close()
	stop := p.sendersWait(srv.URL, maxUnfinished)
	defer stop()
	a.leaveUnfinished(maxUnfinished)
	answered := func(body string) {
		t.Helper()
		status := p.posting("ann-hooks", "x")
		a.say(&wire.Response{ID: hears[*wire.Request](a).ID, Status: 201, Length: uint64(len(body)), Part: []byte(body)})
		if s := <-status; s != 201 {
			t.Errorf("%q: got %d", body, s)
		}
	}
	answered("") // needs no room, and says that all before it was read
	stop()
	for range maxUnfinished {
		<-went
	}
	answered("x")
}

// sendersWait has so many senders wait for an answer from ann's app, until stop.
func (p *public) sendersWait(url string, n int) (stop func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	var senders sync.WaitGroup
	for range n {
		senders.Go(func() {
			req, err := http.NewRequestWithContext(ctx, "POST", url+"/e/ann-hooks", nil)
			if err != nil {
				p.t.Error(err)
				return
			}
			if resp, err := p.srv.Client().Do(req); err == nil {
				resp.Body.Close()
			}
		})
	}
	return func() { cancel(); senders.Wait() }
}

// leaveUnfinished begins an answer of the largest size to each of the next n requests. Said
// again, it takes the place of what was said before.
func (a *byHand) leaveUnfinished(n int) {
	for range n {
		id := hears[*wire.Request](a).ID
		for range 3 {
			a.say(&wire.Response{ID: id, Status: 200, Length: relay.MaxAnswer, Part: []byte("x")})
		}
	}
}
