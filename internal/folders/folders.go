// Package folders says where a developer's state lives on this machine, and holds the
// small files there that more than one process looks at: the signing secrets and the
// identities of the embedded endpoints and of the agents at remote relays.
//
// There are three folders. State keeps what must survive (history, secrets, endpoints,
// agents, the registry of running sessions), Config what the user sets, Runtime the
// sockets of running sessions. SOLATIS_HOME, where set, is State and Config at once. Otherwise
// the XDG variables decide, and without them the habit of the operating system:
//
//	          State                                  Config
//	Linux     ~/.local/state/solatis                 ~/.config/solatis
//	macOS     ~/Library/Application Support/solatis  the same
//	Windows   %LocalAppData%\solatis                 %AppData%\solatis
//
// Everything here rests on file locks, which network file systems do not keep
// reliably, so Resolve refuses those. All folders are made with mode 0700, all files
// with 0600.
package folders

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// appName is the folder's name below the folders that all programs share.
const appName = "solatis"

// Folders are the resolved folders, as absolute paths.
type Folders struct {
	State   string // exists and may be written to
	Config  string // may not exist: whoever writes there makes it
	Runtime string // exists, belongs to the user alone, and is short enough for sockets
}

// History is the path of the developer's record of requests and deliveries.
func (f Folders) History() string { return filepath.Join(f.State, "history.db") }

// Secret is the path of the default profile's signing secret.
func (f Folders) Secret() string { return f.SecretOf("default") }

// SecretOf is the path of a profile's signing secret. The profile's name has to be a
// checked one (settings.CheckName), since it becomes the file's.
func (f Folders) SecretOf(profile string) string { return filepath.Join(f.State, "secrets", profile) }

// Embedded is the folder of one embedded endpoint. See Claim for the keys.
func (f Folders) Embedded(key string) string { return filepath.Join(f.State, "embedded", key) }

// Sessions is the folder in which running sessions register.
func (f Folders) Sessions() string { return filepath.Join(f.State, "sessions") }

// Resolve finds the folders from the environment and creates State and Runtime. Its
// errors name the folder and say what to do about it: no home folder is known, a
// folder can't be created or written to, is no folder, is on a network file system, or
// (Runtime) belongs to somebody else.
func Resolve(env func(string) string) (Folders, error) {
	return resolver{env: env, goos: runtime.GOOS, network: networkKind}.resolve()
}

// resolver is Resolve with what depends on the machine as values.
type resolver struct {
	env     func(string) string
	goos    string
	network func(dir string) (kind string, err error) // "" where dir is local
}

func (r resolver) resolve() (Folders, error) {
	f, err := r.locate()
	if err != nil {
		return Folders{}, err
	}
	if err := r.prepare(f.State); err != nil {
		return Folders{}, err
	}
	f.Runtime, err = r.prepareRuntime(f.State)
	return f, err
}

// locate names State and Config without touching them.
func (r resolver) locate() (Folders, error) {
	if home := r.env("SOLATIS_HOME"); home != "" {
		abs, err := filepath.Abs(home)
		if err != nil {
			return Folders{}, fmt.Errorf("SOLATIS_HOME %q: %w", home, err)
		}
		return Folders{State: abs, Config: abs}, nil
	}
	state, err := r.base("XDG_STATE_HOME", r.stateBase)
	if err != nil {
		return Folders{}, err
	}
	config, err := r.base("XDG_CONFIG_HOME", r.configBase)
	return Folders{State: filepath.Join(state, appName), Config: filepath.Join(config, appName)}, err
}

// base is the variable's value, or else the operating system's default. A relative
// value counts as unset, as the XDG specification wants it.
func (r resolver) base(variable string, otherwise func() (string, error)) (string, error) {
	if dir := r.env(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	return otherwise()
}

func (r resolver) stateBase() (string, error) {
	switch r.goos {
	case "windows":
		return r.need("LocalAppData")
	case "darwin":
		return r.home("Library", "Application Support")
	default:
		return r.home(".local", "state")
	}
}

func (r resolver) configBase() (string, error) {
	switch r.goos {
	case "windows":
		return r.need("AppData")
	case "darwin":
		return r.home("Library", "Application Support")
	default:
		return r.home(".config")
	}
}

func (r resolver) home(below ...string) (string, error) {
	home, err := r.need("HOME")
	return filepath.Join(append([]string{home}, below...)...), err
}

// need is the value of a variable without which there is no place for state.
func (r resolver) need(variable string) (string, error) {
	dir := r.env(variable)
	if dir == "" {
		return "", fmt.Errorf("there is no place to keep state: %s is not set; set it, or set SOLATIS_HOME to a folder of yours", variable)
	}
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("there is no place to keep state: %s is %q, which is not an absolute path; correct it, or set SOLATIS_HOME to a folder of yours", variable, dir)
	}
	return dir, nil
}

const elsewhere = "set SOLATIS_HOME to a folder on a local disk that you may write to"

// prepare makes sure that dir is a local folder that can be written to.
func (r resolver) prepare(dir string) error {
	kind, err := r.network(existing(dir))
	if err != nil {
		return fmt.Errorf("the state folder %s: can't tell which file system it is on: %w; %s", dir, err, elsewhere)
	}
	if kind != "" {
		return fmt.Errorf("the state folder %s is on a network file system (%s), where file locks can't be trusted; %s", dir, kind, elsewhere)
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("the state folder %s is not a folder; move that file away, or %s", dir, elsewhere)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the state folder %s can't be created: %w; %s", dir, reason(err), elsewhere)
	}
	if err := checkWritable(dir); err != nil {
		return fmt.Errorf("the state folder %s can't be written to: %w; %s", dir, reason(err), elsewhere)
	}
	return nil
}

// existing is dir, or the nearest folder above it that exists: a new folder will be on
// the same file system.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return dir
		}
		dir = parent
	}
}

// reason is err without the path, where the message has named it already.
func reason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
