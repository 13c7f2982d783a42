// Package relaycli is the command line of solatis-relay, the server that gives a laptop a
// public URL. Each command is an options struct, a constructor that declares its flags,
// and a run method. This file wires them together and maps what went wrong to an exit
// code; it is the only place that does.
//
// Every setting has one name and one text form, and is read from the flag of that name,
// else from SOLATIS_RELAY_ and the name in upper case, else from the settings file, else
// it has its default (settings.go).
package relaycli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
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
	exitInterrupted = 130
)

// app is what every command gets: the outside world.
type app struct {
	streams term.Streams
	env     func(string) string
	now     func() time.Time

	running bool // whether a command's run method was reached; until then errors are usage errors
}

// usageError is an error with exit code 2 that comes up after the flags were read.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// Main runs the command line and returns the exit code. The first SIGINT or SIGTERM ends
// a command in good order, the second one at once.
func Main(args []string, streams term.Streams, env func(string) string) int {
	ctx, stop := untilSignal()
	defer stop()
	return run(ctx, args, streams, env)
}

// untilSignal returns a context that ends with the first signal. Before it does, signals
// do again what they do by default, so that whoever sees the program ending can end it at
// once. (signal.NotifyContext would take a second one for itself.)
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer cancel()
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
	}()
	return ctx, cancel
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
	var usage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errSaid):
		return exitFailed
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), !a.running:
		a.report(err)
		return exitUsage
	default:
		a.report(err)
		return exitFailed
	}
}

// errSaid ends a command that has said all there is to say.
var errSaid = errors.New("failed")

func (a *app) report(err error) {
	fmt.Fprintln(a.streams.Err, "solatis-relay: "+term.SanitizeLines(err.Error()))
}

// note tells the operator something that isn't the command's result.
func (a *app) note(format string, args ...any) {
	fmt.Fprintln(a.streams.Err, term.SanitizeLines(fmt.Sprintf(format, args...)))
}

func (a *app) newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "solatis-relay",
		Short: "Take Solatis webhooks on a public URL for developers' machines",
		Long: `solatis-relay takes webhooks on a public URL, keeps them durably, and passes them
to the developers' machines where solatis listen is running.

  solatis-relay serve --domain relay.example.com    with certificates of its own
  solatis-relay token create --owner ann            what a developer needs to connect
  solatis-relay config example                      all settings, with their defaults`,
		Version:       buildinfo.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := a.settle(cmd.Flags()); err != nil {
			return err
		}
		a.running = true
		return nil
	}
	root.AddCommand(a.newServe(), a.newConfig(), a.newToken(), a.newEndpoint(), a.newCheck(),
		a.newBackup(), a.newRestore(), a.newHealth(), a.newVersion())
	root.InitDefaultCompletionCmd()
	return root
}

// group is a command that is nothing without one of its subcommands.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownSubcommand(cmd, args[0])
	}}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return usageErrorf("%s needs one of its subcommands: see %s --help", cmd.CommandPath(), cmd.CommandPath())
	}
	c.AddCommand(sub...)
	return c
}

func (a *app) newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			fmt.Fprintln(a.streams.Out, "solatis-relay", buildinfo.Version())
		},
	}
}
