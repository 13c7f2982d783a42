package folders

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const origin = "https://relay.example.com"

func claimAgent(t *testing.T, f Folders, profile, endpoint, name string) *Agent {
	t.Helper()
	a, err := f.ClaimAgent(profile, origin, endpoint, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func TestAgentIsTheSameInEveryRun(t *testing.T) {
	f := resolved(t)
	first := claimAgent(t, f, "default", "shop", "")
	if first.Slot() != 1 || first.URL() != "" {
		t.Errorf("a new agent has slot %d and URL %q", first.Slot(), first.URL())
	}
	must(t, first.SetURL(origin+"/e/1"))
	must(t, first.Close())
	second := claimAgent(t, f, "default", "shop", "")
	if second.Name() != first.Name() || second.Key() != first.Key() || second.URL() != origin+"/e/1" {
		t.Errorf("got %+v, want %+v", second.record, first.record)
	}
	info, err := os.Stat(second.file())
	if err != nil || openToOthers(info) {
		t.Errorf("the identity's mode is %v, %v", info.Mode(), err)
	}
}

func TestSessionsOfOneEndpointAreDifferentAgents(t *testing.T) {
	f := resolved(t)
	first, second := claimAgent(t, f, "default", "shop", ""), claimAgent(t, f, "default", "shop", "")
	if first.Slot() != 1 || second.Slot() != 2 || first.Name() == second.Name() || first.Key() == second.Key() {
		t.Errorf("got %d %s and %d %s", first.Slot(), first.Key(), second.Slot(), second.Key())
	}
	must(t, first.Close())
	if again := claimAgent(t, f, "default", "shop", ""); again.Slot() != 1 || again.Name() != first.Name() {
		t.Errorf("slot %d is %s, want %s", again.Slot(), again.Name(), first.Name())
	}
}

func TestNamedAgent(t *testing.T) {
	f := resolved(t)
	a := claimAgent(t, f, "default", "shop", "ci.Main_1")
	if a.Name() != "ci.Main_1" || a.Slot() != 0 || a.Key() != "default|"+origin+"|shop|ci.Main_1" {
		t.Errorf("got %s in slot %d with key %s", a.Name(), a.Slot(), a.Key())
	}
	_, err := f.ClaimAgent("default", origin, "shop", "ci.Main_1")
	checkError(t, err, "ci.Main_1", "shop", "another session", "choose another name")
	claimAgent(t, f, "default", "shop", "ci.main_1")
	claimAgent(t, f, "default", "cart", "ci.Main_1")
	must(t, a.SetURL("https://a"))
	must(t, a.Close())
	if again := claimAgent(t, f, "default", "shop", "ci.Main_1"); again.URL() != "https://a" {
		t.Errorf("the URL is %q", again.URL())
	}
	for _, bad := range []string{"a b", "a/b", "ä", strings.Repeat("a", 65)} {
		_, err := f.ClaimAgent("default", origin, "shop", bad)
		checkError(t, err, bad, "1 to 64")
	}
}

// The relay knows an agent by its name alone, so two sessions must never have the same
// one, even if one asks for a name that the other was given.
func TestNameOfASlotIsClaimedOnce(t *testing.T) {
	f := resolved(t)
	first, second := claimAgent(t, f, "default", "shop", ""), claimAgent(t, f, "default", "shop", "")
	_, err := f.ClaimAgent("default", origin, "shop", second.Name())
	checkError(t, err, second.Name(), "another session")
	must(t, second.Close())
	// The first slot's identity was deleted meanwhile, to become a new agent.
	must(t, os.Remove(first.file()))
	named := claimAgent(t, f, "default", "shop", second.Name())
	if named.Slot() != 2 || named.Key() != second.Key() {
		t.Errorf("got slot %d and key %s", named.Slot(), named.Key())
	}
	if third := claimAgent(t, f, "default", "shop", ""); third.Slot() != 3 {
		t.Errorf("the slot of the named agent was given away: %d", third.Slot())
	}
}

func TestAgentDependsOnProfileRelayAndEndpoint(t *testing.T) {
	f := resolved(t)
	other, err := f.ClaimAgent("default", "https://other.example.com", "shop", "")
	must(t, err)
	defer other.Close()
	keys := map[string]bool{}
	for _, a := range []*Agent{
		other, claimAgent(t, f, "default", "shop", ""), claimAgent(t, f, "work", "shop", ""), claimAgent(t, f, "default", "cart", ""),
	} {
		if a.Slot() != 1 {
			t.Errorf("slot %d for the first session", a.Slot())
		}
		keys[a.Key()] = true
	}
	if len(keys) != 4 {
		t.Errorf("four agents have %d keys", len(keys))
	}
}

func TestDamagedAgentIsAnErrorAndStays(t *testing.T) {
	for name, content := range map[string]string{
		"not JSON": "{", "empty": "", "no name": "{}", "odd name": `{"name":"a b"}`, "null": "null",
	} {
		t.Run(name, func(t *testing.T) {
			f := resolved(t)
			a := claimAgent(t, f, "default", "shop", "")
			must(t, a.Close())
			must(t, os.WriteFile(a.file(), []byte(content), 0o600))
			// Twice, since the first failure must not keep the lock.
			for _, wanted := range []string{"", "", "named"} {
				_, err := f.ClaimAgent("default", origin, "shop", wanted)
				checkError(t, err, a.file(), "agent's identity", "damaged", "delete it")
			}
			if data, err := os.ReadFile(a.file()); err != nil || string(data) != content {
				t.Errorf("the file now has %q, %v", data, err)
			}
		})
	}
}

func TestAgentNames(t *testing.T) {
	for host, want := range map[string]string{
		"laptop": "laptop", "Anna-MacBook.local": "anna-macbook", "": "agent", "_": "agent", "büro": "bro",
		"a-very-long-name-of-a-machine": "a-very-long-name-of", "-x-": "x",
	} {
		got := newAgentName(host)
		if !regexp.MustCompile("^" + want + "-[0-9a-f]{6}$").MatchString(got) {
			t.Errorf("%q is named %s", host, got)
		}
		if !agentName.MatchString(got) || got == newAgentName(host) {
			t.Errorf("%s is no good name, or always the same", got)
		}
	}
}

func TestSecretsOfProfiles(t *testing.T) {
	f := resolved(t)
	if f.Secret() != f.SecretOf("default") || f.SecretOf("work") != filepath.Join(f.State, "secrets", "work") {
		t.Errorf("got %s, %s and %s", f.Secret(), f.SecretOf("default"), f.SecretOf("work"))
	}
	mine, _, err := LoadOrCreateSecret(f.Secret())
	must(t, err)
	work, created, err := LoadOrCreateSecret(f.SecretOf("work"))
	must(t, err)
	if !created || mine.Reveal() == work.Reveal() {
		t.Error("two profiles have one secret")
	}
}

func TestReadPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	_, err := ReadPrivate(path)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	must(t, WriteFile(path, []byte("a\n")))
	if data, err := ReadPrivate(path); string(data) != "a\n" || err != nil {
		t.Errorf("got %q, %v", data, err)
	}
}
