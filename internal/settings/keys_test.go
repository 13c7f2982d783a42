package settings

import (
	"reflect"
	"slices"
	"testing"
)

func TestKeysAreSortedAndTyped(t *testing.T) {
	names := keyNames()
	if !slices.IsSorted(names) {
		t.Errorf("not sorted: %q", names)
	}
	var tags []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[values]()) {
		tags = append(tags, f.Tag.Get("toml"))
	}
	if !slices.Equal(names, tags) {
		t.Errorf("keys %q and fields %q differ", names, tags)
	}
	for _, k := range Keys() {
		if k.Help == "" {
			t.Errorf("%s has no help", k.Name)
		}
		if err := k.Check(""); err == nil {
			t.Errorf("%s takes nothing as a value", k.Name)
		}
		if err := k.Check("a\x1b[2Jb"); err == nil {
			t.Errorf("%s takes an escape sequence", k.Name)
		}
	}
}

func TestCheckSaysWhatAKeyTakes(t *testing.T) {
	tests := map[string][]struct{ value, problem string }{
		"agent":       {{"laptop-1", ""}, {"a b", "1 to 64"}, {"ä", "1 to 64"}},
		"bind":        {{"::1,0.0.0.0", ""}, {"localhost", "IP addresses"}, {"::1,,", "IP addresses"}},
		"color":       {{"never", ""}, {"nevr", "did you mean never?"}},
		"concurrency": {{"1", ""}, {"1000", ""}, {"0", "1 to 1000"}, {"1001", "1 to 1000"}, {"x", "whole number"}, {"1.5", "whole number"}},
		"events":      {{"task.*,document.analyzed", ""}, {"task.compelted", "did you mean task.completed?"}, {"[", "malformed pattern"}, {`"a`, "comma-separated"}},
		"route": {
			{"task.*=3000", ""}, {"task.*=localhost:3000/a?b=c,*=4000", ""}, {"3000", "document.*=localhost:3000/docs"},
			{"tusk.*=3000", "did you mean task.*?"}, {"task.*=", "localhost:3000"}, {"task.*=local host", "localhost:3000"},
		},
		"forward":        {{"3000", ""}, {"localhost:3000/a,b", ""}, {"local host", "localhost:3000"}},
		"insecure-relay": {{"true", ""}, {"0", ""}, {"yes", "true or false"}},
		"methods":        {{"POST,get", ""}, {"PSOT", "did you mean POST?"}},
		"output":         {{"json", ""}, {"JSON", "did you mean json?"}},
		"port":           {{"65535", ""}, {"65536", "1 to 65535"}, {"-1", "1 to 65535"}},
		"public-url":     {{"https://a.example.com/b", ""}, {"a.example.com", "base URL"}, {"https://a?b", "base URL"}, {"https://u:p@a", "base URL"}},
		"relay":          {{"team", ""}, {"none", ""}, {"https://a", ""}, {"a.example.com", "a-z"}, {"https://a/b", "path"}},
		"relay-ca":       {{"ca.pem", "absolute path"}},
		"respond":        {{"app", ""}, {"both", "app, relay"}},
		"timeout":        {{"1m30s", ""}, {"5", "5s"}, {"-1s", "longer than 0"}, {"0s", "longer than 0"}},
		"verify":         {{"off", ""}, {"strct", "did you mean strict?"}},
	}
	for name, cases := range tests {
		k, err := Lookup(name)
		must(t, err)
		for _, tt := range cases {
			err := k.Check(tt.value)
			if tt.problem == "" {
				must(t, err)
			} else {
				checkError(t, err, name, tt.problem)
			}
		}
	}
}

func TestLookupSuggests(t *testing.T) {
	_, err := Lookup("evnts")
	checkError(t, err, `"evnts"`, "did you mean events?")
	_, err = Lookup("zzzzzzzz")
	checkError(t, err, `"zzzzzzzz"`, "solatis config list")
}
