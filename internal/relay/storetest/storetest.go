// Package storetest is the suite that every relay.Store passes. Its tests are the
// sentences of the contract, and two properties over random operations: a store answers
// as a model in plain Go does, and an agent that resumes, reads and acknowledges misses
// nothing, whatever happens to the store in between.
package storetest

import (
	"context"
	"fmt"
	"os"
	"strings"
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
	for _, tests := range []map[string]func(*testing.T, store){
		appending, spooling, following, acknowledging, trimming, keeping, listing, deleting,
	} {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				s := newDisk(t.TempDir()).Open(t)
				t.Cleanup(func() { s.Close() })
				test(t, store{s, t})
			})
		}
	}
	for name, test := range reopening {
		t.Run(name, func(t *testing.T) { test(t, newDisk(t.TempDir())) })
	}
	for name, property := range map[string]func(*rapid.T, Disk){
		"AnAgentMissesNothing": missesNothing,
		"AStoreIsItsModel":     isItsModel,
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			rapid.Check(t, func(t *rapid.T) {
				folder, err := os.MkdirTemp(root, "")
				must(t, err)
				t.Cleanup(func() { os.RemoveAll(folder) })
				property(t, newDisk(folder))
			})
		})
	}
}

// endpoint is the one that tests are about where they need no other.
const endpoint = "e1"

// start is the time at which tests begin.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// ctx is the context of tests that aren't about contexts.
var ctx = context.Background()

var noLimits relay.Limits

func request(id, body string) *event.Request {
	return &event.Request{
		ID: id, Method: "POST", Path: "/a%20b", RawQuery: "x=1&x=2", Host: "h", Proto: "https", Remote: "127.0.0.1",
		Header: event.Header{"A": {"1", "2"}, "B": {"\xff\x00"}}, Body: []byte(body), Received: start,
	}
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t rapid.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// store is a store whose methods fail the test instead of returning errors, and use the
// endpoint of all tests.
type store struct {
	relay.Store
	t tb
}

// tb is a *testing.T or a *rapid.T.
type tb interface {
	rapid.TB
	Cleanup(func())
}

func (s store) put(id string) uint64 {
	s.t.Helper()
	seq, err := s.Append(ctx, endpoint, request(id, "b"), noLimits)
	must(s.t, err)
	return seq
}

// fill appends n requests named after their numbers.
func (s store) fill(n int) {
	s.t.Helper()
	for i := range n {
		s.put(fmt.Sprint("req_", i+1))
	}
}

// spool appends a request whose body comes in parts.
func (s store) spool(id string, parts ...string) uint64 {
	s.t.Helper()
	p, err := s.Spool(ctx, endpoint)
	must(s.t, err)
	for _, part := range parts {
		must(s.t, p.Write(ctx, []byte(part)))
	}
	seq, err := p.Commit(ctx, request(id, ""), noLimits)
	must(s.t, err)
	return seq
}

func (s store) resume(agent string, at event.Position, now time.Time) event.Position {
	s.t.Helper()
	got, err := s.Resume(ctx, endpoint, agent, at, now)
	must(s.t, err)
	return got
}

// join makes a new agent.
func (s store) join(agent string) event.Position {
	s.t.Helper()
	return s.resume(agent, event.Position{}, start)
}

func (s store) ack(agent string, seq uint64, now time.Time) {
	s.t.Helper()
	must(s.t, s.Ack(ctx, endpoint, agent, seq, now))
}

func (s store) trim(l relay.Limits, now time.Time) {
	s.t.Helper()
	must(s.t, s.Trim(ctx, endpoint, l, now))
}

func (s store) stat(agent string) relay.Stat {
	s.t.Helper()
	st, err := s.Stat(ctx, endpoint, agent)
	must(s.t, err)
	return st
}

func (s store) read(after uint64) []relay.Entry {
	s.t.Helper()
	entries, err := s.Read(ctx, endpoint, after, 1000, 1<<30)
	must(s.t, err)
	return entries
}

func (s store) body(seq uint64, offset int64, n int) string {
	s.t.Helper()
	b, err := s.ReadBody(ctx, endpoint, seq, offset, n)
	must(s.t, err)
	return string(b)
}

// ids lists the requests after a seq.
func (s store) ids(after uint64) string {
	s.t.Helper()
	var ids []string
	for _, e := range s.read(after) {
		ids = append(ids, e.Request.ID)
	}
	return strings.Join(ids, " ")
}

// present lists the seqs that are still there.
func (s store) present() string {
	s.t.Helper()
	var seqs []uint64
	for _, e := range s.read(0) {
		seqs = append(seqs, e.Seq)
	}
	return fmt.Sprint(seqs)
}
