package relaycli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultConfig is the settings file that is read if it exists and no other is named.
const defaultConfig = "/etc/solatis-relay.toml"

// notSettings are the flags that only the command line knows.
var notSettings = map[string]bool{"help": true, "version": true}

// declareConfig gives a command the settings file.
func declareConfig(flags *pflag.FlagSet) {
	flags.String("config", "", "settings file (default "+defaultConfig+", if it exists)")
}

// settle gives each flag that isn't on the command line its value from the environment,
// or else from the settings file.
func (a *app) settle(flags *pflag.FlagSet) error {
	if err := a.settleFromEnv(flags); err != nil {
		return err
	}
	config := flags.Lookup("config")
	if config == nil {
		return nil
	}
	file, err := a.loadConfig(config.Value.String())
	if err != nil || file == nil {
		return err
	}
	return file.apply(flags)
}

// loadConfig reads the settings file at path, or the default one, which may be missing.
func (a *app) loadConfig(path string) (*configFile, error) {
	named := path != ""
	if !named {
		path = defaultConfig
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the settings file can't be read: %w", err)
	}
	file, err := parseConfig(path, text)
	if err != nil {
		return nil, err
	}
	// A mistake anywhere stops every command: settings that are partly in force are worse
	// than none.
	return file, errors.Join(file.mistakes(settingFlags())...)
}

// settleFromEnv sets flags from SOLATIS_RELAY_ and the name in upper case, such as
// SOLATIS_RELAY_LISTEN. An empty variable counts as none.
func (a *app) settleFromEnv(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "SOLATIS_RELAY_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := a.env(name)
		if value == "" || f.Changed || notSettings[f.Name] || failed != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = usageErrorf("%s in the environment: %w", name, reasonOf(err))
		}
	})
	return failed
}

// reasonOf is what was wrong with a flag's value, without pflag's words around it, which
// name a flag that nobody typed, and in words where pflag has only those of strconv.
func reasonOf(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	takes := map[string]string{"bool": "true or false", "int": "a whole number", "uint64": "a whole number, 0 or more"}
	if what, ok := takes[invalid.GetFlag().Value.Type()]; ok {
		return fmt.Errorf("%q: it takes %s", invalid.GetValue(), what)
	}
	if cause := invalid.Unwrap(); cause != nil {
		return cause
	}
	return err
}

// settingFlags are fresh flags for all that the settings file may have, to try values on.
func settingFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	new(serve).declare(flags)
	return flags
}

// oneOf refuses a value that isn't among the allowed ones.
func oneOf(what, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return usageErrorf("%s %q: it takes %s%s", what, value, strings.Join(allowed, ", "), didYouMean(value, allowed))
}

func didYouMean(value string, candidates []string) string {
	if match, ok := nearest.Match(value, candidates); ok {
		return "; did you mean " + match + "?"
	}
	return ""
}

func unknownSubcommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return fmt.Errorf("unknown command %q for %q: it has %s%s", name, cmd.CommandPath(),
		strings.Join(names, ", "), didYouMean(name, names))
}
