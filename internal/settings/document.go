package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"reflect"

	"github.com/pelletier/go-toml/v2"
)

const (
	// version is the config_version that this program writes, and the newest it reads.
	// A file without one is of version 1.
	version = 1
	// maxFile is far more than anybody writes by hand.
	maxFile = 1 << 20
)

// document is a user file: its text, and what it says. It is a value: an edit makes a new
// one.
type document struct {
	path string // for errors
	text []byte
	content
}

// content is what a user file says, in the forms that flags take.
type content struct {
	profile  string                       // the active one, "" for none named
	profiles map[string]map[string]string // by profile and key
	relays   map[string]string            // the relays' origins by their names
}

// userFile is the user file as TOML has it.
type userFile struct {
	Version  *int               `toml:"config_version"`
	Profile  *string            `toml:"profile"`
	Profiles map[string]values  `toml:"profiles"`
	Relays   map[string]address `toml:"relays"`
}

// address is one table of relays.
type address struct {
	URL string `toml:"url"`
}

func readUser(path string) (document, error) {
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return parseUser(path, nil)
	}
	if err != nil {
		return document{}, err
	}
	return parseUser(path, text)
}

// readFile reads a file of at most maxFile bytes, without the mark by which some editors
// say that a text is UTF-8.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the settings can't be read: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("the settings can't be read: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is over %d KiB: that is no settings file", path, maxFile>>10)
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

// parseUser reads a user file's text. Values are not checked, so that a bad one can be
// mended by setting it anew; names and URLs are, since nothing could be found by a bad
// one.
func parseUser(path string, text []byte) (document, error) {
	var file userFile
	if err := decode(path, text, &file, explainUser); err != nil {
		return document{}, err
	}
	d := document{path: path, text: text, content: content{profiles: map[string]map[string]string{}, relays: map[string]string{}}}
	if file.Profile != nil {
		d.profile = *file.Profile
		if err := CheckName("profile", d.profile); err != nil {
			return document{}, fault(path, text, []string{"profile"}, err)
		}
	}
	for name, v := range file.Profiles {
		if err := CheckName("profile", name); err != nil {
			return document{}, fault(path, text, []string{"profiles", name}, err)
		}
		d.profiles[name] = v.texts()
	}
	for name, relay := range file.Relays {
		origin, err := checkAddress(name, relay)
		if err != nil {
			return document{}, fault(path, text, []string{"relays", name}, err)
		}
		d.relays[name] = origin
	}
	return d, nil
}

func checkAddress(name string, relay address) (origin string, err error) {
	if err := CheckName("relay", name); err != nil {
		return "", err
	}
	if relay.URL == "" {
		return "", fmt.Errorf("relay %q has no url", name)
	}
	u, err := ParseRelayURL(relay.URL, true)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// checkVersion comes before all else: a newer file may have keys that this program can't
// know, and they are not what is wrong. What can't be read at all is for decode to say.
func checkVersion(path string, text []byte) error {
	file := struct {
		Version int `toml:"config_version"`
	}{version}
	if err := toml.Unmarshal(text, &file); err != nil || file.Version == version {
		return nil
	}
	if file.Version > version {
		return fmt.Errorf("%s has config_version %d and this solatis knows up to %d: update solatis", path, file.Version, version)
	}
	return fmt.Errorf("%s has config_version %d, which does not exist: the first is 1", path, file.Version)
}

// clone is a copy that can be changed without changing c.
func (c content) clone() content {
	c.relays = maps.Clone(c.relays)
	c.profiles = maps.Clone(c.profiles)
	for name, v := range c.profiles {
		c.profiles[name] = maps.Clone(v)
	}
	return c
}

func (c *content) put(profile, key, text string) {
	if c.profiles[profile] == nil {
		c.profiles[profile] = map[string]string{}
	}
	c.profiles[profile][key] = text
}

// become is d with another text, if that says what d says but for the change. TOML can
// write the same thing in ways that the editor doesn't know, such as inline tables: then
// the text comes out wrong, and the change is refused rather than the file spoilt.
func (d document) become(text []byte, change func(*content)) (document, error) {
	want := d.content.clone()
	change(&want)
	next, err := parseUser(d.path, text)
	if err != nil || !reflect.DeepEqual(next.content, want) {
		return document{}, fmt.Errorf("%s is laid out in a way that solatis can read but not change: make the change by hand, or write each profile and relay as a table of its own, such as [profiles.default]", d.path)
	}
	return next, nil
}
