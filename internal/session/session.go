// Package session is the registry of running sessions: by it `solatis trigger` in one
// terminal finds the `solatis listen` of another.
//
// A session has three files. In the registry's folder lie ID.json, which describes it,
// and ID.lock, which its process keeps locked; ID.sock in the runtime folder is its
// control socket. The session is alive exactly while the lock is held: the system
// releases it however the process ends, while a process number may long belong to
// another program. What dead sessions left is removed by whoever looks next.
//
// Everything that changes or judges these files happens under one more lock,
// registry.lock, held for the moment it takes. Without it, two processes that look at
// the same time could each take the other's probing of a dead session's lock for life.
package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/solatis/solatis-cli/internal/folders"
)

// Info describes a session to other processes.
type Info struct {
	ID      string    `json:"id"`                 // short, typed by hand with --session
	PID     int       `json:"pid"`                // for people only: nothing is decided by it
	Cwd     string    `json:"cwd"`                // its current directory, symbolic links resolved
	URL     string    `json:"url"`                // where webhooks are to be sent; empty until a remote relay has told it
	Relay   string    `json:"relay,omitempty"`    // the remote relay's origin; empty for the embedded one
	RelayCA string    `json:"relay_ca,omitempty"` // file with the certificates that vouch for it, beside the system's
	Target  string    `json:"target,omitempty"`   // the first of Targets, else that of the first route; empty where nothing is forwarded
	Targets []string  `json:"targets,omitempty"`  // each gets what no route takes
	Routes  []string  `json:"routes,omitempty"`   // such as "document.*=http://localhost:3000/docs"; the first that matches takes an event
	Socket  string    `json:"socket"`             // its control socket
	Started time.Time `json:"started"`
	Version string    `json:"version"`
	Paused  bool      `json:"paused,omitempty"` // whether forwarding is; only the session itself knows
}

// registry is where the sessions' files are.
type registry struct {
	dir     string // of descriptions and locks
	runtime string // of sockets
}

func open(f folders.Folders) registry { return registry{dir: f.Sessions(), runtime: f.Runtime} }

func (r registry) description(id string) string { return filepath.Join(r.dir, id+".json") }
func unfinished(description string) string      { return description + ".new" }
func (r registry) lockFile(id string) string    { return filepath.Join(r.dir, id+".lock") }
func (r registry) socket(id string) string      { return filepath.Join(r.runtime, id+".sock") }

// lock takes the registry's own lock. Nobody holds it longer than a few file operations.
func (r registry) lock() (*flock.Flock, error) {
	l := flock.New(filepath.Join(r.dir, "registry.lock"))
	if err := l.Lock(); err != nil {
		return nil, fmt.Errorf("the registry of sessions %s can't be locked: %w", r.dir, err)
	}
	return l, nil
}

// ids lists the sessions of which there is any file, dead or alive.
func (r registry) ids() ([]string, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, fmt.Errorf("the registry of sessions can't be read: %w", err)
	}
	var ids []string
	for _, e := range entries {
		id, suffix, _ := strings.Cut(e.Name(), ".")
		if (suffix == "json" || suffix == "lock") && isID(id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// remove deletes a session's files, the lock's last: while it is there, the id is taken.
// The caller holds the registry's lock.
func (r registry) remove(id string) error {
	var errs []error
	for _, path := range []string{r.description(id), unfinished(r.description(id)), r.socket(id), r.lockFile(id)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// isDead reports whether nobody holds the session's lock. The caller holds the
// registry's, so nobody takes it in the meantime.
func (r registry) isDead(id string) (bool, error) {
	l := flock.New(r.lockFile(id))
	free, err := l.TryLock()
	if err != nil {
		return false, fmt.Errorf("the lock of session %s can't be tried: %w", id, err)
	}
	return free, l.Close()
}
