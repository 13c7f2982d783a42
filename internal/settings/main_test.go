package settings

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestMain lets a test run this binary as a second process, which sets keys one by one.
func TestMain(m *testing.M) {
	if path := os.Getenv("SETTINGS_TEST_FILE"); path != "" {
		for _, profile := range strings.Fields(os.Getenv("SETTINGS_TEST_PROFILES")) {
			if err := setAndSave(path, profile, "forward", "3000"); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func setAndSave(path, profile, key, value string) error {
	u, err := LoadUser(path)
	if err == nil {
		err = u.Set(profile, key, value)
	}
	if err == nil {
		err = u.Save()
	}
	return err
}

// settingProcess is a process that gives each of the profiles a setting.
func settingProcess(t *testing.T, path string, profiles ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "SETTINGS_TEST_FILE="+path, "SETTINGS_TEST_PROFILES="+strings.Join(profiles, " "))
	return cmd
}

// userFileWith writes a user file and returns its path. The text loses the tabs that
// indent it in the test.
func userFileWith(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), UserFile)
	must(t, os.WriteFile(path, []byte(flushLeft(text)), 0o600))
	return path
}

func load(t *testing.T, path string) *User {
	t.Helper()
	u, err := LoadUser(path)
	must(t, err)
	return u
}

// flushLeft takes a text out of the indentation it has in a test.
func flushLeft(text string) string {
	lines := strings.Split(strings.TrimPrefix(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimLeft(line, "\t")
	}
	return strings.Join(lines, "\n")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkError wants an error whose text has all the parts.
func checkError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error; want one with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q: %v", part, err)
		}
	}
}

func equal(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// mustTempDir is a temporary folder for one run of a property.
func mustTempDir(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "settings")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func writeText(t *rapid.T, path, text string) {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
