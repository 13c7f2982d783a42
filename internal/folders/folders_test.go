package folders

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func local(string) (string, error) { return "", nil }

func TestLocate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the table's paths are those of Unix")
	}
	tests := map[string]struct {
		goos          string
		env           []string
		state, config string
	}{
		"linux":           {"linux", []string{"HOME", "/h"}, "/h/.local/state/solatis", "/h/.config/solatis"},
		"macOS":           {"darwin", []string{"HOME", "/h"}, "/h/Library/Application Support/solatis", "/h/Library/Application Support/solatis"},
		"windows":         {"windows", []string{"LocalAppData", "/l", "AppData", "/r"}, "/l/solatis", "/r/solatis"},
		"xdg on linux":    {"linux", []string{"HOME", "/h", "XDG_STATE_HOME", "/s", "XDG_CONFIG_HOME", "/c"}, "/s/solatis", "/c/solatis"},
		"xdg on macOS":    {"darwin", []string{"HOME", "/h", "XDG_STATE_HOME", "/s"}, "/s/solatis", "/h/Library/Application Support/solatis"},
		"xdg, no home":    {"linux", []string{"XDG_STATE_HOME", "/s", "XDG_CONFIG_HOME", "/c"}, "/s/solatis", "/c/solatis"},
		"xdg is relative": {"linux", []string{"HOME", "/h", "XDG_STATE_HOME", "s"}, "/h/.local/state/solatis", "/h/.config/solatis"},
		"override":        {"linux", []string{"SOLATIS_HOME", "/o", "HOME", "/h", "XDG_STATE_HOME", "/s", "XDG_CONFIG_HOME", "/c"}, "/o", "/o"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := resolver{env: environment(tt.env...), goos: tt.goos, network: local}.locate()
			if err != nil || f.State != tt.state || f.Config != tt.config {
				t.Errorf("got %q and %q, %v; want %q and %q", f.State, f.Config, err, tt.state, tt.config)
			}
		})
	}
}

func TestResolveCreatesPrivateFolders(t *testing.T) {
	home := t.TempDir()
	f, err := Resolve(environment("HOME", home, "LocalAppData", home, "AppData", home, "TMPDIR", t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(f.State, home) {
		t.Errorf("state %q is not below %q", f.State, home)
	}
	for _, dir := range []string{f.State, f.Runtime} {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if openToOthers(info) {
			t.Errorf("%s has mode %v", dir, info.Mode())
		}
	}
	if _, err := os.Stat(f.Config); runtime.GOOS == "linux" && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder for what the user writes was made: %v", err)
	}
}

func TestResolveRefuses(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	nfs := func(string) (string, error) { return "NFS", nil }
	blind := func(string) (string, error) { return "", errors.New("no such call") }
	tests := map[string]struct {
		env     []string
		network func(string) (string, error)
		want    []string
	}{
		"no home":         {nil, local, []string{"HOME is not set", "SOLATIS_HOME"}},
		"relative home":   {[]string{"HOME", "here"}, local, []string{`HOME is "here"`, "SOLATIS_HOME"}},
		"a file":          {[]string{"SOLATIS_HOME", file}, local, []string{file, "not a folder", "SOLATIS_HOME"}},
		"below a file":    {[]string{"SOLATIS_HOME", filepath.Join(file, "x")}, local, []string{file, "can't be created", "SOLATIS_HOME"}},
		"network":         {[]string{"SOLATIS_HOME", filepath.Join(base, "n")}, nfs, []string{filepath.Join(base, "n"), "NFS", "SOLATIS_HOME"}},
		"unknown network": {[]string{"SOLATIS_HOME", filepath.Join(base, "n")}, blind, []string{filepath.Join(base, "n"), "no such call"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := resolver{env: environment(tt.env...), goos: "linux", network: tt.network}.resolve()
			checkError(t, err, tt.want...)
		})
	}
	if _, err := os.Stat(filepath.Join(base, "n")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused folder was made all the same: %v", err)
	}
}

func TestResolveRefusesUnwritableFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("this user may write to every folder")
	}
	home := t.TempDir()
	if err := os.Chmod(home, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := Resolve(environment("SOLATIS_HOME", home))
	checkError(t, err, home, "can't be written to", "SOLATIS_HOME")
}

func TestNetworkKindOfLocalFolder(t *testing.T) {
	if kind, err := networkKind(t.TempDir()); kind != "" || err != nil {
		t.Errorf("got %q, %v for a temporary folder", kind, err)
	}
	if _, err := networkKind(filepath.Join(t.TempDir(), "none")); err == nil && runtime.GOOS != "windows" {
		t.Error("a folder that doesn't exist is on some file system")
	}
}

// checkError wants an error whose text has all of the parts.
func checkError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q doesn't say %q", err, part)
		}
	}
}
