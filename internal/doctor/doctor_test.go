package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestWalkSkipsWhatRestsOnABrokenLink(t *testing.T) {
	result := func(r Result) func(context.Context) Result {
		return func(context.Context) Result { return r }
	}
	links := []link{
		{name: "a", check: result(ok("fine"))},
		{name: "b", needs: []string{"a"}, check: result(fail("mend b", "broken"))},
		{name: "c", needs: []string{"a", "b"}, check: result(ok("never reached"))},
		{name: "d", needs: []string{"c"}, check: result(ok("never reached"))},
		{name: "e", needs: []string{"a"}, check: result(warn("look at e", "odd"))},
		{name: "f", needs: []string{"e"}, check: result(ok("a warning breaks nothing"))},
		{name: "g", check: result(fail("mend g", "broken as well"))},
	}
	var told []string
	results := walk(t.Context(), links, func(r Result) { told = append(told, r.Check+" "+string(r.Status)) })
	want := []string{"a ok", "b fail", "c skipped", "d skipped", "e warn", "f ok", "g fail"}
	if !slices.Equal(told, want) {
		t.Errorf("got %q, want %q", told, want)
	}
	if first, broken := Broken(results); !broken || first.Check != "b" || first.Mend != "mend b" {
		t.Errorf("broken: %+v, %v", first, broken)
	}
	if _, broken := Broken(results[4:6]); broken {
		t.Error("a warning counts as broken")
	}
}

func TestWalkEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	links := []link{
		{name: "a", check: func(context.Context) Result { cancel(); return ok("") }},
		{name: "b", check: func(context.Context) Result { t.Error("it went on"); return ok("") }},
	}
	if results := walk(ctx, links, func(Result) {}); len(results) != 1 {
		t.Errorf("got %v", results)
	}
}

func TestReasonNamesTheTimeout(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 0, errSlow)
	defer cancel()
	if got := reason(ctx, errors.New("i/o timeout")); !strings.Contains(got.Error(), "no answer in 8s") {
		t.Errorf("got %v", got)
	}
}
