package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/folders"
)

// secretText signs all events.
const secretText = "whsec_of_the_fault_gates_and_of_nothing_else"

// endpointName is what the endpoint is called, unless a gate has several.
const endpointName = "faults"

// interrupted is how solatis ends when asked to.
const interrupted = 130

// agent is a solatis listen that can be killed and started again.
type agent struct {
	program string
	home    string // SOLATIS_HOME
	relay   string // host:port that it dials
	token   string
	flags   []string
	under   []string              // a program with its flags that runs the agent, such as strace
	observe func(activity.Update) // gets what it shows; may be nil

	*process
	url string // of the endpoint, once it was connected

	mu      sync.Mutex               // guards what follows
	watched map[string]chan struct{} // by event id
	count   int                      // recorded, of this and earlier runs
	due     map[int]chan struct{}    // closed when so many are
}

// newAgent makes an agent that forwards to app, with a home of its own. A signature that
// doesn't fit the body would keep an event from the app.
func (t *trial) newAgent(name string, r *relay, app *app, flags ...string) (*agent, error) {
	home, err := t.sub(name)
	if err != nil {
		return nil, err
	}
	flags = append([]string{"--endpoint", endpointName, "--forward", app.url, "--verify", "strict"}, flags...)
	return &agent{program: t.solatis, home: home, relay: r.host, token: r.token, flags: flags}, nil
}

// history is the agent's database.
func (a *agent) history() string { return folders.Folders{State: a.home}.History() }

// launch starts the agent without waiting for anything.
func (a *agent) launch(ctx context.Context) (ready <-chan struct{}, err error) {
	args := append(append([]string{}, a.under...), a.program, "listen", "--relay", "http://"+a.relay, "--respond", "relay", "--output", "json")
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], a.flags...)...)
	project := filepath.Join(a.home, "project")
	if err := os.MkdirAll(project, 0o700); err != nil {
		return nil, err
	}
	cmd.Dir = project
	cmd.Env = environment("SOLATIS_HOME="+a.home, "SOLATIS_RELAY_TOKEN="+a.token, "SOLATIS_KEYRING=off", "SOLATIS_WEBHOOK_SECRET="+secretText)
	connected := make(chan struct{})
	a.process, err = start("solatis listen", cmd, func(line string) { a.read(line, connected) }, nil)
	return connected, err
}

// start starts the agent and returns once it is connected.
func (a *agent) start(ctx context.Context) error {
	ready, err := a.launch(ctx)
	if err != nil {
		return err
	}
	return a.await(ctx, ready, "connected")
}

// read takes a line of the agent's output. Most are parsed only if somebody observes.
func (a *agent) read(line string, connected chan struct{}) {
	if strings.HasPrefix(line, `{"type":"ready"`) {
		var ready struct{ URL string }
		if json.Unmarshal([]byte(line), &ready) == nil && a.url == "" {
			a.url = ready.URL
		}
		close(connected)
	}
	if strings.HasPrefix(line, `{"type":"received"`) {
		a.noteRecorded(line)
	}
	if a.observe == nil {
		return
	}
	if u, err := activity.ParseJSON([]byte(line)); err == nil {
		a.observe(u)
	}
}

// recorded returns a channel that is closed when the agent says that an event, which is
// still to be sent, is in its history.
func (a *agent) recorded(id string) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.watched == nil {
		a.watched = map[string]chan struct{}{}
	}
	a.watched[id] = make(chan struct{})
	return a.watched[id]
}

// hasRecorded returns a channel that is closed when the agent has said of n requests, in
// all, that they are in its history.
func (a *agent) hasRecorded(n int) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	ch := make(chan struct{})
	if a.count >= n {
		close(ch)
		return ch
	}
	if a.due == nil {
		a.due = map[int]chan struct{}{}
	}
	a.due[n] = ch
	return ch
}

// noteRecorded takes a line about a request that was recorded.
func (a *agent) noteRecorded(line string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	if ch := a.due[a.count]; ch != nil {
		close(ch)
		delete(a.due, a.count)
	}
	for id, ch := range a.watched {
		if strings.Contains(line, `"`+id+`"`) {
			close(ch)
			delete(a.watched, id)
		}
	}
}

// settle posts one more event, and returns when the agent has recorded it. What came before
// it and fits into one frame is recorded too then.
func (a *agent) settle(ctx context.Context, host string, l *ledger) error {
	path, err := a.path()
	if err != nil {
		return err
	}
	s, err := newSender(host, path, l)
	if err != nil {
		return err
	}
	defer s.close()
	sent, _ := l.counts()
	id := fmt.Sprintf("evt_settle%d", sent)
	recorded := a.recorded(id)
	if status, err := s.post(ctx, id, newBody(id, 100)); err != nil || status != 200 {
		return fmt.Errorf("the last event is answered %d, error %v", status, err)
	}
	return a.await(ctx, recorded, "recorded the last event")
}

// path is that of the endpoint's URL, the same whatever way leads to the relay.
func (a *agent) path() (string, error) {
	u, err := url.Parse(a.url)
	if err != nil || u.Path == "" {
		return "", fmt.Errorf("listen shows the URL %q, which can't be one", a.url)
	}
	return u.Path, nil
}
