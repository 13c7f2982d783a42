// Package envfile sets one variable in a file of environment variables, such as the .env
// of a project. All that is not about that variable stays as it is, byte for byte: other
// variables, comments, the order, how lines end.
//
// There is no one syntax of such files; each reader has its own. This package knows what
// they agree on: a line is NAME=value, maybe behind "export" and white space; a value may
// stand in single, double or back quotes, and then go over several lines; "#" begins a
// comment line. A value is written in a form that all of them read alike, or refused.
package envfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// maxFile is far more than anybody keeps in such a file, in bytes.
const maxFile = 1 << 20

// namePattern is what every reader takes as the name of a variable.
var namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CheckName says what is wrong with the name of a variable, or nil.
func CheckName(name string) error {
	if namePattern.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%q is no name of a variable: it takes letters of ASCII, digits and _, and begins with no digit", name)
}

// Set gives a variable its value in the file at path, and reports whether that changed
// anything. A file that isn't there is created for its owner alone (0600), while its
// folder has to exist; one that is there keeps its mode and is replaced in one step, so
// that no reader finds half of it. Where the variable has the value already, nothing is
// written.
//
// A path that is a symbolic link, or anything but a file, is refused: what it leads to
// may be shared with others, and should be named itself.
func Set(path, name, value string) (changed bool, err error) {
	if err := CheckName(name); err != nil {
		return false, err
	}
	text, mode, err := read(path)
	if err != nil {
		return false, err
	}
	edited, err := edit(text, name, value)
	if err != nil {
		return false, fmt.Errorf("the value of %s: %w", name, err)
	}
	if string(edited) == string(text) {
		return false, nil
	}
	// A quote that is never closed would swallow what is added behind it.
	if again, err := edit(edited, name, value); err != nil || string(again) != string(edited) {
		return false, fmt.Errorf("%s has a quote that is never closed: close it, or set %s there yourself", path, name)
	}
	if err := write(path, edited, mode); err != nil {
		return false, fmt.Errorf("%s can't be written: %w", path, err)
	}
	return true, nil
}

// newMode is that of a file that is created: there will be a secret in it.
const newMode = 0o600

func read(path string) (text []byte, mode fs.FileMode, err error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, newMode, nil
	case err != nil:
		return nil, 0, err
	case info.Mode()&fs.ModeSymlink != 0:
		leads := "nowhere"
		if real, err := filepath.EvalSymlinks(path); err == nil {
			leads = "to " + real
		}
		return nil, 0, fmt.Errorf("%s is a symbolic link that leads %s: name the file itself", path, leads)
	case !info.Mode().IsRegular():
		return nil, 0, fmt.Errorf("%s is not a file that could be written to", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	if text, err = io.ReadAll(io.LimitReader(f, maxFile+1)); err != nil {
		return nil, 0, fmt.Errorf("%s can't be read: %w", path, err)
	}
	if len(text) > maxFile {
		return nil, 0, fmt.Errorf("%s is over %d KiB: that is no file of variables", path, maxFile>>10)
	}
	return text, info.Mode().Perm(), nil
}

// write replaces the file in one step.
func write(path string, text []byte, mode fs.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, os.Chmod(temp.Name(), mode), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
	}
	return err
}
