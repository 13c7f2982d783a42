package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

// foldedText is what a page shows, without the indents.
func foldedText(p *page) string {
	var b strings.Builder
	for _, r := range p.rows {
		b.WriteString(strings.TrimLeft(r.text.text(), " ") + "\n")
	}
	return b.String()
}

// speech opens a delivery with JSON of three levels.
func speech(t *testing.T) *driver {
	s := newShelf(t)
	s.add(entry{eventType: "task.created", ago: time.Minute, body: `{"id":"evt_1","data":{"speakers":[{"name":"Ann"},{"name":"Ben"}],"tags":[]},"last":true}`})
	d := open(t, s, &ready, 80, 24)
	d.press("enter")
	return d
}

// TestFoldingJSON says for each key what is seen then.
func TestFoldingJSON(t *testing.T) {
	const (
		open   = "{\n\"id\": \"evt_1\",\n\"data\": {\n\"speakers\": [\n{\n\"name\": \"Ann\"\n},\n{\n\"name\": \"Ben\"\n}\n],\n\"tags\": []\n},\n\"last\": true\n}\n"
		names  = "{\n\"id\": \"evt_1\",\n\"data\": {\n\"speakers\": [\n{ … 1 },\n{ … 1 }\n],\n\"tags\": []\n},\n\"last\": true\n}\n"
		people = "{\n\"id\": \"evt_1\",\n\"data\": {\n\"speakers\": [ … 2 ],\n\"tags\": []\n},\n\"last\": true\n}\n"
		data   = "{\n\"id\": \"evt_1\",\n\"data\": { … 2 },\n\"last\": true\n}\n"
		ben    = "{\n\"id\": \"evt_1\",\n\"data\": {\n\"speakers\": [\n{ … 1 },\n{\n\"name\": \"Ben\"\n}\n],\n\"tags\": []\n},\n\"last\": true\n}\n"
	)
	for keys, want := range map[string]string{
		"-":                   names,
		"- -":                 people,
		"- - -":               data,
		"- - - - -":           data, // the whole stays
		"- - - +":             people,
		"- - - = +":           names,
		"- - - + + +":         open,
		"+":                   open,
		"z":                   data,
		"z z":                 open,
		"- - - / B e n enter": ben, // what is found is unfolded, and what hides it
		"/ s p e a enter z":   people,
		"/ A n n enter z":     ben,
		"z - f f f":           open, // other lines, and back
		"2 - z +":             "",   // no JSON
	} {
		t.Run(keys, func(t *testing.T) {
			d := speech(t)
			d.press(strings.Fields(keys)...)
			if got := foldedText(d.detail.page()); got != want && want != "" {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestFoldsStay when the delivery is read again, and when its tab was left; a search that is
// on opens none of them.
func TestFoldsStay(t *testing.T) {
	for _, keys := range []string{"- -", "/ B e n enter z", "/ name enter n - - -"} {
		d := speech(t)
		d.press(strings.Fields(keys)...)
		want := foldedText(d.detail.page())
		d.press("x", "2", "1") // a mark reads it again
		if got := foldedText(d.detail.page()); got != want || !strings.Contains(got, "…") {
			t.Errorf("after %s got\n%s\nwant\n%s", keys, got, want)
		}
	}
}

// TestAReadingStaysWhereItIs when the delivery is read again.
func TestAReadingStaysWhereItIs(t *testing.T) {
	s := newShelf(t)
	s.add(entry{eventType: "task.created", body: `[` + strings.Repeat(`1,`, 99) + `1]`, ago: time.Minute})
	d := open(t, s, &ready, 80, 24)
	d.press("enter", "pgdown", "pgdown", "j")
	want := d.detail.page().top
	d.press("x")
	if got := d.detail.page().top; got != want || want == 0 {
		t.Errorf("the first row is %d, and was %d", got, want)
	}
}

// TestFoldingActsOnWhatIsSeen: not on a place that was found and is hidden, or elsewhere.
func TestFoldingActsOnWhatIsSeen(t *testing.T) {
	d := speech(t)
	d.press(strings.Fields("/ B e n enter - - - z")...)
	d.shows(`"speakers": [ … 2 ],`) // what hid it is open, and all else as it was
	s := newShelf(t)
	s.add(entry{eventType: "task.created", body: `{"a":{"x":1},"b":[` + strings.Repeat(`1,`, 99) + `1],"c":{"y":1}}`, ago: time.Minute})
	d = open(t, s, &ready, 80, 24)
	d.press(strings.Fields("enter / x enter G z")...)
	d.shows(`"c": { … 1 }`)
	d.press("g")
	d.shows(`"x": 1`)
}

// TestFoldsHideNothingElse: whatever is folded, each line is seen or in a closed fold, in
// order, and all of them are there again when all is open.
func TestFoldsHideNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := someJSON(4).Draw(t, "json")
		all, folds := prettyJSON(text)
		p := newPage(all)
		p.folds = folds
		p.layOut(rapid.IntRange(10, 80).Draw(t, "width"), ansi.WcWidth)
		open := foldedText(&p)
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				p.closeLevel()
			case 1:
				p.openLevel()
			case 2:
				p.toggle(10)
			case 3:
				p.toggleLine(rapid.IntRange(0, 10).Draw(t, "row"))
			case 4:
				p.scroll(rapid.IntRange(-5, 5).Draw(t, "by"), 5)
			}
			p.scroll(0, 5)
			seen := make([]bool, len(all))
			for _, r := range p.rows {
				seen[r.line] = true
			}
			for _, f := range p.folds {
				if f.to <= f.from || f.to >= len(all) {
					t.Fatalf("the fold %+v of %d lines", f, len(all))
				}
				if f.closed {
					for i := f.from + 1; i <= f.to; i++ {
						seen[i] = true
					}
				}
			}
			if slices.Contains(seen, false) || !slices.IsSortedFunc(p.rows, func(a, b row) int { return a.line - b.line }) {
				t.Fatalf("of %d lines it shows\n%s", len(all), foldedText(&p))
			}
			if p.top < 0 || p.top > len(p.rows) {
				t.Fatalf("the top is %d of %d", p.top, len(p.rows))
			}
		}
		for range 10 {
			p.openLevel()
		}
		if got := foldedText(&p); got != open {
			t.Errorf("all open again:\n%s\nbefore:\n%s", got, open)
		}
	})
}

// TestAClickFolds what begins on the line that was clicked.
func TestAClickFolds(t *testing.T) {
	d := speech(t)
	x, y := d.find(`"speakers": [`)
	d.click(x, y)
	d.shows(`"speakers": [ … 2 ],`)
	d.click(x, y)
	d.shows(`"name": "Ben"`)
	d.root.where = onList
	d.click(x, y) // goes there, and does nothing else
	d.shows(`"name": "Ben"`)
}
