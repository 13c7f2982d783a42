// Package storetest is the suite that every relay.Store passes. It holds the sentences
// of the contract, and one property over random operations: an agent that resumes, reads
// and acknowledges misses nothing, whatever happens to the store in between.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"pgregory.net/rapid"
)

// Disk is where a store's data lies. Snapshot is called while a store is open and idle, as
// a backup may be made; Restore while none is.
type Disk interface {
	Open(t rapid.TB) relay.Store
	Snapshot(t rapid.TB) // remembers the data as it is
	Restore(t rapid.TB)  // puts the remembered data back
}

// Run runs the suite. newDisk returns an empty disk within a folder that is there.
func Run(t *testing.T, newDisk func(folder string) Disk) {
	open := func(t *testing.T) relay.Store {
		s := newDisk(t.TempDir()).Open(t)
		t.Cleanup(func() { s.Close() })
		return s
	}
	t.Run("RequestsComeBackAsTheyWere", func(t *testing.T) { roundTrip(t, open(t)) })
	t.Run("ConcurrentAppendsGetNumbersWithoutHoles", func(t *testing.T) { numbers(t, open(t)) })
	t.Run("SpooledBodies", func(t *testing.T) { spooled(t, open(t)) })
	t.Run("LimitsRefuseAndKeepNothing", func(t *testing.T) { limits(t, open(t)) })
	t.Run("GraceAndRetention", func(t *testing.T) { graceAndRetention(t, open(t)) })
	t.Run("ASlowAgentLosesWhatAnotherHas", func(t *testing.T) { slowAgent(t, open(t)) })
	t.Run("Reopen", func(t *testing.T) { reopen(t, newDisk(t.TempDir())) })
	t.Run("RestoredCopy", func(t *testing.T) { restored(t, newDisk(t.TempDir())) })
	t.Run("NothingIsMissed", func(t *testing.T) {
		root := t.TempDir()
		rapid.Check(t, func(t *rapid.T) {
			folder, err := os.MkdirTemp(root, "")
			must(t, err)
			defer os.RemoveAll(folder)
			nothingIsMissed(t, newDisk(folder))
		})
	})
}

const endpoint = "e1"

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func request(id, body string) *event.Request {
	return &event.Request{
		ID: id, Method: "POST", Path: "/a%20b", RawQuery: "x=1&x=2", Host: "h", Proto: "https", Remote: "127.0.0.1",
		Header: event.Header{"A": {"1", "2"}, "B": {"\xff\x00"}}, Body: []byte(body), Received: start,
	}
}

func put(t rapid.TB, s relay.Store, id, body string) uint64 {
	t.Helper()
	seq, err := s.Append(context.Background(), endpoint, request(id, body), relay.Limits{})
	must(t, err)
	return seq
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t rapid.TB, s relay.Store, after uint64) []relay.Entry {
	t.Helper()
	entries, err := s.Read(context.Background(), endpoint, after, 1000, 1<<30)
	must(t, err)
	return entries
}

func resume(t rapid.TB, s relay.Store, agent string, at event.Position, now time.Time) event.Position {
	t.Helper()
	got, err := s.Resume(context.Background(), endpoint, agent, at, now)
	must(t, err)
	return got
}

func ack(t rapid.TB, s relay.Store, agent string, seq uint64, now time.Time) {
	t.Helper()
	must(t, s.Ack(context.Background(), endpoint, agent, seq, now))
}

func trim(t rapid.TB, s relay.Store, l relay.Limits, now time.Time) {
	t.Helper()
	must(t, s.Trim(context.Background(), endpoint, l, now))
}

// present lists the seqs that are still there.
func present(t rapid.TB, s relay.Store) string {
	t.Helper()
	var seqs []uint64
	for _, e := range read(t, s, 0) {
		seqs = append(seqs, e.Seq)
	}
	return fmt.Sprint(seqs)
}

func roundTrip(t *testing.T, s relay.Store) {
	bodies := []string{"", "{}", "\x00\xff\r\n", string(bytes.Repeat([]byte("x"), 256<<10))}
	for i, body := range bodies {
		put(t, s, fmt.Sprintf("req_%d", i), body)
	}
	for i, e := range read(t, s, 0) {
		want := request(fmt.Sprintf("req_%d", i), bodies[i])
		got := *e.Request
		if !got.Received.Equal(want.Received) || !bytes.Equal(got.Body, want.Body) || e.Spooled || e.Length != int64(len(bodies[i])) {
			t.Errorf("request %d came back as %+v", i, e)
		}
		got.Received, got.Body, want.Body = want.Received, nil, nil
		if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", *want) {
			t.Errorf("got %#v, want %#v", got, *want)
		}
	}
	if got, err := s.Read(context.Background(), endpoint, 1, 2, 0); err != nil || len(got) != 1 || got[0].Seq != 2 {
		t.Errorf("a read of few bytes: %v, %v", got, err)
	}
	if got, err := s.Read(context.Background(), "another", 0, 9, 9); err != nil || len(got) != 0 {
		t.Errorf("another endpoint has %v, %v", got, err)
	}
}

func numbers(t *testing.T, s relay.Store) {
	const senders, each = 8, 25
	seen := make(map[uint64]bool)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for range each {
				seq, err := s.Append(context.Background(), endpoint, request("r", "b"), relay.Limits{})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				seen[seq] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for seq := uint64(1); seq <= senders*each; seq++ {
		if !seen[seq] {
			t.Errorf("no request got %d", seq)
		}
	}
}

func spooled(t *testing.T, s relay.Store) {
	body := make([]byte, 700<<10)
	for i := range body {
		body[i] = byte(i >> 8)
	}
	p, err := s.Spool(context.Background(), endpoint)
	must(t, err)
	for rest := body; len(rest) > 0; {
		n := min(len(rest), 256<<10)
		must(t, p.Write(context.Background(), rest[:n]))
		rest = rest[n:]
	}
	if got := present(t, s); got != "[]" {
		t.Errorf("before the commit %s is there", got)
	}
	_, err = p.Commit(context.Background(), request("req_big", ""), relay.Limits{})
	must(t, err)
	must(t, p.Abort(context.Background())) // which does nothing any more
	e := read(t, s, 0)[0]
	if !e.Spooled || e.Length != int64(len(body)) || len(e.Request.Body) != 0 {
		t.Fatalf("got %+v", e)
	}
	for _, part := range [][2]int{{0, 700 << 10}, {100, 300 << 10}, {256 << 10, 10}, {699 << 10, 9999}, {700 << 10, 10}} {
		got, err := s.ReadBody(context.Background(), endpoint, e.Seq, int64(part[0]), part[1])
		must(t, err)
		if want := body[part[0]:min(part[0]+part[1], len(body))]; !bytes.Equal(got, want) {
			t.Errorf("part %v: got %d bytes, want %d", part, len(got), len(want))
		}
	}
	aborted, err := s.Spool(context.Background(), endpoint)
	must(t, err)
	must(t, aborted.Write(context.Background(), []byte("x")))
	must(t, aborted.Abort(context.Background()))
	if got := present(t, s); got != "[1]" {
		t.Errorf("after an abort %s is there", got)
	}
}

func limits(t *testing.T, s relay.Store) {
	two := relay.Limits{Backlog: 2}
	for range 2 {
		_, err := s.Append(context.Background(), endpoint, request("r", "b"), two)
		must(t, err)
	}
	if _, err := s.Append(context.Background(), endpoint, request("r", "b"), two); !errors.Is(err, relay.ErrBacklogFull) {
		t.Errorf("a third request: %v", err)
	}
	resume(t, s, "a", event.Position{}, start)
	ack(t, s, "a", 2, start)
	small := relay.Limits{BacklogBytes: 1000}
	seq, err := s.Append(context.Background(), endpoint, request("r", string(make([]byte, 5000))), small)
	if err != nil || seq != 3 {
		t.Errorf("one large request alone: seq %d, %v", seq, err)
	}
	if _, err := s.Append(context.Background(), endpoint, request("r", "b"), small); !errors.Is(err, relay.ErrBacklogFull) {
		t.Errorf("a request beside it: %v", err)
	}
	if st, err := s.Stat(context.Background(), endpoint, "a"); err != nil || st.Head != 3 || st.Backlog != 1 || st.BacklogBytes < 5000 {
		t.Errorf("after refusals: %+v, %v", st, err)
	}
}

func graceAndRetention(t *testing.T, s relay.Store) {
	l := relay.Limits{Grace: time.Hour, AgentRetention: 10 * time.Hour}
	for range 4 {
		put(t, s, "r", "b")
	}
	trim(t, s, l, start)
	a := resume(t, s, "a", event.Position{}, start)
	resume(t, s, "b", event.Position{}, start)
	ack(t, s, "a", 3, start)
	trim(t, s, l, start)
	trim(t, s, l, start.Add(2*time.Hour))
	if got := present(t, s); got != "[1 2 3 4]" {
		t.Errorf("what b has not acknowledged: %s is there", got)
	}
	ack(t, s, "b", 2, start.Add(3*time.Hour))
	trim(t, s, l, start.Add(3*time.Hour))
	trim(t, s, l, start.Add(3*time.Hour+59*time.Minute))
	if got := present(t, s); got != "[1 2 3 4]" {
		t.Errorf("within the grace: %s is there", got)
	}
	trim(t, s, l, start.Add(4*time.Hour))
	if got := present(t, s); got != "[3 4]" {
		t.Errorf("after the grace: %s is there", got)
	}
	ack(t, s, "a", 4, start.Add(20*time.Hour))
	trim(t, s, relay.Limits{AgentRetention: l.AgentRetention}, start.Add(20*time.Hour))
	if got := present(t, s); got != "[]" {
		t.Errorf("b was not seen for long: %s is there", got)
	}
	if seq := put(t, s, "r", "b"); seq != 5 {
		t.Errorf("the next number is %d, want 5", seq)
	}
	if at := resume(t, s, "b", event.Position{Epoch: a.Epoch, Seq: 2}, start.Add(30*time.Hour)); at.Seq != 2 {
		t.Errorf("b resumes after %d, want 2, so that it learns of the gap", at.Seq)
	}
}

func slowAgent(t *testing.T, s relay.Store) {
	l := relay.Limits{Backlog: 3}
	resume(t, s, "fast", event.Position{}, start)
	resume(t, s, "slow", event.Position{}, start)
	for seq := uint64(1); seq <= 6; seq++ {
		_, err := s.Append(context.Background(), endpoint, request("r", "b"), l)
		must(t, err)
		ack(t, s, "fast", seq, start)
		trim(t, s, l, start)
	}
	if got := present(t, s); got != "[4 5 6]" {
		t.Errorf("%s is there, want the backlog of slow", got)
	}
	must(t, s.Forget(context.Background(), endpoint, "slow"))
	trim(t, s, l, start)
	if got := present(t, s); got != "[]" {
		t.Errorf("%s is there after slow is forgotten", got)
	}
}

func reopen(t *testing.T, d Disk) {
	s := d.Open(t)
	put(t, s, "req_1", "b")
	orphan, err := s.Spool(context.Background(), endpoint)
	must(t, err)
	must(t, orphan.Write(context.Background(), []byte("x")))
	at := resume(t, s, "a", event.Position{}, start)
	ack(t, s, "a", 1, start)
	trim(t, s, relay.Limits{}, start)
	must(t, s.Close())

	s = d.Open(t)
	defer s.Close()
	if seq := put(t, s, "req_2", "b"); seq != 2 {
		t.Errorf("the next number is %d, want 2: a number was given twice or left out", seq)
	}
	at.Seq = 1
	again := resume(t, s, "a", at, start)
	if again.Seq != 1 || again.Epoch == at.Epoch {
		t.Errorf("resumes at %v after %v; want seq 1 of another epoch", again, at)
	}
}

func restored(t *testing.T, d Disk) {
	s := d.Open(t)
	put(t, s, "req_1", "b")
	at := resume(t, s, "a", event.Position{}, start)
	d.Snapshot(t)
	put(t, s, "req_lost", "b")
	ack(t, s, "a", 2, start)
	at.Seq = 2
	must(t, s.Close())

	d.Restore(t)
	s = d.Open(t)
	defer s.Close()
	for _, id := range []string{"req_2", "req_3"} {
		put(t, s, id, "b") // they get the numbers that the agent has acknowledged for others
	}
	from := resume(t, s, "a", at, start)
	var ids []string
	for _, e := range read(t, s, from.Seq) {
		ids = append(ids, e.Request.ID)
	}
	if got := fmt.Sprint(ids); got != "[req_2 req_3]" {
		t.Errorf("the agent gets %s, want what came after the copy", got)
	}
}
