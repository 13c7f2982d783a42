package relaycli

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestExampleHasAllSettings takes the example's settings in, all of them, and wants them
// to be the defaults and to be complete.
func TestExampleHasAllSettings(t *testing.T) {
	text := regexp.MustCompile(`(?m)^#([a-z])`).ReplaceAllString(exampleConfig(), "$1")
	file, err := parseConfig("example.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	flags := settingFlags()
	for _, mistake := range file.mistakes(flags) {
		t.Error(mistake)
	}
	var missing []string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Value.String() != f.DefValue {
			t.Errorf("the example sets %s to %s, and the default is %s", f.Name, f.Value, f.DefValue)
		}
		if !slices.ContainsFunc(file.sets, func(a assignment) bool { return a.key == f.Name }) {
			missing = append(missing, f.Name)
		}
	})
	if len(missing) > 0 {
		t.Errorf("the example lacks %s", strings.Join(missing, ", "))
	}
}

// FuzzConfig holds the reader of settings files to ending with an explanation, whatever
// the file has.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		exampleConfig(), "", "backlog = 1", "domain = [\"a.b\", 1, [2], {x = 1}]", "a.b.c = 1\n[t]\nx = 1\n[[u]]", "grace = \"1d", "\"\" = 1",
		"listen = '''\nx'''\r\n\tbacklog = 0xff", "rate-ip = 1979-05-27", "config_version = []", "max-body=1e3\nbacklog=+99",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parseConfig("fuzz.toml", text)
		if err != nil {
			if !strings.Contains(err.Error(), "fuzz.toml") {
				t.Errorf("the error doesn't name the file: %v", err)
			}
			return
		}
		for _, mistake := range file.mistakes(settingFlags()) {
			if !regexp.MustCompile(`^fuzz\.toml:\d+:\d+: `).MatchString(mistake.Error()) {
				t.Errorf("a mistake without its place: %v", mistake)
			}
		}
	})
}
