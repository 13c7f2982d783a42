package term_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/term"
)

const hostile = "\x1b]0;owned\x07\x1b[2J\r\n\b\u009b2J\x9b\x7f\u202e\u2066\u2028\u200b\ufeff\U000e0041evil"

// everyUpdate has one of each type, with what it takes for all its fields to be shown.
var everyUpdate = []activity.Update{
	activity.Ready{}, activity.Ready{Targets: []string{"", ""}}, activity.Ready{Routes: []string{"", ""}}, activity.Connecting{}, activity.Connected{}, activity.Disconnected{}, activity.Disconnected{Final: true},
	activity.Gap{}, activity.Resumed{Pending: 1},
	activity.Received{}, activity.Received{Disposition: activity.Filtered}, activity.Received{Disposition: activity.BadSign},
	activity.Received{Disposition: activity.RecordOnly}, activity.Received{Disposition: activity.BadRequest}, activity.Received{DuplicateOf: "req_1", OtherBody: true},
	activity.Attempted{}, activity.Attempted{Outcome: delivery.Answered, Status: 500}, activity.Attempted{Origin: delivery.Replay},
	activity.Received{Drift: []string{"", ""}}, activity.Attempted{Retry: 1}, activity.Ready{DisableAfter: 6},
	activity.Held{}, activity.Disabled{}, activity.Enabled{}, activity.Enabled{NoRetries: true}, activity.Forwarding{Paused: true, Changed: true}, activity.Forwarding{Changed: true},
	activity.TargetDown{}, activity.TargetUp{}, activity.Warning{}, activity.Missed{},
}

// poisoned returns copies of u: one for each string field that holds text instead, and
// one whose empty strings all do.
func poisoned(u activity.Update, text string) []activity.Update {
	all := reflect.New(reflect.TypeOf(u)).Elem()
	all.Set(reflect.ValueOf(u))
	var copies []activity.Update
	for i := range all.NumField() {
		if list := all.Field(i); list.Type() == reflect.TypeFor[[]string]() && list.Len() > 0 {
			list.Set(reflect.ValueOf(slices.Repeat([]string{text + "=" + text}, list.Len())))
			copies = append(copies, reflect.ValueOf(all.Interface()).Interface().(activity.Update))
		}
		if all.Field(i).Kind() != reflect.String {
			continue
		}
		one := reflect.New(all.Type()).Elem()
		one.Set(reflect.ValueOf(u))
		one.Field(i).SetString(text)
		copies = append(copies, one.Interface().(activity.Update))
		if all.Field(i).String() == "" {
			all.Field(i).SetString(text)
		}
	}
	return append(copies, all.Interface().(activity.Update))
}

var ownColor = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestNothingHostileReachesTheTerminal(t *testing.T) {
	for _, clean := range everyUpdate {
		harmless := poisoned(clean, "evil")
		for i, u := range poisoned(clean, hostile) {
			for _, color := range []bool{false, true} {
				stdout, stderr := plain(color, u)
				text := ownColor.ReplaceAllString(stdout+stderr, "")
				if !color && text != stdout+stderr {
					t.Errorf("%s: colours where there are none: %q", u.Type(), stdout+stderr)
				}
				checkClean(t, text, "\n")
				stdout, stderr = plain(color, harmless[i])
				if strings.Count(text, "\n") != strings.Count(stdout+stderr, "\n") {
					t.Errorf("%s: a line was forged: %q", u.Type(), text)
				}
			}
			checkJSON(t, u)
		}
	}
}

func checkJSON(t *testing.T, u activity.Update) {
	var out bytes.Buffer
	term.NewJSON(&out, nil).Print(u)
	line, ended := strings.CutSuffix(out.String(), "\n")
	checkClean(t, line, "")
	if !ended || !json.Valid([]byte(line)) {
		t.Errorf("%s: not one JSON line: %q", u.Type(), line)
	}
}

func TestEveryTypeIsTested(t *testing.T) {
	for _, name := range []string{"ready", "connected", "disconnected", "gap", "resumed", "received", "attempted",
		"held", "disabled", "enabled", "target-down", "target-up", "warning", "missed"} {
		found := false
		for _, u := range everyUpdate {
			found = found || u.Type() == name
		}
		if !found {
			t.Errorf("no update of type %s", name)
		}
	}
}

func TestJSONLosesNothing(t *testing.T) {
	const text = "ü 👩‍💻 \x1b\r\n\u009b\x7f\u202e\u2028\U000e0041<&>"
	var out bytes.Buffer
	p := term.NewJSON(&out, nil)
	for n := range 2 {
		p.Print(activity.Warning{Message: fmt.Sprint(text, n), At: at})
	}
	for n, line := range bytes.Split(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n")) {
		u, err := activity.ParseJSON(line)
		if w, ok := u.(activity.Warning); err != nil || !ok || w.Message != fmt.Sprint(text, n) || !w.At.Equal(at) {
			t.Errorf("%s: %#v, %v", line, u, err)
		}
	}
	if !strings.HasPrefix(out.String(), `{"type":"warning",`) {
		t.Errorf("%s", out.String())
	}
}

func TestTheFirstLineOfJSONIsReady(t *testing.T) {
	var out, before bytes.Buffer
	p := term.NewJSON(&out, term.NewPlain(term.PlainOptions{Out: &before, Err: &before}))
	p.Print(activity.Connecting{Relay: "https://r.example"})
	p.Print(activity.Disconnected{Reason: "refused"})
	p.Print(activity.Ready{})
	p.Print(activity.Disconnected{Reason: "later"})
	if got := strings.Count(before.String(), "\n"); got != 2 {
		t.Errorf("before: %q", &before)
	}
	if lines := strings.Split(out.String(), "\n"); len(lines) != 3 || !strings.Contains(lines[0], `"ready"`) || !strings.Contains(lines[1], "later") {
		t.Errorf("got %q", &out)
	}
}
