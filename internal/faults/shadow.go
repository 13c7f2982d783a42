package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// shadow knows all that was written to a folder's databases, and what of it was made
// durable when. It can tell what a power cut at any moment could have left.
type shadow struct {
	dir   string
	files map[string]*shadowFile // by name
	dirs  spans                  // fsyncs of the folder, which make names durable
}

type shadowFile struct {
	before  []byte // what it held when the trace began
	created int    // the line on which its creation ended; 0 where it was there before
	writes  []fileWrite
	syncs   spans
}

// fileWrite is one write, or a truncation to offset where data is nil.
type fileWrite struct {
	span
	offset int64
	data   []byte
}

func newShadow(dir string, before map[string][]byte) *shadow {
	s := &shadow{dir: dir, files: map[string]*shadowFile{}}
	for name, content := range before {
		s.files[name] = &shadowFile{before: content}
	}
	return s
}

// see takes a call. What changes a database in a way that isn't known here is an error:
// the shadow would show what never was.
func (s *shadow) see(c call) error {
	if c.result < 0 {
		return nil
	}
	switch c.name {
	case "open", "openat", "creat":
		return s.opened(c)
	case "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "truncate":
		if text, err := c.text(); err != nil || isDatabase(text) && filepath.Dir(text) == s.dir {
			return fmt.Errorf("%s(%.200s): the power gate doesn't know what becomes of that", c.name, c.args)
		}
		return nil
	}
	path, ok := c.file()
	if !ok {
		return nil
	}
	if path == s.dir && isSync(c) {
		s.dirs = append(s.dirs, span{c.begin, c.end})
	}
	if filepath.Dir(path) != s.dir || !isDatabase(path) {
		return nil
	}
	return s.changed(c, s.file(filepath.Base(path)))
}

// check returns an error where the trace has nothing of the databases, so that all cuts
// would leave the same.
func (s *shadow) check() error {
	for _, f := range s.files {
		if len(f.writes) > 0 {
			return nil
		}
	}
	return fmt.Errorf("the trace has no write of a database in %s: it can't be read right", s.dir)
}

// isDatabase reports whether a file is of those that have to survive. The -shm beside
// them is made anew from the log.
func isDatabase(path string) bool {
	for _, suffix := range []string{".db", ".db-wal", ".db-journal"} {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	return false
}

func (s *shadow) file(name string) *shadowFile {
	f := s.files[name]
	if f == nil {
		f = &shadowFile{}
		s.files[name] = f
	}
	return f
}

func (s *shadow) opened(c call) error {
	path, err := c.text()
	if err != nil || filepath.Dir(path) != s.dir || !isDatabase(path) {
		return nil // others may have long names
	}
	if strings.Contains(c.args, "O_TRUNC") {
		return fmt.Errorf("%s of %s with O_TRUNC: the power gate doesn't know what becomes of that", c.name, path)
	}
	if name := filepath.Base(path); s.files[name] == nil {
		s.file(name).created = c.end
	}
	return nil
}

func (s *shadow) changed(c call, f *shadowFile) error {
	at := span{c.begin, c.end}
	switch c.name {
	case "read", "readv":
		return nil
	case "fsync", "fdatasync":
		f.syncs = append(f.syncs, at)
		return nil
	case "ftruncate":
		size, err := c.number()
		f.writes = append(f.writes, fileWrite{at, size, nil})
		return err
	case "pwrite64":
		data, err := c.text()
		if err != nil {
			return err
		}
		offset, err := c.number()
		if err == nil && int64(len(data)) < c.result {
			err = fmt.Errorf("%d bytes were written, and the trace has %d", c.result, len(data))
		}
		if err == nil {
			f.writes = append(f.writes, fileWrite{at, offset, []byte(data[:c.result])})
		}
		return err
	}
	return fmt.Errorf("%s of a database: the power gate doesn't know what that does", c.name)
}

// survival says what a power cut leaves of what no fsync had reached.
type survival int

const (
	nothing survival = iota
	everything
	anything // each sector or not, as chance has it
)

// sectorSize is what a disk writes whole or not at all, in bytes.
const sectorSize = 512

// write writes what a power cut at a line could have left of the databases into a folder.
func (s *shadow) write(dir string, cut int, left survival) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	named, _ := s.dirs.lastBefore(cut)
	for name, f := range s.files {
		if f.created >= cut || f.created > named && !left.takes() {
			continue // the folder doesn't have its name yet
		}
		if err := os.WriteFile(filepath.Join(dir, name), f.content(cut, left), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// takes decides about one thing that isn't durable.
func (s survival) takes() bool { return s == everything || s == anything && rand.IntN(2) == 0 }

// content is what the file has after a cut.
func (f *shadowFile) content(cut int, left survival) []byte {
	durable, _ := f.syncs.lastBefore(cut)
	content := append([]byte{}, f.before...)
	for _, w := range f.writes {
		switch {
		case w.end < durable:
			content = w.apply(content, everything)
		case w.begin < cut:
			content = w.apply(content, left)
		}
	}
	return content
}

func (w *fileWrite) apply(content []byte, left survival) []byte {
	if w.data == nil {
		if left.takes() {
			content = resize(content, w.offset)
		}
		return content
	}
	for from := 0; from < len(w.data); {
		at := w.offset + int64(from)
		n := min(int(sectorSize-at%sectorSize), len(w.data)-from)
		if left.takes() {
			if end := at + int64(n); end > int64(len(content)) {
				content = resize(content, end)
			}
			copy(content[at:], w.data[from:from+n])
		}
		from += n
	}
	return content
}

// resize cuts content off, or fills it up with zeros.
func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}
