package buildinfo

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestFromToolchain(t *testing.T) {
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "GOOS", Value: "linux"},
			{Key: "vcs.modified", Value: modified},
			{Key: "vcs.revision", Value: "40f26ad"},
			{Key: "vcs.time", Value: "2026-02-02T10:30:00Z"},
		}
	}
	for name, test := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     Info
	}{
		"installed by version": {"v1.2.3", nil, Info{Version: "1.2.3"}},
		"built in a clone":     {"(devel)", vcs("false"), Info{Unreleased, "40f26ad", "2026-02-02T10:30:00Z"}},
		"with changes":         {"v1.2.4-0.2026+dirty", vcs("true"), Info{"1.2.4-0.2026+dirty", "40f26ad-dirty", "2026-02-02T10:30:00Z"}},
		"a test binary":        {"", nil, Info{Version: Unreleased}},
		"changes of nothing":   {"", []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}, Info{Version: Unreleased}},
	} {
		t.Run(name, func(t *testing.T) {
			build := &debug.BuildInfo{Main: debug.Module{Version: test.version}, Settings: test.settings}
			if got := fromToolchain(build); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestLinkedIn builds a program with the flags of a release, since a renamed variable
// makes the linker drop its value without a word.
func TestLinkedIn(t *testing.T) {
	const path = "github.com/solatis/solatis-cli/internal/buildinfo"
	config, err := os.ReadFile(filepath.Join("..", "..", ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var flags []string
	for name, value := range map[string]string{"version": "v9.8.7", "commit": "c0ffee", "date": "2026-01-02T03:04:05Z"} {
		if !strings.Contains(string(config), "-X "+path+"."+name+"=") {
			t.Errorf(".goreleaser.yaml does not set %s.%s", path, name)
		}
		flags = append(flags, "-X "+path+"."+name+"="+value)
	}
	// -vet=off: the binary under test is this package's own, whose tests print the Info.
	cmd := exec.Command("go", "test", "-vet=off", "-count=1", "-run=^TestPrint$", "-v", "-ldflags", strings.Join(flags, " "), ".")
	cmd.Env = append(os.Environ(), "BUILDINFO_PRINT=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := "{9.8.7 c0ffee 2026-01-02T03:04:05Z} 9.8.7"; !strings.Contains(string(out), want) {
		t.Errorf("the linked program says\n%s\nwant %s", out, want)
	}
}

// TestPrint is the program that TestLinkedIn runs.
func TestPrint(t *testing.T) {
	if os.Getenv("BUILDINFO_PRINT") == "" {
		t.Skip("only for TestLinkedIn")
	}
	t.Log(Read(), Version())
}
