package tui

import (
	"context"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/history"
)

// Actions are what the view can do besides looking. One that is nil can't be done here,
// and the view doesn't offer it: not in its help, and its key does nothing. They are
// called from goroutines of their own; their context ends with the view.
type Actions struct {
	// Replay sends a recorded request once more, byte for byte.
	Replay func(ctx context.Context, request string) (activity.Attempted, error)
	// Send sends a recorded request with another body, signed anew.
	Send func(ctx context.Context, request string, body []byte) (activity.Attempted, error)
	// Trigger sends a body as an event of its own, signed. What it returns is shown, such
	// as the event's id.
	Trigger func(ctx context.Context, body []byte) (note string, err error)
	// Samples are what Trigger can begin with. It is asked whenever the picker opens.
	Samples func(ctx context.Context) ([]Sample, error)
	// Pause stops forwarding, or goes on. What comes meanwhile is recorded.
	Pause func(ctx context.Context, pause bool) error
	// Enable ends the disabling of a target, and returns how many held deliveries follow.
	Enable func(ctx context.Context, target string) (held int, err error)
	// Info says more about the session than its updates do.
	Info func() []Fact
	// Curl returns a shell command that sends the request.
	Curl func(history.Details) (string, error)
	// Diagnose explains a bad signature and says how to mend it, in a few lines.
	Diagnose func(ctx context.Context, d history.Details) (string, error)
}

// Sample is something to trigger: a type of event, or a fixture of the user's own.
type Sample struct {
	Name string // such as "document.analyzed"
	Note string // what it is, in a few words
	// Body makes the body to send, with an id and a time of its own at each call.
	Body func() ([]byte, error)
}

// Fact is a line of the session's information.
type Fact struct{ Name, Value string }
