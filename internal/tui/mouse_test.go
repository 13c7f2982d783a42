package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func (d *driver) click(x, y int) { d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}) }

// find returns where a text stands on the screen.
func (d *driver) find(text string) (x, y int) {
	d.t.Helper()
	for y, row := range strings.Split(d.text(), "\n") {
		if at := strings.Index(row, text); at >= 0 {
			return d.look.width(row[:at]), y
		}
	}
	d.t.Fatalf("there is no %q:\n%s", text, d.text())
	return 0, 0
}

func TestClicking(t *testing.T) {
	for _, width := range []int{80, 120} {
		s := long(t, 60)
		s.add(entry{eventType: "document.shared", ago: 1})
		d := open(t, s, &ready, width, 24)
		d.press("k", "k", "k")
		x, y := d.find("document.shared")
		d.click(x, y)
		if got := selectedID(d); got != "dlv_0061" || d.where != onList {
			t.Fatalf("a click selected %s", got)
		}
		d.click(x, y)
		if d.where != onDetail || d.detail.request != "req_0061" {
			t.Fatalf("a click on the selected row opened %q", d.detail.request)
		}
		for _, tab := range []string{" Request ", " Response ", " Attempts ", " Diff "} {
			if width == 120 {
				break // there the names are numbers, of which more below
			}
			d.press("2")
			if tab != " Request " {
				x, y = d.find(tab)
				d.click(x+2, y)
			}
			if got := tabNames[d.detail.tab]; got != strings.TrimSpace(tab) {
				t.Errorf("a click on %s opened %s", tab, got)
			}
		}
		if width == 120 {
			d.press("1", "2", "5")
			x, y = d.find(" Diff")
			d.click(x+1, y)
			if d.detail.tab != tabDiff {
				t.Errorf("a click on Diff opened %s", tabNames[d.detail.tab])
			}
		}
		for _, at := range [][2]int{{0, 0}, {5, 23}, {0, 4}, {width - 1, 22}, {300, 300}} {
			d.click(at[0], at[1])
			d.text()
		}
	}
}

func TestTheWheel(t *testing.T) {
	d := open(t, long(t, 60), &ready, 120, 24)
	d.send(tea.MouseWheelMsg{X: 5, Y: 10, Button: tea.MouseWheelUp})
	if got := selectedID(d); got != "dlv_0057" {
		t.Errorf("the wheel went to %s", got)
	}
	d.press("enter", "f", "f") // in hex it is long enough
	d.send(tea.WindowSizeMsg{Width: 120, Height: 15})
	d.press("2")
	top := d.detail.page().top
	d.send(tea.MouseWheelMsg{X: 100, Y: 10, Button: tea.MouseWheelDown})
	d.send(tea.MouseWheelMsg{X: 100, Y: 10, Button: tea.MouseWheelUp})
	if d.detail.page().top != top || selectedID(d) != "dlv_0057" {
		t.Error("the wheel over the delivery moved something else")
	}
	d.press("t")
	d.send(tea.MouseWheelMsg{X: 5, Y: 10, Button: tea.MouseWheelUp})
	if selectedID(d) != "dlv_0057" {
		t.Error("the wheel moved what is behind an overlay")
	}
}
