package tui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
)

// sizes are the screens on which every state is seen.
var sizes = [][2]int{{60, 15}, {80, 24}, {120, 40}, {200, 50}}

// busy is what happens in a session before most states.
func busy(d *driver) {
	var all []activity.Update
	for i := range 20 {
		all = append(all, activity.Received{Request: fmt.Sprint("req_x", i), Disposition: activity.Forward, At: noon})
	}
	d.send(updatesMsg{updates: all})
	for i := range 20 {
		u := activity.Attempted{
			Delivery: fmt.Sprint("dlv_x", i), Request: fmt.Sprint("req_x", i), Target: appURL, Outcome: delivery.Answered, Status: 200,
			Duration: time.Duration(5+i*i%37) * time.Millisecond, State: delivery.Succeeded, At: noon,
		}
		switch i {
		case 3:
			u.Status, u.State, u.Event, u.EventType = 500, delivery.Failed, "evt_0002", "transcription.completed"
		case 4:
			u.Status, u.State = 502, delivery.Pending
		}
		d.send(updatesMsg{updates: []activity.Update{u}})
	}
}

// states are what a person can be looking at, by how one gets there.
var states = []struct {
	name string
	do   func(*driver)
}{
	{"list", busy},
	{"list-selected", func(d *driver) { d.press("k", "k", "k") }},
	{"list-marked", func(d *driver) { d.press("k", "x") }},
	{"offline", func(d *driver) {
		d.send(updatesMsg{updates: []activity.Update{
			activity.Disconnected{Reason: "the relay closed the connection", RetryIn: 7 * time.Second, At: noon.Add(-time.Second)},
			activity.TargetDown{Target: appURL, Error: "could not connect to localhost:3000: is your app running?", At: noon.Add(-75 * time.Second)},
		}})
	}},
	{"paused", func(d *driver) {
		d.press("p")
		d.send(updatesMsg{updates: []activity.Update{activity.Forwarding{Paused: true, Changed: true, Waiting: 1234, At: noon}}})
	}},
	{"filter", func(d *driver) { d.press("/"); d.typed("status:5xx") }},
	{"filter-wrong", func(d *driver) { d.press("/"); d.typed("type:task.* stauts:5xx") }},
	{"filter-kept", func(d *driver) { d.press("/"); d.typed("task"); d.press("enter") }},
	{"filter-nothing", func(d *driver) { d.press("/"); d.typed("type:nothing"); d.press("enter") }},
	{"body", func(d *driver) { d.press("g", "enter") }},
	{"body-folded", func(d *driver) { d.press("g", "enter", "-") }},
	{"body-hex", func(d *driver) { d.press("g", "j", "j", "j", "enter") }},
	{"body-search", func(d *driver) { d.press("g", "enter", "/"); d.typed("ana"); d.press("enter") }},
	{"body-hostile", func(d *driver) { d.press("G", "k", "k", "k", "k", "k", "enter") }},
	{"request", func(d *driver) { d.press("g", "j", "j", "j", "enter", "2") }},
	{"response", func(d *driver) { d.press("g", "j", "enter", "3") }},
	{"attempts", func(d *driver) { d.press("g", "j", "j", "j", "j", "j", "enter", "4") }},
	{"signature", func(d *driver) { d.press("g", "j", "j", "j", "j", "enter", "5") }},
	{"diff", func(d *driver) { d.press("g", "j", "enter", "6") }},
	{"diff-marked", func(d *driver) { d.press("g", "x", "j", "enter", "6") }},
	{"picker", func(d *driver) { d.press("t") }},
	{"picker-search", func(d *driver) { d.press("t"); d.typed("tsk") }},
	{"copy", func(d *driver) { d.press("y") }},
	{"save", func(d *driver) { d.press("s") }},
	{"help", func(d *driver) { d.press("?") }},
	{"info", func(d *driver) { d.press("i") }},
	{"quit", func(d *driver) {
		d.send(updatesMsg{updates: []activity.Update{activity.Received{Request: "req_1", Disposition: activity.Forward, At: noon}}})
		d.press("q")
	}},
	{"toast", func(d *driver) { d.press("r") }},
}

func TestEveryState(t *testing.T) {
	s := varied(t)
	for _, state := range states {
		for _, size := range sizes {
			name := fmt.Sprintf("%s_%dx%d", state.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				d := open(t, s, &ready, size[0], size[1])
				state.do(d)
				golden(t, name+".txt", d.text())
			})
		}
	}
}

func TestEmptyStates(t *testing.T) {
	for _, size := range sizes {
		name := fmt.Sprintf("empty_%dx%d", size[0], size[1])
		golden(t, name+".txt", open(t, newShelf(t), &ready, size[0], size[1]).text())
		name = fmt.Sprintf("history_%dx%d", size[0], size[1])
		golden(t, name+".txt", open(t, varied(t), nil, size[0], size[1]).text())
	}
	golden(t, "history-empty_80x24.txt", open(t, newShelf(t), nil, 80, 24).text())
}

// TestColours holds some screens with their styles, on dark and on light terminals.
func TestColours(t *testing.T) {
	s := varied(t)
	for _, dark := range []bool{true, false} {
		for _, state := range []string{"list", "body", "attempts"} {
			d := open(t, s, &ready, 80, 24)
			background := tea.BackgroundColorMsg{Color: black}
			name := state + "_dark.ansi"
			if !dark {
				background.Color, name = white, state+"_light.ansi"
			}
			d.send(background)
			for _, known := range states {
				if known.name == state {
					known.do(d)
				}
			}
			d.text()
			golden(t, name, d.View().Content)
		}
	}
}

var black, white = lipgloss.Color("#000000"), lipgloss.Color("#ffffff")
