package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/spf13/cobra"
)

// faultsOf parses a command line's --fault.
func faultsOf(t *testing.T, several bool, args ...string) (fault.Plan, error) {
	t.Helper()
	var f faultFlags
	var seed uint64
	cmd := &cobra.Command{Use: "x"}
	f.declare(cmd)
	f.declareSeed(cmd.Flags(), &seed)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return f.planOf(cmd.Flags(), seed, several)
}

func TestFaultFlags(t *testing.T) {
	p, err := faultsOf(t, false, "--fault", "delay:by=1s,p=10%", "--fault=bad-signature:events=task.*", "--seed", "7")
	if want := "--fault delay:by=1s,p=0.1 --fault 'bad-signature:events=task.*' --seed 7"; err != nil || p.String() != want {
		t.Errorf("%v, %v", p, err)
	}
	if want := "going wrong on purpose: --fault delay:by=1s,p=0.1 --fault 'bad-signature:events=task.*' --seed 7 repeats it"; !slices.Equal(faultNotices(p), []string{want}) {
		t.Error(faultNotices(p))
	}
	if p, err := faultsOf(t, true); err != nil || !p.None() {
		t.Errorf("without the flag: %v, %v", p, err)
	}
}

// TestFaultSeedIsChosen holds that without --seed two runs differ, and that the one that
// was chosen can be typed.
func TestFaultSeedIsChosen(t *testing.T) {
	seen := make(map[uint64]bool)
	for range 20 {
		p, err := faultsOf(t, true, "--fault", "delay")
		if err != nil || p.Seed() < 1 || p.Seed() > maxChosenSeed {
			t.Errorf("%v, %v", p, err)
		}
		seen[p.Seed()] = true
	}
	if len(seen) < 2 {
		t.Error("each run has the same seed")
	}
}

func TestFaultFlagsComplain(t *testing.T) {
	for _, test := range []struct {
		args    []string
		several bool
		want    string
	}{
		{[]string{"--fault", "explosion"}, true, "the kinds are duplicate"},
		{[]string{"--fault", "delay", "--fault", "delay:by=x"}, true, "as in by=2s"},
		{[]string{"--fault", "reorder:p=10%"}, false, "--fault reorder:p=0.1: it takes several events"},
		{[]string{"--fault", "burst"}, false, "--fault burst: it takes several events"},
		{[]string{"--seed", "7"}, true, "--seed 7: it repeats what --fault does"},
	} {
		_, err := faultsOf(t, test.several, test.args...)
		var coded *codedError
		if err == nil || !errors.As(err, &coded) || coded.code != exitUsage || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v", test.args, err)
		}
	}
}

func TestChosenFaults(t *testing.T) {
	f, err := chosenFaults([]string{"bad-signature", "slow-body:over=1s"})
	if err != nil || f.String() != "bad-signature, slow-body" {
		t.Errorf("%v, %v", f, err)
	}
	if f, err := chosenFaults(nil); err != nil || !f.None() {
		t.Errorf("%v, %v", f, err)
	}
	if _, err := chosenFaults([]string{"explosion"}); err == nil {
		t.Error("an unknown fault is taken")
	}
}

func TestSayFaults(t *testing.T) {
	var err strings.Builder
	a := &app{}
	a.streams.Err = &err
	a.sayFaults(fault.Plan{})
	if err.Len() > 0 {
		t.Errorf("of no faults it says %q", err.String())
	}
	s, _ := fault.Parse("delay")
	a.sayFaults(fault.NewPlan(3, s))
	if !strings.Contains(err.String(), "--fault delay --seed 3") {
		t.Errorf("it says %q", err.String())
	}
}
