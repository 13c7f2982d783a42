package admin_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
)

// places are a data folder with a short path, and one whose path is too long for a socket.
func places(t *testing.T) map[string]string {
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(long, 0o755); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"short": shortFolder(t), "long": long}
}

func TestOnlyTheUserCanOpenTheSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there folders have no modes")
	}
	for name, data := range places(t) {
		if err := os.Mkdir(filepath.Join(data, "admin"), 0o777); err != nil {
			t.Fatal(err)
		}
		ln, err := admin.Listen(data)
		if err != nil {
			t.Fatal(name, err)
		}
		defer ln.Close()
		socket := ln.Addr().String()
		for path, want := range map[string]os.FileMode{
			socket: 0o600, filepath.Dir(socket): 0o700, filepath.Join(data, "admin"): 0o700,
		} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %s: %v, %v", name, path, info.Mode(), err)
			}
		}
		if (name == "long") == strings.HasPrefix(socket, data) {
			t.Errorf("%s: the socket is at %s", name, socket)
		}
	}
}

func TestConnectFindsARunningRelayOnly(t *testing.T) {
	for name, data := range places(t) {
		t.Run(name, func(t *testing.T) {
			none := func(when string) {
				t.Helper()
				if c, ok, err := admin.Connect(t.Context(), data); ok || c != nil || err != nil {
					t.Errorf("%s: connected %v, %v", when, ok, err)
				}
			}
			none("never started")
			dead, err := admin.Listen(data)
			if err != nil {
				t.Fatal(err)
			}
			socket := dead.Addr().String()
			if err := dead.Close(); err != nil {
				t.Fatal(err)
			}
			none("ended")
			if _, err := os.Lstat(socket); err == nil || name == "long" && folderExists(filepath.Dir(socket)) {
				t.Errorf("%s is left", socket)
			}
			leaveSocket(t, data)
			none("died")
			m := newManager(t, t.TempDir())
			serve(t, data, m)
			c := connect(t, data)
			if all, err := c.Tokens(t.Context(), ""); err != nil || len(all) != 0 {
				t.Errorf("got %v, %v", all, err)
			}
		})
	}
}

func folderExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// leaveSocket leaves what a relay leaves that is killed.
func leaveSocket(t *testing.T, data string) {
	t.Helper()
	ln, err := admin.Listen(data)
	if err != nil {
		t.Fatal(err)
	}
	socket, path := ln.Addr().String(), filepath.Join(data, "admin", "admin.sock")
	link, notLinked := os.Readlink(path)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if notLinked == nil {
		err := errors.Join(os.Mkdir(filepath.Dir(link), 0o700), os.Symlink(link, path))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(filepath.Dir(link)) })
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
}

func TestAStrangersFolderIsNotTrusted(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() != 0 {
		t.Skip("needs to give a folder away")
	}
	data := places(t)["long"]
	ln, err := admin.Listen(data)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := os.Chown(filepath.Dir(ln.Addr().String()), 65534, -1); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := admin.Connect(t.Context(), data); ok || err == nil || !strings.Contains(err.Error(), "isn't the relay's") {
		t.Errorf("connected %v, %v", ok, err)
	}
}

func TestARelayThatEndsOrIsAnotherVersion(t *testing.T) {
	data := shortFolder(t)
	ln, err := admin.Listen(data)
	if err != nil {
		t.Fatal(err)
	}
	var answers atomic.Value // a client asks again where an old connection breaks, so there is no channel
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := answers.Load().(string)
		if answer == "" {
			panic(http.ErrAbortHandler)
		}
		if strings.HasPrefix(answer, "!") {
			w.WriteHeader(500)
		}
		io.WriteString(w, answer)
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(ln)
	}()
	defer func() { srv.Close(); <-served }()
	c := connect(t, data)
	for answer, want := range map[string]string{
		"":        "broke off",
		"{":       "another version",
		"!oops":   "without a reason",
		"!{}":     "without a reason",
		`{"x":1}`: "",
	} {
		answers.Store(answer)
		if _, err := c.Tokens(t.Context(), ""); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", answer, err, want)
		}
	}
	srv.Close()
	if _, err := c.Endpoint(t.Context(), "shop", ""); err == nil || errors.Is(err, access.ErrNotFound) {
		t.Errorf("a relay that is gone: %v", err)
	}
}
