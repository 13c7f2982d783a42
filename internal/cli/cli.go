// Package cli is the command line of solatis. Each command is an options struct, a
// constructor that declares its flags, and a run method. This file wires them together
// and maps what went wrong to an exit code; it is the only place that does.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/solatis/solatis-cli/internal/buildinfo"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitBadSign     = 3
	exitNotAccepted = 4
	exitInterrupted = 130
)

// app is what every command gets: the outside world.
type app struct {
	streams term.Streams
	env     func(string) string
	now     func() time.Time
	color   string // --color
	profile string // --profile

	sources sources // where the flags' values come from

	running bool // whether a command's run method was reached; until then errors are usage errors
}

// codedError is an error with an exit code of its own. An err of nil means that all is
// said already.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codedError) Unwrap() error { return e.err }

func usageErrorf(format string, args ...any) error {
	return &codedError{exitUsage, fmt.Errorf(format, args...)}
}

// sameSignal is how long after a SIGINT or SIGTERM a second one counts as the same: a wrapper
// that hands it on and the terminal, which reaches both, send two together.
const sameSignal = 300 * time.Millisecond

// Main runs the command line and returns the exit code. The first SIGINT or SIGTERM ends
// a command in good order, the second one at once.
func Main(args []string, streams term.Streams, env func(string) string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(sameSignal, stop) })
	return run(ctx, args, streams, env)
}

func run(ctx context.Context, args []string, streams term.Streams, env func(string) string) int {
	a := &app{streams: streams, env: env, now: time.Now}
	root := a.newRoot()
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	return a.exitCode(ctx, root.ExecuteContext(ctx))
}

func (a *app) exitCode(ctx context.Context, err error) int {
	var coded *codedError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &coded):
		a.report(a.withSources(coded.err))
		return coded.code
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		a.report(besides(err, context.Canceled))
		return exitInterrupted
	case !a.running:
		a.report(a.withSources(err))
		return exitUsage
	default:
		a.report(err)
		return exitFailed
	}
}

// besides is what else a joined error says.
func besides(err, known error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	return errors.Join(slices.DeleteFunc(slices.Clone(joined.Unwrap()), func(err error) bool { return errors.Is(err, known) })...)
}

func (a *app) report(err error) {
	if err != nil {
		fmt.Fprintln(a.streams.Err, "solatis: "+term.SanitizeLines(err.Error()))
	}
}

func (a *app) newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "solatis",
		Short: "Receive, inspect, replay and trigger Solatis webhooks on this machine",
		Long: `solatis brings Solatis webhooks to the app on your machine: it takes them on a
URL, verifies their signatures, records them, and forwards them.

  solatis demo                               see it all in ten seconds
  solatis listen --forward localhost:3000    take webhooks and forward them
  solatis trigger document.analyzed          send a signed sample
  solatis replay evt_…                       send a recorded event once more
  solatis listen 3000 --relay NAME           the same with a public URL; see solatis relay
  solatis doctor                             find out why nothing arrives`,
		Version:       buildinfo.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&a.color, "color", "auto", "colour the output: auto, always or never")
	root.PersistentFlags().StringVarP(&a.profile, "profile", "p", "", "the profile whose settings and secret to use (default: the one of solatis profile use)")
	root.SetGlobalNormalizationFunc(flagAlias)
	root.SetFlagErrorFunc(explainFlag)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := a.fillFlags(cmd); err != nil {
			return err
		}
		if err := oneOf("--color", a.color, "auto", "always", "never"); err != nil {
			return err
		}
		a.running = true
		return nil
	}
	root.AddCommand(
		a.newListen(), a.newTrigger(), a.newFixture(), a.newReplay(), a.newSign(), a.newVerify(), a.newEvents(), a.newDemo(),
		a.newHistory(), a.newRelay(), a.newProfile(), a.newConfig(), a.newInit(), a.newDoctor(), a.newVersion(),
		a.newCheck(), a.newTypes(), a.newSession(), a.newRetries(),
	)
	root.InitDefaultCompletionCmd()
	complete(root, "profile", a.completeProfiles)
	return root
}

// complete completes the values of a flag.
func complete(cmd *cobra.Command, flag string, by cobra.CompletionFunc) {
	anywhere := func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return by(cmd, nil, typed)
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, anywhere); err != nil {
		panic(err) // there is no such flag: a fault of this program's that any run of it shows
	}
}

func (a *app) newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			fmt.Fprintln(a.streams.Out, "solatis", buildinfo.Version())
		},
	}
}
