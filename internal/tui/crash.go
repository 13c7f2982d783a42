package tui

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// crash is a panic, and where it happened.
type crash struct {
	value any
	stack []byte
}

func newCrash(value any) *crash { return &crash{value, debug.Stack()} }

// CrashError says that the view ended by a fault of its own. The session, if there is
// one, is unharmed.
type CrashError struct {
	Cause string // what the panic said
	Log   string // the file that holds the whole of it; "" if it couldn't be written
}

func (e *CrashError) Error() string {
	text := "the live view ended by a fault of its own: " + e.Cause
	if e.Log != "" {
		text += "; please report it with " + e.Log
	}
	return text + "; --no-tui does without the view"
}

// report writes a crash into a file of that name.
func (c *crash) report(path string, now time.Time) *CrashError {
	e := &CrashError{Cause: fmt.Sprint(c.value), Log: path}
	text := fmt.Sprintf("%s\n%v\n\n%s", now.Format(time.RFC3339), c.value, c.stack)
	if path == "" || os.WriteFile(path, []byte(text), 0o600) != nil {
		e.Log = ""
	}
	return e
}
