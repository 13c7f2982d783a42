package relaycli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (a *app) newConfig() *cobra.Command {
	return group("config", "Check a settings file, or print an example of one", a.newConfigCheck(), a.newConfigExample())
}

func (a *app) newConfigCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say whether a settings file is right, and what is wrong with it",
		Long:  "Read a settings file, " + defaultConfig + " unless another one is named, and show each mistake in its place.\nNothing is started, and the files that it names are not looked at.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := defaultConfig
			if len(args) > 0 {
				path = args[0]
			}
			return a.checkConfig(path)
		},
	}
}

func (a *app) checkConfig(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the settings file can't be read: %w", err)
	}
	file, err := parseConfig(path, text)
	if err != nil {
		return err
	}
	flags := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	o := &serve{app: a}
	o.declare(flags)
	all := file.mistakes(flags)
	if len(all) == 0 {
		// What settings say together makes sense only once each is right.
		if _, err := o.config(); err != nil {
			all = append(all, fmt.Errorf("%s: %w", path, err))
		}
	}
	for _, mistake := range all {
		a.report(mistake)
	}
	if len(all) > 0 {
		return errSaid
	}
	fmt.Fprintf(a.streams.Out, "%s is right\n", path)
	return nil
}

func (a *app) newConfigExample() *cobra.Command {
	return &cobra.Command{
		Use:   "example",
		Short: "Print a settings file that has every setting with its default",
		Args:  cobra.NoArgs,
		Run:   func(*cobra.Command, []string) { fmt.Fprint(a.streams.Out, exampleConfig()) },
	}
}

// chapters order the settings for a reader. Each setting is in one of them.
var chapters = []struct {
	title string
	names []string
}{
	{"Where the relay is", []string{"data", "listen", "http-listen", "admin-listen", "public-url"}},
	{"Certificates: automatic ones, or files, or none behind a proxy", []string{"domain", "acme-email", "acme-directory", "acme-ca", "tls-cert", "tls-key", "trusted-proxies"}},
	{"What each endpoint may keep", []string{"max-body", "backlog", "backlog-bytes", "grace", "kept-bytes", "agent-retention"}},
	{"What senders and agents may do", []string{"rate-ip", "rate-endpoint", "rate-token", "max-connections", "max-connections-per-ip", "max-agents", "max-agents-per-owner", "max-endpoints", "allow-anonymous"}},
	{"The log, on standard error", []string{"log-format", "log-level"}},
}

func exampleConfig() string {
	flags := settingFlags()
	var b strings.Builder
	b.WriteString("# Settings of solatis-relay. Those that begin with # have their defaults.\n" +
		"# Check the file with: solatis-relay config check FILE\n\n" + versionKey + " = " + configVersion + "\n")
	for _, chapter := range chapters {
		fmt.Fprintf(&b, "\n## %s\n", chapter.title)
		for _, name := range chapter.names {
			f := flags.Lookup(name)
			fmt.Fprintf(&b, "\n# %s\n#%s = %s\n", f.Usage, name, literal(f))
		}
	}
	return b.String()
}

// literal writes a flag's default as TOML.
func literal(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool", "int", "uint64":
		return f.DefValue
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		var quoted []string
		for _, one := range list.GetSlice() {
			quoted = append(quoted, fmt.Sprintf("%q", one))
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprintf("%q", f.DefValue)
}
