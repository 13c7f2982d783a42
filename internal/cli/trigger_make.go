package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/fixture"
	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/solatis/solatis-cli/internal/override"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/spf13/cobra"
)

// sample is an event that trigger made. Its id and type are "" where the changes left
// none in the body.
type sample struct {
	id, typ string
	body    []byte
	turn    *fault.Turn // what goes wrong on purpose; nil for nothing
}

// maker makes the events of one run: the same one, changed once, with what differs from
// one event to the next. It is for one goroutine.
type maker struct {
	now  func() time.Time
	base []byte
	made int
	gate *fault.Gate // what is to go wrong on purpose; nil for nothing

	template  bool // whether base is a fixture, which is rendered for each event
	freshID   bool // whether each event after the first gets an id of its own
	freshTime bool // and a time
}

// newMaker finds the event type or the fixture of that name, and makes the changes to it.
func (o *triggerOptions) newMaker(ctx context.Context, name string) (*maker, error) {
	fixed, err := o.fixed()
	if err != nil {
		return nil, err
	}
	m := &maker{now: o.app.now}
	if err := o.begin(m, name); err != nil {
		return nil, err
	}
	if m.base, err = override.Apply(m.base, fixed); err != nil {
		return nil, usageErrorf("%s: %w", name, err)
	}
	before, _ := event.Parse(m.base)
	if m.base, _, err = o.edits.apply(ctx, o.app, m.base); err != nil {
		return nil, err
	}
	// What was chosen, here or in the editor, stays.
	if after, err := event.Parse(m.base); err == nil && !m.template {
		m.freshID = o.id == "" && after.ID == before.ID
		m.freshTime = o.createdAt == "" && after.CreatedAt != nil && string(after.CreatedAt) == string(before.CreatedAt)
	}
	return m, nil
}

// fixed are the edits of --id and --created-at.
func (o *triggerOptions) fixed() ([]override.Edit, error) {
	var edits []override.Edit
	if o.id != "" {
		if !event.IsID(event.EventPrefix, o.id) {
			return nil, usageErrorf("--id %s: an event's id begins with %s, as in evt_abc123xyz; --set 'id=\"%s\"' takes any", o.id, event.EventPrefix, o.id)
		}
		edits = append(edits, override.New(override.Add, o.id, "id"))
	}
	if o.createdAt != "" {
		if _, err := time.Parse(time.RFC3339, o.createdAt); err != nil {
			return nil, usageErrorf("--created-at %s: it takes a time like 2026-01-02T15:04:05Z; --set 'created_at=\"%s\"' takes any text", o.createdAt, o.createdAt)
		}
		edits = append(edits, override.New(override.Add, o.createdAt, "created_at"))
	}
	return edits, nil
}

// begin sets what the changes are made to.
func (o *triggerOptions) begin(m *maker, name string) error {
	typ, err := catalog.Lookup(name)
	if err != nil {
		m.template = true
		m.base, err = o.fixture(name)
		return err
	}
	options := catalog.Options{Now: m.now()}
	if o.flags.Changed("seed") {
		options.Seed = &o.seed
	}
	m.base, err = typ.Generate(options)
	return err
}

// fixture returns a fixture's text.
func (o *triggerOptions) fixture(name string) ([]byte, error) {
	folder, err := fixtures()
	if err != nil {
		return nil, err
	}
	if fixture.CheckName(name) != nil || !folder.Exists(name) {
		return nil, unknownEvent(name, folder)
	}
	if o.flags.Changed("seed") && len(o.faults.texts) == 0 {
		return nil, usageErrorf("--seed %d: it varies the samples of the event types, and %s is a fixture", o.seed, name)
	}
	text, err := folder.Load(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, unknownEvent(name, folder)
	}
	return text, err
}

// unknownEvent names what may have been meant, of the event types and the fixtures.
func unknownEvent(name string, folder fixture.Folder) error {
	own := folder.Names()
	if match, ok := nearest.Match(name, append(catalog.Names(), own...)); ok {
		return usageErrorf("unknown event %q: did you mean %s?", name, match)
	}
	if len(own) == 0 {
		return usageErrorf("unknown event %q: solatis trigger --list names all there are", name)
	}
	return usageErrorf("unknown event %q: solatis trigger --list names all there are, and the project's fixtures %s", name, strings.Join(own, ", "))
}

// fixtures returns the fixtures' folder of the project that the command runs in.
func fixtures() (fixture.Folder, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return fixture.Folder{}, err
	}
	return fixture.Find(cwd)
}

// next makes the next event.
func (m *maker) next() (sample, error) {
	m.made++
	body, now := m.base, m.now()
	var err error
	if m.template {
		if body, err = fixture.Render(m.base, fixture.Values{Now: now, Seq: m.made}); err != nil {
			return sample{}, usageErrorf("%w", err)
		}
	}
	var fresh []override.Edit
	if m.freshID && m.made > 1 {
		fresh = append(fresh, override.New(override.Set, event.NewEventID(now), "id"))
	}
	if m.freshTime && m.made > 1 {
		fresh = append(fresh, override.New(override.Set, now.UTC().Format(time.RFC3339), "created_at"))
	}
	if body, err = override.Apply(body, fresh); err != nil {
		return sample{}, err
	}
	envelope, _ := event.Parse(body) // where it is none, there is nothing to call it by
	return sample{envelope.ID, envelope.Type, body, m.gate.Turn(send.Target{}, uint64(m.made), envelope.Type)}, nil
}

// completeEvents completes the names of event types and fixtures.
func (a *app) completeEvents(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names := catalog.Names()
	if folder, err := fixtures(); err == nil {
		names = slices.Concat(names, folder.Names())
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
