package cli

import (
	"fmt"
	"path/filepath"

	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/settings"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

// loadUser reads the user's settings for a command that is about them.
func (a *app) loadUser() error {
	path, err := a.settingsPath()
	if err != nil {
		return err
	}
	a.sources.user, err = settings.LoadUser(path)
	return err
}

func (a *app) settingsPath() (string, error) {
	f, err := folders.Resolve(a.env)
	return filepath.Join(f.Config, settings.UserFile), err
}

// changeUser changes the user's settings, and says what is so now. What the settings
// refuse is a usage error.
func (a *app) changeUser(change func(*settings.User) error, now func() string) error {
	if err := a.loadUser(); err != nil {
		return err
	}
	if err := change(a.sources.user); err != nil {
		return &codedError{exitUsage, err}
	}
	if err := a.sources.user.Save(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.streams.Out, term.Sanitize(now()))
	return err
}

func (a *app) newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Look at and change the settings",
		Long: `The settings stand in for flags of the same name. The first of these counts: the
flag, its environment variable (SOLATIS_…), the project's solatis.toml, the user's
profile, the default. config changes the profile: the one of --profile, or else the
active one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.newConfigGet(), a.newConfigSet(), a.newConfigUnset(), a.newConfigList(), a.newConfigPath())
	return cmd
}

// keyNames completes the first argument.
func keyNames(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, k := range settings.Keys() {
		names = append(names, cobra.CompletionWithDesc(k.Name, k.Help))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) newConfigGet() *cobra.Command {
	return withSettings(&cobra.Command{
		Use:               "get KEY",
		Short:             "Print a setting as it counts here",
		Long:              "get prints what counts in this folder: the project's value, or else the profile's.\nIt exits with 1 if the key is not set.",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: keyNames,
		RunE: func(_ *cobra.Command, args []string) error {
			if _, err := settings.Lookup(args[0]); err != nil {
				return &codedError{exitUsage, err}
			}
			if err := a.loadUser(); err != nil {
				return err
			}
			s, found := a.setting(args[0])
			if !found {
				return fmt.Errorf("%s is not set", args[0])
			}
			_, err := fmt.Fprintln(a.streams.Out, term.Sanitize(s.value))
			return err
		},
	})
}

func (a *app) newConfigSet() *cobra.Command {
	return &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Set a key of the profile",
		Example: `  solatis config set forward localhost:3000/webhooks/solatis
  solatis config set verify strict --profile work`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: keyNames,
		RunE: func(_ *cobra.Command, args []string) error {
			key, value := args[0], args[1]
			return a.changeUser(func(u *settings.User) error { return u.Set(a.profileName(), key, value) },
				func() string { return fmt.Sprintf("%s = %q in profile %s", key, value, a.profileName()) })
		},
	}
}

func (a *app) newConfigUnset() *cobra.Command {
	return &cobra.Command{
		Use:               "unset KEY",
		Short:             "Take a key out of the profile",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: keyNames,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeUser(func(u *settings.User) error { return u.Unset(a.profileName(), args[0]) },
				func() string { return fmt.Sprintf("%s is not set in profile %s", args[0], a.profileName()) })
		},
	}
}

func (a *app) newConfigPath() *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print where the user's settings are",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path, err := a.settingsPath()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.streams.Out, path)
			return err
		},
	}
}

// settingJSON is a setting in --output json.
type settingJSON struct {
	Type  string `json:"type"` // "setting"
	Key   string `json:"key"`
	Value string `json:"value,omitempty"`
	Set   bool   `json:"set"`
	From  string `json:"from,omitempty"` // the file, and the profile
	Help  string `json:"help"`
}

func (a *app) newConfigList() *cobra.Command {
	var output string
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the settings as they count here, and where they come from",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("--output", output, "plain", "json"); err != nil {
				return err
			}
			return a.listSettings(output, all)
		},
	}
	cmd.Flags().StringVar(&output, "output", "plain", "plain, or json for one object a line")
	cmd.Flags().BoolVar(&all, "all", false, "name the keys that are not set too")
	return withSettings(cmd)
}

func (a *app) listSettings(output string, all bool) error {
	if err := a.loadUser(); err != nil {
		return err
	}
	none := true
	for _, key := range settings.Keys() {
		s, found := a.setting(key.Name)
		none = none && !found
		if !found && !all {
			continue
		}
		var err error
		switch {
		case output == "json":
			err = a.printJSON(settingJSON{"setting", key.Name, s.value, found, s.where, key.Help})
		case found:
			_, err = fmt.Fprintf(a.streams.Out, "%-14s %s  (%s)\n", key.Name, term.Sanitize(s.value), term.Sanitize(s.where))
		default:
			_, err = fmt.Fprintf(a.streams.Out, "%-14s not set: %s\n", key.Name, key.Help)
		}
		if err != nil {
			return err
		}
	}
	if none && !all && output == "plain" {
		fmt.Fprintln(a.streams.Err, "nothing is set; solatis config list --all names what can be")
	}
	return nil
}
