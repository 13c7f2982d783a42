package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/delivery"
	sign "github.com/solatis/solatis-cli/internal/signature"
)

func TestInfo(t *testing.T) {
	r := serve(t, newFake())
	got, err := dial(t, r).Info(t.Context())
	if err != nil || !reflect.DeepEqual(got, r.info) {
		t.Errorf("got %+v, %v; want %+v", got, err, r.info)
	}
}

func TestWebhooks(t *testing.T) {
	c := dial(t, serve(t, newFake()))
	all, err := c.SetWebhooks(t.Context(), WebhookRequest{State: delivery.Enabled})
	if want := []WebhookChange{{Target: "a"}, {Target: "b", Changed: true, Held: 3}}; err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("got %+v, %v", all, err)
	}
	one, err := c.SetWebhooks(t.Context(), WebhookRequest{Target: "b", State: delivery.Disabled})
	if err != nil || len(one) != 1 || !one[0].Changed {
		t.Errorf("got %+v, %v", one, err)
	}
	for want, r := range map[Code]WebhookRequest{
		CodeNotFound: {Target: "z", State: delivery.Enabled}, CodeInvalid: {Target: "b", State: "paused"},
	} {
		var refused *Error
		if _, err := c.SetWebhooks(t.Context(), r); !errors.As(err, &refused) || refused.Code != want {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestForwarding(t *testing.T) {
	f := newFake()
	c := dial(t, serve(t, f))
	for _, paused := range []bool{true, false} {
		if got, err := c.Pause(t.Context(), paused); err != nil || got != (Forwarding{paused, 3}) || f.paused != paused {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	var refused *Error
	err := c.ask(t.Context(), http.MethodPost, "/v1/forwarding", []byte("{}"), func([]byte) error { return nil })
	if !errors.As(err, &refused) || refused.Code != CodeInvalid {
		t.Errorf("what says neither gets %v", err)
	}
}

func TestSign(t *testing.T) {
	r := serve(t, newFake())
	c := dial(t, r)
	bodies := map[string][]byte{
		"none": nil, "text": []byte(`{"id":"evt_1"}`), "binary": {0, 0xff, '\r', '\n', 0xfe},
		"large": bytes.Repeat([]byte("x"), 32<<20), "the largest": make([]byte, MaxBody),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			got, err := c.Sign(t.Context(), body)
			if err != nil || got != sign.Sign(r.secret, body) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	r := serve(t, newFake())
	got, err := dial(t, r).Replay(t.Context(), ReplayRequest{ID: "evt_1"})
	want, _ := r.replay(t.Context(), "evt_1")
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestErrorsKeepTextAndCode(t *testing.T) {
	c := dial(t, serve(t, newFake()))
	tests := map[string]Error{
		"evt_unknown": {"replay: no event evt_unknown; did you mean evt_1?", CodeNotFound},
		"evt_broken":  {"the history is locked: close the other program", CodeFailed},
	}
	for id, want := range tests {
		_, err := c.Replay(t.Context(), ReplayRequest{ID: id})
		var got *Error
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %#v, want %#v", id, err, want)
		}
	}
}

func TestBodyOverTheLimit(t *testing.T) {
	r := serve(t, newFake())
	_, err := dial(t, r).Sign(t.Context(), make([]byte, MaxBody+1))
	var got *Error
	if !errors.As(err, &got) || got.Code != CodeTooLarge {
		t.Errorf("the client sends it: %v", err)
	}
	// One that doesn't announce its length is found out while it is read.
	endless := io.MultiReader(bytes.NewReader(make([]byte, MaxBody)), strings.NewReader("x"))
	status, refused := request(t, r, "POST", "/v1/sign", endless, nil)
	if status != http.StatusRequestEntityTooLarge || refused.Code != CodeTooLarge {
		t.Errorf("got %d %+v", status, refused)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	r := serve(t, newFake())
	tests := map[string]struct {
		method, path, body string
		change             func(*http.Request)
		status             int
		code               Code
	}{
		"origin":        {"GET", "/v1/info", "", func(q *http.Request) { q.Header.Set("Origin", "http://solatis") }, 403, CodeForbidden},
		"empty origin":  {"GET", "/v1/info", "", func(q *http.Request) { q.Header["Origin"] = []string{""} }, 403, CodeForbidden},
		"other host":    {"POST", "/v1/sign", "x", func(q *http.Request) { q.Host = "localhost" }, 403, CodeForbidden},
		"host and port": {"GET", "/v1/follow", "", func(q *http.Request) { q.Host = "solatis:80" }, 403, CodeForbidden},
		"unknown path":  {"GET", "/v1/secret", "", nil, 404, CodeUnknown},
		"root":          {"GET", "/", "", nil, 404, CodeUnknown},
		"wrong method":  {"GET", "/v1/sign", "", nil, 404, CodeUnknown},
		"no JSON":       {"POST", "/v1/replay", "{", nil, 400, CodeInvalid},
		"wrong JSON":    {"POST", "/v1/replay", `{"id":3}`, nil, 400, CodeInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, refused := request(t, r, tt.method, tt.path, strings.NewReader(tt.body), tt.change)
			if status != tt.status || refused.Code != tt.code || refused.Message == "" {
				t.Errorf("got %d %+v, want %d %s", status, refused, tt.status, tt.code)
			}
		})
	}
}

// request makes a request that the client would not, and returns how it is refused.
func request(t *testing.T, r running, method, path string, body io.Reader, change func(*http.Request)) (int, Error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+host+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	resp, err := dial(t, r).http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var refused Error
	if err := json.NewDecoder(resp.Body).Decode(&refused); err != nil {
		t.Error(err)
	}
	return resp.StatusCode, refused
}

func TestSessionThatIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone.sock")
	c := Dial(path)
	_, err := c.Info(t.Context())
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
	if _, err := c.Follow(t.Context(), Filter{}); err == nil {
		t.Error("follows nobody")
	}
}

func TestCallerGivesUp(t *testing.T) {
	f, given := newFake(), make(chan error, 1)
	started := make(chan struct{})
	answer := f.replay
	f.replay = func(ctx context.Context, id string) (a activity.Attempted, err error) {
		close(started)
		<-ctx.Done()
		given <- ctx.Err()
		return answer(ctx, id)
	}
	c := dial(t, serve(t, f))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()
	if _, err := c.Replay(ctx, ReplayRequest{ID: "evt_1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// The session learns that nobody waits for the answer any more.
	if err := <-given; err == nil {
		t.Error("the session's context didn't end")
	}
}

func TestServeEndsWithEverythingOpen(t *testing.T) {
	f := newFake()
	started := make(chan struct{})
	f.replay = func(ctx context.Context, _ string) (activity.Attempted, error) {
		close(started)
		<-ctx.Done()
		return activity.Attempted{}, errors.New("interrupted")
	}
	r := serve(t, f)
	c := dial(t, r)
	stream := follow(t, c, Filter{})
	silent, err := net.Dial("unix", r.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	failed := make(chan error, 1)
	go func() {
		_, err := c.Replay(context.Background(), ReplayRequest{ID: "evt_1"})
		failed <- err
	}()
	<-started
	if err := r.stop(); err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if err := <-failed; err == nil || err.Error() != "interrupted" {
		t.Errorf("the replay under way got %v", err)
	}
	if u, err := stream.Next(); err != io.EOF {
		t.Errorf("the stream got %v, %v", u, err)
	}
	if _, err := bufio.NewReader(silent).ReadByte(); err == nil {
		t.Error("a silent connection is still open")
	}
	if _, err := net.Dial("unix", r.socket); err == nil {
		t.Error("the socket still takes connections")
	}
}

func TestServeReportsAListenerThatFails(t *testing.T) {
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Skip(err)
	}
	ln.Close()
	if err := Serve(t.Context(), ln, newFake()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
