package folders

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Agent is who a session is to a remote relay: the name under which the relay keeps the
// session's position in an endpoint. It is locked from ClaimAgent to Close, so that one
// process at a time is this agent. Its methods are not for concurrent use.
type Agent struct {
	identity
	slot   int
	record agentRecord
}

// agentRecord is the content of agent.json. Profile, relay and endpoint stand there for
// people who look: what counts is where the file is.
type agentRecord struct {
	Name     string `json:"name"`
	URL      string `json:"url,omitempty"` // where the relay said that webhooks go
	Profile  string `json:"profile"`
	Relay    string `json:"relay"`
	Endpoint string `json:"endpoint"`
}

// agentName is what a relay takes as an agent's name.
var agentName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// ClaimAgent takes an identity at an endpoint of a relay, which is named by its origin.
//
// With a name it is the agent of that name, and an error if another session is that one
// already. Without, the first session gets slot 1, a second beside it slot 2, and so on;
// each slot has a name of its own, made from the machine's name and some random digits,
// which the next session in it finds again. A damaged identity is an error and stays as
// it is, since the relay would keep requests for the lost one and send a new one
// everything again.
func (f Folders) ClaimAgent(profile, relayOrigin, endpoint, name string) (*Agent, error) {
	wanted := agentRecord{Name: name, Profile: profile, Relay: relayOrigin, Endpoint: endpoint}
	if name == "" {
		return firstFree(fmt.Sprintf("the endpoint %s at %s", endpoint, relayOrigin), func(slot int) (*Agent, error) {
			return f.claimAgent(slot, slotKey(slot, profile, relayOrigin, endpoint), wanted)
		})
	}
	if !agentName.MatchString(name) {
		return nil, fmt.Errorf("agent %q: a name is 1 to 64 of A-Z, a-z, 0-9, dot, - and _", name)
	}
	slot, key, err := f.findAgent(wanted)
	if err != nil {
		return nil, err
	}
	a, err := f.claimAgent(slot, key, wanted)
	if a == nil && err == nil {
		err = fmt.Errorf("another session is the agent %s of the endpoint %s already: end it, or choose another name", name, endpoint)
	}
	return a, err
}

// findAgent is the folder of the agent of that name. It may be a slot's, whose name is a
// made one: the same agent must not be claimed twice by two ways.
func (f Folders) findAgent(wanted agentRecord) (slot int, key string, err error) {
	for slot := 1; slot <= maxSlots; slot++ {
		key := slotKey(slot, wanted.Profile, wanted.Relay, wanted.Endpoint)
		var there agentRecord
		found, err := f.agentIdentity(key).load(&there)
		if err != nil {
			return 0, "", err
		}
		if found && there.Name == wanted.Name {
			return slot, key, nil
		}
	}
	return 0, folderKey(wanted.Profile, wanted.Relay, wanted.Endpoint, "name", wanted.Name), nil
}

func (f Folders) agentIdentity(key string) *identity {
	return &identity{
		dir: filepath.Join(f.State, "agents", key), name: "agent.json", what: "agent",
		loss: "the relay keeps this agent's position by its name: restore it, or delete it to become a new agent",
	}
}

// claimAgent returns nil and no error where another session holds the folder.
func (f Folders) claimAgent(slot int, key string, wanted agentRecord) (*Agent, error) {
	a := &Agent{identity: *f.agentIdentity(key), slot: slot}
	free, err := a.enter()
	if !free || err != nil {
		return nil, err
	}
	if err := a.open(wanted); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// open reads the identity, or makes one for a new agent.
func (a *Agent) open(wanted agentRecord) error {
	var there agentRecord
	found, err := a.load(&there)
	if err != nil {
		return err
	}
	a.record = wanted
	if found {
		a.record.Name, a.record.URL = there.Name, there.URL
		return nil
	}
	if a.record.Name == "" {
		host, _ := os.Hostname() // without one the name is less telling, that is all
		a.record.Name = newAgentName(host)
	}
	return a.save(a.record)
}

func (r *agentRecord) check() error {
	if !agentName.MatchString(r.Name) {
		return fmt.Errorf("name %q is not 1 to 64 of A-Z, a-z, 0-9, dot, - and _", r.Name)
	}
	return nil
}

// newAgentName is a name that the developer recognises among those of a team, and that
// differs from any that this machine had before.
func newAgentName(host string) string {
	host, _, _ = strings.Cut(strings.ToLower(host), ".")
	host = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, host)
	host = strings.Trim(host[:min(len(host), 20)], "-")
	if host == "" {
		host = "agent"
	}
	var b [3]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return host + "-" + hex.EncodeToString(b[:])
}

// Name is the agent's name at the relay, the same in every run.
func (a *Agent) Name() string { return a.record.Name }

// Slot is 1 for the first session of an endpoint and more for those beside it. An agent
// that was claimed by its name has 0, unless it is the one of a slot.
func (a *Agent) Slot() int { return a.slot }

// Key tells this agent from all others of this state folder, as the key of its position
// in the history.
func (a *Agent) Key() string {
	return strings.Join([]string{a.record.Profile, a.record.Relay, a.record.Endpoint, a.record.Name}, "|")
}

// URL is the one that SetURL kept last, by this or an earlier run; "" for none.
func (a *Agent) URL() string { return a.record.URL }

// SetURL keeps the URL for webhooks, so that the next run can say if it is another one.
func (a *Agent) SetURL(url string) error {
	if url == a.record.URL {
		return nil
	}
	changed := a.record
	changed.URL = url
	if err := a.save(changed); err != nil {
		return err
	}
	a.record = changed
	return nil
}
