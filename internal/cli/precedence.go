package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/solatis/solatis-cli/internal/settings"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// sources say where the values of a command's flags come from, and keep what was read to
// find them. For every flag it is the same order: the command line, the environment
// (SOLATIS_…), the project's solatis.toml, the user's profile, the default.
type sources struct {
	user    *settings.User    // nil until loaded, and where there is no place for settings
	project *settings.Project // nil where there is none
	of      map[string]source // by flag; those of the command line and the defaults are not in it
}

// source is where a value was found.
type source struct {
	kind  sourceKind
	value string
	where string // such as "SOLATIS_VERIFY", or a file's path
}

type sourceKind int

const (
	fromEnv sourceKind = iota + 1
	fromProject
	fromUser
)

// said is how somebody would write the value where it came from.
func (s source) said(flag string) string {
	if s.kind == fromEnv {
		return fmt.Sprintf("%s=%q in the environment", s.where, s.value)
	}
	return fmt.Sprintf("%s = %q in %s", flag, s.value, s.where)
}

// flagAlias lets a second name stand for a flag.
func flagAlias(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if name == "forward-to" {
		name = "forward"
	}
	return pflag.NormalizedName(name)
}

// usesSettings marks a command whose flags the settings' files may set. Others, such as
// version and config path, work whatever is in those files.
const usesSettings = "solatis:settings"

func withSettings(cmd *cobra.Command) *cobra.Command {
	cmd.Annotations = map[string]string{usesSettings: "yes"}
	return cmd
}

// fillFlags sets the flags that aren't on the command line.
func (a *app) fillFlags(cmd *cobra.Command) error {
	a.sources.of = make(map[string]source)
	flags := cmd.Flags()
	if err := a.flagsFromEnv(flags); err != nil {
		return err
	}
	if a.profile != "" {
		if err := settings.CheckName("profile", a.profile); err != nil {
			return usageErrorf("--profile: %w", err)
		}
	}
	if cmd.Annotations[usesSettings] == "" {
		return nil
	}
	if err := a.loadSettings(); err != nil {
		return err
	}
	return a.flagsFromSettings(flags)
}

// notFromEnv are the flags that no SOLATIS_… variable sets: the secret has one of its own
// name, and help is no setting.
var notFromEnv = map[string]bool{"secret": true, "help": true, "version": true}

// flagsFromEnv sets each flag that isn't on the command line from SOLATIS_ and its name in
// upper case, such as SOLATIS_FORWARD.
func (a *app) flagsFromEnv(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "SOLATIS_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := a.env(name)
		if value == "" || f.Changed || notFromEnv[f.Name] || failed != nil {
			return
		}
		failed = a.fill(flags, f.Name, source{fromEnv, value, name})
	})
	return failed
}

// fill sets a flag from a source.
func (a *app) fill(flags *pflag.FlagSet, name string, s source) error {
	if err := flags.Set(name, s.value); err != nil {
		return usageErrorf("%s: %w", s.said(name), whyInvalid(flags.Lookup(name), err))
	}
	a.sources.of[name] = s
	return nil
}

// loadSettings reads the user's settings and the project's, and finds out which profile
// is meant. Without a place for state there are none of the user's: whatever needs such
// a place says so itself.
func (a *app) loadSettings() error {
	f, err := folders.Resolve(a.env)
	if err != nil {
		return nil
	}
	if a.sources.user, err = settings.LoadUser(filepath.Join(f.Config, settings.UserFile)); err != nil {
		return err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	if a.sources.project, err = settings.LoadProject(cwd); err != nil {
		return err
	}
	return a.checkProfile()
}

// checkProfile refuses a profile that isn't there: it would get a secret of its own, and
// the mistake would show as a bad signature.
func (a *app) checkProfile() error {
	known := a.sources.user.Profiles()
	if slices.Contains(known, a.profileName()) {
		return nil
	}
	hint := ""
	if match, ok := nearest.Match(a.profile, known); ok {
		hint = " did you mean " + match + "?"
	}
	return usageErrorf("--profile: there is no profile %q:%s it begins with its first setting, as in solatis config set --profile %s forward 3000", a.profile, hint, a.profile)
}

// profileName is the profile that is in use.
func (a *app) profileName() string {
	switch {
	case a.profile != "":
		return a.profile
	case a.sources.user != nil:
		return a.sources.user.Active()
	}
	return settings.DefaultProfile
}

// flagsFromSettings sets each flag that is still at its default.
func (a *app) flagsFromSettings(flags *pflag.FlagSet) error {
	for _, key := range settings.Keys() {
		f := flags.Lookup(key.Name)
		if f == nil || f.Changed || a.secretGiven(flags, key.Name) {
			continue
		}
		if s, found := a.setting(key.Name); found {
			if err := key.Check(s.value); err != nil {
				return usageErrorf("%w\n  it stands in %s", err, s.where)
			}
			if err := a.fill(flags, key.Name, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// secretGiven reports whether the setting is of the secret's file, and the secret was
// given in a way that comes first.
func (a *app) secretGiven(flags *pflag.FlagSet, key string) bool {
	return key == "secret-file" && (flags.Changed("secret") || a.env("SOLATIS_WEBHOOK_SECRET") != "")
}

// setting finds a key in the settings' files.
func (a *app) setting(key string) (source, bool) {
	if value, ok := a.sources.project.Get(key); ok {
		return source{fromProject, value, a.sources.project.Path}, true
	}
	if u := a.sources.user; u != nil {
		if value, ok := u.Get(a.profileName(), key); ok {
			return source{fromUser, value, fmt.Sprintf("%s, profile %s", u.Path(), a.profileName())}, true
		}
	}
	return source{}, false
}

// typed reports whether a flag stands on the command line.
func (a *app) typed(flags *pflag.FlagSet, name string) bool {
	_, filled := a.sources.of[name]
	return flags.Changed(name) && !filled
}

// flagName finds the flags that an error speaks of.
var flagName = regexp.MustCompile(`--[a-z]+(-[a-z]+)*`)

// withSources adds to an error where the values of the flags that it names were found,
// since nobody remembers having written them on this command line.
func (a *app) withSources(err error) error {
	if err == nil {
		return nil
	}
	var told []string
	for _, name := range flagName.FindAllString(err.Error(), -1) {
		name = strings.TrimPrefix(name, "--")
		if s, ok := a.sources.of[name]; ok && !slices.Contains(told, name) && strings.Contains(err.Error(), s.value) {
			told = append(told, name)
			err = fmt.Errorf("%w\n  --%s comes from %s", err, name, s.said(name))
		}
	}
	return err
}
