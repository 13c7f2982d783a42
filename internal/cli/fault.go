package cli

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/solatis/solatis-cli/internal/control"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// faultFlags say what is to go wrong on purpose, in listen, trigger and replay.
type faultFlags struct{ texts []string }

func (f *faultFlags) declare(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.texts, "fault", nil,
		"make this go wrong on purpose, such as bad-signature:p=10% or delay:by=2s,events=task.*; repeatable; "+strings.Join(faultKinds(), ", "))
	complete(cmd, "fault", cobra.FixedCompletions(faultKinds(), cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
}

// declareSeed declares --seed where the faults are all that it repeats.
func (f *faultFlags) declareSeed(flags *pflag.FlagSet, seed *uint64) {
	flags.Uint64Var(seed, "seed", 0, "with --fault, make the same decisions as an earlier run that said this number")
}

func faultKinds() []string {
	var names []string
	for _, form := range fault.Forms() {
		names = append(names, string(form.Kind))
	}
	return names
}

// maxChosenSeed bounds the seeds that are chosen here, so that they can be typed.
const maxChosenSeed = 1_000_000

// plan reads the flags. seed is nil where nobody gave one. several is whether there can be
// a second event, which some faults wait for.
func (f *faultFlags) plan(seed *uint64, several bool) (fault.Plan, error) {
	var specs []fault.Spec
	for _, text := range f.texts {
		s, err := fault.Parse(text)
		if err != nil {
			return fault.Plan{}, usageErrorf("--fault: %w", err)
		}
		specs = append(specs, s)
	}
	number := rand.Uint64N(maxChosenSeed) + 1
	if seed != nil {
		number = *seed
	}
	plan := fault.NewPlan(number, specs...)
	if s, ok := plan.Has(fault.Reorder, fault.Burst); ok && !several {
		return fault.Plan{}, usageErrorf("--fault %s: it takes several events, and this is one; send more, as with solatis trigger EVENT --count 10 or solatis replay --last 10", s)
	}
	return plan, nil
}

// planOf is plan for commands whose --seed is declareSeed's: without a fault there is
// nothing for it to repeat.
func (f *faultFlags) planOf(flags *pflag.FlagSet, seed uint64, several bool) (fault.Plan, error) {
	switch {
	case !flags.Changed("seed"):
		return f.plan(nil, several)
	case len(f.texts) == 0:
		return fault.Plan{}, usageErrorf("--seed %d: it repeats what --fault does, and there is none; add one, such as --fault duplicate:p=10%%", seed)
	}
	return f.plan(&seed, several)
}

// checkFaults reads the fault flags, and settles what they mean for --respond unless somebody
// has: who waits for the app's answer doesn't send the further events that some wait for.
func (o *listenOptions) checkFaults(flags *pflag.FlagSet, t targets) (fault.Plan, error) {
	plan, err := o.faults.planOf(flags, o.seed, true)
	if err == nil && o.app.typed(flags, "fault") && len(t.all()) == 0 {
		return plan, usageErrorf("--fault %s: nothing is forwarded: add --forward", o.faults.texts[0])
	}
	if _, waits := plan.Has(fault.Reorder, fault.Burst); waits && o.respond == "" {
		o.respond = string(wire.ModeRelay)
	}
	return plan, err
}

// sayFaults says, before anything is sent, what will go wrong and how to have it again.
func (a *app) sayFaults(p fault.Plan) {
	for _, notice := range faultNotices(p) {
		fmt.Fprintln(a.streams.Err, notice)
	}
}

// faultNotices are what a session says of its plan.
func faultNotices(p fault.Plan) []string {
	if p.None() {
		return nil
	}
	return []string{"going wrong on purpose: " + p.String() + " repeats it"}
}

// chosenFaults reads faults that another process has chosen.
func chosenFaults(texts []string) (fault.Faults, error) {
	f, err := fault.Chosen(texts)
	if err != nil {
		err = &control.Error{Message: err.Error(), Code: control.CodeInvalid}
	}
	return f, err
}
