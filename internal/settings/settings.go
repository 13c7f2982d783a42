// Package settings reads and writes what a developer wants to hold for every run: the
// user file, config.toml in the folder for configuration, and the project file,
// solatis.toml in a project's folder.
//
// The user file is the developer's own. It has profiles, of which one is active, and the
// relays that profiles can name:
//
//	config_version = 1
//	profile = "work"
//
//	[profiles.work]
//	relay = "team"
//	forward = "localhost:3000/webhooks"
//	events = ["document.*", "task.completed"]
//	timeout = "10s"
//
//	[relays.team]
//	url = "https://relay.example.com"
//
// The project file comes with a repository, from anybody: see LoadProject for what it
// may say. Neither file holds a secret; tokens are package credential's.
//
// Both are read strictly. A file that can't be read as it is meant, be it for one
// misspelt key, is an error that shows the place, and it is never written over. The
// errors quote the file, so they may hold any character: whoever prints them sanitises.
//
// Keys are named like the flags of solatis listen that they stand in for, and Get and
// Set speak the flags' language: a list is comma-separated, a duration is "5s".
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/nearest"
)

// UserFile is the user file's name in folders.Folders.Config.
const UserFile = "config.toml"

// DefaultProfile is the profile of those who need only one. It always exists.
const DefaultProfile = "default"

// User is the user file as it was when it was loaded, with the changes made since. Save
// writes these, and only these. Its methods are not for concurrent use; for processes at
// the same file see Save.
type User struct {
	path  string
	doc   document
	edits []edit // since LoadUser or the last Save
}

// edit makes one change to a document, or refuses it. Save repeats the edits on what the
// file has become meanwhile.
type edit func(document) (document, error)

// LoadUser reads the user file at path. One that doesn't exist is an empty one.
func LoadUser(path string) (*User, error) {
	doc, err := readUser(path)
	if err != nil {
		return nil, err
	}
	return &User{path: path, doc: doc}, nil
}

// Path is the file's path, whether it exists or not.
func (u *User) Path() string { return u.path }

func (u *User) change(e edit) error {
	doc, err := e(u.doc)
	if err != nil {
		return err
	}
	u.doc, u.edits = doc, append(u.edits, e)
	return nil
}

// Save writes the changes to the file, which appears whole or not at all, with mode 0600.
// Comments and layout stay. It repeats the changes on the file as it is by now, under a
// lock, so that processes that change different things at the same time lose nothing. A
// change that isn't possible any more is an error, and nothing is written then.
func (u *User) Save() error {
	if len(u.edits) == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(u.path), 0o700); err != nil {
		return fmt.Errorf("the folder of %s can't be created: %w", u.path, err)
	}
	lock := flock.New(u.path + ".lock")
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("%s can't be locked: %w", u.path, err)
	}
	defer lock.Close()

	doc, err := readUser(u.path)
	for _, e := range u.edits {
		if err == nil {
			doc, err = e(doc)
		}
	}
	if err != nil {
		return err
	}
	target, err := linked(u.path)
	if err == nil {
		err = folders.WriteFile(target, doc.text)
	}
	if err != nil {
		return fmt.Errorf("%s can't be written: %w", u.path, err)
	}
	u.doc, u.edits = doc, nil
	return nil
}

// linked is where path leads. Many keep their configuration in a repository and link to
// it; the link should live on when the file is replaced.
func linked(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return target, err
}

// Active is the profile that counts where none is asked for.
func (u *User) Active() string {
	if u.doc.profile == "" {
		return DefaultProfile
	}
	return u.doc.profile
}

// Profiles are the names of all profiles, sorted. The default and the active one are
// always among them.
func (u *User) Profiles() []string { return u.doc.names() }

// Use makes a profile the active one. It has to exist, so that a slip of the finger
// doesn't lead to an empty one.
func (u *User) Use(profile string) error {
	return u.change(func(d document) (document, error) {
		if err := d.mustHave(profile); err != nil {
			return document{}, err
		}
		return d.set(nil, "profile", quote(profile), func(c *content) { c.profile = profile })
	})
}

// DeleteProfile deletes a profile's settings. The default profile and the active one are
// refused. Its signing secret is not settings' to delete.
func (u *User) DeleteProfile(profile string) error {
	return u.change(func(d document) (document, error) {
		err := d.mustHave(profile)
		switch {
		case err != nil:
			return document{}, err
		case profile == DefaultProfile:
			return document{}, fmt.Errorf("the profile %s always exists: unset its keys instead", profile)
		case profile == d.profile:
			return document{}, fmt.Errorf("%s is the active profile: use another one first, as in solatis profile use default", profile)
		}
		return d.drop([]string{"profiles", profile}, func(c *content) { delete(c.profiles, profile) })
	})
}

// mustHave is an error where there is no such profile.
func (c content) mustHave(profile string) error {
	if err := CheckName("profile", profile); err != nil {
		return err
	}
	if slices.Contains(c.names(), profile) {
		return nil
	}
	hint := ""
	if match, ok := nearest.Match(profile, c.names()); ok {
		hint = fmt.Sprintf(" did you mean %s?", match)
	}
	return fmt.Errorf("there is no profile %q:%s it begins with its first setting, as in solatis config set --profile %s forward 3000", profile, hint, profile)
}

func (c content) names() []string {
	all := append(slices.Collect(maps.Keys(c.profiles)), DefaultProfile)
	if c.profile != "" {
		all = append(all, c.profile)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Get is what a profile says of a key, in the form that the flag of that name takes, and
// whether it says anything. Other profiles, the default one included, have no part in it.
func (u *User) Get(profile, key string) (string, bool) {
	value, ok := u.doc.profiles[profile][key]
	return value, ok
}

// Set sets a key of a profile, which begins to exist with it. The value has the form that
// the flag of that name takes.
func (u *User) Set(profile, key, value string) error {
	k, err := Lookup(key)
	if err != nil {
		return err
	}
	if err := CheckName("profile", profile); err != nil {
		return err
	}
	literal, text, err := k.parse(value)
	if err != nil {
		return err
	}
	return u.change(func(d document) (document, error) {
		if key == "relay" {
			if _, err := d.relay(value); value != NoRelay && err != nil {
				return document{}, err
			}
		}
		return d.set([]string{"profiles", profile}, key, literal, func(c *content) { c.put(profile, key, text) })
	})
}

// Unset takes a key out of a profile. One that isn't set is no error.
func (u *User) Unset(profile, key string) error {
	if _, err := Lookup(key); err != nil {
		return err
	}
	return u.change(func(d document) (document, error) {
		if _, ok := d.profiles[profile][key]; !ok {
			return d, nil
		}
		return d.unset([]string{"profiles", profile}, key, func(c *content) { delete(c.profiles[profile], key) })
	})
}
