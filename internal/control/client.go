package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/session"
)

// maxAnswer bounds an answer and a line of a stream, in bytes.
const maxAnswer = 1 << 20

// Client talks to one session. Its methods may be called concurrently. What the session
// answers with an error comes back as *Error.
type Client struct {
	http   *http.Client
	socket string
}

// Dial returns a client of the session with this control socket. Connections are made
// when they are needed, so that it is a request that fails if the session is gone.
func Dial(socketPath string) *Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socketPath)
		},
		DisableCompression: true,
		IdleConnTimeout:    time.Minute,
	}
	return &Client{http: &http.Client{Transport: transport}, socket: socketPath}
}

// Close gives back the client's idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Info returns the session's description.
func (c *Client) Info(ctx context.Context) (session.Info, error) {
	var info session.Info
	err := c.ask(ctx, http.MethodGet, "/v1/info", nil, func(answer []byte) error {
		return json.Unmarshal(answer, &info)
	})
	return info, err
}

// Sign returns the signature of body by the session's secret.
func (c *Client) Sign(ctx context.Context, body []byte) (string, error) {
	var s signed
	err := c.ask(ctx, http.MethodPost, "/v1/sign", body, func(answer []byte) error {
		return json.Unmarshal(answer, &s)
	})
	return s.Signature, err
}

// Replay has the session replay a request, and returns the attempt when it has ended.
func (c *Client) Replay(ctx context.Context, r ReplayRequest) (activity.Attempted, error) {
	var attempt activity.Attempted
	body, err := json.Marshal(r)
	if err != nil {
		return attempt, err
	}
	err = c.ask(ctx, http.MethodPost, "/v1/replay", body, func(answer []byte) error {
		return json.Unmarshal(answer, &attempt)
	})
	return attempt, err
}

// PlanFaults tells the session what is to go wrong with an event that is to come.
func (c *Client) PlanFaults(ctx context.Context, r FaultRequest) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodPost, "/v1/faults", body, func([]byte) error { return nil })
}

// SetWebhooks has the session enable or disable webhooks.
func (c *Client) SetWebhooks(ctx context.Context, r WebhookRequest) (changes []WebhookChange, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	err = c.ask(ctx, http.MethodPost, "/v1/webhooks", body, func(answer []byte) error {
		return json.Unmarshal(answer, &changes)
	})
	return changes, err
}

// Pause has the session stop forwarding, or go on.
func (c *Client) Pause(ctx context.Context, paused bool) (now Forwarding, err error) {
	body, err := json.Marshal(Forwarding{Paused: paused})
	if err != nil {
		return now, err
	}
	err = c.ask(ctx, http.MethodPost, "/v1/forwarding", body, func(answer []byte) error {
		return json.Unmarshal(answer, &now)
	})
	return now, err
}

// ask makes one request and hands the answer's body to parse.
func (c *Client) ask(ctx context.Context, method, path string, body []byte, parse func([]byte) error) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return c.gone(ctx, err)
	}
	if err := parse(answer); err != nil {
		return fmt.Errorf("the session's answer to %s makes no sense: %w; it may run another version of solatis", path, err)
	}
	return nil
}

// send makes a request and returns a 200 with its body still to read.
func (c *Client) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	if len(body) > MaxBody {
		return nil, errTooLarge // as the session would say, but without sending it all
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+host+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.gone(ctx, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, refusal(resp)
}

// refusal is the error that an answer carries.
func refusal(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	var refused Error
	if err == nil {
		err = json.Unmarshal(body, &refused)
	}
	if err != nil || refused.Message == "" {
		return fmt.Errorf("the session answered %s without a reason; it may run another version of solatis", resp.Status)
	}
	return &refused
}

// gone explains a failed exchange: either the caller ended it, or the session did.
func (c *Client) gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("the session can't be reached at %s, it may just have ended: %w", c.socket, op.Err)
	}
	return fmt.Errorf("the session broke off, it may just have ended: %w", err)
}
