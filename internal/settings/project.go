package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// ProjectFile is the name of the project file.
const ProjectFile = "solatis.toml"

// Project is what a project file says.
type Project struct {
	Path   string // of the file
	values map[string]string
}

// projectFile is the project file as TOML has it.
type projectFile struct {
	Version *int `toml:"config_version"`
	values
}

// LoadProject finds and reads the project file for dir: the nearest solatis.toml in dir or
// above. It returns nil where there is none. The search ends with the folder that has a
// .git, which is where the repository begins, and before a folder above dir that
// everybody may write to, such as /tmp, where anybody could have left one.
//
// The file comes with a repository, which may be hostile, while the developer only wanted
// to look at it. It is a plain file of settings that reach no further than the session it
// is for: a key that is not Key.Project is an error, and so is a value that its key
// doesn't take. A target that is not on this machine is for the caller to ask about: see
// RemoteTarget.
func LoadProject(dir string) (*Project, error) {
	path, err := findProject(dir)
	if path == "" || err != nil {
		return nil, err
	}
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseProject(path, text)
}

func findProject(dir string) (path string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, ProjectFile)
		info, err := os.Lstat(path)
		switch {
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err == nil:
			// A link could lead to a private file, of which errors then show lines; a
			// device or a pipe could keep us reading for ever.
			return "", fmt.Errorf("%s is not a regular file: replace it by one", path)
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("%s can't be looked at: %w", path, err)
		}
		parent := filepath.Dir(dir)
		if parent == dir || exists(filepath.Join(dir, ".git")) || isPublic(parent) {
			return "", nil
		}
		dir = parent
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isPublic reports whether everybody may make files in dir. Windows gives every folder
// the same mode, and has no such folder above a user's own.
func isPublic(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && filepath.Separator == '/' && info.Mode().Perm()&0o002 != 0
}

func parseProject(path string, text []byte) (*Project, error) {
	var file projectFile
	if err := decode(path, text, &file, explainProject); err != nil {
		return nil, err
	}
	p := &Project{Path: path, values: file.texts()}
	for _, k := range keys {
		value, ok := p.values[k.Name]
		if !ok {
			continue
		}
		if !k.Project {
			return nil, fault(path, text, []string{k.Name}, fmt.Errorf("%s can't be set here%s", k.Name, foreign))
		}
		if err := k.Check(value); err != nil {
			return nil, fault(path, text, []string{k.Name}, err)
		}
	}
	return p, nil
}

const foreign = ": the file comes with the project, and only you decide about that; use the flag, or solatis config set"

// foreignWords are parts of names that somebody might try here, and that are no setting
// of a project's on principle.
var foreignWords = []string{"secret", "token", "api", "command", "exec", "hook", "relay", "profile", "insecure", "tls", "cert"}

func explainProject(key []string) string {
	name := strings.ToLower(key[0])
	for _, word := range foreignWords {
		if strings.Contains(name, word) {
			return foreign
		}
	}
	var allowed []string
	for _, k := range keys {
		if k.Project {
			allowed = append(allowed, k.Name)
		}
	}
	return suggest(name, append(allowed, "config_version")...)
}

// Get is what the project says of a key, in the form that the flag of that name takes,
// and whether it says anything. A nil Project says nothing.
func (p *Project) Get(key string) (string, bool) {
	if p == nil {
		return "", false
	}
	value, ok := p.values[key]
	return value, ok
}

// localTarget is a target that is on this machine however one reads it.
var localTarget = regexp.MustCompile(`^([0-9]+|(https?://)?((localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?|:[0-9]+))([/?].*)?$`)

// RemoteTarget returns the project's target if it may be on another machine: then the
// caller needs the developer's word (--yes-remote), since webhooks would go there. What
// isn't plainly local counts as remote, so this never depends on how exactly a target is
// parsed.
func (p *Project) RemoteTarget() (target string, remote bool) {
	target, ok := p.Get("forward")
	return target, ok && isRemote(target)
}

// RemoteRoute is RemoteTarget for the targets of the project's routes. It returns the
// first such route.
func (p *Project) RemoteRoute() (route string, remote bool) {
	list, _ := p.Get("route")
	for _, route := range items(list) {
		if _, target, _ := strings.Cut(route, "="); isRemote(target) {
			return route, true
		}
	}
	return "", false
}

func isRemote(target string) bool { return !localTarget.MatchString(strings.ToLower(target)) }
