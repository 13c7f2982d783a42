package server

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/buildinfo"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
)

// A backup is a tar archive of three files, in this order: the manifest, and copies of the
// two databases, each consistent in itself. The registry is copied after the store, so
// that an endpoint whose requests are in the copy is known, unless it was deleted
// meanwhile. Certificates are not in it: they are to be had anew.
const (
	manifestName = "manifest.json"
	storeName    = "relay.db"
	registryName = "access.db"
)

// backupFormat is the version of the archive's layout.
const backupFormat = 1

// backupPattern names the folders in which copies are made.
const backupPattern = ".backup-*"

// maxManifest bounds what Restore reads before it knows what it has.
const maxManifest = 64 << 10

// manifest says what is in a backup, so that Restore can tell a whole one from a part.
type manifest struct {
	Format  int            `json:"format"`
	Version string         `json:"version"` // of the relay that made it
	Created time.Time      `json:"created"`
	Files   []manifestFile `json:"files"`
}

type manifestFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hex
}

// Copier makes a consistent copy of itself in a new file, while it is in use.
type Copier interface {
	Backup(ctx context.Context, file string) error
}

// Backup writes a backup of a relay to w. The copies are made in a folder within data
// first, since the archive begins with their sizes; it needs as much room as the
// databases have.
func Backup(ctx context.Context, w io.Writer, data string, store, registry Copier, now time.Time) (err error) {
	dir, err := os.MkdirTemp(data, backupPattern)
	if err != nil {
		return fmt.Errorf("there is no place to copy the databases to: %w", err)
	}
	defer closing(&err, func() error { return os.RemoveAll(dir) })
	m := manifest{Format: backupFormat, Version: buildinfo.Version(), Created: now.UTC()}
	for _, part := range []struct {
		name string
		from Copier
	}{{storeName, store}, {registryName, registry}} {
		path := filepath.Join(dir, part.name)
		if err := part.from.Backup(ctx, path); err != nil {
			return fmt.Errorf("%s can't be copied: %w", part.name, err)
		}
		entry, err := describe(path)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, entry)
	}
	return writeArchive(ctx, w, dir, m)
}

func describe(path string) (manifestFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return manifestFile{}, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	return manifestFile{Name: filepath.Base(path), Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

func writeArchive(ctx context.Context, w io.Writer, dir string, m manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	if err := addFile(archive, manifestName, m.Created, int64(len(text)), strings.NewReader(string(text))); err != nil {
		return err
	}
	for _, entry := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := os.Open(filepath.Join(dir, entry.Name))
		if err != nil {
			return err
		}
		err = errors.Join(addFile(archive, entry.Name, m.Created, entry.Bytes, f), f.Close())
		if err != nil {
			return err
		}
	}
	return archive.Close()
}

func addFile(archive *tar.Writer, name string, at time.Time, size int64, r io.Reader) error {
	header := &tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: at.Truncate(time.Second), Format: tar.FormatPAX}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(archive, r)
	return err
}

// Restore puts the databases of a backup into the data folder, which must not have any.
// Nothing is there before all of it is found to be whole. Agents that connect later find
// another epoch, so that no position names two requests.
func Restore(ctx context.Context, archive io.Reader, data string) (err error) {
	if err := checkEmpty(data); err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("the data folder can't be made: %w", err)
	}
	dir, err := os.MkdirTemp(data, ".restore-")
	if err != nil {
		return fmt.Errorf("the data folder can't be written to: %w", err)
	}
	defer closing(&err, func() error { return os.RemoveAll(dir) })
	if err := unpack(ctx, archive, dir); err != nil {
		return err
	}
	if err := errors.Join(Check(ctx, dir)...); err != nil {
		return fmt.Errorf("the backup is damaged: %w", err)
	}
	return moveIn(ctx, dir, data)
}

// checkEmpty refuses a folder where a relay was or is.
func checkEmpty(data string) error {
	for _, path := range []string{StorePath(data), RegistryPath(data)} {
		_, err := os.Lstat(path)
		if err == nil {
			return fmt.Errorf("%s is there already: a backup is restored into an empty data folder only; stop the relay and move the folder away, or name another one by --data", path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// moveIn puts the databases in their place, and replaces none. The store's own Restore
// comes last: a store without its registry would know no endpoint.
func moveIn(ctx context.Context, dir, data string) error {
	registry := RegistryPath(data)
	if err := os.Link(filepath.Join(dir, registryName), registry); err != nil { // a link replaces nothing
		return fmt.Errorf("%s can't be put in its place: %w", registry, err)
	}
	if err := sqlitestore.Restore(ctx, filepath.Join(dir, storeName), StorePath(data)); err != nil {
		return errors.Join(err, os.Remove(registry))
	}
	return syncFolder(data)
}

// unpack reads an archive into dir and holds it against its manifest.
func unpack(ctx context.Context, r io.Reader, dir string) error {
	archive := tar.NewReader(r)
	m, err := readManifest(archive)
	if err != nil {
		return fmt.Errorf("this is no backup of a relay: %w", err)
	}
	if m.Format != backupFormat {
		return fmt.Errorf("the backup has format %d, and this solatis-relay reads format %d: use version %s, which made it, or a newer one", m.Format, backupFormat, m.Version)
	}
	if len(m.Files) != 2 || m.Files[0].Name != storeName || m.Files[1].Name != registryName {
		return errors.New("the backup's manifest doesn't name the two databases")
	}
	for _, want := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := unpackFile(archive, dir, want); err != nil {
			return fmt.Errorf("the backup is damaged or cut off: %s: %w", want.Name, err)
		}
	}
	return nil
}

func readManifest(archive *tar.Reader) (m manifest, err error) {
	header, err := archive.Next()
	if err != nil {
		return m, err
	}
	if header.Name != manifestName || header.Size > maxManifest {
		return m, fmt.Errorf("it doesn't begin with %s", manifestName)
	}
	return m, json.NewDecoder(archive).Decode(&m)
}

func unpackFile(archive *tar.Reader, dir string, want manifestFile) error {
	header, err := archive.Next()
	if err != nil {
		return err
	}
	if header.Name != want.Name || header.Typeflag != tar.TypeReg || header.Size != want.Bytes {
		return fmt.Errorf("there is %q of %d bytes instead of %d", header.Name, header.Size, want.Bytes)
	}
	path := filepath.Join(dir, want.Name) // one of the two names, never the archive's own
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, sum), archive)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want.SHA256 {
		return fmt.Errorf("its checksum is %s instead of %s", got, want.SHA256)
	}
	return nil
}
