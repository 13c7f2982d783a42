package main

import (
	"errors"
	"testing"
	"time"
)

// took makes timings of which a share, in percent, is beyond the bound.
func took(beyond int) timings {
	all := make(timings, 1_000)
	for i := range all {
		if all[i] = time.Millisecond; i < beyond*len(all)/100 {
			all[i] = ordinaryBound + time.Millisecond
		}
	}
	return all
}

func TestTimingsBelongToAShare(t *testing.T) {
	all := timings{5, 4, 3, 2, 1}
	if all.at(0) != 1 || all.at(50) != 3 || all.at(99) != 5 || all[0] != 5 {
		t.Errorf("%v: %d, %d, %d", all, all.at(0), all.at(50), all.at(99))
	}
}

// TestWithin holds what a bound forgives: a try or two, and not the last one.
func TestWithin(t *testing.T) {
	broken := errors.New("no answer")
	for _, test := range []struct {
		name      string
		beyond    []int // of each try
		err       error // of the last one
		tries     int
		complains bool
	}{
		{"within at once", []int{0}, nil, 1, false},
		{"within at last", []int{2, 2, 0}, nil, 3, false},
		{"never within", []int{2, 2, 2}, nil, 3, true},
		{"no answers in the second try", []int{2, 0}, broken, 2, false},
	} {
		h := &hostile{pair: &pair{trial: &trial{}}}
		tries := 0
		err := h.within("a test", func() (timings, error) {
			tries++
			if tries == len(test.beyond) && test.err != nil {
				return nil, test.err
			}
			return took(test.beyond[tries-1]), nil
		})
		if !errors.Is(err, test.err) || tries != test.tries || (h.found.err() != nil) != test.complains {
			t.Errorf("%s: %d tries, error %v, complaint %v", test.name, tries, err, h.found.err())
		}
	}
}
