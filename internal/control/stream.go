package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/solatis/solatis-cli/internal/activity"
)

// Stream is a session's updates as they happen. It is for one goroutine, but for Close.
type Stream struct {
	client *Client
	ctx    context.Context // ends with the stream; whoever ended it left the cause
	cancel context.CancelCauseFunc
	body   io.ReadCloser
	lines  *bufio.Scanner
}

var errClosed = errors.New("the stream is closed")

// Follow subscribes to the session's updates. When it returns, the subscription stands:
// whatever happens from then on will be in the stream. It lasts until ctx ends or Close.
func (c *Client) Follow(ctx context.Context, f Filter) (*Stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	resp, err := c.send(ctx, http.MethodGet, "/v1/follow?"+url.Values{"event": {f.Event}}.Encode(), nil)
	if err != nil {
		cancel(errClosed)
		return nil, err
	}
	s := &Stream{client: c, ctx: ctx, cancel: cancel, body: resp.Body, lines: bufio.NewScanner(resp.Body)}
	s.lines.Buffer(nil, maxAnswer)
	line, err := s.line()
	if err == io.EOF {
		err = errEnd // here it is no end that a caller waits for
	}
	if err == nil && string(line) != subscribedLine {
		err = fmt.Errorf("the session's stream begins with %q; it may run another version of solatis", line)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Next waits for the next update. A session that ends properly ends the stream with
// io.EOF. An activity.Missed says that the caller was too slow and what it lost.
func (s *Stream) Next() (activity.Update, error) {
	line, err := s.line()
	if err != nil {
		return nil, err
	}
	return activity.ParseJSON(line)
}

func (s *Stream) line() ([]byte, error) {
	if s.lines.Scan() {
		return s.lines.Bytes(), nil
	}
	if err := s.lines.Err(); err != nil {
		return nil, s.client.gone(s.ctx, err)
	}
	return nil, io.EOF
}

// Close ends the stream, and a Next that waits.
func (s *Stream) Close() error {
	s.cancel(errClosed)
	return s.body.Close()
}
