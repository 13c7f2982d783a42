package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
)

// Live is a running relay, as *relay.Relay is one.
type Live interface {
	// Disconnect closes the connections that were opened with a token.
	Disconnect(tokenID, reason string)
	// Drop sends an endpoint's agents away for good.
	Drop(endpoint string)
	// Connected names the agents of an endpoint that are connected.
	Connected(endpoint string) []string
}

// Manager does the operations itself. Its methods may be called from any number of
// goroutines.
type Manager struct {
	Registry *access.Registry
	Store    relay.Store
	Live     Live // nil where no relay runs on the stores
	// URL returns the URL of the endpoint with an id; nil where it isn't known.
	URL func(id string) string
	// Copy writes a copy of the stores; without it there are no backups.
	Copy func(ctx context.Context, w io.Writer) error
	Log  *slog.Logger // told what was changed; nil for none
}

var _ Operations = (*Manager)(nil)

// Sweep deletes what is left of the logs of deleted endpoints. It has to run before a
// relay takes requests: what was under way when an endpoint was deleted can have begun its
// log anew, and now nothing is under way.
func (m *Manager) Sweep(ctx context.Context) error {
	ids, err := m.Registry.Deleted(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := m.Store.Delete(ctx, id); err != nil {
			return fmt.Errorf("the log of a deleted endpoint can't be deleted: %w", err)
		}
		if err := m.Registry.Cleared(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// CreateToken implements Operations.
func (m *Manager) CreateToken(ctx context.Context, r TokenRequest) (access.Token, access.Secret, error) {
	t, secret, err := m.Registry.CreateToken(ctx, r.Owner, r.Scope, r.Comment, r.Expires)
	if err == nil {
		m.log("token created", "token", t.ID, "owner", t.Owner, "scope", t.Scope)
	}
	return t, secret, err
}

func (m *Manager) log(what string, args ...any) {
	if m.Log != nil {
		m.Log.Info(what, args...)
	}
}

// Tokens implements Operations.
func (m *Manager) Tokens(ctx context.Context, owner string) ([]access.Token, error) {
	return m.Registry.Tokens(ctx, owner)
}

// RevokeToken implements Operations. Connections are closed only once the token is
// durably revoked: else the agents would be back with it.
func (m *Manager) RevokeToken(ctx context.Context, id, owner string) (access.Token, error) {
	t, err := m.Registry.RevokeToken(ctx, id, owner)
	if err != nil {
		return access.Token{}, err
	}
	m.log("token revoked", "token", t.ID, "owner", t.Owner)
	if m.Live != nil {
		m.Live.Disconnect(t.ID, "the token "+t.ID+" was revoked: ask for a new one")
	}
	return t, nil
}

// Endpoints implements Operations.
func (m *Manager) Endpoints(ctx context.Context, owner string) ([]Endpoint, error) {
	found, err := m.Registry.Endpoints(ctx, owner)
	if err != nil {
		return nil, err
	}
	all := make([]Endpoint, 0, len(found))
	for _, f := range found {
		e, err := m.describe(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// Endpoint implements Operations.
func (m *Manager) Endpoint(ctx context.Context, idOrName, owner string) (Endpoint, error) {
	found, err := m.Registry.FindEndpoint(ctx, idOrName, owner)
	if err != nil {
		return Endpoint{}, err
	}
	return m.describe(ctx, found)
}

// describe adds the state of an endpoint's log.
func (m *Manager) describe(ctx context.Context, found access.Endpoint) (Endpoint, error) {
	stat, err := m.Store.Stat(ctx, found.ID, "")
	if err != nil {
		return Endpoint{}, fmt.Errorf("the endpoint %q of %s can't be looked at: %w", found.Name, found.Owner, err)
	}
	e := Endpoint{Endpoint: found, Head: stat.Head, Backlog: stat.Backlog, Bytes: stat.BacklogBytes}
	if m.URL != nil {
		e.URL = m.URL(found.ID)
	}
	if e.Agents, err = m.agents(ctx, found.ID); err != nil {
		return Endpoint{}, fmt.Errorf("the agents of the endpoint %q of %s can't be listed: %w", found.Name, found.Owner, err)
	}
	return e, nil
}

// agents lists the agents that the store knows, and those connected that it doesn't
// know because they are to leave no trace.
func (m *Manager) agents(ctx context.Context, id string) ([]Agent, error) {
	known, err := m.Store.Agents(ctx, id)
	if err != nil {
		return nil, err
	}
	var connected []string
	if m.Live != nil {
		connected = m.Live.Connected(id)
	}
	var all []Agent
	for _, k := range known {
		all = append(all, Agent{
			Name: k.Name, Seq: k.Seq, Backlog: k.Backlog, Seen: k.Seen.UTC(), Connected: slices.Contains(connected, k.Name),
		})
	}
	for _, name := range connected {
		if !slices.ContainsFunc(known, func(k relay.AgentStat) bool { return k.Name == name }) {
			all = append(all, Agent{Name: name, Connected: true})
		}
	}
	slices.SortFunc(all, func(a, b Agent) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// DeleteEndpoint implements Operations. The order matters: once the registry has
// forgotten the endpoint nobody comes anew, then those who are here go, and then the log
// goes with nobody left to write to it. What a failure or a crash leaves, Sweep deletes.
func (m *Manager) DeleteEndpoint(ctx context.Context, idOrName, owner string) (access.Endpoint, error) {
	e, err := m.Registry.DeleteEndpoint(ctx, idOrName, owner)
	if err != nil {
		return access.Endpoint{}, err
	}
	// Who knows a whole id could have sent to it; what stands in a log needn't be one.
	m.log("endpoint deleted", "endpoint", e.ID[:8], "name", e.Name, "owner", e.Owner)
	if m.Live != nil {
		m.Live.Drop(e.ID)
	}
	if err := m.Store.Delete(context.WithoutCancel(ctx), e.ID); err != nil {
		return e, fmt.Errorf("the endpoint %q is deleted, but its requests are still on the relay's disk until it starts anew: %w", e.Name, err)
	}
	return e, nil
}

// Backup implements Operations.
func (m *Manager) Backup(ctx context.Context, w io.Writer) error {
	if m.Copy == nil {
		return errors.New("this relay makes no backups")
	}
	return m.Copy(ctx, w)
}
