package control

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
)

const (
	// followBuffer is how many updates a follower may be behind before the Bus drops.
	followBuffer = 1024
	// maxBatch bounds what is gathered for one write, in bytes.
	maxBatch = 64 << 10
)

// errEnd says that there will be no further updates.
var errEnd = errors.New("the session has ended")

// follow streams until the client goes away, the session ends, or the client takes
// nothing for writeTimeout.
func (h handler) follow(w http.ResponseWriter, r *http.Request) {
	sub := h.session.Subscribe(followBuffer, Filter{Event: r.URL.Query().Get("event")}.keep())
	defer sub.Close()
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines, err := []byte(subscribedLine+"\n"), error(nil)
	for err == nil {
		if err = writeNow(w, lines); err == nil {
			lines, err = nextLines(r.Context(), sub.Updates())
		}
	}
	if !errors.Is(err, errEnd) {
		// A client that only was too slow has to see a stream cut off, not one at its end.
		panic(http.ErrAbortHandler)
	}
}

// writeNow writes lines so that the client has them at once.
func writeNow(w http.ResponseWriter, lines []byte) error {
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := w.Write(lines); err != nil {
		return err
	}
	return control.Flush()
}

// nextLines waits for an update and returns it with those queued up behind it, a line
// each, so that a burst costs few writes.
func nextLines(ctx context.Context, updates <-chan activity.Update) ([]byte, error) {
	u, err := await(ctx, updates)
	if err != nil {
		return nil, err
	}
	lines, err := appendLine(nil, u)
	for err == nil && len(lines) < maxBatch {
		select {
		case u, ok := <-updates:
			if !ok {
				return lines, nil // the next await finds the end
			}
			lines, err = appendLine(lines, u)
		default:
			return lines, nil
		}
	}
	return lines, err
}

// await returns the next update. When ctx ends, what is queued still comes first.
func await(ctx context.Context, updates <-chan activity.Update) (activity.Update, error) {
	select {
	case u, ok := <-updates:
		if ok {
			return u, nil
		}
		return nil, errEnd
	case <-ctx.Done():
	}
	select {
	case u, ok := <-updates:
		if ok {
			return u, nil
		}
	default:
	}
	return nil, errEnd
}

func appendLine(lines []byte, u activity.Update) ([]byte, error) {
	lines, err := activity.AppendJSON(lines, u)
	return append(lines, '\n'), err
}
