package folders

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// maxSlots is how many sessions may run from one project folder. It only keeps a fault
// from making folders without end.
const maxSlots = 100

// Place is the home of one embedded endpoint: the folder with its relay's database and
// the identity that makes its URL the same in every run. It is locked from Claim to
// Close, so that one process at a time is this endpoint. Its methods are not for
// concurrent use.
type Place struct {
	dir    string
	slot   int
	lock   *flock.Flock
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
	for slot := 1; slot <= maxSlots; slot++ {
		place, err := f.claimSlot(profile, project, slot)
		if place != nil || err != nil {
			return place, err
		}
	}
	return nil, fmt.Errorf("%d sessions are running for %s already: end one of them first", maxSlots, project)
}

func canonical(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// claimSlot returns nil and no error where another session holds the slot.
func (f Folders) claimSlot(profile, project string, slot int) (*Place, error) {
	dir := f.Embedded(placeKey(profile, project, slot))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the endpoint's folder %s can't be created: %w", dir, reason(err))
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("the endpoint's folder %s can't be locked: %w", dir, reason(err))
	}
	if !free {
		return nil, nil
	}
	p := &Place{dir: dir, slot: slot, lock: lock}
	if err := p.load(profile, project); err != nil {
		lock.Close()
		return nil, err
	}
	return p, nil
}

// placeKey names a slot's folder. NUL can be in none of the parts.
func placeKey(profile, project string, slot int) string {
	sum := sha256.Sum256([]byte(profile + "\x00" + project + "\x00" + strconv.Itoa(slot)))
	return hex.EncodeToString(sum[:16])
}

// load reads the identity, or makes one for a new place.
func (p *Place) load(profile, project string) error {
	data, err := os.ReadFile(p.file())
	if errors.Is(err, fs.ErrNotExist) {
		p.record = record{EndpointID: newEndpointID(), Profile: profile, Project: project}
		return p.save()
	}
	if err != nil {
		return fmt.Errorf("the endpoint's identity %s can't be read: %w", p.file(), reason(err))
	}
	err = json.Unmarshal(data, &p.record)
	if err == nil {
		err = p.record.check()
	}
	if err != nil {
		return fmt.Errorf("the endpoint's identity %s is damaged (%w); it is left as it is, since it holds the webhook URL: restore it, or delete it to get a new URL", p.file(), err)
	}
	return nil
}

func (r record) check() error {
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

func (p *Place) save() error {
	data, err := json.MarshalIndent(p.record, "", "  ")
	if err == nil {
		err = writeFile(p.file(), append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("the endpoint's identity %s can't be written: %w", p.file(), reason(err))
	}
	return nil
}

func (p *Place) file() string { return filepath.Join(p.dir, "place.json") }

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
	before := p.record.Port
	p.record.Port = port
	if err := p.save(); err != nil {
		p.record.Port = before
		return err
	}
	return nil
}

// Close gives the place back. Its files stay for the next run.
func (p *Place) Close() error { return p.lock.Close() }
