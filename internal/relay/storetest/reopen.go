package storetest

import (
	"testing"

	"github.com/solatis/solatis-cli/internal/event"
)

// reopening is about what a store is after it was closed, or put back to an older copy.
var reopening = map[string]func(*testing.T, Disk){
	"AllIsThereAfterAReopen": func(t *testing.T, d Disk) {
		s := opened(t, d)
		s.join("a")
		s.join("b")
		s.fill(3)
		s.spool("req_4", "spooled ", "body")
		s.ack("a", 3, start)
		s.ack("b", 2, start)
		s.trim(noLimits, start)
		before := s.stat("b")
		s = reopened(s, d)
		after := s.stat("b")
		equal(t, "head", after.Head, before.Head)
		equal(t, "lowest", after.LowestPresent, before.LowestPresent)
		equal(t, "backlog", after.Backlog, before.Backlog)
		equal(t, "bytes", after.BacklogBytes, before.BacklogBytes)
		equal(t, "log", s.ids(0), "req_3 req_4")
		equal(t, "body", s.body(4, 0, 99), "spooled body")
		equal(t, "next number", s.put("req_5"), 5)
	},
	"NumbersGoOnAfterAReopenWhenAllIsDeleted": func(t *testing.T, d Disk) {
		s := opened(t, d)
		s.join("a")
		s.fill(3)
		s.ack("a", 3, start)
		s.trim(noLimits, start)
		equal(t, "next number", reopened(s, d).put("r"), 4)
	},
	"EachRunHasAnEpochOfItsOwn": func(t *testing.T, d Disk) {
		s := opened(t, d)
		at := s.join("a")
		s.fill(2)
		at.Seq = 2
		s = reopened(s, d)
		got := s.resume("a", at, start)
		equal(t, "position", got.Seq, 2)
		if got.Epoch == at.Epoch || got.Epoch == 0 {
			t.Errorf("epoch %x after %x", got.Epoch, at.Epoch)
		}
		equal(t, "epoch of Stat", s.stat("").Epoch, got.Epoch)
	},
	"TheNewestEpochsAreRemembered": func(t *testing.T, d Disk) {
		s := opened(t, d)
		s.put("r")
		at := s.join("a")
		at.Seq = 1
		for range 63 {
			s = reopened(s, d)
			s.put("r")
		}
		equal(t, "position", s.resume("b", at, start).Seq, 1)
	},
	"SpoolsNeverCommittedAreGoneAfterAReopen": func(t *testing.T, d Disk) {
		s := opened(t, d)
		s.spool("req_1", "kept")
		orphan, err := s.Spool(ctx, endpoint)
		must(t, err)
		must(t, orphan.Write(ctx, []byte("orphan")))
		s = reopened(s, d)
		equal(t, "log", s.ids(0), "req_1")
		s.spool("req_2", "next") // it must not meet what is left of the orphan
		equal(t, "bodies", s.body(1, 0, 99)+" "+s.body(2, 0, 99), "kept next")
	},
	"AnAgentOfALaterStateGetsWhatCameAfterTheCopy": func(t *testing.T, d Disk) {
		s := opened(t, d)
		s.put("req_1")
		at := s.join("a")
		d.Snapshot(t)
		s.put("req_lost")
		s.ack("a", 2, start)
		at.Seq = 2
		s = restored(s, d)
		s.put("req_2") // it gets the number that the agent has acknowledged for another one
		s.put("req_3")
		equal(t, "its requests", s.ids(s.resume("a", at, start).Seq), "req_2 req_3")
	},
	"AnAgentOfTheCopiedStateGoesOn": func(t *testing.T, d Disk) {
		s := opened(t, d)
		at := s.join("a")
		s.fill(3)
		d.Snapshot(t)
		at.Seq = 2
		s = restored(s, d)
		equal(t, "position", s.resume("a", at, start).Seq, 2)
	},
	"AnEpochThatTheCopyLacksIsUnknown": func(t *testing.T, d Disk) {
		s := opened(t, d)
		s.put("req_1")
		d.Snapshot(t)
		s = reopened(s, d)
		s.put("req_lost")
		at := event.Position{Epoch: s.stat("").Epoch, Seq: 2}
		s = restored(s, d)
		s.put("req_2")
		equal(t, "its requests", s.ids(s.resume("a", at, start).Seq), "req_1 req_2")
	},
	"ACopyCanBeRestoredTwice": func(t *testing.T, d Disk) {
		s := opened(t, d)
		s.put("req_1")
		d.Snapshot(t)
		s = restored(s, d)
		at := s.join("a")
		s.put("req_lost")
		at.Seq = 2
		s = restored(s, d)
		s.put("req_2")
		equal(t, "its requests", s.ids(s.resume("a", at, start).Seq), "req_1 req_2")
	},
}

// opened opens a disk until the test ends.
func opened(t tb, d Disk) store {
	s := d.Open(t)
	t.Cleanup(func() { s.Close() })
	return store{s, t}
}

func reopened(s store, d Disk) store {
	must(s.t, s.Close())
	return opened(s.t, d)
}

func restored(s store, d Disk) store {
	must(s.t, s.Close())
	d.Restore(s.t)
	return opened(s.t, d)
}
