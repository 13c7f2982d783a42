package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
)

// appending is about Append and what Read gives back of it.
var appending = map[string]func(*testing.T, store){
	"RequestsComeBackAsTheyWere": func(t *testing.T, s store) {
		bodies := []string{"", "{}", "\x00\xff\r\n", strings.Repeat("x", 256<<10)}
		for _, body := range bodies {
			_, err := s.Append(ctx, endpoint, request("req_1", body), noLimits)
			must(t, err)
		}
		entries := s.read(0)
		equal(t, "entries", len(entries), len(bodies))
		for i, e := range entries {
			equal(t, "body", string(e.Request.Body), bodies[i])
			equal(t, "length", e.Length, int64(len(bodies[i])))
			equal(t, "spooled", e.Spooled, false)
			equal(t, "head", head(e.Request), head(request("req_1", "")))
		}
	},
	"NumbersHaveNoHolesAndAreGivenOnce": func(t *testing.T, s store) {
		const senders, each = 8, 25
		var mu sync.Mutex
		given := make(map[uint64]string)
		together(senders, func(i int) {
			for j := range each {
				id := fmt.Sprint("req_", i, "_", j)
				seq := s.put(id)
				mu.Lock()
				given[seq] = id
				mu.Unlock()
			}
		})
		entries := s.read(0)
		equal(t, "entries", len(entries), senders*each)
		for i, e := range entries {
			equal(t, "seq", e.Seq, uint64(i+1))
			equal(t, fmt.Sprint("request ", e.Seq), e.Request.ID, given[e.Seq])
		}
	},
	"EndpointsHaveLogsOfTheirOwn": func(t *testing.T, s store) {
		s.fill(3)
		seq, err := s.Append(ctx, "e2", request("req_other", "b"), noLimits)
		must(t, err)
		equal(t, "first seq of another endpoint", seq, 1)
		_, err = s.Resume(ctx, "e2", "a", event.Position{}, start)
		must(t, err)
		must(t, s.Ack(ctx, "e2", "a", 1, start))
		must(t, s.Trim(ctx, "e2", noLimits, start))
		entries, err := s.Read(ctx, "e2", 0, 9, 9)
		must(t, err)
		equal(t, "entries of another endpoint, all acknowledged", len(entries), 0)
		_, err = s.Append(ctx, "e2", request("req_other", "b"), noLimits)
		must(t, err)
		equal(t, "log", s.ids(0), "req_1 req_2 req_3")
	},
	"BeyondTheHeadThereIsNothing": func(t *testing.T, s store) {
		s.spool("req_1", "spooled")
		_, err := s.Append(ctx, "e2", request("req_other", "b"), noLimits)
		must(t, err)
		for _, e := range []string{endpoint, "e2"} {
			for _, seq := range []uint64{2, 1<<31 + 1, 1<<32 + 1, 1<<40 + 1, 1<<63 + 1, math.MaxUint64} {
				entries, err := s.Read(ctx, e, seq-1, 9, 1000)
				must(t, err)
				equal(t, fmt.Sprintf("entries of %s from %d on", e, seq), len(entries), 0)
				body, err := s.ReadBody(ctx, e, seq, 0, 9)
				must(t, err)
				equal(t, fmt.Sprintf("body of %d of %s", seq, e), string(body), "")
			}
		}
	},
	"ReadIsBoundedInRequestsAndBytes": func(t *testing.T, s store) {
		for range 4 {
			_, err := s.Append(ctx, endpoint, request("r", "12345"), noLimits)
			must(t, err)
		}
		for _, c := range []struct{ max, maxBytes, want int }{{3, 1000, 3}, {9, 1000, 4}, {9, 9, 2}, {9, 5, 2}, {9, 4, 1}, {9, 0, 1}} {
			entries, err := s.Read(ctx, endpoint, 0, c.max, c.maxBytes)
			must(t, err)
			equal(t, fmt.Sprint("entries of ", c), len(entries), c.want)
		}
		equal(t, "entries after the head", len(s.read(4)), 0)
	},
	"AFullBacklogIsRefusedAndKeepsNothing": func(t *testing.T, s store) {
		two := relay.Limits{Backlog: 2}
		s.fill(2)
		s.refuses(t, 10, two)
		equal(t, "log", s.ids(0), "req_1 req_2")
		equal(t, "next number", s.put("req_3"), 3)
	},
	"ABacklogInBytesCountsHeadAndBody": func(t *testing.T, s store) {
		size := uint64(request("r", "12345").Size())
		exact := relay.Limits{BacklogBytes: 2 * size}
		for range 2 {
			_, err := s.Append(ctx, endpoint, request("r", "12345"), exact)
			must(t, err)
		}
		equal(t, "bytes", s.stat("").BacklogBytes, 2*size)
		s.refuses(t, 0, exact)
	},
	"OneRequestAloneMayHaveAnySize": func(t *testing.T, s store) {
		small := relay.Limits{BacklogBytes: 1000}
		_, err := s.Append(ctx, endpoint, request("r", strings.Repeat("x", 5000)), small)
		must(t, err)
		s.refuses(t, 1, small)
	},
	"WhatOneAgentHasIsNoBacklog": func(t *testing.T, s store) {
		s.join("fast")
		s.join("slow")
		s.fill(5)
		s.refuses(t, 1, relay.Limits{Backlog: 5})
		s.ack("fast", 3, start)
		equal(t, "backlog of the slow one", s.stat("slow").Backlog, 5)
		equal(t, "backlog of all", s.stat("").Backlog, 2)
		s.ack("slow", 1, start)
		equal(t, "backlog of all after a smaller ack", s.stat("").Backlog, 2)
		s.refuses(t, 1, relay.Limits{Backlog: 2})
		must(t, s.Forget(ctx, endpoint, "fast"))
		_, err := s.Append(ctx, endpoint, request("r", "b"), relay.Limits{Backlog: 3})
		must(t, err) // it stays acknowledged, even by one that is gone
	},
	"ADurableWriteIsCarriedOutWhenItsContextEnds": func(t *testing.T, s store) {
		var kept sync.Map
		together(20, func(i int) {
			ending, cancel := context.WithCancel(ctx)
			go cancel()
			id := fmt.Sprint("req_", i)
			_, err := s.Append(ending, endpoint, request(id, "b"), noLimits)
			kept.Store(id, err == nil)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		there := make(map[string]bool)
		for _, e := range s.read(0) {
			there[e.Request.ID] = true
		}
		kept.Range(func(id, ok any) bool {
			equal(t, fmt.Sprint(id, " is there"), there[id.(string)], ok.(bool))
			return true
		})
	},
}

// refuses fails the test where a request with a body of that length is not refused.
func (s store) refuses(t *testing.T, length int, l relay.Limits) {
	t.Helper()
	seq, err := s.Append(ctx, endpoint, request("req_refused", strings.Repeat("x", length)), l)
	if !errors.Is(err, relay.ErrBacklogFull) || seq != 0 {
		t.Errorf("seq %d, %v: want none and ErrBacklogFull", seq, err)
	}
}

// head is a request without its body, in a form that can be compared.
func head(r *event.Request) string {
	bare := *r
	bare.Body, bare.Received = nil, bare.Received.UTC()
	return fmt.Sprintf("%#v %d", bare, r.Received.UnixNano())
}

// together calls fn n times at once.
func together(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}
