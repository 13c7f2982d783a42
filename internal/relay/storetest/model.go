package storetest

import (
	"time"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
)

// log is what the contract says of one endpoint, in plain Go and without a thought for
// speed. Seqs are indices plus one.
type log struct {
	requests []logged
	gone     uint64 // requests up to it are deleted
	acked    uint64 // the highest that any agent has ever acknowledged
	agents   map[string]known
	ends     map[uint64]uint64 // of the epochs of earlier runs, the seq at which each ended
	epoch    uint64            // of this run; 0 as long as no agent has asked for it
}

// logged is a request that was accepted.
type logged struct {
	id       string
	size     uint64
	needless time.Time // since when a Trim has found it so; zero where it didn't
}

// known is an agent that the endpoint knows.
type known struct {
	seq  uint64
	seen time.Time
}

func newLog() *log {
	return &log{agents: make(map[string]known), ends: make(map[uint64]uint64)}
}

func (l *log) head() uint64 { return uint64(len(l.requests)) }

// bytes returns the size of the requests after one seq and up to another.
func (l *log) bytes(after, to uint64) (n uint64) {
	for seq := after; seq < to; seq++ {
		n += l.requests[seq].size
	}
	return n
}

// refuses reports whether a request of that size has no room.
func (l *log) refuses(size uint64, limits relay.Limits) bool {
	waiting := l.head() - l.acked
	return limits.Backlog > 0 && waiting >= limits.Backlog ||
		limits.BacklogBytes > 0 && waiting > 0 && l.bytes(l.acked, l.head())+size > limits.BacklogBytes
}

// resume returns where an agent goes on, and registers it.
func (l *log) resume(agent string, at event.Position, now time.Time) uint64 {
	seq := l.gone
	if end, ok := l.ends[at.Epoch]; ok {
		seq = min(at.Seq, end)
	} else if at.Epoch == l.epoch && l.epoch != 0 {
		seq = min(at.Seq, l.head())
	}
	l.agents[agent] = known{seq: seq, seen: now}
	l.acked = max(l.acked, seq)
	l.needed(seq)
	return seq
}

// needed notes that somebody needs all after seq.
func (l *log) needed(seq uint64) {
	for ; seq < l.head(); seq++ {
		l.requests[seq].needless = time.Time{}
	}
}

func (l *log) ack(agent string, seq uint64, now time.Time) {
	a, ok := l.agents[agent]
	if !ok || seq > l.head() {
		return
	}
	l.agents[agent] = known{seq: max(a.seq, seq), seen: now}
	l.acked = max(l.acked, seq)
}

// trim returns the seqs up to which a Trim must delete the log, and may.
func (l *log) trim(limits relay.Limits, now time.Time) (must, may uint64) {
	free := l.free(limits, now)
	l.needed(free)
	must, may = l.gone, l.gone
	for i := range l.requests[:free] {
		r := &l.requests[i]
		if r.needless.IsZero() {
			r.needless = now
		}
		passed := now.Sub(r.needless)
		if passed >= limits.Grace {
			may = max(may, uint64(i+1))
		}
		if passed >= limits.Grace+limits.Grace/100 {
			must = max(must, uint64(i+1))
		}
	}
	kept := l.gone
	for limits.KeptBytes > 0 && kept < free && l.bytes(kept, free) > limits.KeptBytes {
		kept++
	}
	return max(must, kept), max(may, kept)
}

// free returns the seq up to which nobody needs the log: some agent has it, and each one
// has it or doesn't hold it.
func (l *log) free(limits relay.Limits, now time.Time) uint64 {
	var ahead uint64
	for _, a := range l.agents {
		ahead = max(ahead, a.seq)
	}
	free := ahead
	for _, a := range l.agents {
		if limits.AgentRetention == 0 || now.Sub(a.seen) <= limits.AgentRetention {
			free = min(free, l.over(a.seq, limits))
		}
	}
	return free
}

// over returns the seq up to which an agent that is at seq holds nothing, since the rest
// alone is as much as the limits allow. The newest request alone may have any size.
func (l *log) over(seq uint64, limits relay.Limits) uint64 {
	seq = max(seq, l.gone)
	for seq+1 < l.head() && (limits.Backlog > 0 && l.head()-seq > limits.Backlog ||
		limits.BacklogBytes > 0 && l.bytes(seq, l.head()) > limits.BacklogBytes) {
		seq++
	}
	return seq
}

// end is the end of a run.
func (l *log) end() {
	if l.epoch != 0 {
		l.ends[l.epoch] = l.head()
	}
	l.epoch = 0
}
