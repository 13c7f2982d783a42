package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func TestAbsentFileIsAnEmptyOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", UserFile)
	u := load(t, path)
	if u.Active() != DefaultProfile || !slices.Equal(u.Profiles(), []string{DefaultProfile}) || len(u.Relays()) != 0 {
		t.Errorf("got %q, %q, %q", u.Active(), u.Profiles(), u.Relays())
	}
	must(t, u.Save())
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		t.Error("Save made a folder though nothing was changed")
	}
}

func TestFirstSettingsMakeTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", UserFile)
	u := load(t, path)
	must(t, u.AddRelay(Relay{"team", "https://Relay.Example.com:443/"}))
	must(t, u.Set("work", "relay", "team"))
	must(t, u.Set("work", "events", "document.*,task.completed"))
	must(t, u.Set("work", "concurrency", "8"))
	must(t, u.Set(DefaultProfile, "insecure-relay", "1"))
	must(t, u.Use("work"))
	must(t, u.Save())
	equal(t, read(t, path), flushLeft(`
		config_version = 1
		profile = "work"

		[relays.team]
		url = "https://relay.example.com"

		[profiles.work]
		relay = "team"
		events = ["document.*", "task.completed"]
		concurrency = 8

		[profiles.default]
		insecure-relay = true
		`))
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("the file's mode is %v", info.Mode())
	}
	again := load(t, path)
	for key, want := range map[string]string{"relay": "team", "events": "document.*,task.completed", "concurrency": "8"} {
		if got, ok := again.Get("work", key); !ok || got != want {
			t.Errorf("%s: got %q, %v", key, got, ok)
		}
	}
	if _, ok := again.Get(DefaultProfile, "relay"); ok {
		t.Error("one profile's setting is another's too")
	}
	if got, _ := again.Get(DefaultProfile, "insecure-relay"); got != "true" {
		t.Errorf("the truth is %q", got)
	}
	if again.Active() != "work" || !slices.Equal(again.Profiles(), []string{"default", "work"}) {
		t.Errorf("active %q of %q", again.Active(), again.Profiles())
	}
}

const commented = `
	# mine
	config_version = 1   # never mind

	# what I do all day
	[profiles.work] # work!
	# the app
	forward = "localhost:3000"  # my port
	methods = [
	  "POST",  # only
	]

	# the end of work

	[profiles.home]
	verify = 'off'
	# the end of all`

func TestCommentsAndLayoutStay(t *testing.T) {
	path := userFileWith(t, commented)
	u := load(t, path)
	must(t, u.Set("work", "forward", "4000"))
	must(t, u.Set("work", "methods", "POST,PUT"))
	must(t, u.Set("work", "timeout", "3s"))
	must(t, u.Set("home", "output", "json"))
	must(t, u.Unset("home", "verify"))
	must(t, u.Unset("home", "verify"))
	must(t, u.Use("home"))
	must(t, u.Set("third", "port", "4650"))
	must(t, u.Save())
	equal(t, read(t, path), flushLeft(`
		# mine
		config_version = 1   # never mind
		profile = "home"

		# what I do all day
		[profiles.work] # work!
		# the app
		forward = "4000"  # my port
		methods = ["POST", "PUT"]
		timeout = "3s"

		# the end of work

		[profiles.home]
		output = "json"
		# the end of all

		[profiles.third]
		port = 4650
		`))
	must(t, u.DeleteProfile("work"))
	must(t, u.Save())
	equal(t, read(t, path), flushLeft(`
		# mine
		config_version = 1   # never mind
		profile = "home"

		# what I do all day

		# the end of work

		[profiles.home]
		output = "json"
		# the end of all

		[profiles.third]
		port = 4650
		`))
}

func TestLayoutsThatCanNotBeChangedAreRefused(t *testing.T) {
	tests := map[string]struct {
		text   string
		change func(*User) error
	}{
		"inline profile": {`profiles = { work = { port = 1 } }`, func(u *User) error { return u.Set("work", "verify", "off") }},
		"unset inline":   {`profiles = { work = { port = 1 } }`, func(u *User) error { return u.Unset("work", "port") }},
		"dotted profile": {`profiles.work.port = 1`, func(u *User) error { return u.Set("work", "verify", "off") }},
		"dotted below":   {"[profiles]\nwork.port = 1", func(u *User) error { return u.DeleteProfile("work") }},
		"inline relays":  {`relays.a = { url = "https://a" }`, func(u *User) error { return u.RemoveRelay("a") }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u := load(t, userFileWith(t, tt.text))
			checkError(t, tt.change(u), u.Path(), "by hand", "[profiles.default]")
			must(t, u.Save())
			equal(t, read(t, u.Path()), tt.text)
		})
	}
}

func TestDottedKeyIsChangedWhereItStands(t *testing.T) {
	u := load(t, userFileWith(t, "profiles.work.port = 1\nprofiles.work.verify = 'off'"))
	must(t, u.Set("work", "port", "2"))
	must(t, u.Unset("work", "verify"))
	must(t, u.Save())
	equal(t, read(t, u.Path()), "profiles.work.port = 2\n")
}

func TestLinkedFileStaysLinked(t *testing.T) {
	target := userFileWith(t, "config_version = 1\n")
	link := filepath.Join(t.TempDir(), UserFile)
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	must(t, setAndSave(link, DefaultProfile, "port", "4650"))
	if got, _ := load(t, target).Get(DefaultProfile, "port"); got != "4650" {
		t.Errorf("the file that the link leads to says %q", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is now %v, %v", info.Mode(), err)
	}
}

func TestProcessesAtTheSameTimeLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), UserFile)
	const processes, each = 4, 10
	var wg sync.WaitGroup
	want := []string{DefaultProfile}
	for p := range processes {
		var profiles []string
		for i := range each {
			profiles = append(profiles, fmt.Sprintf("p%d-%d", p, i))
		}
		want = append(want, profiles...)
		wg.Go(func() {
			if out, err := settingProcess(t, path, profiles...).CombinedOutput(); err != nil {
				t.Errorf("process %d: %v: %s", p, err, out)
			}
		})
	}
	wg.Wait()
	slices.Sort(want)
	if got := load(t, path).Profiles(); !slices.Equal(got, want) {
		t.Errorf("the file has %d profiles of %d: %q", len(got), len(want), got)
	}
}

func TestSaveChangesOnlyWhatWasChanged(t *testing.T) {
	path := userFileWith(t, "[profiles.a]\nport = 1\nverify = 'off'\n")
	mine, theirs := load(t, path), load(t, path)
	must(t, theirs.Set("a", "port", "2"))
	must(t, theirs.Save())
	must(t, mine.Set("a", "verify", "warn"))
	must(t, mine.Save())
	equal(t, read(t, path), "[profiles.a]\nport = 2\nverify = \"warn\"\n")
	if got, _ := mine.Get("a", "port"); got != "2" {
		t.Errorf("after Save the port is %q", got)
	}
}

func TestSaveRefusesWhatIsNotPossibleAnyMore(t *testing.T) {
	path := userFileWith(t, "[relays.a]\nurl = 'https://a'\n")
	mine := load(t, path)
	must(t, mine.RemoveRelay("a"))
	must(t, setAndSave(path, "work", "relay", "a"))
	before := read(t, path)
	checkError(t, mine.Save(), "relay a", "profile work")
	equal(t, read(t, path), before)

	must(t, os.WriteFile(path, []byte("broken"), 0o600))
	checkError(t, mine.Save(), path+":1")
	equal(t, read(t, path), "broken")
}

func TestProfilesThatCanNotBeUsedOrDeleted(t *testing.T) {
	u := load(t, userFileWith(t, "profile = 'work'\n[profiles.work]\n[profiles.other]"))
	checkError(t, u.Use("wrok"), `"wrok"`, "did you mean work?", "solatis config set --profile wrok")
	checkError(t, u.Use("../work"), `"../work"`, "a-z")
	checkError(t, u.DeleteProfile("default"), "always exists")
	checkError(t, u.DeleteProfile("work"), "active", "solatis profile use default")
	checkError(t, u.DeleteProfile("zzz"), `"zzz"`)
	checkError(t, u.Set("a b", "port", "1"), `"a b"`)
	checkError(t, u.Set("work", "prot", "1"), `"prot"`, "did you mean port?")
	checkError(t, u.Unset("work", "prot"), `"prot"`, "did you mean port?")
	checkError(t, u.Set("work", "relay", "taem"), `"taem"`, "solatis relay add")
	must(t, u.Set("work", "relay", NoRelay))
	must(t, u.Set("work", "relay", "https://relay.example.com"))
	must(t, u.DeleteProfile("other"))
	must(t, u.Use("default"))
	must(t, u.DeleteProfile("work"))
	if got := u.Profiles(); !slices.Equal(got, []string{"default"}) {
		t.Errorf("there are %q", got)
	}
}
