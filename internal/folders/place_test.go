package folders

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

func claim(t *testing.T, f Folders, profile, dir string) *Place {
	t.Helper()
	p, err := f.Claim(profile, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestPlaceIsTheSameInEveryRun(t *testing.T) {
	f, project := resolved(t), t.TempDir()
	first := claim(t, f, "default", project)
	if first.Port() != 0 || first.Slot() != 1 {
		t.Errorf("a new place has port %d and slot %d", first.Port(), first.Slot())
	}
	if id, err := hex.DecodeString(first.EndpointID()); err != nil || len(id) != 16 {
		t.Errorf("endpoint id %q is not 128 bits of hex", first.EndpointID())
	}
	if err := first.SetPort(4660); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := claim(t, f, "default", project)
	if second.EndpointID() != first.EndpointID() || second.Dir() != first.Dir() || second.Port() != 4660 {
		t.Errorf("got %+v, want %+v", second.record, first.record)
	}
	info, err := os.Stat(second.file())
	if err != nil || openToOthers(info) {
		t.Errorf("the identity's mode is %v, %v", info.Mode(), err)
	}
}

func TestSessionsOfOneProjectGetDifferentPlaces(t *testing.T) {
	f, project := resolved(t), t.TempDir()
	first, second, third := claim(t, f, "default", project), claim(t, f, "default", project), claim(t, f, "default", project)
	if first.Slot() != 1 || second.Slot() != 2 || third.Slot() != 3 {
		t.Errorf("slots %d, %d and %d", first.Slot(), second.Slot(), third.Slot())
	}
	if first.EndpointID() == second.EndpointID() || first.Dir() == second.Dir() || first.Agent() == second.Agent() {
		t.Errorf("two sessions share %+v", first.record)
	}
	// The second slot is free again, and is the lowest that is.
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	again := claim(t, f, "default", project)
	if again.Slot() != 2 || again.EndpointID() != second.EndpointID() {
		t.Errorf("got slot %d with %s, want 2 with %s", again.Slot(), again.EndpointID(), second.EndpointID())
	}
}

func TestPlaceDependsOnProfileAndProject(t *testing.T) {
	f, project := resolved(t), t.TempDir()
	ids := map[string]bool{}
	for _, p := range []*Place{
		claim(t, f, "default", project), claim(t, f, "other", project), claim(t, f, "default", t.TempDir()),
	} {
		if p.Slot() != 1 {
			t.Errorf("slot %d for the first session", p.Slot())
		}
		ids[p.EndpointID()] = true
	}
	if len(ids) != 3 {
		t.Errorf("three endpoints have %d ids", len(ids))
	}
}

func TestPlaceIsFoundThroughSymlink(t *testing.T) {
	f, project := resolved(t), t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(project, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	direct := claim(t, f, "default", project)
	direct.Close()
	if linked := claim(t, f, "default", link); linked.EndpointID() != direct.EndpointID() {
		t.Error("the same folder by another path is another endpoint")
	}
}

func TestDamagedIdentityIsAnErrorAndStays(t *testing.T) {
	tests := map[string]string{
		"not JSON": "{", "empty": "", "no id": "{}",
		"short id":  `{"endpoint_id":"abc"}`,
		"odd id":    `{"endpoint_id":"../../../../../../../../../../etc"}`,
		"high port": `{"endpoint_id":"00112233445566778899aabbccddeeff","port":65536}`,
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			f, project := resolved(t), t.TempDir()
			p := claim(t, f, "default", project)
			p.Close()
			if err := os.WriteFile(p.file(), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			// Twice, since the first failure must not keep the lock.
			for range 2 {
				_, err := f.Claim("default", project)
				checkError(t, err, p.file(), "damaged", "delete it")
			}
			if data, err := os.ReadFile(p.file()); err != nil || string(data) != content {
				t.Errorf("the file now has %q, %v", data, err)
			}
		})
	}
}

func TestClaimOfMissingProject(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	_, err := resolved(t).Claim("default", missing)
	checkError(t, err, missing)
}

// A folder of another name would be a new endpoint for everybody who updates.
func TestPlaceKeepsItsFolder(t *testing.T) {
	if got := slotKey(2, "default", "/home/anna/shop"); got != "1b5c7fc18716d8e52e2601d1cd2d6137" {
		t.Errorf("the folder is %s", got)
	}
}
