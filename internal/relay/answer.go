package relay

import (
	"net/http"
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
	for name, values := range a.Header {
		if !ownedByServer[name] {
			w.Header()[name] = values
		}
	}
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

// answers collects the parts of one agent's responses. It is used by one goroutine.
type answers map[string]*partAnswer

type partAnswer struct {
	answer Answer
	parts  *wire.Parts
}

// begin takes a response's head and returns the answer if that is already complete.
func (all answers) begin(f *wire.Response) (*Answer, error) {
	if f.Status < 200 {
		f.Status = http.StatusBadGateway // an interim status ends no request
	}
	parts, err := wire.NewParts(f.Length, MaxAnswer, f.Part)
	if err != nil {
		return nil, err
	}
	all[f.ID] = &partAnswer{Answer{Status: int(f.Status), Header: f.Header}, parts}
	return all.finish(f.ID), nil
}

// add takes a further part. One for an unknown response is passed over.
func (all answers) add(f *wire.ResponseBody) (*Answer, error) {
	p, ok := all[f.ID]
	if !ok {
		return nil, nil
	}
	if err := p.parts.Add(f.Part); err != nil {
		return nil, err
	}
	return all.finish(f.ID), nil
}

func (all answers) finish(id string) *Answer {
	p := all[id]
	if !p.parts.Complete() {
		return nil
	}
	delete(all, id)
	p.answer.Body = p.parts.Bytes()
	return &p.answer
}
