package signature

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A writer of JSON writes a parsed body as one of the languages does that people handle
// webhooks in. The differences are in the blanks, in what is escaped, in how a number
// looks, and in the order of keys.
type writer struct {
	name   string // as in "written again by …"
	indent string // "" for one line
	comma  string // between members on one line
	colon  string
	ascii  bool // all beyond ASCII is escaped
	sorted bool
	script bool // numbers and the order of keys are those of JavaScript, else of Python
}

// The writers, the likeliest first.
var writers = []writer{
	{name: "JavaScript's JSON.stringify", comma: ",", colon: ":", script: true},
	{name: "Python's json.dumps", comma: ", ", colon: ": ", ascii: true},
	{name: "Python's json.dumps with ensure_ascii=False", comma: ", ", colon: ": "},
	{name: "Python's json.dumps with separators=(',', ':')", comma: ",", colon: ":", ascii: true},
	{name: "Python's json.dumps with separators=(',', ':') and ensure_ascii=False", comma: ",", colon: ":"},
	{name: "Python's json.dumps with sort_keys=True", comma: ", ", colon: ": ", ascii: true, sorted: true},
	{name: "Python's json.dumps with sort_keys=True and separators=(',', ':')", comma: ",", colon: ":", ascii: true, sorted: true},
	{name: "a writer of compact JSON with sorted keys", comma: ",", colon: ":", sorted: true, script: true},
	{name: "a writer of JSON with sorted keys and blanks", comma: ", ", colon: ": ", sorted: true},
	{name: "JSON.stringify with an indent of 2", indent: "  ", comma: ",", colon: ": ", script: true},
	{name: "JSON.stringify with an indent of 4", indent: "    ", comma: ",", colon: ": ", script: true},
	{name: "JSON.stringify with tabs", indent: "\t", comma: ",", colon: ": ", script: true},
	{name: "Python's json.dumps with indent=2", indent: "  ", comma: ",", colon: ": ", ascii: true},
	{name: "Python's json.dumps with indent=4", indent: "    ", comma: ",", colon: ": ", ascii: true},
	{name: "Python's json.dumps with indent=2 and sort_keys=True", indent: "  ", comma: ",", colon: ": ", ascii: true, sorted: true},
}

// goWriter is encoding/json over a map.
const goWriter = "Go's json.Marshal of a map"

// node is a JSON value with all that some writer keeps of it.
type node struct {
	kind   byte   // '{', '[', '"', '0' for a number, else the first letter of the literal
	text   string // of a number or a literal
	runes  []rune // of a string; lone surrogates stand as themselves
	keys   [][]rune
	values []*node
	raw    []byte // as it came
}

// maxDepth bounds what is written again, far beyond what any webhook has.
const maxDepth = 200

var errTooDeep = errors.New("nested too deep")

// parseJSON reads a whole JSON text. Of several members with one key the last counts, at
// the place of the first, as in JavaScript and Python.
func parseJSON(body []byte) (*node, error) {
	if !json.Valid(body) {
		return nil, errors.New("not JSON")
	}
	p := parser{text: body}
	return p.value(0)
}

// parser reads valid JSON.
type parser struct {
	text []byte
	at   int
}

func (p *parser) blanks() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	p.blanks()
	begin := p.at
	n, err := p.bare(depth)
	if err == nil {
		n.raw = p.text[begin:p.at]
	}
	return n, err
}

// bare reads a value at its first byte.
func (p *parser) bare(depth int) (*node, error) {
	switch c := p.text[p.at]; {
	case c == '{' || c == '[':
		return p.members(c, depth)
	case c == '"':
		return &node{kind: '"', runes: p.string()}, nil
	default:
		begin := p.at
		for p.at < len(p.text) && strings.IndexByte(" \t\r\n,]}", p.text[p.at]) < 0 {
			p.at++
		}
		n := &node{kind: c, text: string(p.text[begin:p.at])}
		if c == '-' || '0' <= c && c <= '9' {
			n.kind = '0'
		}
		return n, nil
	}
}

func (p *parser) members(open byte, depth int) (*node, error) {
	n := &node{kind: open}
	place := make(map[string]int)
	p.at++
	for p.blanks(); p.text[p.at] != open+2; p.blanks() { // both closing ones follow two later
		if p.text[p.at] == ',' {
			p.at++
			p.blanks()
		}
		var key []rune
		if open == '{' {
			key = p.string()
			p.blanks()
			p.at++ // the colon
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if i, twice := place[keyOf(key)]; twice && open == '{' {
			n.values[i] = v
			continue
		}
		place[keyOf(key)] = len(n.values)
		n.keys, n.values = append(n.keys, key), append(n.values, v)
	}
	p.at++
	return n, nil
}

// keyOf is runes as a map's key, which keeps lone surrogates apart.
func keyOf(key []rune) string {
	var b strings.Builder
	for _, r := range key {
		b.WriteString(strconv.FormatInt(int64(r), 36))
		b.WriteByte(' ')
	}
	return b.String()
}

func (p *parser) string() []rune {
	runes := []rune{}
	for p.at++; p.text[p.at] != '"'; {
		if p.text[p.at] != '\\' {
			r, size := utf8.DecodeRune(p.text[p.at:])
			runes = append(runes, r)
			p.at += size
			continue
		}
		c := p.text[p.at+1]
		p.at += 2
		if c != 'u' {
			if i := strings.IndexByte("bfnrt", c); i >= 0 {
				c = "\b\f\n\r\t"[i]
			}
			runes = append(runes, rune(c))
			continue
		}
		code, _ := strconv.ParseUint(string(p.text[p.at:p.at+4]), 16, 32)
		p.at += 4
		r := rune(code)
		if last := len(runes) - 1; 0xdc00 <= r && r < 0xe000 && last >= 0 && 0xd800 <= runes[last] && runes[last] < 0xdc00 {
			runes[last] = (runes[last]-0xd800)<<10 + (r - 0xdc00) + 0x10000
			continue
		}
		runes = append(runes, r)
	}
	p.at++
	return runes
}

// write returns n as the writer writes it.
func (w writer) write(n *node) []byte {
	var b bytes.Buffer
	w.append(&b, n, "\n")
	return b.Bytes()
}

// append writes n; line is a line's end and the indent that n stands at.
func (w writer) append(b *bytes.Buffer, n *node, line string) {
	switch n.kind {
	case '{', '[':
		w.members(b, n, line)
	case '"':
		w.string(b, n.runes)
	case '0':
		if w.script {
			b.WriteString(scriptNumber(n.text))
		} else {
			b.WriteString(pythonNumber(n.text))
		}
	default:
		b.WriteString(n.text)
	}
}

func (w writer) members(b *bytes.Buffer, n *node, line string) {
	b.WriteByte(n.kind)
	inner := line + w.indent
	for i, k := range w.order(n) {
		if i > 0 {
			b.WriteString(w.comma)
		}
		if w.indent != "" {
			b.WriteString(inner)
		}
		if n.kind == '{' {
			w.string(b, n.keys[k])
			b.WriteString(w.colon)
		}
		w.append(b, n.values[k], inner)
	}
	if w.indent != "" && len(n.values) > 0 {
		b.WriteString(line)
	}
	b.WriteByte(n.kind + 2)
}

// order returns the indexes of a node's members as they are written. JavaScript has keys
// that are indexes of an array before all others.
func (w writer) order(n *node) []int {
	order := make([]int, len(n.values))
	for i := range order {
		order[i] = i
	}
	if n.kind != '{' {
		return order
	}
	if w.sorted {
		slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(n.keys[a], n.keys[b]) })
	}
	if w.script && !w.sorted {
		slices.SortStableFunc(order, func(a, b int) int {
			x, xIndex := arrayIndex(n.keys[a])
			y, yIndex := arrayIndex(n.keys[b])
			switch {
			case xIndex && yIndex:
				return int(x - y)
			case xIndex:
				return -1
			case yIndex:
				return 1
			}
			return 0
		})
	}
	return order
}

func arrayIndex(key []rune) (int64, bool) {
	text := string(key)
	n, err := strconv.ParseUint(text, 10, 32)
	return int64(n), err == nil && n < math.MaxUint32 && strconv.FormatUint(n, 10) == text
}

func (w writer) string(b *bytes.Buffer, runes []rune) {
	b.WriteByte('"')
	for _, r := range runes {
		short := strings.IndexRune("\"\\\b\f\n\r\t", r)
		switch {
		case short >= 0 && r != utf8.RuneError:
			b.WriteByte('\\')
			b.WriteByte(`"\bfnrt`[short])
		case r < ' ', w.ascii && (r == 0x7f || 0x80 <= r && r <= 0xffff), 0xd800 <= r && r < 0xe000:
			b.WriteString(escape(r))
		case w.ascii && r > 0xffff:
			b.WriteString(escape(0xd800 + (r-0x10000)>>10))
			b.WriteString(escape(0xdc00 + (r-0x10000)&0x3ff))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

func escape(r rune) string {
	const digits = "0123456789abcdef"
	return string([]byte{'\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15]})
}

// scriptNumber is a number as JavaScript prints it, which knows floats alone (ECMA-262,
// Number::toString).
func scriptNumber(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil && math.IsInf(f, 0):
		return "null"
	case f == 0:
		return "0"
	}
	b, _ := json.Marshal(f) // encoding/json has that format
	return string(b)
}

// pythonNumber is a number as Python prints it: integers of any length as they are, floats
// by repr.
func pythonNumber(text string) string {
	if !strings.ContainsAny(text, ".eE") {
		if text == "-0" {
			return "0"
		}
		return text
	}
	f, _ := strconv.ParseFloat(text, 64)
	if math.IsInf(f, 0) {
		if f < 0 {
			return "-Infinity"
		}
		return "Infinity"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	exponent, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if exponent < -4 || exponent >= 16 {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// goMarshal is the body as encoding/json writes it from a map.
func goMarshal(body []byte) []byte {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	b, _ := json.Marshal(v)
	return b
}
