package folders

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// maxSocketPath is what every platform takes as a socket's path, in bytes: macOS has
	// 104 for it, with a closing NUL.
	maxSocketPath = 103
	// maxSocketName is what a file's name in Runtime may have, with the separator.
	maxSocketName = 16
)

// prepareRuntime finds and creates the folder for sockets. The natural place is
// SOLATIS_HOME/run or a folder in XDG_RUNTIME_DIR; where that is missing or its path too
// long, it is one in the folder for temporary files. Sessions write their socket's full
// path into the registry, so processes with different environments still meet.
func (r resolver) prepareRuntime(state string) (string, error) {
	for _, dir := range r.runtimeCandidates(state) {
		if len(dir)+maxSocketName > maxSocketPath {
			continue
		}
		return dir, preparePrivate(dir)
	}
	return "", fmt.Errorf("there is no place for sockets: every path tried is over %d bytes; set SOLATIS_HOME to a folder with a shorter path", maxSocketPath-maxSocketName)
}

// runtimeCandidates are the possible folders, best first. Outside of the state folder
// the name has a hash of its path, so that two state folders never share sockets and
// one always finds its own.
func (r resolver) runtimeCandidates(state string) []string {
	sum := sha256.Sum256([]byte(state))
	name := appName + "-" + hex.EncodeToString(sum[:8])
	var dirs []string
	if r.env("SOLATIS_HOME") != "" {
		dirs = append(dirs, filepath.Join(state, "run"))
	} else if xdg := r.env("XDG_RUNTIME_DIR"); filepath.IsAbs(xdg) && isDir(xdg) {
		dirs = append(dirs, filepath.Join(xdg, name))
	}
	for _, dir := range r.tempFolders() {
		dirs = append(dirs, filepath.Join(dir, name))
	}
	return dirs
}

func (r resolver) tempFolders() []string {
	if r.goos == "windows" {
		return []string{os.TempDir()}
	}
	if dir := r.env("TMPDIR"); filepath.IsAbs(dir) && isDir(dir) {
		return []string{dir, "/tmp"}
	}
	return []string{"/tmp"}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// preparePrivate creates dir, or makes sure that what is there is the user's own folder
// and closed to everybody else. In a shared folder such as /tmp anybody could have made
// it first, and whoever owns it could put a socket of theirs in place of a session's.
func preparePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the folder for sockets %s can't be created: %w; set SOLATIS_HOME to a folder of yours with a short path", dir, reason(err))
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("the folder for sockets %s: %w", dir, reason(err))
	}
	if fault := privateFault(info); fault != "" {
		return fmt.Errorf("the folder for sockets %s %s, so it can't be trusted; remove it, or set SOLATIS_HOME to a folder of yours with a short path", dir, fault)
	}
	return nil
}

// privateFault says why something found is not a private folder of this user, or "".
func privateFault(info fs.FileInfo) string {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a symbolic link"
	case !info.IsDir():
		return "is not a folder"
	case !ownedByUser(info):
		return "belongs to another user"
	case openToOthers(info):
		return fmt.Sprintf("is open to other users (mode %04o)", info.Mode().Perm())
	}
	return ""
}
