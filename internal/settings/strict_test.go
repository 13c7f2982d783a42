package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each text is refused with exactly this message, in which FILE stands for the path.
func TestUserFileIsReadStrictly(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"misspelt key": {`
			config_version = 1

			[profiles.work]
			forward = "3000"
			tiemout = "3s"
			# the end`, `
			FILE:5: unknown key "tiemout": did you mean timeout?
			3| [profiles.work]
			4| forward = "3000"
			5| tiemout = "3s"
			 | ~~~~~~~ unknown field
			6| # the end`},
		"misspelt table": {`
			[profile.work]
			forward = "3000"`, `
			FILE:1: profile takes the name of the active one; the settings of one stand below a line such as [profiles.work]
			1| [profile.work]
			 |  ~~~~~~~~~~~~ cannot store a table in a string
			2| forward = "3000"`},
		"key without a profile": {`
			forward = "3000"`, `
			FILE:1: unknown key "forward": it belongs into a profile, below a line such as [profiles.default]
			1| forward = "3000"
			 | ~~~~~~~ unknown field`},
		"token in a relay": {`
			[relays.a]
			url = "https://a"
			token = "slt_1"`, `
			FILE:3: unknown key "token": tokens are not kept in this file; solatis relay add takes them
			1| [relays.a]
			2| url = "https://a"
			3| token = "slt_1"
			 | ~~~~~ unknown field`},
		"relay without url": {`

			[relays.a]`, `
			FILE:2: relay "a" has no url
			2| [relays.a]
			 |  ~~~~~~~~`},
		"relay with a path": {`
			[relays.a]
			url = "https://a/b"`, `
			FILE:1: relay URL "https://a/b": it holds the path "/b", but a relay has a host name of its own; write it like https://relay.example.com
			1| [relays.a]
			 |  ~~~~~~~~`},
		"bad name": {`
			  [profiles."../a"]`, `
			FILE:1: profile "../a": a name is 1 to 32 of a-z, 0-9, - and _, and begins with a letter or digit
			1|   [profiles."../a"]
			 |    ~~~~~~~~~~~~~~~`},
		"bad active profile": {`
			profile = "A"`, `
			FILE:1: profile "A": a name is 1 to 32 of a-z, 0-9, - and _, and begins with a letter or digit
			1| profile = "A"
			 | ~~~~~~~`},
		"wrong type": {`
			[profiles.a]
			port = "3000"`, `
			FILE:2: port takes a whole number, without quotes
			1| [profiles.a]
			2| port = "3000"
			 |        ~~~~~~ cannot decode TOML string`},
		"wrong item": {`
			[profiles.a]
			events = [1]`, `
			FILE:2: events takes a list of texts, such as ["a", "b"]
			1| [profiles.a]
			2| events = [1]
			 |           ~ cannot decode TOML integer`},
		"wrong truth": {`
			[profiles.a]
			insecure-relay = 1`, `
			FILE:2: insecure-relay takes true or false, without quotes
			1| [profiles.a]
			2| insecure-relay = 1
			 |                  ~ cannot decode TOML integer`},
		"wrong url": {`
			[relays.a]
			url = 1`, `
			FILE:2: url takes text, in quotes
			1| [relays.a]
			2| url = 1
			 |       ~ cannot decode TOML integer`},
		"no TOML": {`
			[profiles.a
			port = 1`, `
			FILE:1: it is not valid TOML
			1| [profiles.a
			 |            ~ expected ']' to close table name
			2| port = 1`},
		"twice": {`
			[profiles.a]
			port = 1
			port = 2`, `
			FILE:3: it is not valid TOML
			1| [profiles.a]
			2| port = 1
			3| port = 2
			 | ~~~~ key port is already defined`},
		"version in quotes": {`config_version = "1"`, `
			FILE:1: config_version takes a number, which is 1
			1| config_version = "1"
			 |                  ~~~ cannot decode TOML string`},
		"newer": {`config_version = 2`, `FILE has config_version 2 and this solatis knows up to 1: update solatis`},
		"older": {`config_version = 0`, `FILE has config_version 0, which does not exist: the first is 1`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := userFileWith(t, tt.text)
			_, err := LoadUser(path)
			if err == nil {
				t.Fatal("no error")
			}
			equal(t, strings.ReplaceAll(err.Error(), path, "FILE"), flushLeft(tt.want))
			checkError(t, setAndSave(path, "work", "port", "1"), path)
			equal(t, read(t, path), flushLeft(tt.text))
		})
	}
}

func TestNewerFileIsNotBlamedForItsKeys(t *testing.T) {
	path := userFileWith(t, "config_version = 2\nnovelty = true\n")
	_, err := LoadUser(path)
	checkError(t, err, "config_version 2", "update solatis")
}

func TestBadValueCanBeMended(t *testing.T) {
	u := load(t, userFileWith(t, "[profiles.a]\nverify = 'strct'\nport = 4650\n"))
	value, _ := u.Get("a", "verify")
	k, err := Lookup("verify")
	must(t, err)
	checkError(t, k.Check(value), `verify "strct"`, "did you mean strict?")
	must(t, u.Set("a", "port", "4660"))
	must(t, u.Set("a", "verify", "strict"))
	must(t, u.Save())
}

func TestFileOfAnEditorOnWindows(t *testing.T) {
	path := userFileWith(t, "\ufeffconfig_version = 1\r\n[profiles.a]\r\nport = 1\r\n")
	must(t, setAndSave(path, "a", "port", "2"))
	if got, _ := load(t, path).Get("a", "port"); got != "2" {
		t.Errorf("the port is %q", got)
	}
}

func TestFileThatIsTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), UserFile)
	must(t, os.WriteFile(path, []byte(strings.Repeat("#\n", maxFile)), 0o600))
	_, err := LoadUser(path)
	checkError(t, err, path, "1024 KiB")
}
