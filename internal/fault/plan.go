package fault

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Plan says what goes wrong with which request. The zero Plan lets nothing go wrong. It
// isn't changed after NewPlan, so it is safe for concurrent use.
type Plan struct {
	seed  uint64
	specs []Spec
}

// NewPlan returns the plan of these specs. The same specs in the same order and the same
// seed are the same plan, in every release.
func NewPlan(seed uint64, specs ...Spec) Plan { return Plan{seed, slices.Clone(specs)} }

// None reports whether the plan has no faults at all.
func (p Plan) None() bool { return len(p.specs) == 0 }

// Seed returns the number that repeats the plan.
func (p Plan) Seed() uint64 { return p.seed }

// String writes the plan as it could be asked for again, such as
// "--fault bad-signature:p=0.1 --fault delay --seed 7"; "" for none.
func (p Plan) String() string {
	if p.None() {
		return ""
	}
	var b strings.Builder
	for _, s := range p.specs {
		text := s.String()
		if strings.ContainsAny(text, `*?[\`) {
			text = "'" + text + "'" // from the shell
		}
		b.WriteString("--fault " + text + " ")
	}
	return fmt.Sprintf("%s--seed %d", b.String(), p.seed)
}

// Has returns the first spec of one of these kinds.
func (p Plan) Has(kinds ...Kind) (Spec, bool) {
	i := slices.IndexFunc(p.specs, func(s Spec) bool { return slices.Contains(kinds, s.Kind) })
	if i < 0 {
		return Spec{}, false
	}
	return p.specs[i], true
}

// Together returns how many requests a burst of the plan takes, which a sender has to have
// under way together for that; 0 without one.
func (p Plan) Together() int {
	s, _ := p.Has(Burst)
	return s.Count
}

// Of returns what goes wrong with the n-th request, whose event has that type, or "" if
// it is none. Each spec is decided on its own; where two hit that can't both happen, as
// with a missing and a bad signature, the first one of the plan does.
func (p Plan) Of(n uint64, eventType string) Faults {
	var f Faults
	taken := make(map[group]bool, len(p.specs))
	for i, s := range p.specs {
		form, _ := formOf(s.Kind)
		if !s.takes(eventType) || taken[form.group] {
			continue
		}
		draws := p.draws(n, i)
		if draws.Float64() >= s.P {
			continue
		}
		if s.Wait.To > s.Wait.From {
			by := s.Wait.From + time.Duration(draws.Int64N(int64(s.Wait.To-s.Wait.From)+1))
			s.Wait = Span{by, by}
		}
		s.P, s.Events = 1, nil
		taken[form.group] = true
		f.specs = append(f.specs, s)
	}
	return f
}

// draws returns the random numbers of one request and one spec. They depend on nothing
// else, so that neither further specs nor the order of decisions changes them. ChaCha8 is
// used for its key, which takes all three numbers unmixed.
func (p Plan) draws(n uint64, spec int) *rand.Rand {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[0:], p.seed)
	binary.LittleEndian.PutUint64(key[8:], n)
	binary.LittleEndian.PutUint64(key[16:], uint64(spec))
	return rand.New(rand.NewChaCha8(key))
}

// Faults are what goes wrong with one request. The zero Faults are nothing.
type Faults struct{ specs []Spec }

// maxChosenText bounds what Chosen reads of one fault, in bytes. Specs writes far less.
const maxChosenText = 1024

// Chosen reads what Specs wrote in another process: faults that happen whatever a plan would
// say. Their probabilities and events are not looked at. No plan chooses two of which only
// one can happen, so they are an error.
func Chosen(texts []string) (f Faults, err error) {
	for _, text := range texts {
		if len(text) > maxChosenText {
			return Faults{}, fmt.Errorf("a fault of %d bytes: it takes %d at most", len(text), maxChosenText)
		}
		s, err := Parse(text)
		if err != nil {
			return Faults{}, err
		}
		form, _ := formOf(s.Kind)
		if other, ok := f.in(form.group); ok {
			return Faults{}, fmt.Errorf("%s and %s can't both happen to one request", other.Kind, s.Kind)
		}
		s.P, s.Events = 1, nil
		f.specs = append(f.specs, s)
	}
	return f, nil
}

// None reports whether nothing goes wrong.
func (f Faults) None() bool { return len(f.specs) == 0 }

// Specs writes each fault as Parse reads it, to be Chosen in another process; nil for none.
func (f Faults) Specs() []string {
	var texts []string
	for _, s := range f.specs {
		texts = append(texts, s.String())
	}
	return texts
}

// String names the faults, as in "delay, bad-signature"; "" for none.
func (f Faults) String() string {
	names := make([]string, len(f.specs))
	for i, s := range f.specs {
		names[i] = string(s.Kind)
	}
	return strings.Join(names, ", ")
}

// in returns the fault of a group.
func (f Faults) in(g group) (Spec, bool) {
	for _, s := range f.specs {
		if form, _ := formOf(s.Kind); form.group == g {
			return s, true
		}
	}
	return Spec{}, false
}

// has returns the fault of a kind.
func (f Faults) has(k Kind) (Spec, bool) {
	for _, s := range f.specs {
		if s.Kind == k {
			return s, true
		}
	}
	return Spec{}, false
}

// without returns the faults but for those of a group.
func (f Faults) without(g group) Faults {
	return Faults{slices.DeleteFunc(slices.Clone(f.specs), func(s Spec) bool {
		form, _ := formOf(s.Kind)
		return form.group == g
	})}
}

// with returns the faults and one more.
func (f Faults) with(s Spec) Faults { return Faults{append(slices.Clone(f.specs), s)} }
