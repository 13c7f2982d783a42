package fault

import "time"

// Kind is what goes wrong.
type Kind string

// The kinds.
const (
	Duplicate        Kind = "duplicate"
	Reorder          Kind = "reorder"
	Delay            Kind = "delay"
	Burst            Kind = "burst"
	DropThenRetry    Kind = "drop-then-retry"
	BadSignature     Kind = "bad-signature"
	MissingSignature Kind = "missing-signature"
	TwoSignatures    Kind = "two-signatures"
	WrongContentType Kind = "wrong-content-type"
	TruncatedBody    Kind = "truncated-body"
	SlowBody         Kind = "slow-body"
	ConnectionReset  Kind = "connection-reset"
)

// group is what of a request a kind concerns. Of one group one fault happens to a
// request: it can't both lack a signature and have two.
type group int

const (
	times       group = iota // how often it is sent
	moment                   // when
	signing                  // its signature
	contentType              // what it says its body is
	writing                  // how its body is written
)

// Form is how a kind is written, and what it does.
type Form struct {
	Kind  Kind
	Does  string // in a line, of a request: "is sent twice"
	group group
	keys  []key // its own; p and events go with all
}

// key is a setting of a kind, with what it is unless somebody says otherwise.
type key struct {
	name string
	of   setting
	text string // the default, as it is written
	low  time.Duration
	high time.Duration // of a wait
	most int           // of a count
}

// setting is the part of a Spec that a key sets.
type setting int

const (
	wait  setting = iota // Spec.Wait, one duration
	span                 // Spec.Wait, a duration or two with ".." between them
	count                // Spec.Count
	share                // Spec.At
	media                // Spec.Type
)

// The limits of what somebody writes. A request that waits stays in memory.
const (
	maxWait   = 10 * time.Minute
	maxCopies = 20
	maxBurst  = 500
)

var forms = []Form{
	{Duplicate, "is sent once more, at the same time unless after= says how much later", times, []key{
		{name: "copies", of: count, text: "1", most: maxCopies},
		{name: "after", of: wait, text: "0s", high: maxWait},
	}},
	{DropThenRetry, "isn't sent at its first attempt; the next one is made as it should be", times, []key{
		{name: "after", of: wait, text: "1s", high: maxWait},
	}},
	{Delay, "is sent later, and others overtake it", moment, []key{
		{name: "by", of: span, text: "2s", low: time.Millisecond, high: maxWait},
	}},
	{Reorder, "is sent after the one that follows it, if one comes in time", moment, []key{
		{name: "within", of: wait, text: "2s", low: time.Millisecond, high: maxWait},
	}},
	{Burst, "is held until so many have come, which are then sent at once", moment, []key{
		{name: "size", of: count, text: "10", most: maxBurst},
		{name: "within", of: wait, text: "5s", low: time.Millisecond, high: maxWait},
	}},
	{BadSignature, "is signed with another secret, as a forged one would be", signing, nil},
	{MissingSignature, "has no signature header", signing, nil},
	{TwoSignatures, "has two signature headers: its own and, behind it, a forged one", signing, nil},
	{WrongContentType, "says that its body is something else than JSON", contentType, []key{
		{name: "type", of: media, text: "text/plain"},
	}},
	{TruncatedBody, "announces its whole body and ends in the middle of it", writing, []key{
		{name: "at", of: share, text: "50%"},
	}},
	{SlowBody, "trickles in, a piece of its body at a time", writing, []key{
		{name: "over", of: wait, text: "3s", low: time.Millisecond, high: maxWait},
	}},
	{ConnectionReset, "ends in the middle of its body with a reset of the connection", writing, []key{
		{name: "at", of: share, text: "50%"},
	}},
}

// Forms returns all kinds in the order in which help and docs have them.
func Forms() []Form { return append([]Form(nil), forms...) }

// Keys returns a kind's own keys with their defaults, such as "copies=1,after=0s", or "".
func (f Form) Keys() string {
	text := ""
	for i, k := range f.keys {
		if i > 0 {
			text += ","
		}
		text += k.name + "=" + k.text
	}
	return text
}

// kinds returns the names of all kinds.
func kinds() []string {
	names := make([]string, len(forms))
	for i, f := range forms {
		names[i] = string(f.Kind)
	}
	return names
}

func formOf(k Kind) (Form, bool) {
	for _, f := range forms {
		if f.Kind == k {
			return f, true
		}
	}
	return Form{}, false
}
