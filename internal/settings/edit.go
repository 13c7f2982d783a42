package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// item is a key with its value, or a table's header, as it stands in the text.
type item struct {
	path       []string // with the table's, for a key that stands below a header
	header     bool
	start, end int // its whole lines
	key        span
	value      span // of a key
}

// span is a stretch of the text, in bytes.
type span struct{ start, end int }

// scan finds the items of a text that is valid TOML, in order. Comments and blank lines
// lie between them.
func scan(text []byte) []item {
	var parser unstable.Parser
	parser.Reset(text)
	var items []item
	var table []string
	for parser.NextExpression() {
		node := parser.Expression()
		name, key := keyOf(node)
		it := item{path: name, header: true, key: key}
		if node.Kind == unstable.KeyValue {
			it.path, it.header = append(slices.Clone(table), name...), false
			it.value = valueOf(text, node, key)
		} else {
			table = name
		}
		it.start = bytes.LastIndexByte(text[:key.start], '\n') + 1
		it.end = lineEnd(text, max(key.end, it.value.end))
		items = append(items, it)
	}
	return items
}

func keyOf(node *unstable.Node) (name []string, at span) {
	for k := node.Key(); k.Next(); {
		raw := k.Node().Raw
		if name == nil {
			at.start = int(raw.Offset)
		}
		at.end = int(raw.Offset + raw.Length)
		name = append(name, string(k.Node().Data))
	}
	return name, at
}

// valueOf is where the value stands: behind the equals sign that follows the key.
func valueOf(text []byte, node *unstable.Node, key span) span {
	start := key.end + bytes.IndexByte(text[key.end:], '=') + 1
	start += len(text[start:]) - len(bytes.TrimLeft(text[start:], " \t"))
	return span{start, int(node.Raw.Offset + node.Raw.Length)}
}

// lineEnd is the offset behind the line break that follows at.
func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(text)
}

// set gives a key of a table the value that literal writes. An empty table means the top
// of the file. change is what it does to the content.
func (d document) set(table []string, key, literal string, change func(*content)) (document, error) {
	text, items := d.text, scan(d.text)
	if len(text) == 0 {
		text = fmt.Appendf(nil, "config_version = %d\n", version)
		items = scan(text)
	}
	path := append(slices.Clone(table), key)
	line := key + " = " + literal + "\n"
	if i := find(items, path, false); i >= 0 {
		text = splice(text, items[i].value, literal)
	} else if at, ok := behind(items, table); ok {
		text = insertLine(text, at, line)
	} else {
		text = insertLine(text, len(text), "\n["+strings.Join(table, ".")+"]\n"+line)
	}
	return d.become(text, change)
}

// unset takes the key's lines out. Comments above them stay: whose they are is not to be
// known.
func (d document) unset(table []string, key string, change func(*content)) (document, error) {
	text, items := d.text, scan(d.text)
	if i := find(items, append(slices.Clone(table), key), false); i >= 0 {
		text = splice(text, span{items[i].start, items[i].end}, "")
	}
	return d.become(text, change)
}

// drop takes a table out, from its header to its last key, with the blank line above.
func (d document) drop(table []string, change func(*content)) (document, error) {
	text, items := d.text, scan(d.text)
	if i := find(items, table, true); i >= 0 {
		end, _ := behind(items, table)
		start := items[i].start
		if bytes.HasSuffix(text[:start], []byte("\n\n")) {
			start--
		}
		text = splice(text, span{start, end}, "")
	}
	return d.become(text, change)
}

func find(items []item, path []string, header bool) int {
	return slices.IndexFunc(items, func(it item) bool { return it.header == header && slices.Equal(it.path, path) })
}

// behind is the offset after a table's last key, and whether there is such a table. That
// of the top of the file always is.
func behind(items []item, table []string) (at int, ok bool) {
	i := find(items, table, true)
	if i < 0 && len(table) > 0 {
		return 0, false
	}
	if i >= 0 {
		at = items[i].end
	}
	for _, it := range items[i+1:] {
		if it.header {
			break
		}
		at = it.end
	}
	return at, true
}

func splice(text []byte, at span, replacement string) []byte {
	return slices.Concat(text[:at.start], []byte(replacement), text[at.end:])
}

// insertLine puts whole lines at the beginning of a line.
func insertLine(text []byte, at int, lines string) []byte {
	if at > 0 && text[at-1] != '\n' {
		lines = "\n" + lines
	}
	return splice(text, span{at, at}, lines)
}

// quote is s as a TOML string. JSON's escapes are all TOML's too.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string into a strings.Builder never fails
	return strings.TrimSuffix(b.String(), "\n")
}
