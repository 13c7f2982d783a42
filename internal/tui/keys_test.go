package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

func selectedID(d *driver) string {
	row, _ := d.list.current()
	return row.ID()
}

// few is a view of three deliveries, at 80×24.
func few(t *testing.T) *driver {
	s := newShelf(t)
	for _, name := range []string{"document.analyzed", "task.created", "task.updated"} {
		s.add(entry{eventType: name, ago: time.Minute, outcomes: []delivery.Outcome{ok(7)}})
	}
	return open(t, s, &ready, 80, 24)
}

// TestKeysOfTheList says for each key what it does there.
func TestKeysOfTheList(t *testing.T) {
	for _, c := range []struct {
		keys string
		want func(*driver) bool
	}{
		{"k", func(d *driver) bool { return selectedID(d) == "dlv_0002" && !d.list.following }},
		{"up up up up", func(d *driver) bool { return selectedID(d) == "dlv_0001" }},
		{"k k j", func(d *driver) bool { return selectedID(d) == "dlv_0002" }},
		{"k down down", func(d *driver) bool { return selectedID(d) == "dlv_0003" && !d.list.following }},
		{"pgup", func(d *driver) bool { return selectedID(d) == "dlv_0001" }},
		{"b", func(d *driver) bool { return selectedID(d) == "dlv_0001" }},
		{"g pgdown", func(d *driver) bool { return selectedID(d) == "dlv_0003" }},
		{"g space", func(d *driver) bool { return selectedID(d) == "dlv_0003" }},
		{"home", func(d *driver) bool { return selectedID(d) == "dlv_0001" && !d.list.following }},
		{"g G", func(d *driver) bool { return selectedID(d) == "dlv_0003" && d.list.following }},
		{"g end", func(d *driver) bool { return selectedID(d) == "dlv_0003" && d.list.following }},
		{"enter", func(d *driver) bool { return d.where == onDetail && d.detail.request == "req_0003" }},
		{"k l", func(d *driver) bool { return d.where == onDetail && d.detail.request == "req_0002" }},
		{"right", func(d *driver) bool { return d.where == onDetail }},
		{"/", func(d *driver) bool { return d.bar != nil && !d.bar.search }},
		{"/ x esc", func(d *driver) bool { return d.bar == nil && d.filters.text == "" && len(d.list.rows) == 3 }},
		{"r", func(d *driver) bool { return slices.Equal(d.acts, []string{"replay req_0003"}) }},
		{"k r", func(d *driver) bool { return slices.Equal(d.acts, []string{"replay req_0002"}) }},
		{"e", func(d *driver) bool { return d.editors == 1 }},
		{"t", func(d *driver) bool { _, is := d.overlay.(*picker); return is }},
		{"p", func(d *driver) bool { return slices.Equal(d.acts, []string{"pause true"}) && !d.pausing }},
		{"E", func(d *driver) bool { return slices.Equal(d.acts, []string{"enable " + appURL}) }},
		{"c", func(d *driver) bool { return d.clipboard == "curl req_0003" }},
		{"u", func(d *driver) bool { return d.clipboard == ready.URL }},
		{"y i", func(d *driver) bool { return d.clipboard == "evt_0003" && d.overlay == nil }},
		{"y b", func(d *driver) bool { return strings.HasPrefix(d.clipboard, `{"id":"evt_0003"`) }},
		{"y u", func(d *driver) bool { return d.clipboard == ready.URL }},
		{"y esc", func(d *driver) bool { return d.clipboard == "" && d.overlay == nil }},
		{"x", func(d *driver) bool { return d.marked == "req_0003" }},
		{"x x", func(d *driver) bool { return d.marked == "" }},
		{"x k x", func(d *driver) bool { return d.marked == "req_0002" }},
		{"s", func(d *driver) bool { p, is := d.overlay.(*prompt); return is && p.value() == "evt_0003.json" }},
		{"i", func(d *driver) bool { return strings.Contains(d.text(), "version       1.2.3") }},
		{"?", func(d *driver) bool {
			return strings.Contains(d.text(), "replay: send it once more") || d.overlay != nil
		}},
		{"? j z", func(d *driver) bool { return d.overlay == nil }},
		{"ctrl+z", func(d *driver) bool { return d.suspended }},
		{"q", func(d *driver) bool { return d.quitted }},
		{"ctrl+c", func(d *driver) bool { return d.quitted }},
		{"esc", func(d *driver) bool { return !d.quitted && d.overlay == nil }},
		{"enter alt+t", func(d *driver) bool { _, is := d.overlay.(*picker); return is && d.where == onList }},
		{"alt+enter", func(d *driver) bool { return d.where == onDetail }},
		{"w", func(d *driver) bool { return !d.quitted && d.list.following && len(d.acts) == 0 }},
	} {
		t.Run(c.keys, func(t *testing.T) {
			d := few(t)
			d.press(strings.Fields(c.keys)...)
			if !c.want(d) {
				t.Errorf("it did something else: acts %q, selected %s\n%s", d.acts, selectedID(d), d.text())
			}
		})
	}
}

// TestKeysOfADelivery says for each key what it does in an open one.
func TestKeysOfADelivery(t *testing.T) {
	for _, c := range []struct {
		keys string
		want func(*driver) bool
	}{
		{"esc", func(d *driver) bool { return d.where == onList && d.detail.request == "" }},
		{"backspace", func(d *driver) bool { return d.where == onList }},
		{"tab", func(d *driver) bool { return d.detail.tab == tabRequest }},
		{"l right", func(d *driver) bool { return d.detail.tab == tabResponse }},
		{"h", func(d *driver) bool { return d.detail.tab == tabDiff }},
		{"left shift+tab", func(d *driver) bool { return d.detail.tab == tabSignature }},
		{"4", func(d *driver) bool { return d.detail.tab == tabAttempts }},
		{"f", func(d *driver) bool { return d.detail.form == formRaw }},
		{"f f", func(d *driver) bool { return d.detail.form == formHex }},
		{"f f f", func(d *driver) bool { return d.detail.form == formPretty }},
		{"/ d o c enter", func(d *driver) bool { return len(d.detail.page().matches) == 0 && d.bar == nil }},
		{"/ t a s k enter", func(d *driver) bool { return len(d.detail.page().matches) == 1 }},
		{"/ t a enter n", func(d *driver) bool { return d.detail.page().current == 1 }},
		{"/ t a enter N", func(d *driver) bool { return d.detail.page().current == 1 }},
		{"/ t a enter n n", func(d *driver) bool { return d.detail.page().current == 0 }},
		{"/ t a enter esc", func(d *driver) bool { return d.detail.page().pattern == "" && d.where == onDetail }},
		{"/ t a esc", func(d *driver) bool { return d.detail.page().pattern == "" && d.where == onDetail }},
		{"K", func(d *driver) bool { return d.detail.request == "req_0002" && d.where == onDetail }},
		{"[ [", func(d *driver) bool { return d.detail.request == "req_0001" }},
		{"K J", func(d *driver) bool { return d.detail.request == "req_0003" }},
		{"[ ]", func(d *driver) bool { return d.detail.request == "req_0003" }},
		{"K r", func(d *driver) bool { return slices.Equal(d.acts, []string{"replay req_0002"}) }},
		{"x", func(d *driver) bool { return d.marked == "req_0003" }},
		{"q", func(d *driver) bool { return d.quitted }},
	} {
		t.Run(c.keys, func(t *testing.T) {
			d := few(t)
			d.press("enter")
			d.press(strings.Fields(c.keys)...)
			if !c.want(d) {
				t.Errorf("it did something else: acts %q, tab %d\n%s", d.acts, d.detail.tab, d.text())
			}
		})
	}
}

// TestScrollingADelivery needs one that is longer than the screen.
func TestScrollingADelivery(t *testing.T) {
	s := newShelf(t)
	s.add(entry{eventType: "task.created", body: `[` + strings.Repeat(`1,`, 99) + `1]`, ago: time.Minute})
	d := open(t, s, &ready, 80, 24)
	d.press("enter")
	height := d.detail.height
	for _, c := range []struct {
		key string
		top int
	}{
		{"down", 1}, {"j", 2}, {"k", 1}, {"up", 0}, {"up", 0}, {"pgdown", height}, {"space", 2 * height},
		{"pgup", height}, {"b", 0}, {"G", 102 - height}, {"j", 102 - height}, {"g", 0}, {"end", 102 - height}, {"home", 0},
	} {
		d.press(c.key)
		if got := d.detail.page().top; got != c.top {
			t.Errorf("after %s the first row is %d, want %d", c.key, got, c.top)
		}
	}
}

// TestWhatCannotBeDoneIsNotOffered opens a view that can do nothing but look.
func TestWhatCannotBeDoneIsNotOffered(t *testing.T) {
	s := newShelf(t)
	s.add(entry{eventType: "task.created", ago: time.Minute})
	d := open(t, s, nil, 80, 50)
	before := d.text()
	d.press("r", "e", "t", "p", "E", "c", "u")
	if after := d.text(); after != before || d.overlay != nil {
		t.Errorf("a key of what can't be done did something:\n%s", after)
	}
	d.press("?")
	for _, what := range []string{"replay", "$EDITOR", "trigger", "pause", "disabled target", "curl", "session's URL"} {
		if strings.Contains(d.text(), what) {
			t.Errorf("help offers %q:\n%s", what, d.text())
		}
	}
	d.shows("mark, to compare", "save the body")
}

// TestHelpNamesEveryKey holds the groups of the help to the key map's fields.
func TestHelpNamesEveryKey(t *testing.T) {
	k := allKeys()
	named := make(map[string]bool)
	for _, g := range k.groups() {
		for _, b := range g.keys {
			named[b.Help().Desc] = true
		}
	}
	fields := strings.Count(fmt.Sprintf("%+v", k), "keys:[")
	if len(named) != fields {
		t.Errorf("the help has %d keys, and the key map %d", len(named), fields)
	}
}

func TestSavingABody(t *testing.T) {
	d := few(t)
	d.config.Dir = t.TempDir()
	path := filepath.Join(d.config.Dir, "evt_0003.json")
	d.press("s", "enter")
	d.shows("✓ saved 124 bytes to")
	body, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(body), `{"id":"evt_0003"`) {
		t.Fatalf("%q, %v", body, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.press("s", "enter")
	d.shows("There is such a file")
	d.press("n")
	if body, _ := os.ReadFile(path); string(body) != "mine" {
		t.Errorf("the file was written over: %q", body)
	}
	d.press("s", "enter", "y")
	if got, _ := os.ReadFile(path); string(got) != string(body) {
		t.Errorf("after yes it is %q", got)
	}
	d.press("s", "ctrl+u")
	d.typed("missing/x")
	d.press("enter")
	d.shows("✗ not saved: ", "s asks for another name")
	d.press("s", "ctrl+u", "enter")
	if d.overlay != nil {
		t.Error("an empty name keeps asking")
	}
}

func TestALargeBodyIsNotCopied(t *testing.T) {
	s := newShelf(t)
	s.add(entry{eventType: "task.created", body: strings.Repeat("x", maxClipboard+1), ago: time.Minute})
	d := open(t, s, &ready, 120, 24)
	d.press("y", "b")
	d.shows("✗ the body is too long for the clipboard (72.3 KiB); s saves the body to a file")
	if d.clipboard != "" {
		t.Error("it was copied")
	}
}

func TestQuittingAsksWhileTheAppAnswers(t *testing.T) {
	under := func(at time.Time) updatesMsg {
		return updatesMsg{updates: []activity.Update{activity.Received{Request: "req_9", Disposition: activity.Forward, At: at}}}
	}
	d := few(t)
	d.send(under(noon))
	d.press("q")
	if d.quitted {
		t.Fatal("it did not ask")
	}
	d.press("n", "q", "esc")
	if d.quitted {
		t.Fatal("it quit though the answer was no")
	}
	d.press("q", "y")
	if !d.quitted {
		t.Error("it did not quit after yes")
	}
	d = few(t)
	d.send(under(noon))
	d.press("ctrl+c", "ctrl+c")
	if !d.quitted {
		t.Error("it did not quit after a second ^C")
	}
	d = few(t)
	d.send(under(noon))
	d.send(updatesMsg{updates: []activity.Update{activity.Attempted{Request: "req_9", Outcome: delivery.Answered, Status: 200, State: delivery.Succeeded}}})
	d.press("q")
	if !d.quitted {
		t.Error("it asked though all was answered")
	}
	d = few(t)
	d.send(under(noon.Add(-2 * unanswered)))
	d.press("q")
	if !d.quitted {
		t.Error("it asked for a request whose end it must have missed")
	}
}

func TestASmallScreen(t *testing.T) {
	d := few(t)
	for _, size := range [][2]int{{59, 24}, {80, 14}, {20, 2}, {1, 1}} {
		d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		d.text()
		d.press("r", "t", "enter")
		if len(d.acts) > 0 || d.overlay != nil || d.where != onList {
			t.Fatalf("a key did something unseen at %v", size)
		}
	}
	d.send(tea.WindowSizeMsg{Width: 59, Height: 20})
	d.shows("solatis needs 60×15 characters,", "and this window has 59×20.")
	d.press("q")
	if !d.quitted {
		t.Error("q did not quit")
	}
}

// TestKeysWithoutAnyDelivery presses every key on an empty list.
func TestKeysWithoutAnyDelivery(t *testing.T) {
	k := allKeys()
	for _, g := range k.groups() {
		for _, b := range g.keys {
			for _, name := range b.Keys() {
				d := open(t, newShelf(t), &ready, 80, 24)
				d.press(name, "esc")
				d.text()
			}
		}
	}
}
