package listen_test

import (
	"path"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/listen"
	"pgregory.net/rapid"
)

func route(t rapid.TB, text string) listen.Route {
	t.Helper()
	r, err := listen.ParseRoute(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseRoute(t *testing.T) {
	for in, want := range map[string]string{
		"document.*=3000":                    "document.*=http://localhost:3000",
		"*=localhost:3000/a?b=c":             "*=http://localhost:3000/a?b=c",
		"task.[cd]*=https://app.test":        "task.[cd]*=https://app.test",
		"*.completed=unix:/run/a=b.sock:/in": "*.completed=unix:/run/a=b.sock:/in",
	} {
		if got := route(t, in).String(); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	for in, reason := range map[string]string{
		"":                   `there is no "="`,
		"document.*":         `there is no "="`,
		"3000":               `there is no "="`,
		"=3000":              `unknown event ""`,
		"dokument.*=3000":    "did you mean document.*?",
		"task.*,*.done=3000": "no event matches",
		"task.[=3000":        "malformed pattern",
		"task.*=":            "it is empty",
		"task.*==3000":       "",
		"task.* =3000":       "did you mean task.*?",
		"task.*= 3000":       "white space",
		"task.*=ftp://a":     "scheme",
		"task.*=localhost":   "no port",
	} {
		_, err := listen.ParseRoute(in)
		if err == nil || !strings.Contains(err.Error(), reason) || !strings.HasPrefix(err.Error(), "route ") {
			t.Errorf("%q: %v, want %q", in, err, reason)
		}
	}
}

func TestCheckRoutes(t *testing.T) {
	for _, c := range []struct {
		routes string // separated by blanks
		events string
		bad    string // the route that takes nothing, by its pattern
	}{
		{"", "", ""},
		{"document.*=1 task.*=2", "", ""},
		{"document.shared=1 document.*=2", "", ""},
		{"document.*=1 document.shared=2", "", "document.shared"},
		{"document.*=1 document.*=2", "", "document.*"},
		{"document.analyzed=1 document.deleted=1 document.shared=1 document.*=2", "", "document.*"},
		{"*.completed=1 task.*=2 task.completed=3", "", "task.completed"},
		{"task.*=1 *=2", "", ""},
		{"*.*=1 *=2", "", ""}, // the last takes what is no event
		{"*=1 task.*=2", "", "task.*"},
		{"*=1 *=2", "", "*"},
		{"task.*=1", "task.created", ""},
		{"task.*=1", "document.shared", "task.*"},
		{"*.created=1 task.*=2", "task.created", "task.*"},
		{"task.*=1 *=2", "task.created", ""},
	} {
		var routes []listen.Route
		for text := range strings.FieldsSeq(c.routes) {
			routes = append(routes, route(t, text))
		}
		err := listen.CheckRoutes(routes, strings.Fields(c.events))
		if (err != nil) != (c.bad != "") || err != nil && !strings.HasPrefix(err.Error(), "route "+c.bad+"=") {
			t.Errorf("%q, events %q: %v, want %q", c.routes, c.events, err, c.bad)
		}
	}
}

// TestACheckedRouteTakesSomething: for each route that passes there is an event, or
// something that is none, for which it is the first to match; for one that is refused
// there is no known event.
func TestACheckedRouteTakesSomething(t *testing.T) {
	pattern := rapid.OneOf(
		rapid.SampledFrom(catalog.Names()),
		rapid.SampledFrom([]string{"*", "*.*", "task.*", "document.*", "*.completed", "*.analyzed", "*[a-m]", "?ask.*"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		var routes []listen.Route
		for _, p := range rapid.SliceOfN(pattern, 1, 5).Draw(t, "patterns") {
			routes = append(routes, route(t, p+"=3000"))
		}
		events := rapid.SliceOfN(rapid.SampledFrom(catalog.Names()), 0, 3).Draw(t, "events")
		coming := events
		if len(events) == 0 {
			coming = catalog.Names()
		}
		takes := make([]bool, len(routes))
		for _, typ := range coming {
			for i, r := range routes {
				if ok, _ := path.Match(r.Events, typ); ok {
					takes[i] = true
					break
				}
			}
		}
		good, all := true, false
		for i, r := range routes {
			good = good && (takes[i] || r.Events == "*" && !all)
			all = all || r.Events == "*"
		}
		if err := listen.CheckRoutes(routes, events); (err == nil) != good {
			t.Fatalf("%v, events %v: %v; takes %v", routes, events, err, takes)
		}
	})
}

func FuzzParseRoute(f *testing.F) {
	for _, s := range []string{"document.*=localhost:3000/docs", "*=:3000?a=b", "*==1", "task.[a-z]*=[::1]:3000", `t*\.created=1`, "*=unix:/a=:/b=", "=", "\xff=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := listen.ParseRoute(s)
		if err != nil {
			return
		}
		again, err := listen.ParseRoute(r.String())
		if err != nil || again != r {
			t.Fatalf("%q: %s reads back as %s, %v", s, r, again, err)
		}
		if _, err := catalog.Match(r.Events); err != nil || r.Target.IsZero() {
			t.Fatalf("%q: %+v takes nothing: %v", s, r, err)
		}
	})
}
