package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
)

// listing is about Agents.
var listing = map[string]func(*testing.T, store){
	"AgentsAreListedByName": func(t *testing.T, s store) {
		equal(t, "agents of a new endpoint", s.listed(), "")
		s.fill(2)
		s.resume("b", event.Position{}, start.Add(time.Hour))
		s.join("a")
		s.fill(3)
		s.ack("a", 4, start.Add(2*time.Hour))
		equal(t, "agents", s.listed(), "a at 4, 1 to come, seen after 2h0m0s; b at 0, 5 to come, seen after 1h0m0s")
		must(t, s.Forget(ctx, endpoint, "b"))
		equal(t, "agents", s.listed(), "a at 4, 1 to come, seen after 2h0m0s")
	},
	"AnAgentIsSeenWithEachAck": func(t *testing.T, s store) {
		s.join("a")
		s.fill(2)
		s.ack("a", 2, start)
		s.ack("a", 1, start.Add(time.Hour))
		equal(t, "agents", s.listed(), "a at 2, 0 to come, seen after 1h0m0s")
	},
	"WhatIsDeletedIsNotToCome": func(t *testing.T, s store) {
		s.join("a")
		s.resume("absent", event.Position{}, start.Add(-100*time.Hour))
		s.fill(4)
		s.ack("a", 3, start)
		s.trim(retention, start)
		equal(t, "agents", s.listed(), "a at 3, 1 to come, seen after 0s; absent at 0, 1 to come, seen after -100h0m0s")
	},
	"EachEndpointHasItsAgents": func(t *testing.T, s store) {
		s.join("a")
		_, err := s.Resume(ctx, "e2", "other", event.Position{}, start)
		must(t, err)
		equal(t, "agents", s.listed(), "a at 0, 0 to come, seen after 0s")
	},
}

// listed tells of an endpoint's agents.
func (s store) listed() string {
	s.t.Helper()
	all, err := s.Agents(ctx, endpoint)
	must(s.t, err)
	var told []string
	for _, a := range all {
		told = append(told, fmt.Sprintf("%s at %d, %d to come, seen after %v", a.Name, a.Seq, a.Backlog, a.Seen.Sub(start)))
	}
	return strings.Join(told, "; ")
}

// deleting is about Delete.
var deleting = map[string]func(*testing.T, store){
	"ADeletedEndpointHasNothing": func(t *testing.T, s store) {
		s.join("a")
		s.fill(2)
		s.spool("req_3", "spooled")
		s.ack("a", 1, start)
		must(t, s.Delete(ctx, endpoint))
		s.isEmpty(t)
		s.ack("a", 1, start)
		s.trim(grace, start)
		must(t, s.Forget(ctx, endpoint, "a"))
		must(t, s.Delete(ctx, endpoint)) // of what isn't there
		s.isEmpty(t)
		equal(t, "next number", s.put("req_new"), 1)
		equal(t, "log", s.ids(0), "req_new")
		equal(t, "agents", s.listed(), "")
		equal(t, "acknowledged", s.stat("").Backlog, 1)
	},
	"OtherEndpointsKeepTheirs": func(t *testing.T, s store) {
		names := []string{"e0", endpoint, "e2"} // one that was made before, and one after
		for _, e := range names {
			for i := range 3 {
				_, err := s.Append(ctx, e, request(fmt.Sprint(e, "_", i), "b"), noLimits)
				must(t, err)
			}
			_, err := s.Resume(ctx, e, "a", event.Position{}, start)
			must(t, err)
		}
		must(t, s.Delete(ctx, endpoint))
		s.isEmpty(t)
		s.put("req_new") // it may lie where the deleted ones did
		for _, e := range []string{"e0", "e2"} {
			entries, err := s.Read(ctx, e, 0, 9, 1<<20)
			must(t, err)
			equal(t, "entries of "+e, len(entries), 3)
			for i, entry := range entries {
				equal(t, "request", entry.Request.ID, fmt.Sprint(e, "_", i))
			}
			agents, err := s.Agents(ctx, e)
			must(t, err)
			equal(t, "agents of "+e, len(agents), 1)
		}
	},
	"ALongLogIsDeleted": func(t *testing.T, s store) {
		s.many(2500)
		must(t, s.Delete(ctx, endpoint))
		s.isEmpty(t)
		equal(t, "next number", s.put("req_new"), 1)
		equal(t, "log", s.ids(0), "req_new")
	},
	"ADeletionIsCarriedOutWhenItsContextEnds": func(t *testing.T, s store) {
		s.many(1500)
		ending, cancel := context.WithCancel(ctx)
		go cancel()
		if err := s.Delete(ending, endpoint); err == nil {
			s.isEmpty(t)
		} else {
			equal(t, "head of a log that wasn't deleted", s.stat("").Head, 1500)
		}
	},
	"ADeleteMeetsOthersAtWork": func(t *testing.T, s store) {
		ending, cancel := context.WithCancel(ctx)
		var working sync.WaitGroup
		for _, work := range []func(string) error{s.appendOne, s.spoolOne, s.followOne} {
			for _, e := range []string{endpoint, "e2"} {
				working.Go(func() {
					for ending.Err() == nil {
						// Of an endpoint that is being deleted an error may come, and no more.
						if err := work(e); err != nil && e != endpoint {
							t.Error(err)
						}
					}
				})
			}
		}
		for range 20 {
			s.put(endpoint)
			must(t, s.Delete(ctx, endpoint))
		}
		cancel()
		working.Wait()
		must(t, s.Delete(ctx, endpoint))
		s.isEmpty(t)
		equal(t, "next number", s.put("req_new"), 1)
		entries, err := s.Read(ctx, "e2", 0, 1<<20, 1<<30)
		must(t, err)
		st, err := s.Stat(ctx, "e2", "")
		must(t, err)
		equal(t, "entries of the other endpoint", uint64(len(entries)), st.Head)
	},
}

// isEmpty fails the test where the endpoint has anything.
func (s store) isEmpty(t *testing.T) {
	t.Helper()
	equal(t, "log", s.present(), "[]")
	equal(t, "agents", s.listed(), "")
	st := s.stat("")
	st.Epoch = 0
	equal(t, "Stat", st, relay.Stat{LowestPresent: 1})
	for seq := range uint64(3) {
		equal(t, "body", s.body(seq+1, 0, 99), "")
	}
}

// many appends n requests from a number of senders.
func (s store) many(n int) {
	const senders = 50
	together(senders, func(int) {
		for range n / senders {
			s.put("r")
		}
	})
}

// appendOne, spoolOne and followOne are what a relay does with an endpoint. Requests bear
// its name.
func (s store) appendOne(e string) error {
	_, err := s.Append(ctx, e, request(e, "b"), noLimits)
	return err
}

func (s store) spoolOne(e string) error {
	p, err := s.Spool(ctx, e)
	if err != nil {
		return err
	}
	if err := p.Write(ctx, []byte("body of "+e)); err != nil {
		return err
	}
	_, err = p.Commit(ctx, request(e, ""), noLimits)
	return err
}

func (s store) followOne(e string) error {
	at, err := s.Resume(ctx, e, "a", event.Position{}, start)
	if err != nil {
		return err
	}
	entries, err := s.Read(ctx, e, at.Seq, 10, 1<<20)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		equal(s.t, "request", entry.Request.ID, e)
		if !entry.Spooled {
			continue
		}
		body, err := s.ReadBody(ctx, e, entry.Seq, 0, 100)
		if err != nil {
			return err
		}
		if got := string(body); got != "" && got != "body of "+e { // deleted meanwhile
			s.t.Errorf("body of a request of %s: %q", e, got)
		}
	}
	if _, err := s.Agents(ctx, e); err != nil {
		return err
	}
	return s.Ack(ctx, e, "a", 1, start)
}
