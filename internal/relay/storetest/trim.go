package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
)

var (
	grace     = relay.Limits{Grace: time.Hour}
	retention = relay.Limits{AgentRetention: 10 * time.Hour}
)

// trimming is about what Trim deletes, and above all what it doesn't.
var trimming = map[string]func(*testing.T, store){
	"WithoutAgentsNothingIsDeleted": func(t *testing.T, s store) {
		s.fill(3)
		s.trim(relay.Limits{Backlog: 1, AgentRetention: 1}, start)
		equal(t, "log", s.present(), "[1 2 3]")
	},
	"WhatOneAgentNeedsStays": func(t *testing.T, s store) {
		s.join("a")
		s.join("b")
		s.fill(4)
		s.ack("a", 4, start)
		s.trim(noLimits, start)
		equal(t, "log, b has nothing", s.present(), "[1 2 3 4]")
		s.ack("b", 2, start)
		s.trim(noLimits, start)
		equal(t, "log, b has 2", s.present(), "[3 4]")
		equal(t, "next number", s.put("r"), 5)
	},
	"NumbersGoOnWhenAllIsDeleted": func(t *testing.T, s store) {
		s.join("a")
		s.fill(2)
		s.ack("a", 2, start)
		s.trim(noLimits, start)
		equal(t, "log", s.present(), "[]")
		equal(t, "next number", s.put("r"), 3)
	},
	"TheGraceBeginsWithTheLastAck": func(t *testing.T, s store) {
		s.join("a")
		s.join("b")
		s.fill(4)
		s.ack("a", 4, start)
		s.trim(grace, start)
		s.trim(grace, start.Add(2*time.Hour))
		equal(t, "log, b has nothing", s.present(), "[1 2 3 4]")
		s.ack("b", 2, start.Add(3*time.Hour))
		s.trim(grace, start.Add(3*time.Hour))
		s.trim(grace, start.Add(4*time.Hour-time.Second))
		equal(t, "log, within the grace", s.present(), "[1 2 3 4]")
		s.trim(grace, start.Add(4*time.Hour))
		equal(t, "log, after the grace", s.present(), "[3 4]")
	},
	"TheGraceEndsForEachAck": func(t *testing.T, s store) {
		s.join("a")
		s.fill(120)
		for i := range 120 { // an ack a minute
			now := start.Add(time.Duration(i) * time.Minute)
			s.ack("a", uint64(i+1), now)
			s.trim(grace, now)
			if i >= 60 {
				equal(t, fmt.Sprint("lowest in minute ", i), s.stat("a").LowestPresent, uint64(i-58))
			}
		}
	},
	"AClockThatGoesBackHoldsNothingUp": func(t *testing.T, s store) {
		s.join("a")
		s.fill(4)
		s.ack("a", 1, start.Add(1000*time.Hour))
		s.trim(grace, start.Add(1000*time.Hour))
		s.ack("a", 3, start)
		s.trim(grace, start)
		s.trim(grace, start.Add(2*time.Hour))
		equal(t, "log", s.present(), "[4]")
	},
	"AnAbsentAgentHoldsNothing": func(t *testing.T, s store) {
		s.join("a")
		s.join("b")
		s.fill(4)
		s.ack("b", 1, start.Add(time.Hour)) // it was seen then
		s.ack("a", 3, start.Add(11*time.Hour))
		s.trim(retention, start.Add(11*time.Hour))
		equal(t, "log, within the retention", s.present(), "[2 3 4]")
		s.trim(retention, start.Add(11*time.Hour+time.Second))
		equal(t, "log, after the retention", s.present(), "[4]")
	},
	"AnAgentThatAcksAgainIsNotAbsent": func(t *testing.T, s store) {
		s.join("a")
		s.join("b")
		s.fill(4)
		later := start.Add(20 * time.Hour)
		s.ack("b", 0, later)
		s.ack("a", 3, later)
		s.trim(retention, later)
		equal(t, "log", s.present(), "[1 2 3 4]")
	},
	"WhatNoAgentHasStaysThoughAllAreAbsent": func(t *testing.T, s store) {
		s.join("a")
		s.fill(4)
		s.ack("a", 2, start)
		s.trim(retention, start.Add(1000*time.Hour))
		equal(t, "log", s.present(), "[3 4]")
	},
	"ASlowAgentLosesWhatAnotherHas": func(t *testing.T, s store) {
		l := relay.Limits{Backlog: 3}
		s.join("fast")
		s.join("slow")
		for seq := uint64(1); seq <= 6; seq++ {
			_, err := s.Append(ctx, endpoint, request("r", "b"), l)
			must(t, err)
			s.ack("fast", seq, start)
			s.trim(l, start)
		}
		equal(t, "log", s.present(), "[4 5 6]")
		equal(t, "backlog", s.stat("slow").Backlog, 3)
	},
	"ASlowAgentLosesBytesThatAnotherHas": func(t *testing.T, s store) {
		s.join("fast")
		s.join("slow")
		s.fill(6)
		s.ack("fast", 6, start)
		size := uint64(request("", "b").Size())
		s.trim(relay.Limits{BacklogBytes: 6 * size}, start)
		equal(t, "log at the limit", s.present(), "[1 2 3 4 5 6]")
		s.trim(relay.Limits{BacklogBytes: 3*size + 1}, start)
		equal(t, "log over the limit", s.present(), "[4 5 6]")
		_, err := s.Append(ctx, endpoint, request("r", strings.Repeat("x", 5000)), noLimits)
		must(t, err)
		s.ack("fast", 7, start)
		s.trim(relay.Limits{BacklogBytes: size}, start)
		equal(t, "log, one larger than the limit", s.present(), "[7]")
	},
	"ASlowAgentKeepsWhatNobodyElseHas": func(t *testing.T, s store) {
		s.join("fast")
		s.join("slow")
		s.fill(6)
		s.ack("fast", 2, start)
		s.trim(relay.Limits{Backlog: 1, BacklogBytes: 1}, start)
		equal(t, "log", s.present(), "[3 4 5 6]")
	},
}
