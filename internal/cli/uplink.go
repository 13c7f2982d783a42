package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/listen"
	"github.com/solatis/solatis-cli/internal/loopback"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/tunnel"
	"github.com/solatis/solatis-cli/internal/wire"
)

// uplink is what a session takes its requests from: the relay inside this process, or a
// remote one. Either way it is a relay to connect to as an agent.
type uplink struct {
	relay     listen.Relay
	url       string   // where this machine sends webhooks; "" until the relay has told it
	shown     string   // where others send them; "" until the relay has told it
	origin    string   // of the remote relay; "" for the embedded one
	authority string   // file with the certificates that vouch for it; "" for the system's
	endpoint  string   // its name at the remote relay
	notices   []string // what the developer should know of the URL

	agent   *folders.Agent // nil where nothing is kept of it
	remedy  string         // what to do where the relay wants no such agent
	closers []func() error // the last one first
}

// openUplink opens what the session was asked to connect to.
func (c sessionConfig) openUplink(ctx context.Context, f folders.Folders) (*uplink, error) {
	up := new(uplink)
	open := c.openEmbedded
	if c.remote != nil {
		open = c.openRemote
	}
	if err := open(ctx, f, up); err != nil {
		return nil, errors.Join(err, up.close())
	}
	return up, nil
}

func (up *uplink) close() error {
	var errs []error
	for _, close := range slices.Backward(up.closers) {
		errs = append(errs, close())
	}
	return errors.Join(errs...)
}

// closeGrace is how long senders may take to get their answers when a session ends.
const closeGrace = 300 * time.Millisecond

// openEmbedded starts a relay inside this process.
func (c sessionConfig) openEmbedded(ctx context.Context, f folders.Folders, up *uplink) error {
	place, err := f.Claim(c.app.profileName(), c.dir)
	if err != nil {
		return err
	}
	up.closers = append(up.closers, place.Close)
	store, err := sqlitestore.Open(ctx, filepath.Join(place.Dir(), "relay.db"))
	if err != nil {
		return err
	}
	up.closers = append(up.closers, store.Close)
	embedded, notices, err := c.startRelay(ctx, place, store)
	if err != nil {
		return err
	}
	up.closers = append(up.closers, func() error { return embedded.Close(closeGrace) })
	up.relay, up.url, up.shown, up.notices = embedded.Relay(place.Agent(), ""), embedded.URL(), embedded.URL(), notices
	// The agent's name alone would be the same in every folder, and positions are one
	// table for all of them.
	up.relay.Agent += "@" + place.EndpointID()
	if c.public != nil {
		up.shown = strings.TrimRight(c.public.String(), "/") + embedded.Path()
	}
	return nil
}

// startRelay starts the embedded relay. The notices are what the developer should know of
// its URL.
func (c sessionConfig) startRelay(ctx context.Context, place *folders.Place, store relay.Store) (e *listen.Embedded, notices []string, err error) {
	listeners, port, moved, err := loopback.Listen(ctx, loopback.Options{
		Port: c.port, Preferred: place.Port(), Any: c.anyPort, Bind: c.bindAddresses(),
	})
	if err != nil {
		return nil, nil, err
	}
	if moved {
		notices = append(notices, fmt.Sprintf("port %d, which this folder had before, is taken: the URL has another port now", place.Port()))
	}
	if place.Slot() > 1 {
		notices = append(notices, "another session runs in this folder: this one has a URL of its own")
	}
	if err := place.SetPort(port); err != nil {
		notices = append(notices, fmt.Sprintf("%v: the next session may have another port", err))
	}
	hosts := append([]string(nil), c.allowHost...)
	if c.public != nil {
		hosts = append(hosts, c.public.Host)
	}
	return listen.StartEmbedded(listen.EmbeddedConfig{
		Store: store, Listeners: listeners, Endpoint: place.EndpointID(), Hosts: hosts, MaxBody: relay.DefaultMaxBody,
	}), notices, nil
}

// bindAddresses adds to --bind the loopback, which the session itself needs, unless an
// address that stands for all covers it.
func (c sessionConfig) bindAddresses() []string {
	if len(c.bind) == 0 {
		return nil
	}
	for _, addr := range c.bind {
		if addr == "0.0.0.0" || addr == "127.0.0.1" {
			return c.bind
		}
	}
	return append([]string{"127.0.0.1"}, c.bind...)
}

// openRemote takes this session's identity at a remote relay. Nothing is dialled yet.
func (c sessionConfig) openRemote(_ context.Context, f folders.Folders, up *uplink) error {
	r := c.remote
	up.origin, up.authority, up.endpoint, up.remedy = r.origin(), r.authorityFile, r.endpoint, r.remedy()
	up.relay = listen.Relay{
		URL: r.agentURL(), TLS: r.tls, Token: r.token, Endpoint: r.endpoint, Ephemeral: r.ephemeral, Since: r.since,
	}
	if r.ephemeral {
		up.relay.Agent = "ephemeral-" + randomHex(6)
		up.relay.Position = up.relay.Agent + "|" + up.origin + "|" + r.endpoint
		return nil
	}
	agent, err := f.ClaimAgent(c.app.profileName(), up.origin, r.endpoint, r.agent)
	if err != nil {
		return err
	}
	up.agent = agent
	up.closers = append(up.closers, agent.Close)
	up.relay.Agent, up.relay.Position = agent.Name(), agent.Key()
	if agent.Slot() > 1 {
		up.notices = append(up.notices, fmt.Sprintf("another session has this endpoint too: this one is its agent %s, and both get every event", agent.Name()))
	}
	return nil
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

// learn keeps the URL that the relay told, and says if it was another one before.
func (up *uplink) learn(url string) (notice string, err error) {
	if up.agent == nil || up.agent.URL() == url {
		return "", nil
	}
	if before := up.agent.URL(); before != "" {
		notice = fmt.Sprintf("the URL has changed: it was %s before. Register the new one where webhooks are sent from", before)
	}
	return notice, up.agent.SetURL(url)
}

// explain adds to a relay's refusal what to do about it.
func (up *uplink) explain(err error) error {
	var refused *tunnel.RefusedError
	if up.origin == "" || !errors.As(err, &refused) {
		return err
	}
	switch refused.Code {
	case wire.CodeReplaced:
		return fmt.Errorf("%w: another process connected as agent %s; give one of the two a name of its own with --agent", err, up.relay.Agent)
	case wire.CodeVersion:
		return fmt.Errorf("%w; update solatis, or ask who runs the relay to", err)
	}
	if strings.Contains(refused.Reason, "token") {
		return fmt.Errorf("%w\n%s", err, up.remedy)
	}
	return fmt.Errorf("%w; solatis doctor looks at each link", err)
}
