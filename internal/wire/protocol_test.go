package wire_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/wire"
	"github.com/solatis/solatis-cli/internal/wsconn"
)

// The tests of this file hold docs/protocol.md to the code. Neither is made from the
// other: both are read and compared, so that a change of one alone is seen.

// protocolDoc returns docs/protocol.md.
func protocolDoc(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// cddl returns the rules of the document's CDDL block, by name. Comments are kept, since
// the names of keys stand there.
func cddl(t *testing.T) map[string]string {
	t.Helper()
	_, block, found := strings.Cut(protocolDoc(t), "```cddl\n")
	block, _, ended := strings.Cut(block, "\n```")
	if !found || !ended {
		t.Fatal("docs/protocol.md has no CDDL block")
	}
	begins := regexp.MustCompile(`(?m)^([A-Za-z-]+) = `)
	rules := make(map[string]string)
	at := begins.FindAllStringSubmatchIndex(block, -1)
	for i, m := range at {
		end := len(block)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		name := block[m[2]:m[3]]
		if _, twice := rules[name]; twice {
			t.Errorf("the rule %q is there twice", name)
		}
		rules[name] = block[m[1]:end]
	}
	return rules
}

// source is this package as the compiler sees it: its types and constants.
func source(t *testing.T) *types.Scope {
	t.Helper()
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range []string{"wire.go", "codec.go"} {
		f, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	// Imports aren't resolved, which leaves errors, but not in what is asked for here.
	lenient := types.Config{Error: func(error) {}}
	pkg, _ := lenient.Check("wire", files, parsed, nil)
	return pkg.Scope()
}

// constants returns the string constants of a named type: its codes.
func constants(scope *types.Scope, typ string) []string {
	var values []string
	for _, name := range scope.Names() {
		c, ok := scope.Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		if named, ok := c.Type().(*types.Named); ok && named.Obj().Name() == typ {
			values = append(values, constant.StringVal(c.Val()))
		}
	}
	return values
}

func number(t *testing.T, scope *types.Scope, name string) int64 {
	t.Helper()
	c, ok := scope.Lookup(name).(*types.Const)
	if !ok {
		t.Fatalf("package wire has no constant %s", name)
	}
	n, exact := constant.Int64Val(c.Val())
	if !exact {
		t.Fatalf("%s is %v, not an integer", name, c.Val())
	}
	return n
}

// frameTypes returns the numbers of the frame types by the names of their structs.
func frameTypes(t *testing.T, scope *types.Scope) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, name := range scope.Names() {
		if frame, ok := strings.CutPrefix(name, "type"); ok {
			all[frame] = strconv.FormatInt(number(t, scope, name), 10)
		}
	}
	return all
}

func TestProtocolDocHasEveryFrameType(t *testing.T) {
	written := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^ +(\d+), (\w+) //`).FindAllStringSubmatch(cddl(t)["frame"], -1) {
		written[m[2]] = m[1]
	}
	spoken := frameTypes(t, source(t))
	if len(spoken) == 0 || !maps.Equal(written, spoken) {
		t.Errorf("docs/protocol.md has the frames %v, package wire %v", written, spoken)
	}
}

// cddlTypes says how a field's Go type is written, by what it is in Go. Where a frame's
// rule is narrower than its type, as with a seq that is never 0, a further form is allowed.
var cddlTypes = map[string][]string{
	"bool":                {"bool"},
	"int64":               {"int"},
	"uint":                {"uint", "100..999"},
	"uint64":              {"uint", "seq", "1..max-seq"},
	"string":              {"bytes", "bytes .size (1..max-message)", "bytes .size (1..128)"},
	"[]byte":              {"part"},
	"[]string":            {"strings"},
	"map[string][]string": {"header"},
	"wire.Mode":           {"mode"},
	"wire.Code":           {"code"},
}

func TestProtocolDocHasEveryKey(t *testing.T) {
	rules, scope := cddl(t), source(t)
	for frame := range frameTypes(t, scope) {
		struc, ok := scope.Lookup(frame).Type().Underlying().(*types.Struct)
		if !ok {
			t.Fatalf("%s is not a struct", frame)
		}
		var want []string
		for i := range struc.NumFields() {
			key, _, _ := strings.Cut(reflect.StructTag(struc.Tag(i)).Get("cbor"), ",")
			want = append(want, key+" "+struc.Field(i).Name())
		}
		var got []string
		for i, k := range keys(rules[frame]) {
			got = append(got, k.number+" "+k.name)
			if i >= struc.NumFields() {
				break
			}
			inGo := struc.Field(i).Type().String()
			if !slices.Contains(cddlTypes[inGo], k.typ) {
				t.Errorf("%s.%s is %q in docs/protocol.md and %s in package wire", frame, k.name, k.typ, inGo)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the keys %q in docs/protocol.md and %q in package wire", frame, got, want)
		}
		if !strings.Contains(rules[frame], "\n  * any => any\n") {
			t.Errorf("%s is closed to further keys in docs/protocol.md", frame)
		}
	}
}

// key is one line of a frame's rule.
type key struct{ number, typ, name string }

var keyLine = regexp.MustCompile(`(?m)^  (?:\? )?(\d+): (.+?), +; (\w+)(?::.*)?$`)

func keys(rule string) []key {
	var all []key
	for _, m := range keyLine.FindAllStringSubmatch(rule, -1) {
		all = append(all, key{m[1], m[2], m[3]})
	}
	return all
}

func TestProtocolDocHasEveryCodeAndMode(t *testing.T) {
	rules, scope := cddl(t), source(t)
	for rule, typ := range map[string]string{"code": "Code", "mode": "Mode"} {
		var written []string
		for _, m := range regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(rules[rule], -1) {
			written = append(written, m[1])
		}
		spoken := constants(scope, typ)
		slices.Sort(written)
		slices.Sort(spoken)
		if len(spoken) == 0 || !slices.Equal(written, spoken) {
			t.Errorf("docs/protocol.md has the %ss %q, package wire %q", rule, written, spoken)
		}
	}
}

// TestProtocolDocSaysWhenToComeBack holds the table of Goodbye's codes to Code.Final.
func TestProtocolDocSaysWhenToComeBack(t *testing.T) {
	doc := protocolDoc(t)
	for _, code := range constants(source(t), "Code") {
		row := regexp.MustCompile("(?m)^\\| `" + code + "` \\| .* \\| (yes|no)\\b[^|]*\\|$").FindStringSubmatch(doc)
		switch {
		case row == nil:
			t.Errorf("docs/protocol.md has no row for the code %q", code)
		case (row[1] == "no") != wire.Code(code).Final():
			t.Errorf("docs/protocol.md says %q to coming back after %q, and Final is %v", row[1], code, wire.Code(code).Final())
		}
	}
}

func TestProtocolDocHasTheLimits(t *testing.T) {
	rules, scope := cddl(t), source(t)
	for _, l := range []struct{ rule, written string }{
		{"max-seq", fmt.Sprintf("%d\n", number(t, scope, "MaxSeq"))},
		{"max-part", fmt.Sprintf("%d ", number(t, scope, "MaxPart"))},
		{"max-message", fmt.Sprintf("%d ", number(t, scope, "MaxMessage"))},
		{"header", fmt.Sprintf("{ *%d ", number(t, scope, "maxPairs"))},
		{"values", fmt.Sprintf("[ *%d ", number(t, scope, "maxItems"))},
		{"strings", fmt.Sprintf("[ *%d ", number(t, scope, "maxItems"))},
	} {
		if !strings.HasPrefix(rules[l.rule], l.written) {
			t.Errorf("the CDDL says %s = %q, where it should begin with %q", l.rule, rules[l.rule], l.written)
		}
	}
	doc := protocolDoc(t)
	for _, row := range []string{
		row("body in one frame", thousands(wire.MaxPart)+" bytes"),
		row("one websocket message", thousands(wire.MaxMessage)+" bytes"),
		row("header names in a frame; values of one name", thousands(number(t, scope, "maxPairs"))),
		row("nesting of CBOR", thousands(number(t, scope, "maxDepth"))),
		row("time for the websocket handshake, and for Hello", seconds(wsconn.HandshakeTimeout)),
		row("ping", seconds(wsconn.PingEvery)),
		row("silence after which a connection is dead", seconds(wsconn.DeadAfter)),
		row("in flight, unless the operator says otherwise", fmt.Sprintf("%s requests, %s bytes",
			thousands(int64(relay.DefaultInFlight.Requests)), thousands(relay.DefaultInFlight.Bytes))),
		row("body of a request, unless the operator says otherwise", thousands(relay.DefaultMaxBody)+" bytes"),
		row("body of a response", thousands(relay.MaxAnswer)+" bytes"),
		row("agents connected to one endpoint", fmt.Sprint(relay.MaxAgentsPerEndpoint)),
	} {
		if !strings.Contains(doc, row) {
			t.Errorf("docs/protocol.md has no line that begins with %q", row)
		}
	}
	if wsconn.MaxMessage != wire.MaxMessage {
		t.Errorf("wsconn reads messages of %d bytes, package wire says %d", wsconn.MaxMessage, wire.MaxMessage)
	}
}

// row is the beginning of a line of the table of limits.
func row(limit, value string) string { return "\n| " + limit + " | " + value + " |" }

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }

// thousands writes a number with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// TestProtocolDocHasTheNames looks for what a client has to know besides the frames.
func TestProtocolDocHasTheNames(t *testing.T) {
	doc := protocolDoc(t)
	for _, name := range []string{
		"GET " + wire.AgentPath + " HTTP/1.1\n",
		"`https://relay.example.com" + wire.EndpointPath + "ID`",
		fmt.Sprintf("\n| speaks up to %d | speaks %[1]d | Welcome with `Version` %[1]d |", wire.Version),
	} {
		if !strings.Contains(doc, name) {
			t.Errorf("docs/protocol.md has no %q", name)
		}
	}
}

// TestProtocolDocExamples encodes the frames of the examples, byte for byte.
func TestProtocolDocExamples(t *testing.T) {
	_, section, _ := strings.Cut(protocolDoc(t), "### Examples\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var examples [][]byte
	for _, block := range regexp.MustCompile(`(?:(?m:^    .*\n))+`).FindAllString(section, -1) {
		digits := regexp.MustCompile(`#.*|\s`).ReplaceAllString(block, "")
		example, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatalf("%v in the example\n%s", err, block)
		}
		examples = append(examples, example)
	}
	want := [][]wire.Frame{
		{&wire.Hello{Version: wire.Version, Software: "solatis/1", Agent: "laptop", Endpoint: "shop", Mode: wire.ModeRelay}},
		{&wire.Ack{Seq: 41}, &wire.Response{ID: "req_1", Status: 204}},
	}
	if len(examples) != len(want) {
		t.Fatalf("docs/protocol.md has %d examples, want %d", len(examples), len(want))
	}
	for i, frames := range want {
		var buf bytes.Buffer
		if err := wire.Encode(&buf, frames...); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(examples[i], buf.Bytes()) {
			t.Errorf("example %d is\n%x\nand its frames are written as\n%x", i+1, examples[i], buf.Bytes())
		}
	}
}
