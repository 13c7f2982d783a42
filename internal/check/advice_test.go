package check

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/delivery"
)

// TestAdvice wants advice, whole, for every probe and whatever may be wrong.
func TestAdvice(t *testing.T) {
	faults := []fault{refused, notFound, tooLarge, rejected, redirected, crashed, hung, ended, late, accepted, unusual}
	for _, p := range Probes() {
		for _, f := range faults {
			a := p.advice(f)
			for what, text := range map[string]string{"cause": a.Cause, "Express": a.Fix.Express, "Flask": a.Fix.Flask, "Go": a.Fix.Go} {
				if text == "" || strings.ContainsAny(text, "\n\r\t") {
					t.Errorf("%s, %s: the advice for %s is %q", p.ID, f, what, text)
				}
			}
		}
		for f := range p.causes {
			if !strings.Contains(docs(), capitalised(p.causes[f].Cause)) {
				t.Errorf("%s, %s: its cause doesn't stand in docs/check.md", p.ID, f)
			}
		}
	}
	for id := range forgedCauses {
		if _, err := Select([]string{id}, nil); err != nil {
			t.Error(err)
		}
	}
	for id := range spellingCauses {
		if _, err := Select([]string{id}, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestFaults(t *testing.T) {
	answered := func(status int) delivery.Outcome { return delivery.Outcome{Kind: delivery.Answered, Status: status} }
	for _, c := range []struct {
		outcome          delivery.Outcome
		genuine, forgery fault
		get              fault
	}{
		{answered(200), "", accepted, accepted},
		{answered(204), "", accepted, accepted},
		{answered(101), rejected, rejected, rejected},
		{answered(301), redirected, redirected, ""},
		{answered(400), rejected, "", ""},
		{answered(401), refused, "", ""},
		{answered(404), notFound, "", ""},
		{answered(413), tooLarge, "", ""},
		{answered(500), crashed, crashed, crashed},
		{answered(501), crashed, crashed, ""},
		{delivery.Outcome{Kind: delivery.BrokenOff}, crashed, crashed, crashed},
		{delivery.Outcome{Kind: delivery.Timeout}, hung, hung, hung},
		{delivery.Outcome{Kind: delivery.NoConnect}, ended, ended, ended},
	} {
		got := [3]fault{takenWrong(c.outcome), refusedWrong(c.outcome), getWrong(c.outcome)}
		if want := [3]fault{c.genuine, c.forgery, c.get}; got != want {
			t.Errorf("%s: %q, want %q", c.outcome.Label(), got, want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("é", maxExcerpt)
	for in, want := range map[string]string{
		"":                              "",
		"\r\n\n  invalid signature \nx": "invalid signature",
		"<!DOCTYPE html>\n<html><body>\n<pre>TypeError: &quot;x&quot; is <br> &nbsp; at y</pre>": `TypeError: "x" is`,
		"<html><h1>Internal Server Error</h1>":                                                   "",
		long:                                                                                     long,
		long + "!":                                                                               long + "…",
	} {
		if got := excerpt([]byte(in)); got != want {
			t.Errorf("excerpt(%.60q) = %q, want %q", in, got, want)
		}
	}
	said := delivery.Outcome{Kind: delivery.Answered, Status: http.StatusUnauthorized, Body: []byte("Unauthorized")}
	if got := describe(said); got != "401 Unauthorized" {
		t.Errorf("describe says it twice: %q", got)
	}
}

// TestInTime judges answers of every speed, without waiting for any.
func TestInTime(t *testing.T) {
	took := func(d time.Duration) plainAnswer {
		return plainAnswer{"task.created", delivery.Outcome{Kind: delivery.Answered, Status: 200, Duration: d}}
	}
	for _, c := range []struct {
		plain []plainAnswer
		want  string
	}{
		{[]plainAnswer{took(time.Second), took(2500 * time.Millisecond)}, "pass the slowest of 2 in 2.5s"},
		{[]plainAnswer{took(2501 * time.Millisecond), took(1)}, "warn the slowest answer took 2.501s, more than half of the 5s that Solatis waits"},
		{[]plainAnswer{took(1), took(5 * time.Second)}, "warn the slowest answer took 5s, more than half of the 5s that Solatis waits"},
		{[]plainAnswer{took(5001 * time.Millisecond)}, "fail task.created was answered after 5.001s, where Solatis waits 5s"},
		{
			[]plainAnswer{{"task.deleted", delivery.Outcome{Kind: delivery.Timeout}}},
			"fail no answer to task.deleted within 15s, where Solatis waits 5s",
		},
		{[]plainAnswer{{"task.deleted", delivery.Outcome{Kind: delivery.BrokenOff}}}, "skip nothing was answered"},
	} {
		r := &runner{Config: Config{Limit: 5 * time.Second, Patience: 15 * time.Second}, plain: c.plain}
		f := inTime(t.Context(), r)
		if got := fmt.Sprintf("%s %s", f.status, f.seen); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
