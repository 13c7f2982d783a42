//go:build unix

package folders

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shortDir is a temporary folder whose path leaves room for a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "f")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestRuntimeFolder(t *testing.T) {
	short, temp := shortDir(t), shortDir(t)
	long := filepath.Join(short, strings.Repeat("x", 90))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		env   []string
		below string
	}{
		"home":                      {[]string{"SOLATIS_HOME", short, "TMPDIR", temp, "XDG_RUNTIME_DIR", long}, filepath.Join(short, "run")},
		"home too long":             {[]string{"SOLATIS_HOME", long, "TMPDIR", temp}, filepath.Join(temp, "solatis-")},
		"home and TMPDIR too long":  {[]string{"SOLATIS_HOME", long, "TMPDIR", long}, "/tmp/solatis-"},
		"xdg":                       {[]string{"HOME", short, "TMPDIR", temp, "XDG_RUNTIME_DIR", short}, filepath.Join(short, "solatis-")},
		"xdg too long":              {[]string{"HOME", short, "TMPDIR", temp, "XDG_RUNTIME_DIR", long}, filepath.Join(temp, "solatis-")},
		"xdg missing":               {[]string{"HOME", short, "TMPDIR", temp}, filepath.Join(temp, "solatis-")},
		"xdg names no folder":       {[]string{"HOME", short, "TMPDIR", temp, "XDG_RUNTIME_DIR", filepath.Join(short, "none")}, filepath.Join(temp, "solatis-")},
		"TMPDIR names no folder":    {[]string{"HOME", short, "TMPDIR", filepath.Join(short, "none")}, "/tmp/solatis-"},
		"TMPDIR is a relative path": {[]string{"HOME", short, "TMPDIR", "."}, "/tmp/solatis-"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := resolver{env: environment(tt.env...), goos: "linux", network: local}.resolve()
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(f.Runtime, "/tmp/solatis-") {
				t.Cleanup(func() { os.Remove(f.Runtime) })
			}
			if !strings.HasPrefix(f.Runtime, tt.below) {
				t.Errorf("got %q, want it to begin with %q", f.Runtime, tt.below)
			}
			if n := len(filepath.Join(f.Runtime, "k3f9.sock")); n > maxSocketPath {
				t.Errorf("a socket in %q has a path of %d bytes", f.Runtime, n)
			}
		})
	}
}

func TestRuntimeFolderIsOnePerState(t *testing.T) {
	r := resolver{env: environment("TMPDIR", shortDir(t)), goos: "linux"}
	one, err1 := r.prepareRuntime("/state/one")
	again, err2 := r.prepareRuntime("/state/one")
	other, err3 := r.prepareRuntime("/state/other")
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	if one != again || one == other {
		t.Errorf("got %q, %q and %q", one, again, other)
	}
}

func TestPreparePrivateRefuses(t *testing.T) {
	base := t.TempDir()
	path := func(name string) string { return filepath.Join(base, name) }
	must(t, os.Mkdir(path("target"), 0o700))
	must(t, os.Symlink(path("target"), path("link")))
	must(t, os.WriteFile(path("file"), nil, 0o600))
	for name, mode := range map[string]os.FileMode{"group": 0o710, "others": 0o701} {
		must(t, os.Mkdir(path(name), mode))
		must(t, os.Chmod(path(name), mode))
	}
	want := map[string]string{
		"link": "symbolic link", "file": "not a folder", "group": "mode 0710", "others": "mode 0701",
	}
	for name, part := range want {
		t.Run(name, func(t *testing.T) {
			checkError(t, preparePrivate(path(name)), path(name), part, "remove it")
		})
	}
	must(t, preparePrivate(path("target")))
}

// foreign is a private folder of somebody else.
type foreign struct{}

func (foreign) Name() string       { return "solatis" }
func (foreign) Size() int64        { return 0 }
func (foreign) Mode() fs.FileMode  { return fs.ModeDir | 0o700 }
func (foreign) ModTime() time.Time { return time.Time{} }
func (foreign) IsDir() bool        { return true }
func (foreign) Sys() any           { return &syscall.Stat_t{Uid: uint32(os.Geteuid()) + 1} }

func TestPrivateFaultOfForeignFolder(t *testing.T) {
	if got := privateFault(foreign{}); got != "belongs to another user" {
		t.Errorf("got %q", got)
	}
}
