package session

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRegisteredSessionIsLiveUntilClosed(t *testing.T) {
	f := resolved(t)
	if got := live(t, f); len(got) != 0 {
		t.Fatalf("%v is listening in a new folder", got)
	}
	reg := register(t, f, Info{Cwd: t.TempDir(), URL: "http://localhost:4650/e/1", Target: "http://localhost:3000", Targets: []string{"http://localhost:3000"}, Routes: []string{"task.*=http://localhost:4000"}, Started: noon, Version: "1.2.3"})
	got := live(t, f)
	if len(got) != 1 || !reflect.DeepEqual(got[0], reg.Info()) {
		t.Fatalf("got %+v, want %+v", got, reg.Info())
	}
	if got[0].PID != os.Getpid() || !isID(got[0].ID) || got[0].Version != "1.2.3" {
		t.Errorf("got %+v", got[0])
	}
	if err := reg.Close(); err != nil {
		t.Fatal(err)
	}
	if got := live(t, f); len(got) != 0 {
		t.Errorf("%v is listening after it was closed", got)
	}
	if left := files(t, f.Sessions(), f.Runtime); !slices.Equal(left, []string{"registry.lock"}) {
		t.Errorf("the session left %q", left)
	}
}

func TestURLIsToldOnceItIsKnown(t *testing.T) {
	f := resolved(t)
	reg := register(t, f, Info{Cwd: t.TempDir(), Relay: "https://relay.example", Started: noon})
	if got := live(t, f); len(got) != 1 || got[0].URL != "" {
		t.Fatalf("got %+v", got)
	}
	// Whoever looks meanwhile sees one or the other, never half of it.
	var looking sync.WaitGroup
	for range 4 {
		looking.Go(func() {
			for range 20 {
				infos, err := Live(f)
				if err != nil {
					t.Error(err)
				}
				for _, info := range infos {
					if info.URL != "" && !reflect.DeepEqual(info, reg.Info()) {
						t.Errorf("got %+v", info)
					}
				}
			}
		})
	}
	const url = "https://relay.example/e/1"
	if err := reg.SetURL(url); err != nil {
		t.Fatal(err)
	}
	looking.Wait()
	if got := live(t, f); len(got) != 1 || got[0].URL != url || !reflect.DeepEqual(got[0], reg.Info()) {
		t.Errorf("got %+v, want %+v", got, reg.Info())
	}
}

func TestLiveIsSortedByStart(t *testing.T) {
	f := resolved(t)
	var want []string
	for _, after := range []time.Duration{2, 0, 1} {
		reg := register(t, f, Info{Started: noon.Add(after * time.Hour)})
		want = append(want, reg.Info().ID)
	}
	want = []string{want[1], want[2], want[0]}
	for i, info := range live(t, f) {
		if info.ID != want[i] {
			t.Errorf("at %d is %s, want %s", i, info.ID, want[i])
		}
	}
}

func TestSocketStandsBeforeTheSessionIsFound(t *testing.T) {
	f := resolved(t)
	register(t, f, Info{})
	info := live(t, f)[0]
	// Nobody has called Accept yet.
	conn, err := net.Dial("unix", info.Socket)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	stat, err := os.Stat(info.Socket)
	if err != nil {
		t.Fatal(err)
	}
	if mode := stat.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("the socket's mode is %v", mode)
	}
}

func TestKilledSessionIsDeadAndCleanedUp(t *testing.T) {
	f := resolved(t)
	other := startProcess(t, f)
	own := register(t, f, Info{})
	if got := live(t, f); len(got) != 2 {
		t.Fatalf("got %+v, want two sessions", got)
	}
	other.kill()
	got := live(t, f)
	if len(got) != 1 || got[0].ID != own.Info().ID {
		t.Fatalf("got %+v, want %s alone", got, own.Info().ID)
	}
	for _, name := range files(t, f.Sessions(), f.Runtime) {
		if strings.HasPrefix(name, other.id) {
			t.Errorf("%s of the dead session is left", name)
		}
	}
}

func TestLockDecidesNotTheProcess(t *testing.T) {
	f := resolved(t)
	// This very process lives, but holds no lock of the session.
	must(t, os.MkdirAll(f.Sessions(), 0o700))
	must(t, os.WriteFile(filepath.Join(f.Sessions(), "k3f9.json"), fmt.Appendf(nil, `{"id":"k3f9","pid":%d}`, os.Getpid()), 0o600))
	must(t, os.WriteFile(filepath.Join(f.Sessions(), "k3f9.lock"), nil, 0o600))
	if got := live(t, f); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestLiveKeepsForeignFiles(t *testing.T) {
	f := resolved(t)
	must(t, os.MkdirAll(f.Sessions(), 0o700))
	foreign := []string{"notes.txt", "k3f9x.lock", "K3F9.json", "k3f9.json.bak", "k3f9"}
	for _, name := range foreign {
		must(t, os.WriteFile(filepath.Join(f.Sessions(), name), nil, 0o600))
	}
	live(t, f)
	for _, name := range foreign {
		if _, err := os.Stat(filepath.Join(f.Sessions(), name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHalfWrittenDescriptionIsCleanedUp(t *testing.T) {
	f := resolved(t)
	must(t, os.MkdirAll(f.Sessions(), 0o700))
	for _, name := range []string{"k3f9.lock", "k3f9.json.new"} {
		must(t, os.WriteFile(filepath.Join(f.Sessions(), name), []byte("{"), 0o600))
	}
	must(t, os.WriteFile(filepath.Join(f.Runtime, "k3f9.sock"), nil, 0o600))
	live(t, f)
	if left := files(t, f.Sessions(), f.Runtime); !slices.Equal(left, []string{"registry.lock"}) {
		t.Errorf("%q are left", left)
	}
}

func TestDamagedDescriptionOfLiveSession(t *testing.T) {
	f := resolved(t)
	reg := register(t, f, Info{})
	path := filepath.Join(f.Sessions(), reg.Info().ID+".json")
	must(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := Live(f)
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error("a live session's file is gone")
	}
}

func TestStaleSocketIsReplacedByTheHolderOfTheLock(t *testing.T) {
	path := filepath.Join(resolved(t).Runtime, "k3f9.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	stale.SetUnlinkOnClose(false)
	stale.Close()
	ln, err := listen(path)
	must(t, err)
	ln.Close()
}

// Sessions come and go while others look: a look never takes a live one for dead.
func TestRegistryUnderConcurrentUse(t *testing.T) {
	f := resolved(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				reg, err := Register(f, Info{})
				if err != nil {
					t.Error(err)
					return
				}
				infos, err := Live(f)
				if !slices.ContainsFunc(infos, func(i Info) bool { return i.ID == reg.Info().ID }) {
					t.Errorf("%s is alive and not found: %v", reg.Info().ID, err)
				}
				if err := reg.Close(); err != nil {
					t.Error(err)
				}
				infos, err = Live(f)
				if err != nil || slices.ContainsFunc(infos, func(i Info) bool { return reflect.DeepEqual(i, reg.Info()) }) {
					t.Errorf("%s is found after its end: %v", reg.Info().ID, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCloseAfterTheListenerWasClosed(t *testing.T) {
	f := resolved(t)
	reg := register(t, f, Info{})
	must(t, reg.Listener().Close())
	must(t, reg.Close())
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		id := newID()
		if !isID(id) {
			t.Fatalf("%q is no id", id)
		}
		seen[id] = true
	}
	if len(seen) < 190 {
		t.Errorf("200 ids, %d different ones", len(seen))
	}
}

// files are the names in the folders.
func files(t *testing.T, dirs ...string) []string {
	t.Helper()
	var names []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	return names
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
