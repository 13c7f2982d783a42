package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Copy writes the database as it is now into a new file of mode 0600, durably. Writers go
// on meanwhile; what they write is not in the copy. The file appears once it is whole,
// and one that is there already is left alone: the error is fs.ErrExist then. A process
// that ends in between leaves "file.partial-…" behind. When ctx ends, so does Copy; Close
// waits for it.
func (d *DB) Copy(ctx context.Context, file string) error {
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("copy of the %s: %s: %w: name another file, or move that one away", d.options.Name, file, fs.ErrExist)
	}
	temp, err := newPartial(file)
	if err != nil {
		return fmt.Errorf("copy of the %s: %w", d.options.Name, err)
	}
	if err := d.copyTo(ctx, temp); err != nil {
		if kind(err) == ErrFull { // the disk of the copy, which may be another one
			err = fmt.Errorf("%w: make room there, or name a file elsewhere (%w)", ErrFull, err)
		} else {
			err = d.explain(err)
		}
		return errors.Join(fmt.Errorf("copy of the %s to %s: %w", d.options.Name, file, err), os.Remove(temp))
	}
	if err := publish(temp, file); err != nil {
		return errors.Join(fmt.Errorf("copy of the %s: %w", d.options.Name, err), os.Remove(temp))
	}
	return nil
}

// newPartial makes an empty file beside the one that it will become, and returns its
// absolute path: SQLite takes a relative one that begins with "file:" for a URL.
func newPartial(file string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".partial-*")
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// copyTo lets SQLite write a copy into an empty file. It takes the place of a View, so
// that Close waits for it.
func (d *DB) copyTo(ctx context.Context, file string) error {
	c, err := d.reader(ctx)
	if err != nil {
		return err
	}
	// A connection that may only read can't write a copy either. So its place gets a new
	// one afterwards.
	defer func() {
		c.close()
		d.readers <- nil
	}()
	if _, err := c.sql.ExecContext(ctx, "PRAGMA query_only = 0"); err != nil {
		return err
	}
	_, err = c.sql.ExecContext(ctx, "VACUUM INTO ?", file)
	return err
}

// publish makes temp durable and gives it the name file, unless that is taken.
func publish(temp, file string) error {
	if err := syncFile(temp, os.O_RDWR); err != nil {
		return err
	}
	reserved, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	reserved.Close()
	if err := os.Rename(temp, file); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	if runtime.GOOS == "windows" { // which can't sync folders, and needs no such thing
		return nil
	}
	return syncFile(filepath.Dir(file), os.O_RDONLY)
}

func syncFile(path string, flags int) error {
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
