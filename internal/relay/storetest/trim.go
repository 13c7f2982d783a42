package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
)

var (
	grace     = relay.Limits{Grace: time.Hour}
	retention = relay.Limits{AgentRetention: 10 * time.Hour}
)

// slack is how much later than a grace after its ack a request may be deleted.
const slack = time.Hour / 100

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
		s.trim(grace, start.Add(4*time.Hour+slack))
		equal(t, "log, after the grace", s.present(), "[3 4]")
	},
	"TheGraceEndsForEachAck": func(t *testing.T, s store) {
		s.join("a")
		s.fill(120)
		for i := range 120 { // an ack a minute
			now := start.Add(time.Duration(i) * time.Minute)
			s.ack("a", uint64(i+1), now)
			s.trim(grace, now)
			if lowest := int(s.stat("a").LowestPresent); lowest > max(i-58, 1) || lowest < i-59 {
				t.Errorf("lowest in minute %d: %d, want %d or one less", i, lowest, max(i-58, 1))
			}
		}
	},
	"EachTrimOfTheSameMinuteCounts": func(t *testing.T, s store) {
		s.join("a")
		s.fill(3)
		s.ack("a", 1, start)
		s.trim(grace, start)
		s.ack("a", 2, start.Add(time.Second))
		s.trim(grace, start.Add(time.Second))
		s.trim(grace, start.Add(time.Hour+time.Second+slack))
		equal(t, "log", s.present(), "[3]")
	},
	"WhatIsNeededAgainHasAGraceAnew": func(t *testing.T, s store) {
		s.join("a")
		s.fill(3)
		s.ack("a", 3, start)
		s.trim(grace, start)
		s.resume("b", event.Position{}, start.Add(30*time.Minute))
		s.ack("b", 2, start.Add(50*time.Minute))
		s.trim(grace, start.Add(50*time.Minute))
		s.trim(grace, start.Add(time.Hour+slack))
		equal(t, "log, a grace after the first agent's ack", s.present(), "[1 2 3]")
		s.trim(grace, start.Add(110*time.Minute+slack))
		equal(t, "log, a grace after the second one's", s.present(), "[3]")
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
		s.ack("a", 4, start.Add(1000*time.Hour))
		s.trim(grace, start.Add(1000*time.Hour))
		s.trim(grace, start.Add(3*time.Hour))
		s.trim(grace, start.Add(5*time.Hour))
		equal(t, "log, all acknowledged in the future", s.present(), "[]")
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
	"AnAgentThatAcksAgainHasAGraceAnew": func(t *testing.T, s store) {
		l := relay.Limits{Grace: time.Hour, AgentRetention: retention.AgentRetention}
		s.join("a")
		s.join("b")
		s.fill(3)
		later := start.Add(11 * time.Hour)
		s.ack("a", 3, later)
		s.trim(l, later)
		s.ack("b", 0, later.Add(30*time.Minute)) // until then it was absent
		s.trim(l, later.Add(30*time.Minute))
		s.ack("b", 3, later.Add(40*time.Minute))
		s.trim(l, later.Add(40*time.Minute))
		s.trim(l, later.Add(time.Hour+slack))
		equal(t, "log, a grace after the first agent's ack", s.present(), "[1 2 3]")
		s.trim(l, later.Add(100*time.Minute+slack))
		equal(t, "log, a grace after the second one's", s.present(), "[]")
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

// keeping is about what is kept for the grace, and how much of it.
var keeping = map[string]func(*testing.T, store){
	"WhatIsKeptForTheGraceIsBounded": func(t *testing.T, s store) {
		s.join("a")
		s.fill(6)
		s.ack("a", 5, start)
		size := uint64(request("", "b").Size())
		s.trim(relay.Limits{Grace: time.Hour, KeptBytes: 5 * size}, start)
		equal(t, "log at the limit", s.present(), "[1 2 3 4 5 6]")
		s.trim(relay.Limits{Grace: time.Hour, KeptBytes: 2 * size}, start)
		equal(t, "log over the limit", s.present(), "[4 5 6]")
		s.trim(relay.Limits{Grace: time.Hour, KeptBytes: 2*size - 1}, start)
		equal(t, "log a byte over the limit", s.present(), "[5 6]")
		s.trim(relay.Limits{Grace: time.Hour, KeptBytes: 1}, start)
		equal(t, "log over a limit under one request", s.present(), "[6]")
	},
	"WhatAnAgentNeedsIsKept": func(t *testing.T, s store) {
		s.join("a")
		s.join("b")
		s.fill(6)
		s.ack("a", 6, start)
		s.trim(relay.Limits{Grace: time.Hour, KeptBytes: 1}, start)
		equal(t, "log, b has nothing", s.present(), "[1 2 3 4 5 6]")
		s.ack("b", 2, start)
		s.trim(relay.Limits{Grace: time.Hour, KeptBytes: 1}, start)
		equal(t, "log, b has 2", s.present(), "[3 4 5 6]")
	},
	"TheGraceGoesOnForWhatIsKept": func(t *testing.T, s store) {
		l := relay.Limits{Grace: time.Hour, KeptBytes: 2 * uint64(request("", "b").Size())}
		s.join("a")
		s.fill(4)
		s.ack("a", 3, start)
		s.trim(l, start)
		s.ack("a", 4, start.Add(30*time.Minute))
		s.trim(l, start.Add(30*time.Minute))
		equal(t, "log, over the limit", s.present(), "[3 4]")
		s.trim(l, start.Add(time.Hour+slack))
		equal(t, "log, after the grace of one", s.present(), "[4]")
		s.trim(l, start.Add(90*time.Minute+slack))
		equal(t, "log, after that of both", s.present(), "[]")
	},
	"ALongLogIsDeletedWhole": func(t *testing.T, s store) {
		s.join("a")
		s.many(2500)
		s.ack("a", 2400, start)
		s.trim(grace, start)
		s.trim(grace, start.Add(time.Hour+slack))
		equal(t, "lowest after the grace", s.stat("a").LowestPresent, 2401)
		s.ack("a", 2499, start)
		s.trim(noLimits, start)
		equal(t, "log without a grace", s.present(), "[2500]")
	},
}
