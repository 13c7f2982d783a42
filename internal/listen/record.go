package listen

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/wire"
)

// item is something that the recorder takes in order: a new connection, a request, a
// range that will never come, or the question how far all before it is recorded.
type item struct {
	recorded  chan event.Position // has room for the answer to that question; else nil
	connected bool
	at        event.Position
	from      uint64
	in        *judged // nil for a gap
	jobs      []*job  // its deliveries; none where nothing is to be delivered
	early     bool    // the jobs are in their queues already
	memory    int64   // to be given back
}

// Bounds of one transaction, in requests and in bytes of memory.
const (
	batchRequests = 256
	batchBytes    = 8 << 20
)

// record writes what arrives to the history, as much at a time as has gathered, and
// acknowledges it. It is one goroutine, so that no position is ever durable before the
// requests below it.
func (s *Session) record(ctx context.Context) {
	var p progress
	for {
		first, ok := <-s.items
		if !ok {
			return
		}
		batch := s.gather(first)
		recorded, ok := s.commit(ctx, batch, &p)
		for _, it := range batch {
			n := 0
			if it.in != nil && ok {
				n = max(len(it.jobs), 1)
			}
			s.settle(it, recorded[:n])
			recorded = recorded[n:]
			if it.recorded != nil {
				it.recorded <- p.at
			}
		}
		if ok && p.pending {
			p.pending = false
			s.tunnel.Ack(p.at)
		}
	}
}

// gather adds to first what waits already.
func (s *Session) gather(first item) []item {
	batch, size := []item{first}, first.memory
	for len(batch) < batchRequests && size < batchBytes {
		select {
		case it, ok := <-s.items:
			if !ok {
				return batch
			}
			batch, size = append(batch, it), size+it.memory
		default:
			return batch
		}
	}
	return batch
}

// retryCommit is the pause after a history that couldn't be written to.
const retryCommit = time.Second

// commit records a batch. While the history can't be written to, as when the disk is
// full, it says so and tries again: the relay keeps what is not acknowledged.
func (s *Session) commit(ctx context.Context, batch []item, p *progress) ([]history.Recorded, bool) {
	records := s.records(batch, p)
	said := ""
	for {
		// What has arrived is recorded even if the session is ending.
		recorded, err := s.History.Record(context.WithoutCancel(ctx), history.Batch{
			Agent: s.Relay.position(), Position: p.at, Records: records, Again: !s.Relay.Since.IsZero(),
		})
		if err == nil {
			return recorded, true
		}
		if text := err.Error(); text != said {
			said = text
			s.Bus.Publish(activity.Warning{Message: "not recorded, trying again: " + text, At: s.Now()})
		}
		select {
		case <-time.After(retryCommit):
		case <-ctx.Done():
			return nil, false
		}
	}
}

// records moves the position on and returns the batch's requests as they are written.
func (s *Session) records(batch []item, p *progress) []history.Record {
	var records []history.Record
	for _, it := range batch {
		if it.recorded != nil {
			continue
		}
		if it.connected {
			p.reset(it.at)
			continue
		}
		p.add(it.from, it.at)
		if it.in == nil {
			continue
		}
		rec := history.Record{
			Request:     it.in.request,
			Endpoint:    s.Relay.Endpoint,
			Seq:         it.at.Seq,
			EventID:     it.in.name.id,
			EventType:   it.in.name.typ,
			Verdict:     it.in.verdict,
			Disposition: string(it.in.disposition),
			Reason:      it.in.reason,
			Drift:       strings.Join(it.in.departures(), "\n"),
		}
		if len(it.jobs) == 0 {
			records = append(records, rec)
		}
		for i, j := range it.jobs {
			rec.Delivery, rec.Target, rec.Further = j.delivery, j.lane.target.String(), i > 0
			records = append(records, rec)
		}
	}
	return records
}

// settle tells everybody what became of an item. What was found is given for each of its
// jobs, or once where it has none, or not at all if it isn't recorded.
func (s *Session) settle(it item, found []history.Recorded) {
	s.memory.Release(it.memory)
	if it.in == nil {
		return
	}
	if i := slices.IndexFunc(found, isNew); i >= 0 {
		s.Bus.Publish(s.received(it, found[i]))
	}
	if len(it.jobs) == 0 && len(found) > 0 {
		s.answerUndelivered(it.in)
	}
	for i, j := range it.jobs {
		isNew := len(found) > 0 && isNew(found[i])
		s.settleJob(it, j, isNew, len(found) > 0)
		s.note(j, isNew)
	}
	if len(it.jobs) > 0 {
		s.tellWaiting()
	}
}

func isNew(f history.Recorded) bool { return !f.Known }

// settleJob lets a job's attempt be recorded, or the job start, if it is for this session
// to do it.
func (s *Session) settleJob(it item, j *job, isNew, recorded bool) {
	j.recorded <- isNew
	switch {
	case it.early:
		if recorded {
			j.lane.queue.unload(j)
		}
	case isNew:
		j.lane.queue.submit(j)
		j.lane.queue.unload(j)
	default:
		j.lane.queue.skip(j.generation, it.at.Seq, it.at.Seq)
	}
}

func (s *Session) received(it item, rec history.Recorded) activity.Received {
	r := it.in.request
	u := activity.Received{
		Request:     r.ID,
		Seq:         it.at.Seq,
		Method:      r.Method,
		Path:        r.Path,
		Event:       it.in.name.id,
		EventType:   it.in.name.typ,
		Bytes:       len(r.Body),
		Signature:   it.in.verdict,
		Diagnosis:   s.diagnose(it.in),
		Disposition: it.in.disposition,
		Reason:      it.in.reason,
		Drift:       it.in.drift,
		DuplicateOf: rec.DuplicateOf,
		OtherBody:   rec.OtherBody,
		At:          r.Received,
	}
	if len(it.jobs) > 1 {
		for _, j := range it.jobs {
			u.Deliveries = append(u.Deliveries, j.delivery)
		}
	}
	return u
}

// answerUndelivered answers the sender of a request that goes to no app.
func (s *Session) answerUndelivered(in *judged) {
	if s.Respond != wire.ModeApp {
		return
	}
	status, text := 200, ""
	switch in.disposition {
	case activity.BadSign:
		status, text = 401, "solatis: refused by --verify strict: "+in.reason+"\n"
	case activity.BadRequest:
		status, text = 400, "solatis: "+in.reason+"\n"
	}
	s.tunnel.Respond(in.request.ID, status, plainText, []byte(text))
}

var plainText = map[string][]string{"Content-Type": {"text/plain; charset=utf-8"}}
