package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// triggerOptions are the flags of trigger.
type triggerOptions struct {
	app   *app
	flags *pflag.FlagSet

	to      string
	session string
	secret  secretFlags
	timeout time.Duration

	faults faultFlags
	retry  retryFlags
	policy delivery.Policy // what they say; without retries where a session sends

	edits     editFlags
	id        string
	createdAt string
	seed      uint64

	count int
	rate  string

	list  bool
	print string // "json", "curl", or "" to send
}

func (a *app) newTrigger() *cobra.Command {
	o := &triggerOptions{app: a}
	cmd := &cobra.Command{
		Use:   "trigger EVENT",
		Short: "Send a signed sample event to the running session, or to a URL",
		Long: `trigger makes a sample of one of the 13 event types, or takes a fixture of the
project's by its name (see solatis fixture), changes what you say, signs it, and
sends it to the URL of the running solatis listen, as Solatis would. It prints
what your app answered, and exits with 4 if that was not a 2xx.

Either all changes can be made, or nothing is sent. A PATH leads from the root
of the body: data.confidence, data.speakers.0.speaker or data.speakers[0].speaker,
data.tags[] for what follows the last element; a backslash goes before a dot, a
bracket or an "=" in a key. A VALUE that is JSON is taken as such (0.5, true,
[1,2]), anything else as a string. Big numbers and the order of keys stay.

With --count each event gets an id of its own, and the end is a summary with
the app's latency; up to ` + fmt.Sprint(inFlight) + ` are on their way at once. An --id given together with
--count is on all of them, to see what your app makes of duplicates.`,
		Example: `  solatis trigger document.analyzed
  solatis trigger document.analyzed --set data.confidence=0.5 --unset data.summary
  solatis trigger transcription.completed --set 'data.speakers[0].speaker=Ann' --edit
  solatis trigger task.created --data @data.json --print curl
  solatis trigger task.created --count 100 --rate 10/s
  solatis trigger task.created --to localhost:3000/webhooks/solatis --retry`,
		Args:              cobra.MaximumNArgs(2), // a second one may belong to --print
		ValidArgsFunction: a.completeEvents,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.flags = cmd.Flags()
			return o.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "send straight to this URL; no session is needed")
	f.StringVar(&o.session, "session", "", "id of the session to send to, where several are running")
	o.secret.declare(f)
	o.edits.declare(f)
	f.StringVar(&o.id, "id", "", "the event's id, such as evt_abc123xyz (default: a new one)")
	f.StringVar(&o.createdAt, "created-at", "", "the event's time, such as 2026-01-02T15:04:05Z (default: now)")
	f.Uint64Var(&o.seed, "seed", 0, "vary the sample's data, and decide on --fault; the same number gives the same again")
	o.faults.declare(cmd)
	o.retry.declare(f, "with --to, ", "exhaust it")
	f.IntVar(&o.count, "count", 1, "how many events to send")
	f.StringVar(&o.rate, "rate", "", "with --count, at most so many: 10/s, 100/m or 5, which is 5/s")
	f.DurationVar(&o.timeout, "timeout", send.DefaultTimeout, "with --to, how long the app may take to answer")
	f.BoolVar(&o.list, "list", false, "list the event types and the project's fixtures")
	f.StringVar(&o.print, "print", "", "send nothing, and print the body (json) or a curl command that sends it (curl)")
	f.Lookup("print").NoOptDefVal = printJSON
	complete(cmd, "print", cobra.FixedCompletions([]string{printJSON, printCurl}, cobra.ShellCompDirectiveNoFileComp))
	return withSettings(cmd)
}

// What --print prints.
const (
	printJSON = "json"
	printCurl = "curl"
)

// eventName returns the argument that names the event. Since --print also goes without a
// value, its value may stand among the arguments.
func (o *triggerOptions) eventName(args []string) (string, error) {
	if i := slices.IndexFunc(args, isPrintValue); len(args) == 2 && o.print == printJSON && i >= 0 {
		o.print = args[i]
		args = slices.Delete(args, i, i+1)
	}
	switch len(args) {
	case 0:
		return "", usageErrorf("say which event, such as document.analyzed; solatis trigger --list shows all")
	case 1:
		return args[0], nil
	}
	return "", usageErrorf("trigger takes one event, and got %q and %q", args[0], args[1])
}

func isPrintValue(s string) bool { return s == printJSON || s == printCurl }

func (o *triggerOptions) run(ctx context.Context, args []string) error {
	if o.list {
		return o.printList()
	}
	name, err := o.eventName(args)
	if err != nil {
		return err
	}
	limit, err := o.check()
	if err != nil {
		return err
	}
	plan, err := o.faultPlan()
	if err == nil {
		err = checkDrop(plan, o.policy)
	}
	if err != nil {
		return err
	}
	m, err := o.newMaker(ctx, name)
	if err != nil {
		return err
	}
	m.gate = fault.NewGate(plan, o.count)
	first, err := m.next()
	switch {
	case err != nil:
		return err
	case o.print != "":
		return o.printEvents(ctx, m, first)
	case first.id == "" && o.to == "":
		return usageErrorf(`without an "id" and an "event" the session can't say what became of it: send it with --to, or leave both in`)
	}
	slots := semaphore.NewWeighted(int64(max(inFlight, plan.Together())))
	by, err := o.courier(ctx, m, first, slots)
	if err != nil {
		return err
	}
	defer by.close()
	o.app.sayFaults(plan)
	if o.count == 1 {
		return o.sendOne(ctx, by, first)
	}
	return o.sendMany(ctx, by, m, first, limit, slots)
}

// faultPlan reads --fault.
func (o *triggerOptions) faultPlan() (fault.Plan, error) {
	if o.print != "" && len(o.faults.texts) > 0 {
		return fault.Plan{}, usageErrorf("--fault %s: with --print nothing is sent", o.faults.texts[0])
	}
	seed := &o.seed
	if !o.flags.Changed("seed") {
		seed = nil
	}
	return o.faults.plan(seed, o.count > 1)
}

// check refuses flags that don't go together, and reads --rate.
func (o *triggerOptions) check() (rate.Limit, error) {
	switch {
	case o.to != "" && o.session != "":
		return 0, usageErrorf("--to %s and --session %s: give one of both", o.to, o.session)
	case o.count < 1:
		return 0, usageErrorf("--count %d: it takes 1 or more", o.count)
	case o.rate != "" && o.count == 1:
		return 0, usageErrorf("--rate %s: it is for several events, as in --count 100 --rate %s", o.rate, o.rate)
	case o.rate != "" && o.print != "":
		return 0, usageErrorf("--rate %s: with --print nothing is sent", o.rate)
	case o.print != "":
		if err := oneOf("--print", o.print, printJSON, printCurl); err != nil {
			return 0, err
		}
	}
	if err := o.checkRetry(); err != nil {
		return 0, err
	}
	return parseRate(o.rate)
}

// checkRetry reads the retry flags.
func (o *triggerOptions) checkRetry() (err error) {
	if name, given := o.retry.typed(o.app, o.flags); given && o.print != "" {
		return usageErrorf("--%s: with --print nothing is sent", name)
	}
	o.policy, err = o.retry.straight(o.app, o.flags, o.to == "")
	return err
}

// printList prints all that trigger takes.
func (o *triggerOptions) printList() error {
	out := o.app.streams.Out
	for _, t := range catalog.Types() {
		if _, err := fmt.Fprintf(out, "%-24s %-11s %s\n", t.Name, t.Source, t.Fired); err != nil {
			return err
		}
	}
	folder, err := fixtures()
	if err != nil {
		return err
	}
	list, err := folder.List()
	return errors.Join(err, o.app.printFixtures(list))
}
