package relay

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/wire"
)

// Answer is what an app said to a request, in response mode "app".
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// MaxAnswer is how much of an app's answer travels back, in bytes of body. Agents send
// no more.
const MaxAnswer = 1 << 20

// pass waits for the app's answer and gives it to the sender.
func (r *Relay) pass(w http.ResponseWriter, req *http.Request, answer <-chan *Answer, wait time.Duration) {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	select {
	case a := <-answer:
		writeAnswer(w, a)
	case <-timeout.C:
		http.Error(w, "solatis: the request is stored, but the app didn't answer in time", http.StatusGatewayTimeout)
	case <-r.ending:
		http.Error(w, "solatis: the request is stored, but the relay is restarting and the app's answer is lost", http.StatusGatewayTimeout)
	case <-req.Context().Done(): // the sender has gone
	}
}

func writeAnswer(w http.ResponseWriter, a *Answer) {
	own := make(map[string]bool) // what the answer says is its connection's
	for name, values := range a.Header {
		if http.CanonicalHeaderKey(name) == "Connection" {
			for named := range strings.SplitSeq(strings.Join(values, ","), ",") {
				own[http.CanonicalHeaderKey(strings.TrimSpace(named))] = true
			}
		}
	}
	for name, values := range a.Header {
		// An agent may write names as it likes, and this server's are looked up as it does.
		if name = http.CanonicalHeaderKey(name); !ownedByServer[name] && !own[name] {
			w.Header()[name] = append(w.Header()[name], values...)
		}
	}
	// Not every server has deadlines; where there are none, its own timeouts hold.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeWithin))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// ownedByServer are the response headers that belong to one connection (RFC 9110
// section 7.6.1), or that net/http sets from what it writes.
var ownedByServer = map[string]bool{
	"Connection":        true,
	"Content-Length":    true,
	"Keep-Alive":        true,
	"Proxy-Connection":  true,
	"Te":                true,
	"Trailer":           true,
	"Transfer-Encoding": true,
	"Upgrade":           true,
}

// writeWithin is how long a sender may take to accept the app's answer.
const writeWithin = 30 * time.Second

// maxAnswers bounds the unfinished answers of one agent, in bytes.
const maxAnswers = 64 << 20

// answers collects the parts of one agent's responses. It is used by one goroutine.
type answers struct {
	awaited func(id string) bool // whether a sender waits for that answer
	parts   map[string]*partAnswer
	bytes   uint64 // that the unfinished ones have announced
}

type partAnswer struct {
	answer Answer
	parts  *wire.Parts
	bytes  uint64
}

// begin takes a response's head and returns the answer if that is already complete. One
// that nobody waits for is passed over.
func (all *answers) begin(f *wire.Response) (*Answer, error) {
	if !all.awaited(f.ID) {
		return nil, nil
	}
	if f.Status < 200 {
		f.Status = http.StatusBadGateway // an interim status ends no request
	}
	parts, err := wire.NewParts(f.Length, MaxAnswer, f.Part)
	if err != nil {
		return nil, err
	}
	all.drop(f.ID)
	p := &partAnswer{Answer{Status: int(f.Status), Header: f.Header}, parts, f.Length + headerSize(f.Header)}
	if all.bytes+p.bytes > maxAnswers {
		all.sweep()
	}
	if all.bytes += p.bytes; all.bytes > maxAnswers {
		return nil, errors.New("too many unfinished answers")
	}
	all.parts[f.ID] = p
	return all.finish(f.ID), nil
}

// add takes a further part. One for an unknown response is passed over.
func (all *answers) add(f *wire.ResponseBody) (*Answer, error) {
	p, ok := all.parts[f.ID]
	if !ok {
		return nil, nil
	}
	if err := p.parts.Add(f.Part); err != nil {
		return nil, err
	}
	return all.finish(f.ID), nil
}

// sweep drops what nobody waits for any more.
func (all *answers) sweep() {
	for id := range all.parts {
		if !all.awaited(id) {
			all.drop(id)
		}
	}
}

func (all *answers) drop(id string) {
	if p, ok := all.parts[id]; ok {
		all.bytes -= p.bytes
		delete(all.parts, id)
	}
}

// valueCost is what a header's value takes of memory beside its bytes, about.
const valueCost = 32

func headerSize(header map[string][]string) (n uint64) {
	for name, values := range header {
		for _, value := range values {
			n += uint64(len(name)+len(value)) + valueCost
		}
	}
	return n
}

func (all *answers) finish(id string) *Answer {
	p := all.parts[id]
	if !p.parts.Complete() {
		return nil
	}
	all.drop(id)
	p.answer.Body = p.parts.Bytes()
	return &p.answer
}
