package catalog

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocs holds docs/events.md up to date.
func TestDocs(t *testing.T) {
	golden(t, filepath.Join("..", "..", "docs", "events.md"), page())
}

const intro = `# Events

<!-- Made from internal/catalog: go generate ./internal/catalog -->

Solatis sends 13 types of event. Each body is a JSON object with the same four fields:

| field | |
|---|---|
| ` + "`id`" + ` | names the event, the same on every retry: drop an event whose id you have seen |
| ` + "`event`" + ` | its type, as in the table below |
| ` + "`created_at`" + ` | RFC 3339, in UTC |
| ` + "`data`" + ` | an object whose fields depend on the type |

The provider's guide shows the payloads of only two types. Those are marked **documented**
and follow it field for field; only where it has an ellipsis (obligations, segments, the
ends of long texts) the content is ours. The other eleven are marked **inferred**: the
guide names the event and says in two or three words what it carries, and the fields are
our best guess from that and from the two that are shown. Read them leniently, and look
at a real event before you rely on a field. The schemas allow fields that they don't know.

    solatis trigger task.created              # send this sample
    solatis trigger task.created --seed 7     # varied data; the same seed gives the same data
    solatis trigger task.created --print      # show the body instead of sending it
    solatis events schema task.created        # its JSON Schema
    solatis types --lang typescript           # all of them as types for a handler
`

// page returns docs/events.md.
func page() []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	b.WriteString("\n| event | fired when | payload |\n|---|---|---|\n")
	for _, typ := range types {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", typ.Name, anchor(typ.Name), typ.Fired, typ.Source)
	}
	family := ""
	for _, typ := range types {
		if typ.Family != family {
			family = typ.Family
			fmt.Fprintf(&b, "\n## %s events\n", family)
		}
		fmt.Fprintf(&b, "\n### %s\n\nFired when %s. Payload **%s**; [schema](../internal/catalog/schemas/%s.json).\n\n```json\n%s```\n",
			typ.Name, typ.Fired, typ.Source, typ.Name, typ.Sample())
	}
	return b.Bytes()
}

// anchor returns the fragment that renderers of Markdown give to a heading: without its
// dot.
func anchor(heading string) string { return strings.ReplaceAll(heading, ".", "") }
