package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/settings"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

// initOptions are the flags of init.
type initOptions struct {
	app *app

	forward  string
	endpoint string
	events   []string
	verify   string
	force    bool
}

func (a *app) newInit() *cobra.Command {
	o := &initOptions{app: a}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a solatis.toml for this project",
		Long: `init writes solatis.toml into the current folder, with what everybody who works on
the project needs alike: where its app takes webhooks, and which. It belongs into
the repository. What is only yours (relays, secrets) stays in your own settings:
see solatis config.`,
		Example: `  solatis init --forward localhost:3000/webhooks/solatis
  solatis init --forward 3000 --events 'document.*' --verify strict`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.forward, "forward", "f", "", "where the project's app takes webhooks")
	f.StringVar(&o.endpoint, "endpoint", "", "the endpoint's name at a relay (default: the name of the project's folder)")
	f.StringSliceVarP(&o.events, "events", "e", nil, "event types that the app wants, such as 'document.*'")
	f.StringVar(&o.verify, "verify", "", "what a bad signature means: warn, strict or off")
	f.BoolVar(&o.force, "force", false, "replace a solatis.toml that is there")
	return cmd
}

func (o *initOptions) run(ctx context.Context) error {
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	path := filepath.Join(cwd, settings.ProjectFile)
	if _, err := os.Lstat(path); !o.force && !errors.Is(err, fs.ErrNotExist) {
		return usageErrorf("%s is there already: edit it, or replace it with --force", path)
	}
	if o.forward == "" {
		if !o.app.streams.InTTY {
			return usageErrorf("there is no terminal to ask on: say where the app takes webhooks, as in --forward localhost:3000/webhooks/solatis")
		}
		if err := o.askAll(ctx, cwd); err != nil {
			return err
		}
	}
	text, err := o.text()
	if err != nil {
		return err
	}
	// It is for others to read too, unlike what solatis writes elsewhere.
	if err := errors.Join(folders.WriteFile(path, []byte(text)), os.Chmod(path, 0o644)); err != nil {
		return fmt.Errorf("%s can't be written: %w", path, err)
	}
	_, err = fmt.Fprintf(o.app.streams.Out, "%s is written; solatis listen uses it in this folder and below\n", term.Sanitize(path))
	return err
}

// askAll asks for what a project mostly wants to say.
func (o *initOptions) askAll(ctx context.Context, cwd string) error {
	name, err := endpointName(cwd)
	if err != nil {
		name = ""
	}
	in := bufio.NewReader(o.app.streams.In)
	if o.forward, err = o.app.ask(ctx, in, "Where does the app take webhooks?", "localhost:3000/webhooks/solatis"); err != nil {
		return err
	}
	if o.endpoint == "" {
		if o.endpoint, err = o.app.ask(ctx, in, "What is the endpoint called at a relay?", name); err != nil {
			return err
		}
	}
	if len(o.events) > 0 {
		return nil
	}
	events, err := o.app.ask(ctx, in, "Which events does the app want? (comma-separated, such as document.*; empty for all)", "")
	if events != "" {
		o.events = strings.Split(events, ",")
	}
	return err
}

// text is the file's. Each value is checked as it will be when the file is read.
func (o *initOptions) text() (string, error) {
	if _, err := send.ParseTarget(o.forward); err != nil {
		return "", usageErrorf("--forward: %w", err)
	}
	for i := range o.events {
		o.events[i] = strings.TrimSpace(o.events[i])
	}
	lines := []string{
		"# What solatis listen does in this project: see solatis config list --all for the keys.",
		"config_version = 1",
	}
	for _, set := range []struct{ key, value string }{
		{"forward", o.forward}, {"endpoint", o.endpoint}, {"events", strings.Join(o.events, ",")}, {"verify", o.verify},
	} {
		if set.value == "" {
			continue
		}
		key, err := settings.Lookup(set.key)
		if err == nil {
			err = key.Check(set.value)
		}
		if err != nil {
			return "", usageErrorf("--%w", err)
		}
		lines = append(lines, tomlLine(key, set.value))
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// tomlLine sets a key that takes text or a list of it. Check has refused what would need
// more than quotes and backslashes escaped.
func tomlLine(key settings.Key, value string) string {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	if !key.List() {
		return fmt.Sprintf(`%s = "%s"`, key.Name, quote(value))
	}
	items := strings.Split(value, ",")
	for i, item := range items {
		items[i] = `"` + quote(item) + `"`
	}
	return fmt.Sprintf("%s = [%s]", key.Name, strings.Join(items, ", "))
}
