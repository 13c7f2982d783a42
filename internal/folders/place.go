package folders

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Place is the home of one embedded endpoint: the folder with its relay's database and
// the identity that makes its URL the same in every run. It is locked from Claim to
// Close, so that one process at a time is this endpoint. Its methods are not for
// concurrent use.
type Place struct {
	identity
	slot   int
	record record
}

// record is the content of place.json. Profile and project are for people who look.
type record struct {
	EndpointID string `json:"endpoint_id"` // 128 random bits as 32 lower-case hex digits
	Port       int    `json:"port"`        // 0 as long as no port was set
	Profile    string `json:"profile"`
	Project    string `json:"project"`
}

// Claim takes the embedded endpoint of a project folder. The first session to run there
// gets slot 1, a second beside it slot 2, and so on; each slot has an identity of its
// own, which the next session in it finds again. A damaged identity is an error and
// stays as it is, since a new one would silently change the URL.
func (f Folders) Claim(profile, projectDir string) (*Place, error) {
	project, err := canonical(projectDir)
	if err != nil {
		return nil, fmt.Errorf("the project folder %s: %w", projectDir, reason(err))
	}
	return firstFree(project, func(slot int) (*Place, error) { return f.claimPlace(profile, project, slot) })
}

func canonical(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// claimPlace returns nil and no error where another session holds the slot.
func (f Folders) claimPlace(profile, project string, slot int) (*Place, error) {
	p := &Place{slot: slot, identity: identity{
		dir: f.Embedded(slotKey(slot, profile, project)), name: "place.json", what: "endpoint",
		loss: "it holds the webhook URL: restore it, or delete it to get a new URL",
	}}
	free, err := p.enter()
	if !free || err != nil {
		return nil, err
	}
	if err := p.open(profile, project); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// open reads the identity, or makes one for a new place.
func (p *Place) open(profile, project string) error {
	found, err := p.load(&p.record)
	if found || err != nil {
		return err
	}
	p.record = record{EndpointID: newEndpointID(), Profile: profile, Project: project}
	return p.save(p.record)
}

func (r *record) check() error {
	if len(r.EndpointID) != 32 || strings.Trim(r.EndpointID, "0123456789abcdef") != "" {
		return fmt.Errorf("endpoint_id %q is not 32 lower-case hex digits", r.EndpointID)
	}
	if r.Port < 0 || r.Port > 65535 {
		return fmt.Errorf("port %d is not between 0 and 65535", r.Port)
	}
	return nil
}

func newEndpointID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// Dir is the folder for the endpoint's relay.db.
func (p *Place) Dir() string { return p.dir }

// EndpointID is the unguessable part of the endpoint's URL: 32 hex digits, the same in
// every run.
func (p *Place) EndpointID() string { return p.record.EndpointID }

// Slot is 1 for the first session of a project folder. From 2 on, others run there.
func (p *Place) Slot() int { return p.slot }

// Agent is the name under which this session keeps its position at the relay.
func (p *Place) Agent() string {
	if p.slot == 1 {
		return "local"
	}
	return "local-" + strconv.Itoa(p.slot)
}

// Port is the port that SetPort kept last, by this or an earlier run; 0 for none.
func (p *Place) Port() int { return p.record.Port }

// SetPort keeps the port for later runs.
func (p *Place) SetPort(port int) error {
	if port == p.record.Port {
		return nil
	}
	changed := p.record
	changed.Port = port
	if err := p.save(changed); err != nil {
		return err
	}
	p.record = changed
	return nil
}
