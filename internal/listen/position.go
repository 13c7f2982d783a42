package listen

import "github.com/solatis/solatis-cli/internal/event"

// progress finds the position up to which everything is durable. Requests become durable
// in the order in which they were complete, which a large body can change; the position
// waits for the one that is missing.
type progress struct {
	at      event.Position
	ranges  map[uint64]uint64 // durable beyond at: first seq to last seq
	pending bool              // whether at has moved since the last take
}

// reset begins a new connection.
func (p *progress) reset(at event.Position) {
	*p = progress{at: at, ranges: make(map[uint64]uint64)}
}

// add says that the requests from to to.Seq will be durable with the next commit. What
// belongs to an earlier connection's epoch is passed over: it will come again.
func (p *progress) add(from uint64, to event.Position) {
	if to.Epoch != p.at.Epoch || to.Seq <= p.at.Seq {
		return
	}
	p.ranges[from] = to.Seq
	for {
		next := p.at.Seq + 1
		last, ok := p.ranges[next]
		if !ok {
			return
		}
		delete(p.ranges, next)
		p.at.Seq = last
		p.pending = true
	}
}
