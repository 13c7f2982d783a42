package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/solatis/solatis-cli/internal/fixture"
	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

func (a *app) newFixture() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fixture",
		Short: "Keep the project's own sample events, for solatis trigger NAME",
		Long: `A fixture is an event of your own, a file .solatis/fixtures/NAME.json in the
project: the nearest folder, from this one up, with a .solatis, a solatis.toml or
a .git. Edit it as you like, and commit it.

Within its strings, {{now}} is the time of each event that trigger makes of it,
{{uuid}} a random UUID, and {{seq}} the event's number in one run of trigger.
Two braces that are meant as such are written \u007b{.`,
		Example: `  solatis fixture save big-task task.created --set data.priority=high
  solatis fixture save last-one --event evt_abc123xyz
  solatis trigger big-task`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.newFixtureSave(), a.newFixtureList(), a.newFixtureShow(), a.newFixtureEdit(), a.newFixtureDelete())
	return cmd
}

// oneFixture is the argument of commands that are about one fixture.
func oneFixture(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageErrorf("%s takes one name, and got %d; solatis fixture list shows what there is", cmd.CommandPath(), len(args))
	}
	return nil
}

// completeFixtures completes the names of fixtures.
func completeFixtures(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	folder, err := fixtures()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return folder.Names(), cobra.ShellCompDirectiveNoFileComp
}

// existingFixture finds the folder of the fixture of that name. A name that there isn't is
// a usage error.
func existingFixture(name string) (fixture.Folder, error) {
	folder, err := fixtures()
	if err != nil {
		return folder, err
	}
	if err := fixture.CheckName(name); err != nil {
		return folder, usageErrorf("%w", err)
	}
	if folder.Exists(name) {
		return folder, nil
	}
	return folder, noFixture(name, folder)
}

func noFixture(name string, folder fixture.Folder) error {
	own := folder.Names()
	if match, ok := nearest.Match(name, own); ok {
		return usageErrorf("there is no fixture %q: did you mean %s?", name, match)
	}
	if len(own) == 0 {
		return usageErrorf("there is no fixture %q, and no other: solatis fixture save makes one", name)
	}
	return usageErrorf("there is no fixture %q, but %s", name, strings.Join(own, ", "))
}

// readFixture returns a fixture's file as it stands, and its folder.
func readFixture(name string) ([]byte, fixture.Folder, error) {
	folder, err := existingFixture(name)
	if err != nil {
		return nil, folder, err
	}
	text, err := folder.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = noFixture(name, folder)
	}
	return text, folder, err
}

func (a *app) newFixtureList() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the project's fixtures",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("--output", output, "plain", "json"); err != nil {
				return err
			}
			return a.listFixtures(output)
		},
	}
	cmd.Flags().StringVar(&output, "output", "plain", "plain, or json for one object a line")
	return withSettings(cmd)
}

// fixtureJSON is a fixture in --output json.
type fixtureJSON struct {
	Type  string `json:"type"` // "fixture"
	Name  string `json:"name"`
	Event string `json:"event_type,omitempty"`
	Path  string `json:"path"`
	Error string `json:"error,omitempty"` // why it can't be used
}

func (a *app) listFixtures(output string) error {
	folder, err := fixtures()
	if err != nil {
		return err
	}
	list, err := folder.List()
	if err != nil {
		return err
	}
	if output == "plain" {
		if len(list) == 0 {
			fmt.Fprintln(a.streams.Err, "this project has no fixtures yet: solatis fixture save NAME document.analyzed makes one")
		}
		return a.printFixtures(list)
	}
	for _, f := range list {
		one := fixtureJSON{Type: "fixture", Name: f.Name, Event: f.Type, Path: folder.Path(f.Name)}
		if f.Err != nil {
			one.Error = f.Err.Error()
		}
		if err := a.printJSON(one); err != nil {
			return err
		}
	}
	return nil
}

// printFixtures prints fixtures as trigger --list does the event types.
func (a *app) printFixtures(list []fixture.Info) error {
	for _, f := range list {
		what := f.Type
		if f.Err != nil {
			what = "can't be used: " + f.Err.Error()
		}
		if _, err := fmt.Fprintf(a.streams.Out, "%-24s %-11s %s\n", term.Sanitize(f.Name), "fixture", term.Sanitize(what)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) newFixtureShow() *cobra.Command {
	return withSettings(&cobra.Command{
		Use:               "show NAME",
		Short:             "Print a fixture's file",
		Args:              oneFixture,
		ValidArgsFunction: completeFixtures,
		RunE: func(_ *cobra.Command, args []string) error {
			text, _, err := readFixture(args[0])
			if err != nil {
				return err
			}
			if a.streams.OutTTY {
				text = []byte(term.SanitizeLines(string(text)))
			}
			_, err = a.streams.Out.Write(text)
			return err
		},
	})
}

func (a *app) newFixtureDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:               "delete NAME",
		Short:             "Delete a fixture",
		Args:              oneFixture,
		ValidArgsFunction: completeFixtures,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.deleteFixture(cmd.Context(), args[0], yes)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return withSettings(cmd)
}

func (a *app) deleteFixture(ctx context.Context, name string, yes bool) error {
	folder, err := existingFixture(name)
	if err != nil {
		return err
	}
	if !yes {
		if !a.streams.InTTY {
			return usageErrorf("there is no terminal to ask on: give --yes to delete %s", folder.Path(name))
		}
		answer, err := a.ask(ctx, bufio.NewReader(a.streams.In), "Delete "+term.Sanitize(folder.Path(name))+"? (y/N)", "")
		if err != nil {
			return err
		}
		if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
			return cancelledBecause("nothing was deleted")
		}
	}
	if err := folder.Delete(name); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.streams.Out, "%s is deleted\n", term.Sanitize(folder.Path(name)))
	return err
}
