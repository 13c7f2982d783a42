package check

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/nearest"
)

// Status is what a probe came to.
type Status string

// The statuses.
const (
	Pass Status = "pass"
	Warn Status = "warn" // Solatis counts it as success, and it deserves a look all the same
	Fail Status = "fail"
	Skip Status = "skip" // it would say nothing, for a reason that Seen gives
)

// Fix says how a mistake is mended, in each of the three languages.
type Fix struct {
	Express string `json:"express"`
	Flask   string `json:"flask"`
	Go      string `json:"go"`
}

// Advice is why a probe fails, and what to do about it.
type Advice struct {
	Cause string
	Fix   Fix
}

// Load is what a probe sends at most. Genuine is of events that the app takes for real;
// Other of requests that carry no event, or not a whole one.
type Load struct{ Genuine, Forged, Other int }

func (l Load) plus(m Load) Load {
	return Load{l.Genuine + m.Genuine, l.Forged + m.Forged, l.Other + m.Other}
}

// Probe is one question to a handler. Get one from Probes or Select.
type Probe struct {
	ID    string // in kebab-case, such as "refuses-missing-signature"
	Title string // what a right handler does, such as "refuses an event without a signature"
	Sends string // what is sent, for the documentation
	Load  Load

	// run sends what there is to send. It may return anything once the context has ended
	// or the app can't be reached: Run looks for both.
	run func(context.Context, *runner) finding
	// ground says how much run depends on a genuine event being accepted.
	ground ground
	// causes are the advice for this probe alone; where there is none the general one
	// for the fault is given.
	causes map[fault]Advice
}

// ground is how a probe depends on the app accepting a genuine event.
type ground int

const (
	none     ground = iota
	asked           // it looks at the answer, whatever that is
	required        // else it isn't run
	toPass          // else it can't pass: a handler that refuses everything refuses this too
)

// finding is what a probe saw.
type finding struct {
	status Status
	fault  fault  // what was wrong; "" where nothing was
	seen   string // untrusted text may be part of it
}

// Result is what became of a probe. Seen may hold text that came from the app.
type Result struct {
	ID     string
	Title  string
	Status Status
	Seen   string // what the app answered, or why the probe was skipped
	Advice Advice // zero unless Status is Warn or Fail
	Took   time.Duration
}

// Probes returns all probes, in the order in which they are run.
func Probes() []Probe {
	return slices.Concat(accepting(), spelling, refusing, handling, manners)
}

// Select returns the probes whose ids match any of the globs in only, all if that is
// empty, and none of those in skip. A glob is a pattern of path.Match, such as
// "refuses-*". One that matches no probe is an error, with the nearest id if one is
// near; so is a selection that leaves nothing.
func Select(only, skip []string) ([]Probe, error) {
	wanted, err := matching("--only", only)
	if err != nil {
		return nil, err
	}
	unwanted, err := matching("--skip", skip)
	if err != nil {
		return nil, err
	}
	selected := slices.DeleteFunc(Probes(), func(p Probe) bool {
		return len(only) > 0 && !wanted[p.ID] || unwanted[p.ID]
	})
	if len(selected) == 0 {
		return nil, fmt.Errorf("--only and --skip leave no probe; solatis check --list shows all")
	}
	return selected, nil
}

// matching returns the ids that the globs of a flag stand for.
func matching(flag string, globs []string) (map[string]bool, error) {
	found := make(map[string]bool)
	var ids []string
	for _, p := range Probes() {
		ids = append(ids, p.ID)
	}
	for _, glob := range globs {
		some := false
		for _, id := range ids {
			ok, err := path.Match(glob, id)
			if err != nil {
				return nil, fmt.Errorf("%s %q: it is no pattern of probes; write one like refuses-*", flag, glob)
			}
			if ok {
				found[id], some = true, true
			}
		}
		if !some {
			return nil, fmt.Errorf("%s %q: there is no such probe%s; solatis check --list shows all", flag, glob, suggestion(glob, ids))
		}
	}
	return found, nil
}

func suggestion(glob string, ids []string) string {
	if match, ok := nearest.Match(strings.TrimRight(glob, "*"), ids); ok {
		return ": did you mean " + match + "?"
	}
	return ""
}

// Total is what the probes send at most, the genuine event included that some of them
// rest on.
func Total(probes []Probe) Load {
	var total Load
	rests, accepts := false, false
	for _, p := range probes {
		total = total.plus(p.Load)
		rests = rests || p.ground != none
		accepts = accepts || strings.HasPrefix(p.ID, acceptsPrefix)
	}
	if rests && !accepts {
		total.Genuine++
	}
	return total
}
