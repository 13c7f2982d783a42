package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Backup writes the store as it is now into a new file of mode 0600, durably, while
// requests go on being taken. The file appears once it is whole; one that is there
// already is left alone (fs.ErrExist). Close waits for it; when ctx ends it ends with it.
func (s *Store) Backup(ctx context.Context, file string) error {
	return s.db.Copy(ctx, file)
}

// Restore makes the store at path out of a file that Backup wrote, after a Check of it.
// There must be no store at path (fs.ErrExist, where one is): the person who restores
// decides what becomes of it. A run of it writes under an epoch of its own, so agents that
// are further than the file get all that they haven't seen.
func Restore(ctx context.Context, file, path string) (err error) {
	lock, err := lockFor(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	// What an old store left beside its file would be taken for part of the new one.
	for _, old := range []string{path, path + "-wal", path + "-shm"} {
		if _, err := os.Lstat(old); err == nil {
			return fmt.Errorf("restore: %s: %w: move it away first, with the files of the same beginning", old, fs.ErrExist)
		}
	}
	if err := Check(ctx, file); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	db, err := openReadOnly(ctx, file)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return errors.Join(db.Copy(ctx, path), db.Close())
}

func openReadOnly(ctx context.Context, path string) (*sqlitedb.DB, error) {
	o := options
	o.ReadOnly = true
	return sqlitedb.Open(ctx, path, o)
}
