package fault

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/signature"
)

func TestSendWithoutFaults(t *testing.T) {
	to, o, seen := app(t, "http")
	for _, tn := range []*Turn{nil, turn(t, "delay"), turn(t, "bad-signature")} {
		r := signed(t, 100)
		before := fmt.Sprintf("%+v", r)
		got := tn.Send(t.Context(), sender(t, o), to, r)
		if got.Kind != delivery.Answered || got.Status != 200 || got.Fault != tn.Faults().String() || tn.Dropped() {
			t.Errorf("%+v", got)
		}
		if a := <-seen; !bytes.Equal(a.body, r.Body) {
			t.Errorf("another body: %q", a.body)
		}
		if fmt.Sprintf("%+v", r) != before {
			t.Error("the request was changed")
		}
	}
}

func TestSendSaysAllFaults(t *testing.T) {
	to, o, seen := app(t, "http")
	got := turn(t, "missing-signature", "slow-body:over=1ms", "wrong-content-type", "delay").Send(t.Context(), sender(t, o), to, signed(t, 50))
	if got.Fault != "missing-signature, slow-body, wrong-content-type, delay" || got.Status != 200 {
		t.Errorf("%+v", got)
	}
	if a := <-seen; a.header.Get(signature.HeaderName) != "" || a.header.Get("Content-Type") != "text/plain" {
		t.Errorf("the app got %v", a.header)
	}
}

func TestDropThenRetry(t *testing.T) {
	to, o, seen := app(t, "http")
	tn := NewGate(plan(t, 1, "drop-then-retry:after=1ms", "bad-signature"), 1).Turn(to, 1, "")
	if tn.Hold(t.Context(), 1, nil) {
		t.Fatal("the first attempt is held")
	}
	s := sender(t, o)
	got := tn.Send(t.Context(), s, to, signed(t, 50))
	if got.Kind != delivery.BrokenOff || got.Fault != "drop-then-retry" || !tn.Dropped() || got.Success() {
		t.Errorf("%+v, dropped %v", got, tn.Dropped())
	}
	select {
	case a := <-seen:
		t.Errorf("the app got %q", a.line)
	default:
	}
	if !Drops(got.Fault) || Drops("") || Drops("bad-signature, delay") {
		t.Error("who reads the outcome doesn't see that it was dropped")
	}
	goOn := make(chan struct{})
	if !tn.Hold(t.Context(), 1, func() { close(goOn) }) {
		t.Fatal("there is no pause")
	}
	<-goOn
	if tn.Hold(t.Context(), 1, nil) {
		t.Fatal("it is held again")
	}
	got = tn.Send(t.Context(), s, to, signed(t, 50))
	if got.Status != 200 || got.Fault != "" || tn.Dropped() {
		t.Errorf("the retry: %+v, dropped %v", got, tn.Dropped())
	}
	if a := <-seen; signature.Verify(secret(t), a.body, a.header[signature.HeaderName]) != signature.Valid {
		t.Error("the retry is not as it should be")
	}
}

func TestDuplicate(t *testing.T) {
	to, o, seen := app(t, "http")
	tn := turn(t, "duplicate:copies=3", "wrong-content-type")
	r := signed(t, 50)
	got := tn.Send(t.Context(), sender(t, o), to, r)
	if got.Status != 200 || got.Fault != "wrong-content-type" {
		t.Errorf("the original: %+v", got)
	}
	n := 0
	for c := range tn.Copies() {
		n++
		if c.Outcome.Status != 200 || c.Outcome.Fault != "wrong-content-type, duplicate" || c.Started.IsZero() {
			t.Errorf("a copy: %+v", c)
		}
	}
	if n != 3 {
		t.Errorf("%d copies", n)
	}
	for range 4 {
		if a := <-seen; !bytes.Equal(a.body, r.Body) || a.header.Get("Content-Type") != "text/plain" {
			t.Errorf("the app got %q", a.body)
		}
	}
	for range tn.Copies() {
		t.Error("a copy comes twice")
	}
}

// TestDuplicatesEndWithTheirContext holds that copies that are still to be sent are not
// sent after the end, and that nobody has to ask for them.
func TestDuplicatesEndWithTheirContext(t *testing.T) {
	to, o, seen := app(t, "http")
	ctx, cancel := context.WithCancel(t.Context())
	tn := turn(t, "duplicate:copies=20,after=10m")
	if got := tn.Send(ctx, sender(t, o), to, signed(t, 50)); got.Status != 200 {
		t.Errorf("%+v", got)
	}
	<-seen
	cancel()
	for c := range tn.Copies() {
		t.Errorf("%+v", c)
	}
}

// TestNobodyTakesTheCopies holds that they end by themselves; goleak sees it if not.
func TestNobodyTakesTheCopies(t *testing.T) {
	to, o, seen := app(t, "http")
	turn(t, "duplicate:copies=2").Send(t.Context(), sender(t, o), to, signed(t, 50))
	for range 3 {
		<-seen
	}
}

// TestSendLetsTheOtherGo holds that what a request overtook goes once that was sent.
func TestSendLetsTheOtherGo(t *testing.T) {
	to, o, seen := app(t, "http")
	g := NewGate(plan(t, 1, "reorder:within=10m"), 0)
	first, second := g.Turn(to, 1, ""), g.Turn(to, 2, "")
	goOn := make(chan struct{})
	if !first.Hold(t.Context(), 1, func() { close(goOn) }) || second.Hold(t.Context(), 1, nil) {
		t.Fatal("the wrong one is held")
	}
	second.Send(t.Context(), sender(t, o), to, signed(t, 50))
	<-seen
	<-goOn
}

// TestDuplicatesTakeTheirTime holds that a copy isn't earlier than was asked for.
func TestDuplicatesTakeTheirTime(t *testing.T) {
	to, o, seen := app(t, "http")
	tn := turn(t, "duplicate:after=30ms")
	begun := time.Now()
	tn.Send(t.Context(), sender(t, o), to, signed(t, 50))
	for c := range tn.Copies() {
		if c.Started.Sub(begun) < 30*time.Millisecond {
			t.Errorf("after %v", c.Started.Sub(begun))
		}
	}
	<-seen
	<-seen
}

func TestChosenByAnotherProcess(t *testing.T) {
	f := plan(t, 5, "delay:p=50%,by=1s..2s", "bad-signature:events=task.*,p=50%", "slow-body:over=1ms").Of(4, "task.created")
	chosen, err := Chosen(f.Specs())
	if err != nil {
		t.Fatal(err)
	}
	there := NewTurn(chosen)
	if there.Faults().String() != f.String() || f.None() {
		t.Fatalf("%q became %q", f, there.Faults())
	}
	if there.Hold(t.Context(), 1, nil) {
		t.Error("it is kept back once more")
	}
	to, o, seen := app(t, "http")
	if got := there.Send(t.Context(), sender(t, o), to, signed(t, 5)); got.Fault != f.String() {
		t.Errorf("%+v", got)
	}
	<-seen
}

// TestChosenByNobody refuses what no plan chooses, and keeps nothing that it doesn't need.
func TestChosenByNobody(t *testing.T) {
	for text, want := range map[string]string{
		"explosion":                       "no kind",
		"bad-signature|missing-signature": "bad-signature and missing-signature can't both happen",
		"delay|delay":                     "delay and delay can't both happen",
		"wrong-content-type:type=a/" + strings.Repeat("b", maxChosenText): "bytes: it takes 1024 at most",
	} {
		if f, err := Chosen(strings.Split(text, "|")); err == nil || !strings.Contains(err.Error(), want) || !f.None() {
			t.Errorf("%.40s: %v, %v", text, f, err)
		}
	}
	f, err := Chosen([]string{"delay:events=task.*,p=10%"})
	if got := f.Specs(); err != nil || len(got) != 1 || got[0] != "delay" {
		t.Errorf("%q, %v", got, err)
	}
}
