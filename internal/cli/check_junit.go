package cli

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/solatis/solatis-cli/internal/check"
	"github.com/solatis/solatis-cli/internal/term"
)

// junitFile is the report that --junit asks for. It is begun before anything is sent, so
// that a place that can't be written to shows at once, and takes its name only when it is
// whole, so that no reader ever sees a part of it. A nil one is none.
type junitFile struct {
	temporary *os.File
	path      string
}

func (o *checkOptions) createReport() (*junitFile, error) {
	if o.junit == "" {
		return nil, nil
	}
	if info, err := os.Stat(o.junit); err == nil && info.IsDir() {
		return nil, usageErrorf("--junit %s: that is a folder; name a file in it", o.junit)
	}
	f, err := os.CreateTemp(filepath.Dir(o.junit), ".solatis-junit-")
	if err != nil {
		return nil, usageErrorf("--junit %s: it can't be written there: %w", o.junit, err)
	}
	return &junitFile{f, o.junit}, nil
}

// write writes the report. What came from the app is made visible as in the terminal.
func (j *junitFile) write(target string, results []check.Result, failed error) error {
	if j == nil {
		return nil
	}
	clean := make([]check.Result, len(results))
	for i, r := range results {
		clean[i] = r
		clean[i].Seen = term.Sanitize(r.Seen)
	}
	err := errors.Join(
		check.WriteJUnit(j.temporary, term.Sanitize(target), clean, failed),
		j.temporary.Chmod(0o644), // it is for others, and CreateTemp thinks of secrets
		j.temporary.Close(),
	)
	if err != nil {
		return err
	}
	return os.Rename(j.temporary.Name(), j.path)
}

// discard removes what was begun and not written.
func (j *junitFile) discard() {
	if j != nil {
		j.temporary.Close()
		os.Remove(j.temporary.Name())
	}
}
