package storetest

import (
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
)

// following is about Resume and Forget.
var following = map[string]func(*testing.T, store){
	"ANewAgentBeginsWithWhatIsThere": func(t *testing.T, s store) {
		s.join("old")
		s.fill(3)
		s.ack("old", 2, start)
		s.trim(noLimits, start)
		at := s.join("new")
		equal(t, "position", at.Seq, 2)
		equal(t, "epoch", at.Epoch, s.stat("").Epoch)
		equal(t, "its requests", s.ids(at.Seq), "req_3")
	},
	"AnAgentGoesOnWhereItWas": func(t *testing.T, s store) {
		at := s.join("a")
		s.fill(3)
		at.Seq = 2
		equal(t, "position", s.resume("a", at, start), at)
		equal(t, "acknowledged with it", s.stat("a").Backlog, 1)
	},
	"AnAgentThatLostItsPositionTakesAStepBack": func(t *testing.T, s store) {
		s.join("a")
		s.join("holds")
		s.fill(3)
		s.ack("a", 3, start)
		equal(t, "position", s.join("a").Seq, 0)
		equal(t, "backlog", s.stat("a").Backlog, 3)
		must(t, s.Forget(ctx, endpoint, "holds"))
		s.trim(noLimits, start)
		equal(t, "log", s.present(), "[1 2 3]")
	},
	"AnUnknownEpochBeginsWithWhatIsThere": func(t *testing.T, s store) {
		s.fill(3)
		equal(t, "position", s.resume("a", event.Position{Epoch: 12345, Seq: 2}, start).Seq, 0)
	},
	"APositionBeyondTheHeadIsCut": func(t *testing.T, s store) {
		at := s.join("a")
		s.fill(3)
		at.Seq = 9
		equal(t, "position", s.resume("a", at, start).Seq, 3)
	},
	"APositionBeforeAGapStands": func(t *testing.T, s store) {
		at := s.join("a")
		s.fill(4)
		s.ack("a", 3, start)
		s.trim(noLimits, start)
		at.Seq = 1
		equal(t, "position", s.resume("b", at, start).Seq, 1)
		equal(t, "first request", s.read(1)[0].Seq, 4)
		equal(t, "what waits, of what is there", s.stat("b").Backlog, 1)
	},
	"AForgottenAgentHoldsNothing": func(t *testing.T, s store) {
		s.join("a")
		s.join("b")
		s.fill(2)
		s.ack("a", 2, start)
		must(t, s.Forget(ctx, endpoint, "b"))
		must(t, s.Forget(ctx, endpoint, "never known"))
		s.trim(noLimits, start)
		equal(t, "log", s.present(), "[]")
	},
}

// acknowledging is about Ack, and Stat that shows it.
var acknowledging = map[string]func(*testing.T, store){
	"AnAckMovesForwardOnly": func(t *testing.T, s store) {
		s.join("a")
		s.fill(4)
		s.ack("a", 3, start)
		s.ack("a", 1, start)
		equal(t, "backlog", s.stat("a").Backlog, 1)
		equal(t, "bytes", s.stat("a").BacklogBytes, uint64(request("", "b").Size()))
	},
	"AnAckOfWhatIsNotThereYetChangesNothing": func(t *testing.T, s store) {
		s.join("a")
		s.fill(2)
		s.ack("a", 3, start)
		equal(t, "backlog", s.stat("a").Backlog, 2)
	},
	"AnAckOfAnUnknownAgentChangesNothing": func(t *testing.T, s store) {
		s.join("a")
		s.fill(2)
		s.ack("stranger", 2, start)
		s.trim(noLimits, start)
		equal(t, "backlog", s.stat("").Backlog, 2)
		equal(t, "backlog of the stranger", s.stat("stranger").Backlog, 2)
		equal(t, "log", s.present(), "[1 2]")
	},
	"AGapCanBeAcknowledged": func(t *testing.T, s store) {
		s.join("a")
		s.fill(4)
		s.ack("a", 3, start)
		at := s.resume("late", event.Position{}, start.Add(-100*time.Hour))
		s.trim(retention, start) // late is too late to hold anything
		equal(t, "log", s.present(), "[4]")
		s.ack("late", at.Seq+2, start)
		equal(t, "backlog", s.stat("late").Backlog, 1)
		s.ack("late", 4, start)
		equal(t, "backlog", s.stat("late").Backlog, 0)
		equal(t, "bytes", s.stat("late").BacklogBytes, 0)
	},
	"StatCountsFromTheBeginningOfWhatIsThere": func(t *testing.T, s store) {
		st := s.stat("")
		equal(t, "head of an empty log", st.Head, 0)
		equal(t, "lowest of an empty log", st.LowestPresent, 1)
		s.join("a")
		s.fill(3)
		s.ack("a", 2, start)
		s.trim(noLimits, start)
		st = s.stat("a")
		equal(t, "head", st.Head, 3)
		equal(t, "lowest", st.LowestPresent, 3)
		equal(t, "bytes for a stranger", s.stat("stranger").BacklogBytes, uint64(request("", "b").Size()))
		s.ack("a", 3, start)
		s.trim(noLimits, start)
		st = s.stat("a")
		equal(t, "head, all trimmed", st.Head, 3)
		equal(t, "lowest, all trimmed", st.LowestPresent, 4)
	},
}
