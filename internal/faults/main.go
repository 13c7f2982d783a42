// Faults breaks the real programs in the ways that a machine, a disk and a network do,
// and holds what is left against what had been promised: whatever a sender got a 2xx for
// arrives, at least once, byte for byte. scripts/faults builds and starts it;
// docs/faults.md says what each gate proves.
//
// A gate runs solatis-relay and solatis listen as processes of their own. The senders and
// the app are in this process, which nobody kills: the ledger of the senders is compared
// with what the app got and with what the history holds.
//
// A gate that can't go red proves nothing. So each has controls: builds of the same
// programs in which the guarantee is broken, by replacing a fragment of one source file at
// build time (see overlay.go; the product knows nothing of it). With --control the gates
// run against those, and each has to find the loss.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// options are the flags.
type options struct {
	root    string // of the working copy, whose programs are built
	dir     string // where the databases are written
	only    string // the gate to run; all if empty
	json    string // file for the results
	long    bool
	control bool
	quick   bool // of the controls, only the quick ones
	list    bool
	keep    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errFailed):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	if o.list {
		return list(os.Stdout, chosen)
	}
	return o.runAll(ctx, os.Stdout, chosen)
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("faults", flag.ContinueOnError)
	f.StringVar(&o.root, "root", ".", "`folder` of the working copy to build")
	f.StringVar(&o.dir, "dir", "", "`folder` on the disk to test (default: the system's for temporary files)")
	f.StringVar(&o.only, "only", "", "run this `gate` alone; several by commas")
	f.StringVar(&o.json, "json", "", "write the results to this `file` as well")
	f.BoolVar(&o.long, "long", false, "the full figures, which take about half an hour")
	f.BoolVar(&o.control, "control", false, "run the gates' controls instead: each has to go red")
	f.BoolVar(&o.quick, "quick", false, "of the controls, run those that don't take long")
	f.BoolVar(&o.list, "list", false, "list the gates and their controls")
	f.BoolVar(&o.keep, "keep", false, "keep the folders of gates that fail")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q: there are flags only, see --help", f.Arg(0))
	}
	if o.quick && !o.control {
		return o, errors.New("--quick is about controls: it goes with --control")
	}
	return o, nil
}
