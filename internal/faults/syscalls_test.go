package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A trace as strace writes it, but for the data, which is longer there.
const sampleTrace = `7 openat(AT_FDCWD<\x2f\x64>, "\x2f\x64\x2f\x6e\x65\x77\x2e\x64\x62", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 8<\x2f\x64\x2f\x6e\x65\x77\x2e\x64\x62>
8 read(9<TCP:[127.0.0.1:80->127.0.0.1:90]>,  <unfinished ...>
7 pwrite64(8<\x2f\x64\x2f\x6e\x65\x77\x2e\x64\x62>, "\x41\x42\x43\x44", 4, 0) = 4
8 <... read resumed>"\x50\x4f", 4096) = 2
7 fsync(8<\x2f\x64\x2f\x6e\x65\x77\x2e\x64\x62> <unfinished ...>
8 --- SIGURG {si_signo=SIGURG, si_code=SI_TKILL, si_pid=7, si_uid=0} ---
9 fsync(3<\x2f\x64>)                      = 0
7 <... fsync resumed>)                    = 0
7 pwrite64(8<\x2f\x64\x2f\x6e\x65\x77\x2e\x64\x62>, "\x61\x62", 2, 1) = 2
8 write(9<TCP:[127.0.0.1:80->127.0.0.1:90]>, "\x48\x54\x54\x50\x2f\x31\x2e\x31\x20\x32"..., 95) = 95
7 openat(AT_FDCWD<\x2f\x64>, "\x2f\x78", O_RDONLY) = -1 ENOENT (No such file or directory)
7 fdatasync(8<\x2f\x64\x2f\x6e\x65\x77\x2e\x64\x62> <unfinished ...>) = ?
8 +++ killed by SIGKILL +++
`

func TestReadCalls(t *testing.T) {
	var got []string
	err := readCalls(strings.NewReader(sampleTrace), func(c call) error {
		file, _ := c.file()
		text := c.name + " " + file
		got = append(got, text)
		switch c.name {
		case "read":
			if c.begin != 2 || c.end != 4 || c.result != 2 {
				t.Errorf("read: %+v", c)
			}
		case "pwrite64":
			data, err := c.text()
			offset, err2 := c.number()
			if err != nil || err2 != nil || c.result == 4 && (data != "ABCD" || offset != 0) || c.result == 2 && (data != "ab" || offset != 1) {
				t.Errorf("pwrite64: %q at %d, %v, %v", data, offset, err, err2)
			}
		case "write":
			if !c.startsWith("HTTP/1.1 2") || c.startsWith("HTTP/1.1 5") {
				t.Error("the beginning of an answer isn't known")
			}
			if _, err := c.text(); err == nil {
				t.Error("a string that is cut off passes for whole")
			}
		case "fdatasync":
			if c.end != never || isSync(c) {
				t.Errorf("what never ended: %+v", c)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"openat ", "pwrite64 /d/new.db", "read TCP:[127.0.0.1:80->127.0.0.1:90]", "fsync /d", "fsync /d/new.db",
		"pwrite64 /d/new.db", "write TCP:[127.0.0.1:80->127.0.0.1:90]", "openat ", "fdatasync /d/new.db"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestReadCallsRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{"7", "7 nonsense", "7 <... read resumed>) = 1", "7 read(3, 4", "7 read(3 = 4", "7 read(3) = x"} {
		if err := readCalls(strings.NewReader(text+"\n"), func(call) error { return nil }); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestAnswers(t *testing.T) {
	seen := newAnswers(map[string][]string{"127.0.0.1:90": {"evt_1"}})
	others := 0
	err := readCalls(strings.NewReader(sampleTrace), func(c call) error {
		if !seen.see(c) {
			others++
		}
		return nil
	})
	if err != nil || others != 7 || !slices.Equal(seen.all, []answer{{"evt_1", 4, 10}}) {
		t.Errorf("%+v, %d others, %v", seen.all, others, err)
	}
}

// TestUnsynced has answers with and without an fsync in the right place.
func TestUnsynced(t *testing.T) {
	for _, test := range []struct {
		name          string
		read, written int
		sync          span
		answered      int
		find          string
	}{
		{"right", 10, 20, span{21, 30}, 31, ""},
		{"sync began before the write had ended", 10, 20, span{20, 30}, 31, "before it was durable"},
		{"sync began before the write", 10, 20, span{15, 30}, 31, "before it was durable"},
		{"sync began before the read", 10, 5, span{9, 30}, 31, "before it was durable"},
		{"sync ended after the answer began", 10, 20, span{21, 32}, 31, "before it was durable"},
		{"sync never ended", 10, 20, span{21, never}, 31, "before it was durable"},
	} {
		w := walTrace{written: map[string]int{"evt_1": test.written}, syncs: spans{{1, 2}, test.sync}}
		wants(t, test.name, w.unsynced([]answer{{"evt_1", test.read, test.answered}}), test.find)
	}
	w := walTrace{written: map[string]int{}, syncs: spans{{21, 30}}}
	wants(t, "never written", w.unsynced([]answer{{"evt_1", 10, 31}}), "before it was durable")
}

func TestWalTraceFindsIDs(t *testing.T) {
	w := walTrace{written: map[string]int{}}
	args := func(text string) string {
		var b strings.Builder
		for i := range len(text) {
			b.WriteString(`\x`)
			b.WriteString(string("0123456789abcdef"[text[i]>>4]) + string("0123456789abcdef"[text[i]&15]))
		}
		return `8</d/relay.db-wal>, "` + b.String() + `", 1, 0`
	}
	for i, text := range []string{`..{"id":"evt_1","x":1}..{"id":"evt_2",`, `{"id":"evt_1"`} {
		if err := w.see(call{name: "pwrite64", args: args(text), result: 1, begin: i*10 + 1, end: i*10 + 2}); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.written) != 2 || w.written["evt_1"] != 2 || w.written["evt_2"] != 2 {
		t.Errorf("found %v", w.written)
	}
}

func sampleShadow(t *testing.T) *shadow {
	t.Helper()
	s := newShadow("/d", map[string][]byte{"old.db": []byte("old")})
	if err := readCalls(strings.NewReader(sampleTrace), s.see); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShadow(t *testing.T) {
	for _, test := range []struct {
		cut  int
		left survival
		want string // of new.db; "-" for no such file
	}{
		{1, everything, "-"},
		{3, nothing, "-"},
		{3, everything, ""},
		{4, everything, "ABCD"},
		{8, nothing, ""}, // the folder is synced, the file not yet
		{9, nothing, "ABCD"},
		{10, nothing, "ABCD"}, // what came after the fsync is not durable
		{10, everything, "AabD"},
		{never, nothing, "ABCD"}, // the last fsync never ended
	} {
		dir := filepath.Join(t.TempDir(), "cut")
		if err := sampleShadow(t).write(dir, test.cut, test.left); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "new.db"))
		if missing := os.IsNotExist(err); missing != (test.want == "-") || !missing && string(got) != test.want {
			t.Errorf("cut %d, %d: %q, %v; want %q", test.cut, test.left, got, err, test.want)
		}
		if old, err := os.ReadFile(filepath.Join(dir, "old.db")); err != nil || string(old) != "old" {
			t.Errorf("cut %d: what was there before is %q, %v", test.cut, old, err)
		}
	}
}

// TestShadowBySectors lets chance decide, which may mix old and new by sectors only.
func TestShadowBySectors(t *testing.T) {
	f := shadowFile{before: slices.Repeat([]byte{'o'}, 4096)}
	f.writes = []fileWrite{{span{1, 2}, 256, slices.Repeat([]byte{'n'}, 2048)}, {span{3, 4}, 3584, nil}}
	both := map[byte]int{}
	for range 200 {
		got := f.content(10, anything)
		if len(got) != 4096 && len(got) != 3584 {
			t.Fatalf("%d bytes are left", len(got))
		}
		for from := 0; from < 2560; from += sectorSize {
			low, high := max(from, 256), min(from+sectorSize, 2304)
			if low >= high {
				continue
			}
			both[got[low]]++
			if len(slices.Compact(slices.Clone(got[low:high]))) != 1 {
				t.Fatalf("a sector is torn: %q", got[low:high])
			}
		}
	}
	if both['o'] == 0 || both['n'] == 0 || len(both) != 2 {
		t.Errorf("of old and new there are %v", both)
	}
}

func TestShadowRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{
		`7 unlink("\x2f\x64\x2f\x61\x2e\x64\x62") = 0`,
		`7 writev(8<\x2f\x64\x2f\x61\x2e\x64\x62>, [{iov_base="\x61", iov_len=1}], 1) = 1`,
		`7 pwrite64(8<\x2f\x64\x2f\x61\x2e\x64\x62>, "\x61"..., 9, 0) = 9`,
		`7 openat(AT_FDCWD<\x2f>, "\x2f\x64\x2f\x61\x2e\x64\x62", O_RDWR|O_TRUNC) = 8`,
	} {
		if err := readCalls(strings.NewReader(text+"\n"), newShadow("/d", nil).see); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	for _, text := range []string{
		`7 unlink("\x2f\x64\x2f\x61\x2e\x64\x62") = -1 ENOENT (No such file or directory)`,
		`7 unlink("\x2f\x65\x2f\x61\x2e\x64\x62") = 0`,
		`7 write(8<\x2f\x64\x2f\x6c\x6f\x67>, "\x61"..., 9) = 9`,
	} {
		if err := readCalls(strings.NewReader(text+"\n"), newShadow("/d", nil).see); err != nil {
			t.Errorf("%s is refused: %v", text, err)
		}
	}
}

func TestLastBefore(t *testing.T) {
	s := spans{{5, 6}, {1, 8}, {7, 9}}
	for range 20 {
		line := rand.IntN(12)
		want, found := 0, false
		for _, one := range s {
			if one.end < line {
				want, found = max(want, one.begin), true
			}
		}
		if got, ok := s.lastBefore(line); got != want || ok != found {
			t.Errorf("before %d: %d, %v; want %d, %v", line, got, ok, want, found)
		}
	}
}

func FuzzReadCalls(f *testing.F) {
	f.Add(sampleTrace)
	f.Fuzz(func(t *testing.T, text string) {
		s := newShadow("/d", nil)
		seen := newAnswers(map[string][]string{"127.0.0.1:90": {"evt_1"}})
		_ = readCalls(strings.NewReader(text), func(c call) error { // an error is as well, a panic isn't
			if c.end < c.begin {
				t.Errorf("%+v ends before it begins", c)
			}
			if !seen.see(c) && c.name != "ftruncate" && c.name != "pwrite64" {
				return s.see(c)
			}
			return nil
		})
	})
}
