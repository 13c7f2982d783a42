package tui

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

// someText draws text as it may come over the network.
func someText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(
			rapid.String(),
			rapid.SampledFrom([]string{"日本語", "👩‍👩‍👧", "e\u0301", " ", "a b", "\x1b[31m", "\u202e", "\x00", "\xff", "ليلى", "🇩🇪", "ﷺ", "\t", "\u200d"}),
		), 0, 12).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}

var methods = []ansi.Method{ansi.WcWidth, ansi.GraphemeWidth}

func TestWrappingKeepsEveryCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, m := rapid.IntRange(1, 40).Draw(t, "width"), rapid.SampledFrom(methods).Draw(t, "method")
		var l line
		for _, text := range rapid.SliceOfN(someText(), 0, 4).Draw(t, "texts") {
			l = append(l, say(kindPlain, text))
		}
		var all strings.Builder
		for _, part := range l.wrap(width, m) {
			all.WriteString(part.text())
			if w := cells(part.text(), m); w > max(width, 2) {
				t.Errorf("%q is %d cells wide, of %d", part.text(), w, width)
			}
		}
		if all.String() != l.text() {
			t.Errorf("%q became %q", l.text(), all.String())
		}
	})
}

func TestFittingIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		look := newLook(true, rapid.SampledFrom(methods).Draw(t, "method"))
		width := rapid.IntRange(0, 40).Draw(t, "width")
		text := say(kindGood, someText().Draw(t, "text"))
		for _, got := range []string{
			look.fit(text.text, width), look.right(text.text, width), look.draw(line{text, text}, width),
			look.sides(line{text}, line{text}, width), look.rule(line{text}, width),
			look.part(look.draw(line{text, text}, 60), 7, 7+width),
		} {
			if w := look.width(got); w != width {
				t.Errorf("%q is %d cells wide, not %d", got, w, width)
			}
		}
	})
}

// someJSON draws a JSON value as text, with numbers and white space of all kinds.
func someJSON(depth int) *rapid.Generator[string] {
	blank := rapid.SampledFrom([]string{"", "", " ", "\n\t"})
	scalar := rapid.OneOf(
		rapid.SampledFrom([]string{"1", "-0", "1.0", "1e2", "12345678901234567890123", "true", "false", "null", `""`, `"\u00e9\"\\"`, `"a,b:{[]}"`}),
		rapid.Custom(func(t *rapid.T) string {
			text, _ := json.Marshal(rapid.String().Draw(t, "string"))
			return string(text)
		}),
	)
	if depth == 0 {
		return scalar
	}
	return rapid.OneOf(scalar, rapid.Custom(func(t *rapid.T) string {
		open, end, keyed := "[", "]", false
		if rapid.Bool().Draw(t, "object") {
			open, end, keyed = "{", "}", true
		}
		var items []string
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			item := blank.Draw(t, "blank") + someJSON(depth-1).Draw(t, "value") + blank.Draw(t, "blank")
			if keyed {
				item = blank.Draw(t, "blank") + `"k"` + blank.Draw(t, "blank") + ":" + item
			}
			items = append(items, item)
		}
		return open + blank.Draw(t, "blank") + strings.Join(items, ",") + end
	}))
}

// TestPrettyJSONChangesNothingButWhiteSpace is what "order and number text preserved"
// means.
func TestPrettyJSONChangesNothingButWhiteSpace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := someJSON(4).Draw(t, "json")
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(text)); err != nil {
			t.Skip()
		}
		var got bytes.Buffer
		all, _ := prettyJSON(text)
		shown := joined(all)
		if err := json.Compact(&got, []byte(shown)); err != nil {
			// What doesn't show is escaped, and that isn't JSON.
			if say(kindPlain, text).text == text {
				t.Fatalf("%q became %q: %v", text, shown, err)
			}
			return
		}
		if got.String() != say(kindPlain, want.String()).text {
			t.Errorf("%q became %q", text, shown)
		}
	})
}

func TestPrettyJSON(t *testing.T) {
	all, folds := prettyJSON(`{"b":1.50,"a":{"x":[],"y":{}},"b":[1,{"c":"d"},null]}`)
	got := joined(all)
	want := `{
  "b": 1.50,
  "a": {
    "x": [],
    "y": {}
  },
  "b": [
    1,
    {
      "c": "d"
    },
    null
  ]
}
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if want := []fold{{0, 13, 0, 3, false}, {2, 5, 1, 2, false}, {6, 12, 1, 3, false}, {8, 10, 2, 1, false}}; !slices.Equal(folds, want) {
		t.Errorf("folds %+v", folds)
	}
}

func TestFormsOfBodies(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  string
		want  form
		is    form
		first string
		last  string
	}{
		{"nothing", "", formPretty, formPretty, "no body", "no body"},
		{"JSON", `[1]`, formPretty, formPretty, "[", "]"},
		{"JSON as it came", `[1]`, formRaw, formRaw, "[1]", "[1]"},
		{"JSON in hex", `[1]`, formHex, formHex, "00000000  5b 31 5d                                          [1]", "00000000  5b 31 5d                                          [1]"},
		{"text", "a\tb\r\nc\n", formPretty, formRaw, "a    b", "c"},
		{"a byte order mark", "\ufeff{}", formPretty, formRaw, `\ufeff{}`, `\ufeff{}`},
		{"a NUL", "a\x00b", formPretty, formHex, "00000000  61 00 62                                          a.b", "00000000  61 00 62                                          a.b"},
		{"not UTF-8", "a\xffb", formRaw, formHex, "00000000  61 ff 62                                          a.b", "00000000  61 ff 62                                          a.b"},
		{"too deep for JSON", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), formPretty, formRaw, strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), ""},
		{"deep", strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), formPretty, formPretty, "[", "]"},
		{"over a MiB", strings.Repeat("é", maxShownBytes), formRaw, formRaw, strings.Repeat("é", maxShownBytes/2), "… cut here: the whole has 2.0 MiB; s saves it to a file"},
		{"a character cut in two", "x" + strings.Repeat("é", maxShownBytes), formRaw, formRaw, "x" + strings.Repeat("é", maxShownBytes/2-1) + `\xc3`, "… cut here: the whole has 2.0 MiB; s saves it to a file"},
		{"many lines", "[" + strings.Repeat("1,", 30_000) + "1]", formPretty, formPretty, "[", "… cut here: the whole has 58.6 KiB; s saves it to a file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := textOf([]byte(c.body), c.want)
			all := text.lines
			if text.form != c.is {
				t.Fatalf("it is shown as %v, want %v", text.form, c.is)
			}
			if got := all[0].text(); got != c.first {
				t.Errorf("it begins with %.80q, want %.80q", got, c.first)
			}
			if got := all[len(all)-1].text(); c.last != "" && got != c.last {
				t.Errorf("it ends with %.80q, want %.80q", got, c.last)
			}
			if len(all) > maxShownLines+1 {
				t.Errorf("it has %d lines", len(all))
			}
		})
	}
}

func TestSearching(t *testing.T) {
	p := newPage(lines(kindPlain, strings.Repeat("nothing\n", 50)+"Needle and needle\n"+strings.Repeat("nothing\n", 50)+"NEEDLE é needle"))
	p.layOut(10, ansi.WcWidth)
	p.search("needle", 5)
	if len(p.matches) != 4 {
		t.Fatalf("found %v", p.matches)
	}
	seen := func(text string) bool {
		look := newLook(true, ansi.WcWidth)
		return strings.Contains(ansi.Strip(strings.Join(p.view(&look, 10, 5), "\n")), text)
	}
	if p.current != 0 || !seen("Needle") {
		t.Errorf("at %d, row %d", p.current, p.top)
	}
	p.next(-1, 5)
	if p.current != 3 || !seen("needle") {
		t.Errorf("before the first comes %d, row %d of %d", p.current, p.top, len(p.rows))
	}
	p.next(1, 5)
	if p.current != 0 {
		t.Errorf("behind the last comes %d", p.current)
	}
	p.search("nowhere", 5)
	p.next(1, 5)
	if len(p.matches) != 0 || foundText(&p) != "not found" {
		t.Errorf("found %v", p.matches)
	}
}

// TestHighlightingKeepsTheText searches for things in text of several spans.
func TestHighlightingKeepsTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l line
		for _, text := range rapid.SliceOfN(rapid.StringMatching("[aAbé ]{0,6}"), 1, 5).Draw(t, "texts") {
			l = append(l, say(kindGood, text))
		}
		p := newPage([]line{l})
		p.layOut(20, ansi.WcWidth)
		p.search(rapid.StringMatching("[aAbé]{1,3}").Draw(t, "pattern"), 5)
		found := 0
		marked := p.highlight(l)
		for _, s := range marked {
			if s.kind == kindFound {
				found += len(s.text)
			}
		}
		if marked.text() != l.text() {
			t.Fatalf("%q became %q", l.text(), marked.text())
		}
		if want := len(p.matches) * len(p.pattern); found != want {
			t.Errorf("%d bytes of %q are marked for %q, want %d", found, l.text(), p.pattern, want)
		}
	})
}

// TestWrappingAgainStaysAtTheSamePlace resizes a page that is scrolled.
func TestWrappingAgainStaysAtTheSamePlace(t *testing.T) {
	var text strings.Builder
	for i := range 200 {
		text.WriteString(strings.Repeat(string(rune('a'+i%26)), 1+i%70) + "\n")
	}
	p := newPage(lines(kindPlain, text.String()))
	p.layOut(80, ansi.WcWidth)
	p.scroll(120, 20)
	for _, width := range []int{11, 40, 200, 7, 80} {
		p.layOut(width, ansi.WcWidth)
		if got := p.rows[p.top].line; got != 120 {
			t.Errorf("at %d cells the first line seen is %d", width, got)
		}
	}
}

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{spanText(0), "0s"}, {spanText(1), "<1ms"}, {spanText(1_500_000), "1ms"}, {spanText(999_999_999), "999ms"},
		{spanText(1_950_000_000), "1.9s"}, {spanText(59_999_000_000), "59s"}, {spanText(61_000_000_000), "1m1s"},
		{spanText(3_661_000_000_000), "1h1m"}, {spanText(95_760_000_000_000), "1d2h"},
		{secondsText(-1), "now"}, {secondsText(1), "1s"}, {secondsText(1_000_000_001), "2s"}, {secondsText(59_500_000_000), "1m0s"},
		{bytesText(1), "1 byte"}, {bytesText(1023), "1023 bytes"}, {bytesText(1536), "1.5 KiB"}, {bytesText(32 << 20), "32.0 MiB"},
		{countText(0), "0"}, {countText(999), "999"}, {countText(1000), "1,000"}, {countText(1234567), "1,234,567"},
		{plural(1, "delivery"), "1 delivery"}, {plural(2000, "delivery"), "2,000 deliveries"}, {plural(0, "request"), "0 requests"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
