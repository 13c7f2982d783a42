package server

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/access"
)

// copied writes what it is as its copy.
type copied []byte

func (c copied) Backup(_ context.Context, file string) error { return os.WriteFile(file, c, 0o600) }

// failing can't be copied.
type failing struct{ error }

func (f failing) Backup(context.Context, string) error { return f.error }

// offline opens the databases in a new folder.
func offline(t *testing.T) *Offline {
	t.Helper()
	o, err := OpenOffline(t.Context(), tempData(t), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// archive makes a backup.
func archive(t *testing.T, store, registry Copier) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Backup(t.Context(), &b, t.TempDir(), store, registry, time.Now()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rewritten is a backup with another manifest.
func rewritten(t *testing.T, backup []byte, change func(*manifest)) []byte {
	t.Helper()
	in := tar.NewReader(bytes.NewReader(backup))
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	m, err := readManifest(in)
	if err != nil {
		t.Fatal(err)
	}
	change(&m)
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := addFile(out, manifestName, m.Created, int64(len(text)), bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		h, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := addFile(out, h.Name, m.Created, h.Size, in); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRestoreRefusesWhatIsNotWhole(t *testing.T) {
	o := offline(t)
	whole := archive(t, o.store, o.registry)
	for name, c := range map[string]struct {
		backup []byte
		want   string
	}{
		"a damaged store":    {archive(t, copied("no database, but long enough to be one"), o.registry), "the backup is damaged"},
		"a damaged registry": {archive(t, o.store, copied("no database, but long enough to be one")), "the backup is damaged"},
		"another format":     {rewritten(t, whole, func(m *manifest) { m.Format++ }), "the backup has format 2"},
		"another length":     {rewritten(t, whole, func(m *manifest) { m.Files[0].Bytes++ }), "bytes instead of"},
		"another checksum":   {rewritten(t, whole, func(m *manifest) { m.Files[1].SHA256 = "00" }), "its checksum is"},
		"other files":        {rewritten(t, whole, func(m *manifest) { m.Files[0].Name = "../relay.db" }), "doesn't name the two databases"},
		"too few files":      {rewritten(t, whole, func(m *manifest) { m.Files = m.Files[:1] }), "doesn't name the two databases"},
		"half of it":         {whole[:len(whole)/2], "damaged or cut off"},
		"nothing":            {nil, "no backup of a relay"},
		"something else":     {bytes.Repeat([]byte("x"), 4096), "no backup of a relay"},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(tempData(t), "new")
			err := Restore(t.Context(), bytes.NewReader(c.backup), data)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Restore: %v", err)
			}
			if left, _ := os.ReadDir(data); len(left) > 0 {
				t.Errorf("it leaves %v", left)
			}
		})
	}
}

func TestBackupThatFailsLeavesNothing(t *testing.T) {
	o := offline(t)
	dir := t.TempDir()
	why := errors.New("the disk is full")
	if err := Backup(t.Context(), &bytes.Buffer{}, dir, o.store, failing{why}, time.Now()); !errors.Is(err, why) {
		t.Errorf("Backup: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
}

// TestRestoredRelayGoesOn: an agent that is further than the backup gets what the restored
// relay takes after it, though it has the same numbers. Requests of before may come again,
// and are known by their ids.
func TestRestoredRelayGoesOn(t *testing.T) {
	data := tempData(t)
	token := withToken(t, data, "ann", access.ScopeListen)
	r := startRelay(t, Config{Data: data})
	a, welcome := connect(t, r, token, true)
	recorded := make(map[string]bool)
	send := func(r *running, bodies ...string) {
		t.Helper()
		for _, body := range bodies {
			if status := r.post(t, r.base()+strings.TrimPrefix(welcome.URL, "http://"+hostOf(welcome.URL)), body); status != 200 {
				t.Fatalf("the webhook gets %d", status)
			}
			got := a.next(t)
			for recorded[got.ID] {
				got = a.next(t)
			}
			recorded[got.ID] = true
			if string(got.Body) != body {
				t.Fatalf("the agent gets %q instead of %q", got.Body, body)
			}
		}
	}
	send(r, "1")
	r.stop()
	o, err := OpenOffline(t.Context(), data, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	backup := archive(t, o.store, o.registry)
	o.Close()
	a.stop()

	again := startRelay(t, Config{Data: data})
	at := a.at
	a = newAgent(again, token, true)
	a.at = at
	a.run(t)
	<-a.welcome
	send(again, "2", "3")
	again.stop()
	a.stop()

	restored := tempData(t)
	if err := Restore(t.Context(), bytes.NewReader(backup), restored); err != nil {
		t.Fatal(err)
	}
	third := startRelay(t, Config{Data: restored})
	at = a.at
	a = newAgent(third, token, true)
	a.at = at
	a.run(t)
	<-a.welcome
	send(third, "other 2", "other 3", "other 4")
}

// hostOf is the host of a URL of plain HTTP.
func hostOf(url string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	return host
}
