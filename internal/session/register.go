package session

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/solatis/solatis-cli/internal/folders"
)

// Registration is a session's entry in the registry, from Register to Close.
type Registration struct {
	registry registry
	lock     *flock.Flock
	listener net.Listener

	mu   sync.Mutex // guards what follows
	info Info
}

// Register enters this process as a running session. It chooses the session's id, sets
// info's ID, PID and Socket, and resolves Cwd. The session's control socket is open
// before others can find the session, so a client that comes at once waits for the
// first Accept and never meets a closed door.
func Register(f folders.Folders, info Info) (*Registration, error) {
	r := open(f)
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, fmt.Errorf("the registry of sessions can't be created: %w", err)
	}
	lock, err := r.lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()

	reg, err := r.claim()
	if err != nil {
		return nil, err
	}
	info.ID, info.PID, info.Socket = reg.info.ID, os.Getpid(), r.socket(reg.info.ID)
	info.Cwd = canonical(info.Cwd)
	reg.info = info
	if err := reg.announce(); err != nil {
		reg.lock.Close()
		return nil, errors.Join(err, r.remove(info.ID))
	}
	return reg, nil
}

// claim finds an id that no session has left a file of, and locks it.
func (r registry) claim() (*Registration, error) {
	for {
		id := newID()
		_, err := os.Lstat(r.lockFile(id))
		if err == nil {
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the registry of sessions can't be read: %w", err)
		}
		lock := flock.New(r.lockFile(id))
		ok, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("the session's lock can't be made: %w", err)
		}
		if ok {
			return &Registration{registry: r, info: Info{ID: id}, lock: lock}, nil
		}
	}
}

// announce opens the socket and then writes the description.
func (reg *Registration) announce() error {
	ln, err := listen(reg.info.Socket)
	if err != nil {
		return err
	}
	if err := reg.write(); err != nil {
		ln.Close()
		return err
	}
	reg.listener = ln
	return nil
}

// listen opens the socket. What lies at its path is a dead session's, since this one
// holds the lock of the id.
func listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the control socket can't be replaced: %w", err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("the control socket %s can't be opened: %w", path, err)
	}
	// The folder lets nobody else in; this is the second lock on the same door.
	if err := os.Chmod(path, 0o600); err != nil {
		ln.Close()
		return nil, fmt.Errorf("the control socket can't be closed to other users: %w", err)
	}
	return ln, nil
}

// write puts the description in place whole, in case this process dies half-way. The
// caller holds the registry's lock, and mu unless nobody else knows reg yet.
func (reg *Registration) write() error {
	path := reg.registry.description(reg.info.ID)
	data, err := json.MarshalIndent(reg.info, "", "  ")
	if err == nil {
		err = os.WriteFile(unfinished(path), append(data, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(unfinished(path), path)
	}
	if err != nil {
		return fmt.Errorf("the session can't be entered into the registry: %w", err)
	}
	return nil
}

// Info describes the session as others see it.
func (reg *Registration) Info() Info {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	return reg.info
}

// SetURL tells others where webhooks are to be sent, once a remote relay has said so.
func (reg *Registration) SetURL(url string) error {
	lock, err := reg.registry.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if reg.info.URL == url {
		return nil
	}
	reg.info.URL = url
	return reg.write()
}

// Listener is the session's control socket. Close closes it.
func (reg *Registration) Listener() net.Listener { return reg.listener }

// Close takes the session off the registry: others don't find it any more.
func (reg *Registration) Close() error {
	lock, err := reg.registry.lock()
	if err == nil {
		defer lock.Close()
	}
	// Whoever serves the socket may have closed it already.
	if closed := reg.listener.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	// Windows removes no file that is open, so the lock goes first. Under the registry's
	// lock nobody takes it in between.
	return errors.Join(err, reg.lock.Close(), reg.registry.remove(reg.Info().ID))
}

// idLetters are those that no other is taken for when read aloud or typed.
const (
	idLetters = "abcdefghjkmnpqrstuvwxyz23456789"
	idLength  = 4
)

func newID() string {
	id := make([]byte, 0, idLength)
	for len(id) < idLength {
		var b [1]byte
		rand.Read(b[:]) // never fails: crypto/rand ends the program instead
		if n := int(b[0] & 31); n < len(idLetters) {
			id = append(id, idLetters[n])
		}
	}
	return string(id)
}

func isID(s string) bool { return len(s) == idLength && strings.Trim(s, idLetters) == "" }

// canonical resolves symbolic links, so that a folder has one name. Where that fails the
// name has to do as it is.
func canonical(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir
}
