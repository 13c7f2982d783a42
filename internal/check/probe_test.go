package check_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/check"
)

func TestProbes(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	known := make(map[string]bool)
	for _, p := range check.Probes() {
		if !kebab.MatchString(p.ID) || known[p.ID] {
			t.Errorf("the id %q is not in kebab-case, or there twice", p.ID)
		}
		if known[p.ID] = true; p.Title == "" || p.Sends == "" {
			t.Errorf("%s says nothing of itself", p.ID)
		}
	}
}

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		only, skip []string
		want       string // ids with blanks, or "…" and a part of the error
	}{
		{only: []string{"refuses-get"}, want: "refuses-get"},
		{only: []string{"raw-l*", "refuses-g?t"}, want: "raw-large refuses-get"},
		{only: []string{"raw-*"}, skip: []string{"raw-[a-m]*", "raw-w*"}, want: "raw-numbers raw-non-ascii"},
		{only: []string{"survives-reset", "accepts-task-created"}, want: "accepts-task-created survives-reset"},
		{only: []string{"refuses-gte"}, want: `…--only "refuses-gte": there is no such probe: did you mean refuses-get?`},
		{skip: []string{"raws-*"}, want: `…--skip "raws-*": there is no such probe`},
		{only: []string{""}, want: `…--only "": there is no such probe`},
		{only: []string{"raw-["}, want: `…--only "raw-[": it is no pattern`},
		{only: []string{"raw-large"}, skip: []string{"raw-*"}, want: "…leave no probe"},
		{skip: []string{"*"}, want: "…leave no probe"},
	} {
		probes, err := check.Select(c.only, c.skip)
		if part, bad := strings.CutPrefix(c.want, "…"); bad {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("Select(%q, %q): the error is %v, want one with %q", c.only, c.skip, err, part)
			}
			continue
		}
		var got []string
		for _, p := range probes {
			got = append(got, p.ID)
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("Select(%q, %q) = %q, %v, want %s", c.only, c.skip, got, err, c.want)
		}
	}
	everything, err := check.Select(nil, nil)
	if err != nil || len(everything) != len(check.Probes()) {
		t.Errorf("Select of all: %d of %d, %v", len(everything), len(check.Probes()), err)
	}
}

func TestLocal(t *testing.T) {
	for text, want := range map[string]bool{
		"3000":                           true,
		"localhost:3000":                 true,
		"shop.localhost:3000":            true,
		"127.0.0.1:3000":                 true,
		"127.8.9.10:3000":                true,
		"https://[::1]:3000/hooks":       true,
		"[::ffff:127.0.0.1]:3000":        true,
		"unix:/run/app.sock:/webhooks":   true,
		"0.0.0.0:3000":                   false,
		"192.168.0.7:3000":               false,
		"[fe80::1]:3000":                 false,
		"https://example.com":            false,
		"localhost.example.com:3000":     false,
		"notlocalhost:3000":              false,
		"http://unix:3000/run/app.sock":  false,
		"https://127.0.0.1.nip.io/hooks": false,
	} {
		if got := check.Local(target(t, text)); got != want {
			t.Errorf("Local(%s) = %v", text, got)
		}
	}
}

// TestMistakes wants advice once, with all that it is for.
func TestMistakes(t *testing.T) {
	one, two := check.Advice{Cause: "one"}, check.Advice{Cause: "two"}
	got := check.Mistakes([]check.Result{
		{ID: "a", Status: check.Fail, Advice: one}, {ID: "b", Status: check.Pass}, {ID: "c", Status: check.Warn, Advice: two},
		{ID: "d", Status: check.Skip}, {ID: "e", Status: check.Warn, Advice: one},
	})
	want := []check.Mistake{{one, []string{"a", "e"}, check.Fail}, {two, []string{"c"}, check.Warn}}
	same := func(a, b check.Mistake) bool {
		return a.Advice == b.Advice && a.Worst == b.Worst && slices.Equal(a.Probes, b.Probes)
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("got %+v", got)
	}
}
