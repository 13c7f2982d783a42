package folders

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// maxSlots is how many sessions may run side by side as the same thing, such as from one
// project folder. It only keeps a fault from making folders without end.
const maxSlots = 100

// identity is a folder that one process at a time holds, from enter to Close, and the
// small JSON file in it that says who that process is to others.
type identity struct {
	dir  string
	name string // of the file
	what string // whose identity it is, for errors
	loss string // what a new identity would change, and how to have one all the same
	lock *flock.Flock
}

// enter locks the folder, and makes it first where it doesn't exist. It returns false and
// no error where another session holds it.
func (i *identity) enter() (bool, error) {
	if err := os.MkdirAll(i.dir, 0o700); err != nil {
		return false, fmt.Errorf("the %s's folder %s can't be created: %w", i.what, i.dir, reason(err))
	}
	i.lock = flock.New(filepath.Join(i.dir, "lock"))
	free, err := i.lock.TryLock()
	if err != nil {
		return false, fmt.Errorf("the %s's folder %s can't be locked: %w", i.what, i.dir, reason(err))
	}
	return free, nil
}

// load reads the identity into record. It returns false and no error where there is none
// yet. A damaged one is an error and stays as it is, since a new one would silently be
// somebody else.
func (i *identity) load(record interface{ check() error }) (bool, error) {
	data, err := os.ReadFile(i.file())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("the %s's identity %s can't be read: %w", i.what, i.file(), reason(err))
	}
	err = json.Unmarshal(data, record)
	if err == nil {
		err = record.check()
	}
	if err != nil {
		return false, fmt.Errorf("the %s's identity %s is damaged (%w); it is left as it is, since %s", i.what, i.file(), err, i.loss)
	}
	return true, nil
}

func (i *identity) save(record any) error {
	data, err := json.MarshalIndent(record, "", "  ")
	if err == nil {
		err = WriteFile(i.file(), append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("the %s's identity %s can't be written: %w", i.what, i.file(), reason(err))
	}
	return nil
}

func (i *identity) file() string { return filepath.Join(i.dir, i.name) }

// Close gives the identity back. Its files stay for the next run.
func (i *identity) Close() error { return i.lock.Close() }

// firstFree claims the lowest slot that no session holds. claim returns nil and no error
// for one that is held.
func firstFree[T any](what string, claim func(slot int) (*T, error)) (*T, error) {
	for slot := 1; slot <= maxSlots; slot++ {
		claimed, err := claim(slot)
		if claimed != nil || err != nil {
			return claimed, err
		}
	}
	return nil, fmt.Errorf("%d sessions are running for %s already: end one of them first", maxSlots, what)
}

// folderKey is a folder's name that stands for these parts. NUL can be in none of them.
func folderKey(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func slotKey(slot int, parts ...string) string {
	return folderKey(append(parts, strconv.Itoa(slot))...)
}
