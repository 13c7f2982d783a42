package admin

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

const (
	// socketFolder in the data folder has the socket. It is closed to others, so that
	// nobody else can open the socket in the moment before its own mode is set.
	socketFolder = "admin"
	socketName   = "admin.sock"

	// maxSocketPath is what every platform takes as a socket's path, in bytes: macOS has
	// 104 for it, with a closing NUL.
	maxSocketPath = 103
)

// Listen opens the socket in a data folder, for the user alone. What lies there is left
// of a relay that has ended: the caller has the data folder's lock.
//
// The socket is DATA/admin/admin.sock. Where that path is too long for a socket, it is a
// symbolic link to one in a private folder for temporary files.
func Listen(data string) (net.Listener, error) {
	path, err := socketPath(data)
	if err != nil {
		return nil, err
	}
	if err := preparePrivate(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := remove(path); err != nil {
		return nil, fmt.Errorf("the socket for administration can't be replaced: %w", err)
	}
	if len(path) <= maxSocketPath {
		return listen(path, path)
	}
	temp, err := os.MkdirTemp("", "solatis-relay-") // of mode 0700
	if err != nil {
		return nil, fmt.Errorf("the path of the socket for administration %s is too long, and there is no other place: %w", path, err)
	}
	short := filepath.Join(temp, socketName)
	if err := os.Symlink(short, path); err != nil {
		return nil, errors.Join(fmt.Errorf("the socket for administration can't be made known: %w", err), os.Remove(temp))
	}
	return listen(short, path, short, temp)
}

func socketPath(data string) (string, error) {
	path, err := filepath.Abs(filepath.Join(data, socketFolder, socketName))
	if err != nil {
		return "", fmt.Errorf("the data folder %s: %w", data, err)
	}
	return path, nil
}

// preparePrivate makes a folder in the data folder that nobody else can look into.
func preparePrivate(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		err = os.Chmod(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("the folder of the socket for administration can't be made: %w", err)
	}
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// listener removes what was made for it when it is closed.
type listener struct {
	net.Listener
	made []string

	closing sync.Once
	err     error
}

// listen opens a socket. made are the paths to remove at its end, in this order.
func listen(path string, made ...string) (net.Listener, error) {
	ln, err := net.Listen("unix", path)
	if err != nil {
		for _, other := range made {
			err = errors.Join(err, remove(other))
		}
		return nil, fmt.Errorf("the socket for administration %s can't be opened: %w", path, err)
	}
	l := &listener{Listener: ln, made: made}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("the socket for administration can't be closed to other users: %w", err), l.Close())
	}
	return l, nil
}

// Close closes the socket and removes it. Further calls do nothing.
func (l *listener) Close() error {
	l.closing.Do(func() {
		l.err = l.Listener.Close()
		for _, path := range l.made {
			l.err = errors.Join(l.err, remove(path))
		}
	})
	return l.err
}

// findSocket returns the path by which a data folder's socket can be opened, or "" where
// there is none.
func findSocket(data string) (string, error) {
	path, err := socketPath(data)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("the relay's socket can't be looked for: %w; use the account that runs the relay", err)
	case info.Mode()&fs.ModeSymlink == 0:
		return path, nil
	}
	short, err := os.Readlink(path)
	if err != nil {
		return "", fmt.Errorf("the relay's socket can't be found: %w", err)
	}
	temp, err := os.Lstat(filepath.Dir(short))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("the relay's socket can't be looked for: %w", err)
	}
	// The relay may have died, and somebody else have made a folder of this name since.
	if !temp.IsDir() || !sameOwner(info, temp) {
		return "", fmt.Errorf("the folder %s isn't the relay's: remove %s", filepath.Dir(short), path)
	}
	return short, nil
}

// nobodyListens reports whether a dial failed because the relay has ended.
func nobodyListens(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}
