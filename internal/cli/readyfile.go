package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/folders"
)

// prepareReadyFile removes what an earlier session left at the path of --ready-file, so
// that whoever waits for the file doesn't take it for this session's. What isn't such a
// file stays, and is an error.
func prepareReadyFile(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return usageErrorf("--ready-file: %w", err)
	}
	u, err := activity.ParseJSON(bytes.TrimSpace(text))
	if _, ok := u.(activity.Ready); err != nil || !ok {
		return usageErrorf("--ready-file %s: there is a file already that no session wrote: name another one, or remove it", path)
	}
	return os.Remove(path)
}

// writeReadyFile puts the ready line in place whole: whoever sees the file can read all
// of it.
func writeReadyFile(path string, ready activity.Ready) error {
	line, err := activity.AppendJSON(nil, ready)
	if err != nil {
		return err
	}
	if err := folders.WriteFile(path, append(line, '\n')); err != nil {
		return fmt.Errorf("--ready-file %s can't be written: %w", path, err)
	}
	return nil
}
