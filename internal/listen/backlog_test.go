package listen

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// playRelay plays a relay: it says to the n-th connection what script has at n, and ends it
// when the agent has acknowledged the last request of it. It returns its URL and what the
// agent says first on each connection.
func playRelay(t *testing.T, script ...[]wire.Frame) (url string, hellos chan *wire.Hello) {
	t.Helper()
	hellos = make(chan *wire.Hello, len(script))
	connections := make(chan []wire.Frame, len(script))
	for _, frames := range script {
		connections <- frames
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := wsconn.Accept(w, r)
		if err != nil {
			return
		}
		defer conn.Abort()
		frames := <-connections
		last := uint64(wire.MaxSeq)
		if r, ok := frames[len(frames)-1].(*wire.Request); ok {
			last = r.Seq
		}
		for done := false; !done; {
			message, err := conn.Read()
			if err != nil {
				return
			}
			_ = wire.Decode(message, func(f wire.Frame) error {
				switch f := f.(type) {
				case *wire.Hello:
					hellos <- f
					var buf bytes.Buffer
					if err := wire.Encode(&buf, frames...); err != nil {
						t.Error(err)
					}
					_ = conn.Write(buf.Bytes())
				case *wire.Ack:
					done = f.Seq >= last
				}
				return nil
			})
		}
	}))
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return "ws" + strings.TrimPrefix(srv.URL, "http"), hellos
}

// TestSinceGoesOnAfterACut: a session that looks back with --since goes on with what it has
// not seen, though the history's position is far beyond that.
func TestSinceGoesOnAfterACut(t *testing.T) {
	h, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, err := h.Record(t.Context(), history.Batch{Agent: "a", Position: event.Position{Epoch: 5, Seq: 10}}); err != nil {
		t.Fatal(err)
	}
	request := func(seq uint64) *wire.Request {
		return &wire.Request{Seq: seq, ID: fmt.Sprint("req_", seq), Method: "POST", Part: []byte("x"), Length: 1}
	}
	url, hellos := playRelay(t,
		[]wire.Frame{&wire.Welcome{Endpoint: "e1", Epoch: 5, Seq: 3, Backlog: 7}, request(4), request(5)},
		[]wire.Frame{&wire.Welcome{Endpoint: "e1", Epoch: 5, Seq: 5, Backlog: 5}, request(6)},
		[]wire.Frame{&wire.Welcome{Endpoint: "e1", Epoch: 5, Seq: 6, Backlog: 4}},
	)
	since := time.Unix(0, 1)
	s := New(Config{
		Relay:   Relay{URL: url, Endpoint: "hooks", Agent: "a", Since: since},
		History: h, Bus: new(activity.Bus), Respond: wire.ModeRelay, Verify: VerifyOff, MaxBody: 1 << 20,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for i, want := range []wire.Hello{{Since: since.UnixNano(), Epoch: 5, Seq: 10}, {Epoch: 5, Seq: 5}, {Epoch: 5, Seq: 6}} {
		if got := <-hellos; got.Since != want.Since || got.Epoch != want.Epoch || got.Seq != want.Seq {
			t.Errorf("connection %d begins with since %d, seq %d of epoch %d", i+1, got.Since, got.Seq, got.Epoch)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	// The position never goes back, as the next session has no Since.
	if at, err := h.Position(t.Context(), "a"); err != nil || at.Seq != 10 {
		t.Errorf("the position is %+v, %v", at, err)
	}
}

// TestABacklogWaitsOutsideMemory plays an app that hangs while a backlog is recorded: bodies
// over the bound are given up, and read from the history when their turn comes.
func TestABacklogWaitsOutsideMemory(t *testing.T) {
	const size = 1 << 20
	s := New(Config{Bus: new(activity.Bus)})
	hanging := make(chan *job, 1)
	q := newQueue(1, func(j *job) { hanging <- j })
	q.connected(0, 1<<62)
	var jobs []*job
	for seq := uint64(1); seq <= 200; seq++ {
		in := &judged{request: new(event.Request)} // the queue goes by what job says of its size
		j := &job{lane: &lane{queue: q}, body: in.request, size: size, recorded: make(chan bool, 1), generation: q.current(), seq: seq}
		jobs = append(jobs, j)
		s.settle(item{at: event.Position{Epoch: 1, Seq: seq}, in: in, jobs: []*job{j}}, []history.Recorded{{}})
	}
	<-hanging
	kept := 0
	for _, j := range jobs[1:] { // the first is with the app
		if j.body != nil {
			kept++
		}
	}
	if kept > maxQueuedBytes/size || kept == 0 || q.bytes != kept*size {
		t.Errorf("%d of %d bodies are kept, %d bytes are counted", kept, len(jobs), q.bytes)
	}
	q.close()
}

// TestWhatIsSkippedIsKeptForOrderOnly: with more than one slot nothing waits for a gap.
func TestWhatIsSkippedIsKeptForOrderOnly(t *testing.T) {
	q := newQueue(16, nil)
	q.start = q.done
	q.connected(0, 0)
	q.submit(&job{generation: 1, seq: 2})
	q.submit(&job{generation: 1, seq: 1}) // out of turn, so that expected stays behind
	for seq := uint64(3); seq < 100; seq++ {
		q.skip(1, seq, seq)
	}
	q.close()
	if n := len(q.skipped); n > 0 {
		t.Errorf("%d are kept", n)
	}
}
