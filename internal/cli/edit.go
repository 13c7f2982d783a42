package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/override"
	"github.com/spf13/pflag"
)

// editFlags say how an event's body is to differ from what it would be.
type editFlags struct {
	edits []override.Edit // of --set, --add and --unset, in the order in which they were typed
	data  string
	edit  bool
}

func (e *editFlags) declare(flags *pflag.FlagSet) {
	flags.Var(&editValue{override.Set, &e.edits}, "set", "change a field of the body, such as data.confidence=0.5 or data.speakers.0.speaker=Ann; what isn't JSON is a string")
	flags.Var(&editValue{override.Add, &e.edits}, "add", "the same, and make what isn't there")
	flags.Var(&editValue{override.Unset, &e.edits}, "unset", "take a field out of the body, such as data.summary")
	flags.StringVar(&e.data, "data", "", "put this JSON, @FILE, or - for standard input in the place of the event's data; --set and the like come after")
	flags.BoolVar(&e.edit, "edit", false, "open the body in $VISUAL or $EDITOR first; saving it unchanged or empty cancels")
}

// editValue adds the edits of one flag to those of all.
type editValue struct {
	op    override.Op
	edits *[]override.Edit
}

// Set implements pflag.Value.
func (v *editValue) Set(text string) error {
	e, err := override.Parse(v.op, text)
	if err == nil {
		*v.edits = append(*v.edits, e)
	}
	return err
}

// Type implements pflag.Value.
func (v *editValue) Type() string {
	if v.op == override.Unset {
		return "PATH"
	}
	return "PATH=VALUE"
}

// String implements pflag.Value. There is no default to show.
func (v *editValue) String() string { return "" }

// any reports whether anything is to differ.
func (e *editFlags) any() bool { return len(e.edits) > 0 || e.data != "" || e.edit }

// apply returns the body as it is to be, and whether that is another one: --data first,
// then --set, --add and --unset as they were typed, then the editor. Either all of it can
// be done, or nothing is: what can't is a usage error. An errCancelled says that the
// editor was left without a change.
func (e *editFlags) apply(ctx context.Context, a *app, body []byte) (result []byte, changed bool, err error) {
	if e.data == "-" && e.edit {
		return nil, false, usageErrorf("--data - and --edit: both want standard input; write the data into a file, and give --data @FILE")
	}
	result = body
	if e.data != "" {
		if result, err = e.withData(a, result); err != nil {
			return nil, false, err
		}
	}
	if result, err = override.Apply(result, e.edits); err != nil {
		return nil, false, usageErrorf("--%w", err)
	}
	if e.edit {
		if result, err = a.editJSON(ctx, result); err != nil {
			return nil, false, err
		}
	}
	return result, !bytes.Equal(body, result), nil
}

// withData puts --data into the body.
func (e *editFlags) withData(a *app, body []byte) ([]byte, error) {
	data, err := e.readData(a)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, usageErrorf("--data %s: that is not JSON: %w; @FILE reads a file", e.data, err)
	}
	if isWholeEvent(data) {
		return nil, usageErrorf(`--data %s: that is a whole event, and --data takes what is to stand under its "data"; solatis fixture save NAME FILE keeps a whole event for solatis trigger NAME`, e.data)
	}
	set, err := override.Parse(override.Add, "data="+compact.String())
	if err == nil {
		body, err = override.Apply(body, []override.Edit{set})
	}
	if err != nil {
		return nil, usageErrorf("--data %s: %w", e.data, err)
	}
	return body, nil
}

// isWholeEvent reports whether data is an envelope of its own rather than what one holds.
func isWholeEvent(data []byte) bool {
	envelope, err := event.Parse(data)
	if err != nil || envelope.Data == nil {
		return false
	}
	_, err = catalog.Lookup(envelope.Type)
	return err == nil || event.IsID(event.EventPrefix, envelope.ID)
}

// readData reads what --data names.
func (e *editFlags) readData(a *app) ([]byte, error) {
	var data []byte
	var err error
	switch path, isFile := strings.CutPrefix(e.data, "@"); {
	case e.data == "-":
		data, err = io.ReadAll(io.LimitReader(a.streams.In, maxInput+1))
	case isFile:
		data, err = readInput(path)
	default:
		return []byte(e.data), nil
	}
	switch {
	case err != nil:
		return nil, usageErrorf("--data %s: %w", e.data, err)
	case len(data) > maxInput:
		return nil, usageErrorf("--data %s: it is over %d MiB, which no webhook is", e.data, maxInput>>20)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// maxInput bounds what is read as a body, in bytes. It is the relay's limit of a request.
const maxInput = 32 << 20

// readInput reads a file up to one byte more than maxInput.
func readInput(path string) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer closing(&err, f.Close)
	return io.ReadAll(io.LimitReader(f, maxInput+1))
}

// errCancelled says that the developer left the editor without a change.
var errCancelled = errors.New("cancelled")

func cancelledBecause(why string) error { return fmt.Errorf("%w: %s", errCancelled, why) }
