package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// root is the module's root, seen from this package's folder.
var root = filepath.Join("..", "..")

func TestRules(t *testing.T) {
	packages, err := load(os.DirFS(root), "internal", "cmd", "docs")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 10 {
		t.Fatalf("only %d packages found: the rules would hold of nothing", len(packages))
	}
	for name, check := range rules {
		t.Run(name, func(t *testing.T) {
			for _, p := range packages {
				for _, complaint := range check(p) {
					t.Error(complaint)
				}
			}
		})
	}
}

func TestUnlinked(t *testing.T) {
	linked := map[string][]string{} // by program
	for _, ban := range unlinked {
		if _, err := os.Stat(filepath.Join(root, ban.program)); err != nil {
			continue // a program of later work
		}
		if linked[ban.program] == nil {
			linked[ban.program] = dependencies(t, ban.program)
		}
		for _, dependency := range linked[ban.program] {
			if within(dependency, ban.library) {
				t.Errorf("%s links %s: %s\n`go list -deps` shows by which way", ban.program, dependency, ban.reason)
			}
		}
	}
	if len(linked) == 0 {
		t.Error("no program was looked at")
	}
}

// dependencies returns the import paths of all that a program is linked from.
func dependencies(t *testing.T, program string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "./"+program)
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps ./%s: %v\n%s", program, err, stderr.String())
	}
	return strings.Fields(string(out))
}

// TestRulesComplain gives each rule a package that breaks it, and one that comes close
// and doesn't: a rule that never complains would look like one that is kept.
func TestRulesComplain(t *testing.T) {
	for _, test := range []struct {
		rule, path, source string
		want               string // part of the only complaint; "" for none
	}{
		{"levels", "internal/event/x.go", `package event; import "` + module + `internal/wire"`, "level 0 can't import internal/wire, level 1"},
		{"levels", "internal/send/x.go", `package send; import "` + module + `internal/activity"`, "level 2 can't import internal/activity, level 2"},
		{"levels", "internal/send/x_windows.go", `package send; import "` + module + `internal/cli"`, "level 6"},
		{"levels", "internal/send/x.go", `package send; import "` + module + `internal/delivery"`, ""},
		{"levels", "internal/send/x_test.go", `package send; import "` + module + `internal/cli"`, ""},
		{"levels", "internal/brandnew/x.go", `package brandnew`, "has no level"},
		{"levels", "cmd/solatis/x.go", `package main; import "` + module + `internal/cli"`, ""},
		{"onlyImporters", "internal/tunnel/x.go", `package tunnel; import "github.com/gorilla/websocket"`, "only internal/wsconn may"},
		{"onlyImporters", "internal/wsconn/x.go", `package wsconn; import "github.com/gorilla/websocket"`, ""},
		{"onlyImporters", "internal/history/x.go", `package history; import _ "modernc.org/sqlite"`, "only internal/sqlitedb may"},
		{"onlyImporters", "internal/history/x.go", `package history; import _ "modernc.org/sqlite/lib"`, "only internal/sqlitedb may"},
		{"onlyImporters", "internal/term/x.go", `package term; import "github.com/spf13/cobra"`, "internal/cli"},
		{"onlyImporters", "internal/term/x.go", `package term; import "github.com/fatih/color"`, ""},
		{"pure", "internal/event/x.go", `package event; import "net/http"`, "can't import net/http"},
		{"pure", "internal/signature/x.go", `package signature; import "os"`, "can't import os"},
		{"pure", "internal/signature/x.go", `package signature; import "crypto/hmac"`, ""},
		{"pure", "internal/send/x.go", `package send; import "net/http"`, ""},
		{"stdOnly", "internal/event/x.go", `package event; import "github.com/oklog/ulid/v2"`, "only the standard library"},
		{"stdOnly", "internal/delivery/x.go", `package delivery; import "` + module + `internal/event"`, ""},
		{"stdOnly", "docs/handlers/nethttp/x.go", `package main; import "` + module + `internal/signature"`, "only the standard library"},
		{"names", "internal/util/x.go", `package util`, "no name for a package"},
		{"names", "internal/event/x.go", `package common`, "no name for a package"},
		{"names", "internal/event/x.go", `package event`, ""},
		{"streams", "internal/send/x.go", `package send; import "fmt"; func f() { fmt.Println() }`, "fmt/Println"},
		{"streams", "internal/send/x.go", `package send; import out "os"; var w = out.Stderr`, "os/Stderr"},
		{"streams", "internal/send/x.go", `package send; func f() { println() }`, "println"},
		{"streams", "internal/send/x.go", `package send; func f(os struct{ Stdout int }) int { return os.Stdout }`, ""},
		{"streams", "internal/send/x.go", `package send; import "fmt"; var s = fmt.Sprint()`, ""},
		{"streams", "internal/term/x.go", `package term; import "os"; var w = os.Stdout`, ""},
		{"streams", "docs/handlers/nethttp/x.go", `package main; import "fmt"; func f() { fmt.Println() }`, ""},
		{"exits", "internal/cli/x.go", `package cli; import "os"; func f() { os.Exit(1) }`, "only main ends"},
		{"exits", "internal/cli/x.go", `package cli; import "log"; func f() { log.Fatal() }`, "only main ends"},
		{"exits", "cmd/solatis/x.go", `package main; import "os"; func main() { os.Exit(1) }`, ""},
	} {
		files := fstest.MapFS{test.path: {Data: []byte(test.source)}, "go.mod": {}}
		packages, err := load(files, strings.Split(test.path, "/")[0])
		if err != nil {
			t.Fatal(err)
		}
		var complaints []string
		for _, p := range packages {
			complaints = append(complaints, rules[test.rule](p)...)
		}
		got := strings.Join(complaints, "\n")
		if len(complaints) > 1 || (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s of %s (%s): complaints %q, want %q", test.rule, test.path, test.source, got, test.want)
		}
	}
}
