package relay

import (
	"context"
	"errors"
	"time"

	"github.com/solatis/solatis-cli/internal/event"
)

// Store keeps the logs of a relay's endpoints. It is all that the relay's promise
// "2xx means that it won't be lost" rests on, so each method says what is durable when
// it returns. Every implementation passes the suite in storetest.
//
// An endpoint's log is a sequence of requests numbered 1, 2, 3 … without holes. Numbers
// come from a counter that is stored, never from the highest row that is left, so that
// none is ever given twice. Each run of a store writes under a new random epoch and
// remembers at which seq it began (see Resume).
//
// An endpoint comes into being with its first Append, Commit or Resume; before that there
// is nothing to be found, and Stat's Epoch is 0. Methods may be called from any
// number of goroutines. Time is always an argument: a store has no clock, since a
// replicated one has many. A durable write that has been handed over is carried out
// even if its ctx ends meanwhile.
type Store interface {
	// Append adds r, with its whole body, and returns its seq once it is durable. It is
	// refused where the requests that no agent has ever acknowledged would exceed limits
	// with it. Errors: ErrBacklogFull, ErrDiskFull, or another that means that nothing
	// was kept and no number given.
	Append(ctx context.Context, endpoint string, r *event.Request, limits Limits) (seq uint64, err error)

	// Spool begins a large body, which is written in parts and becomes part of the log
	// only with Commit. No transaction stays open between two calls.
	Spool(ctx context.Context, endpoint string) (Spool, error)

	// Resume finds where an agent goes on whose durable position is at, registers the
	// agent durably, and returns the current epoch and the seq after which sending begins:
	//   - at.Seq, where at.Epoch is one of this log and reached that far;
	//   - the end of at.Epoch, where it ended before at.Seq: the log was restored
	//     from an older copy, and what the agent has beyond is not what is here;
	//   - the beginning of what is still there for an unknown epoch, and so for a new agent.
	//     An endpoint remembers its newest 64 epochs at least.
	// What is returned becomes the agent's acknowledged position, also where that is a
	// step back. Requests after it may be deleted: Read shows the gap.
	Resume(ctx context.Context, endpoint, agent string, at event.Position, now time.Time) (event.Position, error)

	// Read returns entries after seq, in order: at most max of them, and no further one
	// once their bodies exceed maxBytes, but at least one if there is any. Where the
	// range begins with deleted requests, the first entry's Seq is greater than seq+1.
	Read(ctx context.Context, endpoint string, seq uint64, max, maxBytes int) ([]Entry, error)

	// ReadBody returns n bytes of a spooled body from offset on, fewer only at its end,
	// and none where there is no such body.
	ReadBody(ctx context.Context, endpoint string, seq uint64, offset int64, n int) ([]byte, error)

	// Ack moves the agent's acknowledged position forward to seq, which may be that of a
	// deleted request; a smaller one than before moves nothing. In any case the agent was
	// seen at now. From an agent that isn't known, or of a seq not yet given, it changes
	// nothing. It need not be durable when it returns: a lost ack means that requests are
	// sent once more.
	Ack(ctx context.Context, endpoint, agent string, seq uint64, now time.Time) error

	// Forget removes an agent: it holds nothing any more.
	Forget(ctx context.Context, endpoint, agent string) error

	// Trim deletes what nobody needs any more: requests that at least one agent, and
	// every agent that holds the log, has acknowledged. Where limits.Grace isn't 0, a Trim
	// only notes which these are, and one that comes a grace later, or up to a hundredth
	// of it after that, deletes them. Those over limits.KeptBytes it deletes at once.
	//
	// Agents not seen within limits.AgentRetention, and the part of an agent's backlog
	// that is over limits while another agent has it, hold nothing. While no agent is
	// known, nothing is deleted. What is deleted is the log's beginning, without holes. A
	// deletion need not be durable.
	Trim(ctx context.Context, endpoint string, limits Limits, now time.Time) error

	// Stat returns the log's head and what waits for agent, which is all that is there
	// where the agent isn't known; agent "" asks for what no agent has ever acknowledged.
	Stat(ctx context.Context, endpoint, agent string) (Stat, error)

	// Agents lists the agents that an endpoint knows, by name.
	Agents(ctx context.Context, endpoint string) ([]AgentStat, error)

	// Delete removes an endpoint's log, its agents and its epochs, durably. What is appended
	// to the id later begins another log, of another epoch. Deleting what isn't there is no
	// error.
	Delete(ctx context.Context, endpoint string) error

	// Close ends the store after the writes that were handed over.
	Close() error
}

// Spool is a body on its way into a log.
type Spool interface {
	// Write appends a part of any length. It is durable with Commit. Its errors are
	// those of Append.
	Write(ctx context.Context, part []byte) error
	// Commit makes the request visible with the spooled body, as Append does, and both
	// are durable then; r.Body is ignored. Where it fails nothing is visible, and what
	// was written is there until Abort.
	Commit(ctx context.Context, r *event.Request, limits Limits) (seq uint64, err error)
	// Abort drops what was written. After Commit it does nothing. What neither was
	// called for is dropped when the store is opened next.
	Abort(ctx context.Context) error
}

// Entry is one request of a log.
type Entry struct {
	Seq     uint64
	Request *event.Request // Body is nil where Spooled
	Spooled bool           // the body is to be had by ReadBody
	Length  int64          // of the body, in bytes
}

// Stat is the state of a log.
type Stat struct {
	Epoch         uint64
	Head          uint64 // the seq given last; 0 for none
	Backlog       uint64 // requests still there that the agent has not acknowledged
	BacklogBytes  uint64
	LowestPresent uint64 // the lowest seq still there; Head+1 for none
}

// AgentStat is how far one agent is.
type AgentStat struct {
	Name    string
	Seq     uint64    // all up to it is acknowledged
	Backlog uint64    // requests still there that it has not acknowledged
	Seen    time.Time // in whole milliseconds
}

// Limits are a log's bounds. Zero values of the counts, and of AgentRetention, mean no
// limit.
type Limits struct {
	Backlog        uint64        // unacknowledged requests, 10,000 by default
	BacklogBytes   uint64        // unacknowledged bytes (event.Request.Size), 1 GiB by default; one request alone may be larger
	Grace          time.Duration // how long acknowledged requests are kept, 24 h by default, 0 when embedded
	KeptBytes      uint64        // acknowledged bytes kept for the grace; over it the oldest go before their time
	AgentRetention time.Duration // how long an absent agent holds the log, 72 h by default
}

// DefaultLimits are those of a public relay.
var DefaultLimits = Limits{
	Backlog:        10_000,
	BacklogBytes:   1 << 30,
	Grace:          24 * time.Hour,
	KeptBytes:      1 << 30,
	AgentRetention: 72 * time.Hour,
}

// Errors of a Store that the relay answers in a way of their own. Both refuse a
// request before anything of it is kept.
var (
	ErrBacklogFull = errors.New("the endpoint's backlog is full")
	ErrDiskFull    = errors.New("the relay's disk is full")
)
