package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fixture"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

// fixtureSaveOptions are the flags of fixture save.
type fixtureSaveOptions struct {
	app *app

	event  string
	seed   uint64
	seeded bool
	edits  editFlags
	force  bool
}

func (a *app) newFixtureSave() *cobra.Command {
	o := &fixtureSaveOptions{app: a}
	cmd := &cobra.Command{
		Use:   "save NAME [EVENT | FILE | -]",
		Short: "Make a fixture of an event type, a recorded event, or JSON of your own",
		Long: `save makes a fixture of the sample of an event type, of a recorded event
(--event), of another fixture, or of JSON in a file or on standard input (-).

The id and the time of a sample or a recorded event become {{uuid}} and {{now}},
since apps drop an event whose id they have seen. JSON of your own and other
fixtures stay as they are, templates included.`,
		Example: `  solatis fixture save big-task task.created --set data.priority=high
  solatis fixture save last-one --event evt_abc123xyz
  solatis fixture save mine event.json
  solatis fixture save mine big-task --edit --force`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeSources,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.seeded = cmd.Flags().Changed("seed")
			return o.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.event, "event", "", "make it of this recorded event: its id, the beginning of it, or last for the newest")
	f.Uint64Var(&o.seed, "seed", 0, "vary the sample's data; the same number gives the same data")
	o.edits.declare(f)
	f.BoolVar(&o.force, "force", false, "replace the fixture if there is one")
	return withSettings(cmd)
}

// completeSources completes what a fixture may be made of; the shell knows the files.
func (a *app) completeSources(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, _ := a.completeEvents(cmd, args, typed)
	return names, cobra.ShellCompDirectiveDefault
}

func (o *fixtureSaveOptions) run(ctx context.Context, args []string) error {
	folder, err := fixtures()
	if err != nil {
		return err
	}
	name := args[0]
	switch err := fixture.CheckName(name); {
	case err != nil:
		return usageErrorf("%w", err)
	case len(args) == 2 && o.event != "":
		return usageErrorf("%s and --event %s: give one of both", args[1], o.event)
	case len(args) == 1 && o.event == "":
		return usageErrorf("say what to make it of: an event type such as document.analyzed, a file, - for standard input, or --event evt_… for a recorded one")
	case !o.force && folder.Exists(name):
		return usageErrorf("there is a fixture %s already, %s: replace it with --force", name, folder.Path(name))
	}
	text, err := o.source(ctx, folder, args[1:])
	if err != nil {
		return err
	}
	if text, _, err = o.edits.apply(ctx, o.app, text); err != nil {
		return err
	}
	return o.app.saveFixture(folder, name, text)
}

// saveFixture lays the text out and writes it. What can't be a fixture is a usage error.
func (a *app) saveFixture(folder fixture.Folder, name string, text []byte) error {
	if err := fixture.Check(text); err != nil {
		return usageErrorf("nothing was saved: %w", err)
	}
	text, err := fixture.Indent(text)
	if err != nil {
		return err
	}
	if err := folder.Save(name, text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.streams.Out, "%s is written; solatis trigger %s sends it\n", term.Sanitize(folder.Path(name)), name)
	return err
}

// source is the text that the fixture is made of.
func (o *fixtureSaveOptions) source(ctx context.Context, folder fixture.Folder, args []string) ([]byte, error) {
	if o.event != "" {
		return o.recorded(ctx)
	}
	from := args[0]
	typ, err := catalog.Lookup(from)
	switch isType := err == nil; {
	case isType:
		return o.sampleOf(typ)
	case o.seeded:
		return nil, usageErrorf("--seed %d: it varies the samples of the event types, and %s is none", o.seed, from)
	case from == "-" && (o.edits.edit || o.edits.data == "-"):
		return nil, usageErrorf("-, which is standard input, can't be together with --edit or --data -: give the event as a file")
	case from == "-":
		return ownJSON(from, o.app.streams.In)
	case fixture.CheckName(from) == nil && folder.Exists(from):
		return folder.Load(from)
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, unknownSource(from, folder, err)
	}
	defer f.Close()
	return ownJSON(from, f)
}

func (o *fixtureSaveOptions) sampleOf(typ catalog.Type) ([]byte, error) {
	options := catalog.Options{Now: o.app.now()}
	if o.seeded {
		options.Seed = &o.seed
	}
	body, err := typ.Generate(options)
	if err != nil {
		return nil, err
	}
	return fixture.FromEvent(body)
}

// recorded is the event of --event.
func (o *fixtureSaveOptions) recorded(ctx context.Context) (text []byte, err error) {
	if o.seeded {
		return nil, usageErrorf("--seed %d and --event %s: a seed is for the samples of the event types", o.seed, o.event)
	}
	err = o.app.withHistory(ctx, func(h *history.History) error {
		id, err := findRequest(ctx, h, o.event)
		if err != nil {
			return err
		}
		r, err := h.Request(ctx, id)
		if err != nil {
			return err
		}
		if text, err = fixture.FromEvent(r.Body); err != nil {
			return fmt.Errorf("--event %s: %w", o.event, err)
		}
		return nil
	})
	return text, err
}

// ownJSON reads an event that somebody has written.
func ownJSON(name string, r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, fixture.MaxSize+1))
	if err != nil {
		return nil, usageErrorf("%s can't be read: %w", name, err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if err := fixture.Check(text); err != nil {
		return nil, usageErrorf("%s can't be a fixture: %w", name, err)
	}
	return text, nil
}

// unknownSource says why what a fixture is to be made of can't be read.
func unknownSource(from string, folder fixture.Folder, err error) error {
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(from, `/\`) {
		if event.IsID(event.EventPrefix, from) || event.IsID(event.RequestPrefix, from) || event.IsID(event.DeliveryPrefix, from) {
			return usageErrorf("there is no file %s; for a recorded event write --event %s", from, from)
		}
		if match, ok := nearest.Match(from, append(catalog.Names(), folder.Names()...)); ok {
			return usageErrorf("%q is no event type, no fixture and no file: did you mean %s?", from, match)
		}
		return usageErrorf("%q is no event type, no fixture and no file", from)
	}
	return usageErrorf("%s can't be read: %w", from, err)
}

// newFixtureEdit edits in the editor, or by flags alone.
func (a *app) newFixtureEdit() *cobra.Command {
	var edits editFlags
	cmd := &cobra.Command{
		Use:   "edit NAME",
		Short: "Edit a fixture in $VISUAL or $EDITOR, or by --set and the like",
		Example: `  solatis fixture edit big-task
  solatis fixture edit big-task --set data.priority=low`,
		Args:              oneFixture,
		ValidArgsFunction: completeFixtures,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.editFixture(cmd.Context(), args[0], &edits)
		},
	}
	edits.declare(cmd.Flags())
	return withSettings(cmd)
}

func (a *app) editFixture(ctx context.Context, name string, edits *editFlags) error {
	text, folder, err := readFixture(name)
	if err != nil {
		return err
	}
	if edits.any() {
		text, _, err = edits.apply(ctx, a, text)
	} else {
		// A file that is no fixture any more is mended here, so it may begin as anything.
		text, err = a.editText(ctx, text, func(text []byte) error {
			if err := checkSyntax(text); err != nil {
				return err
			}
			return fixture.Check(text)
		})
	}
	if err != nil {
		return err
	}
	return a.saveFixture(folder, name, text)
}
