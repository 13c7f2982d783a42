package main

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParseRefusesWhatIsNoFlag(t *testing.T) {
	if _, err := parse([]string{"--long", "kill"}); err == nil {
		t.Error("an argument is taken")
	}
	if _, err := parse([]string{"--quick"}); err == nil {
		t.Error("--quick is taken where no controls are to run")
	}
	if _, err := choose("kill,nonsense"); err == nil {
		t.Error("an unknown gate is taken")
	}
	if chosen, err := choose("power,kill"); err != nil || len(chosen) != 2 || chosen[0].name != "power" {
		t.Errorf("got %v, %v", chosen, err)
	}
}

// TestJudge holds what counts as red for a control.
func TestJudge(t *testing.T) {
	c := &control{finds: "was lost"}
	for _, test := range []struct {
		name          string
		control       *control
		err           error
		passed, leave bool
	}{
		{"a gate without complaints", nil, nil, true, false},
		{"a gate with one", nil, errFailed, false, false},
		{"a gate that can't run", nil, &cannotRun{"no strace"}, false, true},
		{"a control that stays green", c, nil, false, false},
		{"a control that finds something else", c, errFailed, false, false},
		{"a control that finds it", c, (&complaints{n: 1, texts: []string{"evt_1 was lost"}}).err(), true, false},
		{"a control that can't run", c, &cannotRun{"evt_1 was lost"}, false, true},
	} {
		var r result
		r.judge(test.control, test.err)
		if r.Passed != test.passed || r.LeftOut != test.leave {
			t.Errorf("%s: passed %v, left out %v", test.name, r.Passed, r.LeftOut)
		}
	}
}
