package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/fixture"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// replayOptions are the flags of replay.
type replayOptions struct {
	app   *app
	flags *pflag.FlagSet

	choice replayChoice
	to     string
	way    struct {
		session string
		timeout time.Duration
	}
	edit   editFlags
	resign bool
	secret secretFlags
	pace   replayPace
	faults faultFlags
	retry  retryFlags
	seed   uint64
	plan   fault.Plan // what both say
	saveAs string
	dryRun bool
	print  string
}

func (a *app) newReplay() *cobra.Command {
	o := &replayOptions{app: a}
	cmd := &cobra.Command{
		Use:   "replay {ID | last | --last N | --since … | --event … | --status …}",
		Short: "Send a recorded event once more, byte for byte",
		Long: `replay sends a recorded request again with its original body, headers and
signature. ID is that of an event (evt_…), a request (req_…) or a delivery
(dlv_…), or its beginning; last is the newest. It goes to the running session's
target, or else to the one it was sent to before, or to --to. What changed against
the answer before is shown. Exits with 4 if the answer was not a 2xx.

--last, --since, --until, --event and --status choose several, which have to match
all of them. They are sent one after the other, the oldest first; what a session
refused for its signature or its path is left out.

An event that is changed (--set, --add, --unset, --data, --edit) gets a new
signature, as with --resign, and is recorded as a request of its own.`,
		Example: `  solatis replay evt_abc123xyz
  solatis replay last --set data.confidence=0.5
  solatis replay --since 42m --status failed --rate 5/s
  solatis replay --event 'document.*' --last 20 --dry-run`,
		ValidArgsFunction: cobra.FixedCompletions([]string{lastRequest}, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.flags = cmd.Flags()
			return o.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	o.choice.declare(f)
	f.StringVar(&o.to, "to", "", "send to this URL")
	f.StringVar(&o.way.session, "session", "", "id of the session whose target it goes to, where several are running")
	f.DurationVar(&o.way.timeout, "timeout", send.DefaultTimeout, "how long the app may take to answer, where no session sends")
	o.edit.declare(f)
	f.BoolVar(&o.resign, "resign", false, "sign the body anew, with the session's secret or the one given")
	o.secret.declare(f)
	o.pace.declare(f)
	o.faults.declare(cmd)
	o.retry.declare(f, "where no session sends, ", "exhaust it")
	o.faults.declareSeed(f, &o.seed)
	f.StringVar(&o.saveAs, "save-as", "", "keep the event, as it is sent, as the fixture of this name, for solatis trigger NAME")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be sent and where, and send nothing")
	f.StringVar(&o.print, "print", "", "send nothing, and print the body (json) or a curl command that sends it (curl)")
	return withSettings(cmd)
}

// oneID is the argument of commands that are about one recorded request.
func oneID(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageErrorf("%s takes one id, such as evt_abc123xyz, and got %d; solatis events list shows what there is", cmd.CommandPath(), len(args))
	}
	return nil
}

// typed reports whether any of the flags is on the command line. What the environment or
// a file says is meant for every command, and binds none.
func (o *replayOptions) typed(names ...string) (string, bool) {
	for _, name := range names {
		if _, elsewhere := o.app.sources.of[name]; o.flags.Changed(name) && !elsewhere {
			return name, true
		}
	}
	return "", false
}

// check refuses flags that make no sense together.
func (o *replayOptions) check(args []string) error {
	several, ranged := o.typed(rangeFlags...)
	switch {
	case len(args) > 1 || len(args) == 0 && !ranged:
		return usageErrorf("solatis replay takes one id, such as evt_abc123xyz, or last, or flags that choose several, such as --last 5 and --since 42m; it got %d ids; solatis events list shows what there is", len(args))
	case len(args) == 1 && ranged:
		return usageErrorf("replay %s and --%s: give an id, or flags that choose several", args[0], several)
	case o.to != "" && o.way.session != "":
		return usageErrorf("--to %s and --session %s: give one of both", o.to, o.way.session)
	case len(o.faults.texts) > 0 && (o.dryRun || o.print != ""):
		return usageErrorf("--fault %s: with --dry-run and --print nothing is sent", o.faults.texts[0])
	case o.print != "" && o.dryRun:
		return usageErrorf("--print %s and --dry-run: give one of both", o.print)
	}
	if o.print != "" {
		if err := oneOf("--print", o.print, printJSON, printCurl); err != nil {
			return err
		}
	}
	if name, given := o.retry.typed(o.app, o.flags); given && (o.dryRun || o.print != "") {
		return usageErrorf("--%s: with --dry-run and --print nothing is sent", name)
	}
	if name, given := o.typed("secret", "secret-file"); given && !o.signsAnew() {
		return usageErrorf("--%s: the recorded signature is sent as it is; add --resign to make a new one", name)
	}
	if several != "" {
		return o.checkSeveral(several)
	}
	return o.checkOne()
}

// checkOne refuses what is for several only, and a name that no fixture can have.
func (o *replayOptions) checkOne() error {
	if name, given := o.typed("rate", "speed"); given {
		return usageErrorf("--%s is for several events; choose them by --last, --since, --event or --status", name)
	}
	if o.saveAs == "" {
		return nil
	}
	if o.dryRun || o.print != "" {
		return usageErrorf("--save-as %s: --dry-run and --print keep nothing; leave one of them out", o.saveAs)
	}
	if err := fixture.CheckName(o.saveAs); err != nil {
		return usageErrorf("--save-as: %w", err)
	}
	return nil
}

// checkSeveral refuses what is for one event only. flag is one that chooses several.
func (o *replayOptions) checkSeveral(flag string) error {
	switch {
	case o.edit.edit:
		return usageErrorf("--edit and --%s: the editor takes one event; change several with --set", flag)
	case o.edit.data == "-":
		return usageErrorf("--data - and --%s: standard input can be read once only; put it into a file and say --data @FILE", flag)
	case o.saveAs != "":
		return usageErrorf("--save-as %s and --%s: a fixture is one event", o.saveAs, flag)
	}
	return nil
}

// signsAnew reports whether the recorded signature is replaced.
func (o *replayOptions) signsAnew() bool { return o.resign || o.edit.any() }

func (o *replayOptions) run(ctx context.Context, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	q, err := o.choice.query(o.app.now())
	if err != nil {
		return err
	}
	if err := o.pace.parse(); err != nil {
		return err
	}
	if o.plan, err = o.faults.planOf(o.flags, o.seed, len(args) == 0); err != nil {
		return err
	}
	return o.app.withHistory(ctx, func(h *history.History) error { return o.replay(ctx, h, args, q) })
}

// replay chooses, prepares all, and only then sends.
func (o *replayOptions) replay(ctx context.Context, h *history.History, args []string, q filter.Query) error {
	chosen, err := o.choose(ctx, h, args, q)
	if err != nil {
		return err
	}
	way, err := o.openWay(ctx, h)
	if err != nil {
		return err
	}
	defer way.close()
	all := make([]*replayed, len(chosen))
	for i, s := range chosen {
		if all[i], err = o.prepare(ctx, way, s); err != nil {
			return err
		}
	}
	if err := way.checkTargets(all); err != nil {
		return err
	}
	gate := fault.NewGate(o.plan, len(all))
	for i, r := range all {
		r.turn = gate.Turn(r.target, uint64(i+1), r.eventType())
	}
	o.app.sayFaults(o.plan)
	switch {
	case o.dryRun:
		return o.showPlan(ctx, way, all)
	case o.print != "":
		return o.printAll(ctx, way, all)
	case len(args) == 0:
		return o.sendAll(ctx, way, all)
	}
	return o.sendOne(ctx, way, all[0])
}

// choose returns what is to be replayed, oldest first.
func (o *replayOptions) choose(ctx context.Context, h *history.History, args []string, q filter.Query) ([]history.Summary, error) {
	if len(args) == 0 {
		return o.chooseSeveral(ctx, h, q)
	}
	request, err := findRequest(ctx, h, args[0])
	if err != nil {
		return nil, err
	}
	d, err := h.Show(ctx, request)
	return []history.Summary{d.Summary}, err
}

func (o *replayOptions) chooseSeveral(ctx context.Context, h *history.History, q filter.Query) ([]history.Summary, error) {
	list, left, err := o.choice.take(ctx, h, q)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0 && left > 0:
		return nil, fmt.Errorf("what matches %s was refused by its session for its signature or its path; name it by its id to send it all the same", &o.choice)
	case len(list) == 0:
		return nil, o.choice.nothing(q)
	case left > 0:
		fmt.Fprintf(o.app.streams.Err, "left out: %d that a session refused for their signature or their path\n", left)
	}
	slices.Reverse(list)
	return list, nil
}
