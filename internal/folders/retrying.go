package folders

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// The commands that retry what they sent by themselves hold one lock together. A process
// that is killed lets go of it, so that who gets it alone knows that none of them runs.

func (f Folders) retryingLock() (*flock.Flock, error) {
	if err := os.MkdirAll(f.State, 0o700); err != nil {
		return nil, fmt.Errorf("the state folder %s can't be created: %w", f.State, reason(err))
	}
	return flock.New(filepath.Join(f.State, "retrying.lock")), nil
}

// HoldRetrying says that a command retries, until release is called.
func (f Folders) HoldRetrying() (release func() error, err error) {
	lock, err := f.retryingLock()
	if err != nil {
		return nil, err
	}
	if err := lock.RLock(); err != nil {
		return nil, fmt.Errorf("the lock of retries %s can't be held: %w", lock.Path(), reason(err))
	}
	return lock.Close, nil
}

// IfNobodyRetries calls do, unless a command retries. None begins to meanwhile.
func (f Folders) IfNobodyRetries(do func() error) error {
	lock, err := f.retryingLock()
	if err != nil {
		return err
	}
	alone, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("the lock of retries %s can't be held: %w", lock.Path(), reason(err))
	}
	if !alone {
		return nil
	}
	defer lock.Close()
	return do()
}
