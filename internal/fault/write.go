package fault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/send"
)

// write makes one attempt whose body isn't written as it should be. It keeps to the
// timeout of the sender and to ctx, as send.Sender.Send does.
func write(ctx context.Context, s *send.Sender, to send.Target, r *event.Request, fault Spec) delivery.Outcome {
	length := len(r.Body)
	if fault.Kind != SlowBody {
		length = max(length, 1) // without a body there is none to break off, so one is announced
	}
	head, err := head(s, to, r, length)
	if err != nil {
		return delivery.Outcome{Kind: delivery.Refused, Error: err.Error()}
	}
	x := exchange{parent: ctx, timeout: s.Timeout, at: to.Address(), fault: fault, method: r.Method, body: r.Body, started: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	l, err := connect(ctx, s, to)
	if err != nil {
		return x.took(x.noConnect(err))
	}
	defer l.Close()
	x.started = time.Now()
	return x.took(x.run(ctx, l, head))
}

// exchange is one call of write.
type exchange struct {
	parent  context.Context // without the timeout
	timeout time.Duration
	at      string // the target's address
	fault   Spec
	method  string
	body    []byte
	started time.Time
}

func (x *exchange) took(o delivery.Outcome) delivery.Outcome {
	o.Duration = time.Since(x.started)
	return o
}

// heard is what came back.
type heard struct {
	outcome delivery.Outcome // where it is an answer
	err     error
	status  int // with err, that of an answer that broke off
}

// run writes, and listens meanwhile: an app may answer before it has the whole body.
func (x *exchange) run(ctx context.Context, l *link, head []byte) delivery.Outcome {
	stop := context.AfterFunc(ctx, func() { l.raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	answer := make(chan heard, 1)
	go func() {
		h := x.listen(l)
		if h.err == nil {
			l.raw.SetWriteDeadline(time.Unix(1, 0)) // the app may read no further: so needn't we write
		}
		answer <- h
	}()

	early, err := x.speak(ctx, l, head, answer)
	if early != nil {
		return x.outcome(ctx, *early)
	}
	if err == errReset {
		<-answer // ends with the connection
		return delivery.Outcome{Kind: delivery.BrokenOff, Error: fmt.Sprintf(
			"solatis reset the connection to %s after %d of %d bytes, on purpose by --fault %s", x.at, x.part(), len(x.body), x.fault.Kind)}
	}
	// What couldn't be written is no failure yet: the app may have answered and closed.
	return x.outcome(ctx, <-answer)
}

// errReset says that the connection was reset on purpose.
var errReset = errors.New("reset on purpose")

// part is how much of the body is sent where it isn't sent whole.
func (x *exchange) part() int {
	return max(min(int(float64(len(x.body))*x.fault.At), len(x.body)-1), 0)
}

// speak writes head and body as the fault has it. Where the answer came before the end of
// that, it is returned.
func (x *exchange) speak(ctx context.Context, l *link, head []byte, answer <-chan heard) (early *heard, err error) {
	if x.fault.Kind == SlowBody {
		return x.trickle(ctx, l, head, answer)
	}
	if _, err := l.Write(append(head, x.body[:x.part()]...)); err != nil {
		return nil, err
	}
	if x.fault.Kind == TruncatedBody {
		return nil, l.endWriting()
	}
	// A reset can overtake what was written before it. The app is to be in the middle of
	// the body, so it gets a moment to come there.
	moment, stop := beforeReset()
	defer stop()
	select {
	case early := <-answer:
		return &early, nil
	case <-moment:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.reset()
	return nil, errReset
}

// beforeReset begins the moment that an app gets. It is a variable so that tests can end it
// when the app is really there.
var beforeReset = func() (moment <-chan time.Time, stop func() bool) {
	timer := time.NewTimer(100 * time.Millisecond)
	return timer.C, timer.Stop
}

const pieces = 20 // of a slow body

// trickle writes the head at once and the body in pieces, with a pause before each.
func (x *exchange) trickle(ctx context.Context, l *link, head []byte, answer <-chan heard) (early *heard, err error) {
	if _, err := l.Write(head); err != nil {
		return nil, err
	}
	n := max(min(pieces, len(x.body)), 1)
	for i := range n {
		if early := await(ctx, answer, x.fault.Wait.From/time.Duration(n)); early != nil || ctx.Err() != nil {
			return early, ctx.Err()
		}
		if _, err := l.Write(x.body[len(x.body)*i/n : len(x.body)*(i+1)/n]); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// await waits for so long, and returns what was heard meanwhile, nil for nothing.
func await(ctx context.Context, answer <-chan heard, d time.Duration) *heard {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case h := <-answer:
		return &h
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

// maxAnswer bounds what is read of an answer, head and body.
const maxAnswer = delivery.MaxRecordedBody + 1<<20

// listen reads the answer.
func (x *exchange) listen(l *link) heard {
	from := bufio.NewReader(io.LimitReader(l, maxAnswer))
	for {
		resp, err := http.ReadResponse(from, &http.Request{Method: x.method})
		if err != nil {
			return heard{err: err}
		}
		o := delivery.Outcome{Kind: delivery.Answered, Status: resp.StatusCode, Header: resp.Header}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return heard{outcome: o}
		}
		if resp.StatusCode < 200 {
			continue // only a notice that the answer is to come
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, delivery.MaxRecordedBody+1))
		if err != nil {
			return heard{err: err, status: resp.StatusCode}
		}
		o.Truncated = len(body) > delivery.MaxRecordedBody
		o.Body = body[:min(len(body), delivery.MaxRecordedBody)]
		return heard{outcome: o}
	}
}

// outcome is what became of the attempt, by what was heard.
func (x *exchange) outcome(ctx context.Context, h heard) delivery.Outcome {
	switch {
	case h.err == nil:
		return h.outcome
	case x.parent.Err() != nil:
		return delivery.Outcome{Kind: delivery.Interrupted, Error: "solatis was stopped before " + x.at + " had answered"}
	case ctx.Err() != nil:
		return delivery.Outcome{Kind: delivery.Timeout, Error: fmt.Sprintf(
			"no answer from %s within %s, to what --fault %s sent", x.at, x.timeout, x.fault.Kind)}
	case h.status != 0:
		return delivery.Outcome{Kind: delivery.BrokenOff, Error: fmt.Sprintf(
			"%s broke its answer off after the status %d, to what --fault %s sent", x.at, h.status, x.fault.Kind)}
	case isHangUp(h.err):
		return delivery.Outcome{Kind: delivery.BrokenOff, Error: fmt.Sprintf(
			"%s closed the connection without an answer, to what --fault %s sent", x.at, x.fault.Kind)}
	}
	return delivery.Outcome{Kind: delivery.BrokenOff, Error: fmt.Sprintf(
		"%s did not answer in HTTP, to what --fault %s sent: %v", x.at, x.fault.Kind, h.err)}
}

// isHangUp reports whether the connection ended where an answer was due.
func isHangUp(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op)
}

// noConnect is the outcome where there was no connection to write to.
func (x *exchange) noConnect(err error) delivery.Outcome {
	switch {
	case x.parent.Err() != nil:
		return delivery.Outcome{Kind: delivery.Interrupted, Error: "solatis was stopped before " + x.at + " had answered"}
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("not within %s", x.timeout)
	}
	return delivery.Outcome{Kind: delivery.NoConnect, Error: fmt.Sprintf("could not connect to %s: %v; is your app running?", x.at, err)}
}
