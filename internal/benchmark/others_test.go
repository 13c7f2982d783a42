package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNginxPasses also holds that nginx ends when asked to, and that its workers' CPU time
// can be found.
func TestNginxPasses(t *testing.T) {
	program, ok := findProgram(nginxNames)
	if !ok {
		t.Skip("nginx is not installed")
	}
	app := runServer(t, appRole)
	nginx, url, err := startNginx(t.Context(), program, filepath.Join(t.TempDir(), "nginx"), app)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t.Context(), app); err != nil { // forgets the one that tried nginx out
		t.Fatal(err)
	}
	got, err := load{URL: url, Connections: 4, For: 20 * time.Millisecond}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen, err := ask(t.Context(), app)
	if err != nil || seen.Events != got.Events || seen.Events == 0 {
		t.Errorf("%d events sent, %d arrived, %v", got.Events, seen.Events, err)
	}
	if _, err := cpuTime(variant{middle: []*child{nginx}}.pids()); err != nil {
		t.Error(err)
	}
	if err := nginx.stop(); err != nil {
		t.Error(err)
	}
	closeIdle()
}

// TestWithoutNginx holds that a machine without it gets a comparison all the same.
func TestWithoutNginx(t *testing.T) {
	defer func(names []string) { nginxNames = names }(nginxNames)
	nginxNames = []string{"no-such-program", filepath.Join(t.TempDir(), "nginx")}
	s := new(stage)
	if err := s.openNginx(t.Context(), options{}); err != nil || len(s.variants) != 0 {
		t.Errorf("%d variants, %v", len(s.variants), err)
	}
	if len(s.leftOut) != 1 || !strings.Contains(s.leftOut[0], "nginx-light") {
		t.Errorf("%q is said", s.leftOut)
	}
}

func TestServingAt(t *testing.T) {
	url, err := servingAt(strings.NewReader("{\"msg\":\"ANONYMOUS\",\"url\":\"no\"}\n{\"msg\":\"serving\",\"url\":\"http://127.0.0.1:1\"}\nmore\n"))
	if err != nil || url != "http://127.0.0.1:1" {
		t.Errorf("%q, %v", url, err)
	}
	_, err = servingAt(strings.NewReader("unknown flag --x\n"))
	if err == nil || !strings.Contains(err.Error(), "unknown flag --x") {
		t.Errorf("%v, want what the relay said", err)
	}
}

func TestEnvironmentHasNoSettingsOfTheDeveloper(t *testing.T) {
	t.Setenv("SOLATIS_RELAY", "https://relay.example.com")
	t.Setenv("OTHER_SETTING", "stays")
	got := environment("SOLATIS_HOME=/bench")
	if !slices.Contains(got, "SOLATIS_HOME=/bench") || !slices.Contains(got, "OTHER_SETTING=stays") || slices.Contains(got, "SOLATIS_RELAY=https://relay.example.com") {
		t.Errorf("got %q", got)
	}
}
