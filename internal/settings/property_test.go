package settings

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// someValue draws a value that the key takes, as Get says it back.
func someValue(t *rapid.T, k Key) string {
	switch k.Name {
	case "events":
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"task.*", "*", "document.analyzed", "[a-z]*"}), 1, 3).Draw(t, "events"), ",")
	case "methods":
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(methods), 1, 3).Draw(t, "methods"), ",")
	case "bind":
		return rapid.SampledFrom([]string{"0.0.0.0", "::1,127.0.0.1"}).Draw(t, "address")
	case "allow-host":
		return joined(rapid.SliceOfN(rapid.StringMatching(`[^\s\pC\pZ]+`), 1, 3).Draw(t, "hosts"))
	case "color", "output", "respond", "verify":
		words := map[string][]string{
			"color": {"auto", "always", "never"}, "output": {"plain", "json"},
			"respond": {"app", "relay"}, "verify": {"warn", "strict", "off"},
		}
		return rapid.SampledFrom(words[k.Name]).Draw(t, "word")
	case "concurrency", "port":
		return rapid.StringMatching(`[1-9][0-9]{0,2}`).Draw(t, "number")
	case "insecure-relay":
		return rapid.SampledFrom([]string{"true", "false"}).Draw(t, "truth")
	case "timeout":
		return rapid.StringMatching(`[1-9][0-9]?(ms|s|m)`).Draw(t, "duration")
	case "public-url", "relay":
		return rapid.SampledFrom([]string{"https://a.example.com", "http://localhost:1"}).Draw(t, "url")
	case "relay-ca", "secret-file":
		path, err := filepath.Abs("/" + rapid.StringMatching(`[^\pC/]{1,20}`).Draw(t, "file"))
		if err != nil {
			t.Fatal(err)
		}
		return path
	case "route":
		targets := rapid.SliceOfN(rapid.StringMatching(`[^\s\pC\pZ]{1,30}`), 1, 3).Draw(t, "targets")
		for i := range targets {
			targets[i] = "task.*=" + targets[i]
		}
		return joined(targets)
	case "agent", "endpoint":
		return rapid.StringMatching(`[A-Za-z0-9._-]{1,64}`).Draw(t, "name")
	}
	return rapid.StringMatching(`[^\s\pC\pZ]{1,30}`).Draw(t, "text")
}

// machine compares the user file with a plain model, whatever is done to it.
type machine struct {
	user      *User
	kept, now content // as of the last Save, and since
	comments  []string
}

func (m *machine) Set(t *rapid.T) {
	k := rapid.SampledFrom(keys).Draw(t, "key")
	profile, value := someProfile(t), someValue(t, k)
	if err := m.user.Set(profile, k.Name, value); err != nil {
		t.Fatal(err)
	}
	m.now.put(profile, k.Name, value)
}

func (m *machine) Unset(t *rapid.T) {
	profile, key := someProfile(t), rapid.SampledFrom(keyNames()).Draw(t, "key")
	if err := m.user.Unset(profile, key); err != nil {
		t.Fatal(err)
	}
	delete(m.now.profiles[profile], key)
}

func (m *machine) Use(t *rapid.T) {
	profile := someProfile(t)
	known := slices.Contains(m.now.names(), profile)
	if err := m.user.Use(profile); (err == nil) != known {
		t.Fatalf("use of %s, which is known: %v: %v", profile, known, err)
	}
	if known {
		m.now.profile = profile
	}
}

func (m *machine) DeleteProfile(t *rapid.T) {
	profile := someProfile(t)
	_, there := m.now.profiles[profile]
	able := there && profile != DefaultProfile && profile != m.now.profile
	if err := m.user.DeleteProfile(profile); (err == nil) != able {
		t.Fatalf("deletion of %s, which is possible: %v: %v", profile, able, err)
	}
	if able {
		delete(m.now.profiles, profile)
	}
}

func (m *machine) AddRelay(t *rapid.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c-d"}).Draw(t, "relay")
	origin := rapid.SampledFrom([]string{"https://a.example.com", "http://[::1]:8080"}).Draw(t, "origin")
	there, known := m.now.relays[name]
	if err := m.user.AddRelay(Relay{name, origin}); (err == nil) != (!known || there == origin) {
		t.Fatalf("added %s as %s to %q: %v", name, origin, m.now.relays, err)
	}
	if !known {
		m.now.relays[name] = origin
	}
}

func (m *machine) RemoveRelay(t *rapid.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c-d"}).Draw(t, "relay")
	_, known := m.now.relays[name]
	if err := m.user.RemoveRelay(name); (err == nil) != known {
		t.Fatalf("removed %s, which is known: %v: %v", name, known, err)
	}
	delete(m.now.relays, name)
}

// Save writes, and in between somebody comments the file.
func (m *machine) Save(t *rapid.T) {
	if err := m.user.Save(); err != nil {
		t.Fatal(err)
	}
	m.kept = m.now.clone()
	m.reload(t)
}

// Forget drops what was not saved.
func (m *machine) Forget(t *rapid.T) { m.reload(t) }

func (m *machine) reload(t *rapid.T) {
	user, err := LoadUser(m.user.path)
	if err != nil {
		t.Fatal(err)
	}
	m.user, m.now = user, m.kept.clone()
}

func (m *machine) Check(t *rapid.T) {
	u := m.user
	if !slices.Equal(u.Profiles(), m.now.names()) || !slices.Equal(u.Relays(), m.now.sortedRelays()) {
		t.Fatalf("profiles %q and relays %q; want %q and %q", u.Profiles(), u.Relays(), m.now.names(), m.now.sortedRelays())
	}
	for _, profile := range u.Profiles() {
		for _, key := range keyNames() {
			got, ok := u.Get(profile, key)
			if want, known := m.now.profiles[profile][key]; got != want || ok != known {
				t.Fatalf("%s of %s is %q, %v; want %q, %v", key, profile, got, ok, want, known)
			}
		}
	}
	for _, comment := range m.comments {
		if !strings.Contains(string(u.doc.text), comment) {
			t.Fatalf("the comment %q is gone from:\n%s", comment, u.doc.text)
		}
	}
}

func someProfile(t *rapid.T) string {
	return rapid.SampledFrom([]string{"default", "work", "my_2nd-one"}).Draw(t, "profile")
}

func TestUserFileKeepsWhatItIsTold(t *testing.T) {
	comments := []string{"# above all", "# at the end of a line", "# between tables", "# at the very end"}
	text := `# above all
config_version = 1 # at the end of a line

# between tables

[profiles.default]
port = 1
# at the very end`
	rapid.Check(t, func(t *rapid.T) {
		dir := mustTempDir(t)
		m := &machine{comments: comments, kept: content{
			profiles: map[string]map[string]string{"default": {"port": "1"}}, relays: map[string]string{},
		}}
		m.user = &User{path: filepath.Join(dir, UserFile)}
		if rapid.Bool().Draw(t, "commented") {
			writeText(t, m.user.path, text)
		} else {
			m.comments, m.kept.profiles = nil, map[string]map[string]string{}
		}
		m.reload(t)
		t.Repeat(rapid.StateMachineActions(m))
	})
}
