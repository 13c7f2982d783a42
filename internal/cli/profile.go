package cli

import (
	"fmt"

	"github.com/solatis/solatis-cli/internal/settings"
	"github.com/spf13/cobra"
)

func (a *app) newProfile() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Keep several sets of settings, each with a signing secret of its own",
		Long: `A profile is a set of settings with a signing secret of its own, for instance for
each customer. It begins to exist with its first setting:

  solatis config set --profile acme relay work`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.newProfileList(), a.newProfileUse(), a.newProfileDelete())
	return cmd
}

// profileJSON is a profile in --output json.
type profileJSON struct {
	Type   string `json:"type"` // "profile"
	Name   string `json:"name"`
	Active bool   `json:"active"`
}

func (a *app) newProfileList() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the profiles",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("--output", output, "plain", "json"); err != nil {
				return err
			}
			if err := a.loadUser(); err != nil {
				return err
			}
			return a.listProfiles(output)
		},
	}
	cmd.Flags().StringVar(&output, "output", "plain", "plain, or json for one object a line")
	return withSettings(cmd)
}

func (a *app) listProfiles(output string) error {
	for _, name := range a.sources.user.Profiles() {
		active := name == a.sources.user.Active()
		mark := " "
		if active {
			mark = "*"
		}
		var err error
		if output == "json" {
			err = a.printJSON(profileJSON{"profile", name, active})
		} else {
			_, err = fmt.Fprintln(a.streams.Out, mark, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// profileNames are those of the user's settings, or the default one alone.
func (a *app) profileNames() []string {
	if a.sources.user == nil {
		return []string{settings.DefaultProfile}
	}
	return a.sources.user.Profiles()
}

func (a *app) newProfileUse() *cobra.Command {
	return &cobra.Command{
		Use:               "use NAME",
		Short:             "Use a profile wherever none is asked for",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeUser(func(u *settings.User) error { return u.Use(args[0]) },
				func() string { return "profile " + args[0] + " is in use" })
		},
	}
}

func (a *app) newProfileDelete() *cobra.Command {
	return &cobra.Command{
		Use:               "delete NAME",
		Short:             "Delete a profile's settings; its signing secret stays",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeUser(func(u *settings.User) error { return u.DeleteProfile(args[0]) },
				func() string { return "profile " + args[0] + " is deleted" })
		},
	}
}

func (a *app) completeProfiles(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 || a.loadUser() != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.sources.user.Profiles(), cobra.ShellCompDirectiveNoFileComp
}
