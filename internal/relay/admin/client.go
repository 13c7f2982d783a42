package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/access"
)

// maxAnswer bounds an answer, in bytes: some hundred thousand endpoints.
const maxAnswer = 64 << 20

// Client does the operations by the socket of a running relay. Its methods may be called
// from any number of goroutines.
type Client struct {
	http   *http.Client
	socket string
}

var _ Operations = (*Client)(nil)

// Connect returns a client of the relay that runs on a data folder, and whether there is
// one. An error says that there may be one that can't be reached.
func Connect(ctx context.Context, data string) (c *Client, ok bool, err error) {
	socket, err := findSocket(data)
	if err != nil || socket == "" {
		return nil, false, err
	}
	conn, err := dial(ctx, socket)
	if nobodyListens(err) {
		return nil, false, nil
	}
	if ctx.Err() != nil {
		return nil, false, context.Cause(ctx)
	}
	if err != nil {
		return nil, false, fmt.Errorf("the relay's socket %s can't be opened: %w; use the account that runs the relay", socket, cause(err))
	}
	conn.Close()
	transport := &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, socket) },
		DisableCompression: true,
		IdleConnTimeout:    time.Minute,
	}
	return &Client{http: &http.Client{Transport: transport}, socket: socket}, true, nil
}

func dial(ctx context.Context, socket string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", socket)
}

// cause leaves out what net says around an error, since it repeats the path.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// Close gives back the client's idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// CreateToken implements Operations.
func (c *Client) CreateToken(ctx context.Context, r TokenRequest) (access.Token, access.Secret, error) {
	var created createdBody
	err := c.ask(ctx, http.MethodPost, "/tokens", r, &created)
	return created.Token, access.NewSecret(created.Secret), err
}

// Tokens implements Operations.
func (c *Client) Tokens(ctx context.Context, owner string) ([]access.Token, error) {
	var all tokensBody
	err := c.ask(ctx, http.MethodGet, "/tokens"+narrow(owner), nil, &all)
	return all.Tokens, err
}

// RevokeToken implements Operations.
func (c *Client) RevokeToken(ctx context.Context, id, owner string) (access.Token, error) {
	var t tokenBody
	err := c.askFor(ctx, http.MethodDelete, "/tokens/", id, owner, &t)
	return t.Token, err
}

// Endpoints implements Operations.
func (c *Client) Endpoints(ctx context.Context, owner string) ([]Endpoint, error) {
	var all endpointsBody
	err := c.ask(ctx, http.MethodGet, "/endpoints"+narrow(owner), nil, &all)
	return all.Endpoints, err
}

// Endpoint implements Operations.
func (c *Client) Endpoint(ctx context.Context, idOrName, owner string) (Endpoint, error) {
	var e endpointBody
	err := c.askFor(ctx, http.MethodGet, "/endpoints/", idOrName, owner, &e)
	return e.Endpoint, err
}

// DeleteEndpoint implements Operations.
func (c *Client) DeleteEndpoint(ctx context.Context, idOrName, owner string) (access.Endpoint, error) {
	var e deletedBody
	err := c.askFor(ctx, http.MethodDelete, "/endpoints/", idOrName, owner, &e)
	return e.Endpoint, err
}

// Backup implements Operations.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	resp, err := c.send(ctx, http.MethodPost, "/backup", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, &reader{resp.Body, func(err error) error {
		return fmt.Errorf("the relay broke the backup off, its log says why: %w", c.gone(ctx, err))
	}})
	return err
}

// reader explains errors of reading, which Copy returns along with those of writing.
type reader struct {
	io.Reader
	explain func(error) error
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.explain(err)
	}
	return n, err
}

// narrow is the query for an owner.
func narrow(owner string) string {
	if owner == "" {
		return ""
	}
	return "?" + url.Values{"owner": {owner}}.Encode()
}

// askFor is ask for something that has a name.
func (c *Client) askFor(ctx context.Context, method, path, name, owner string, into any) error {
	// Neither is a name, and in a path they mean something else.
	if name == "" || name == "." || name == ".." {
		return fmt.Errorf("%q: %w", name, access.ErrNotFound)
	}
	return c.ask(ctx, method, path+url.PathEscape(name)+narrow(owner), nil, into)
}

// ask makes one request and decodes the answer.
func (c *Client) ask(ctx context.Context, method, path string, body, into any) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return c.gone(ctx, err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the relay's answer to %s %s makes no sense: %w; it may be another version of solatis-relay", method, path, err)
	}
	return nil
}

// send makes a request and returns a successful answer with its body still to read.
func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://solatis-relay"+prefix+path, content)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.gone(ctx, err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, failure(resp)
}

// remoteError is an error as the relay put it, that is also one which callers know.
type remoteError struct {
	message string
	is      error
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.is }

// failure is the error that an answer carries.
func failure(resp *http.Response) error {
	var said errorBody
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	switch {
	case err != nil || said.Error == "":
		return fmt.Errorf("the relay answered %s without a reason; it may be another version of solatis-relay", resp.Status)
	case resp.StatusCode == http.StatusNotFound:
		return &remoteError{said.Error, access.ErrNotFound}
	case resp.StatusCode == http.StatusBadRequest:
		return &access.InvalidError{Reason: said.Error}
	}
	return &remoteError{message: said.Error}
}

// gone explains a failed exchange: either the caller ended it, or the relay did.
func (c *Client) gone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("the relay at %s broke off, it may just have ended: %w", c.socket, cause(err))
}
