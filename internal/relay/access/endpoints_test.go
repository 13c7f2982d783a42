package access_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
)

var endpointIDForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

func TestEndpointsBelongToTheirOwners(t *testing.T) {
	folder := t.TempDir()
	r := load(t, folder, access.Options{})
	ann, bob := openEndpoint(t, r, "ann", "shop"), openEndpoint(t, r, "bob", "shop")
	if ann == bob || !endpointIDForm.MatchString(ann) {
		t.Fatalf("ids %q and %q", ann, bob)
	}
	if again := openEndpoint(t, r, "ann", "shop"); again != ann {
		t.Errorf("the second use of a name opens %s, the first %s", again, ann)
	}
	for _, id := range []string{bob, "shop2"} {
		_, err := r.FindEndpoint(t.Context(), id, "ann")
		if !errors.Is(err, access.ErrNotFound) {
			t.Errorf("ann finds %s: %v", id, err)
		}
		if _, err := r.DeleteEndpoint(t.Context(), id, "ann"); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("ann deletes %s: %v", id, err)
		}
	}
	if e, err := r.FindEndpoint(t.Context(), "shop", "ann"); err != nil || e.ID != ann || e.Owner != "ann" {
		t.Errorf("got %+v, %v", e, err)
	}
	var wrong *access.InvalidError
	if _, err := r.FindEndpoint(t.Context(), "shop", ""); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "ann, bob") {
		t.Errorf("a name of two owners: %v", err)
	}
	if e, err := r.FindEndpoint(t.Context(), bob, ""); err != nil || e.Owner != "bob" {
		t.Errorf("the operator by an id: %+v, %v", e, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = load(t, folder, access.Options{})
	if !takes(t, r, ann) || openEndpoint(t, r, "ann", "shop") != ann {
		t.Error("forgotten by a new run")
	}
}

func TestTheNearestNameIsSuggestedOutOfOnesOwn(t *testing.T) {
	r := load(t, t.TempDir(), access.Options{})
	openEndpoint(t, r, "ann", "checkout")
	_, err := r.FindEndpoint(t.Context(), "chekcout", "ann")
	if want := `endpoint "chekcout": not found; did you mean "checkout"?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = r.FindEndpoint(t.Context(), "chekcout", "bob")
	if want := `endpoint "chekcout": not found`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestIDsAreTakenAsTheyAreWritten(t *testing.T) {
	r := load(t, t.TempDir(), access.Options{})
	id := openEndpoint(t, r, "ann", "shop")
	for !strings.ContainsAny(id, "abcdef") {
		id = openEndpoint(t, r, "ann", "shop"+id)
	}
	if !takes(t, r, id) {
		t.Fatal("not taken")
	}
	for _, other := range []string{strings.ToUpper(id), id[:31], id + "0", " " + id[1:], "", "shop", strings.Repeat("0", 32)} {
		if takes(t, r, other) {
			t.Errorf("%q is taken too", other)
		}
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	r := load(t, t.TempDir(), access.Options{})
	for _, name := range []string{"", ".", "..", "a b", "a/b", "ä", "a\x00", strings.Repeat("a", 65), strings.Repeat("0", 32), strings.Repeat("ab", 16)} {
		_, err := r.Open(t.Context(), relay.Bearer{Owner: "ann"}, name)
		if why := refused(t, err); !strings.Contains(why, "--endpoint") {
			t.Errorf("%q: %s", name, why)
		}
	}
	for _, name := range []string{"a", "...", "-", strings.Repeat("a", 64), strings.Repeat("AB", 16), strings.Repeat("g", 32)} {
		openEndpoint(t, r, "ann", name)
	}
}

func TestTheNumberOfEndpointsIsBoundedPerOwner(t *testing.T) {
	r := load(t, t.TempDir(), access.Options{MaxEndpoints: 2})
	openEndpoint(t, r, "ann", "a")
	openEndpoint(t, r, "ann", "b")
	_, err := r.Open(t.Context(), relay.Bearer{Owner: "ann"}, "c")
	if why := refused(t, err); !strings.Contains(why, "ann has 2 endpoints") || !strings.Contains(why, "endpoint delete") {
		t.Error(why)
	}
	openEndpoint(t, r, "ann", "a") // one that is there is no further one
	openEndpoint(t, r, "bob", "c")
	if _, err := r.DeleteEndpoint(t.Context(), "a", "ann"); err != nil {
		t.Fatal(err)
	}
	openEndpoint(t, r, "ann", "c")
}

func TestADeletedEndpointIsGoneForGood(t *testing.T) {
	folder := t.TempDir()
	r := load(t, folder, access.Options{})
	old := openEndpoint(t, r, "ann", "shop")
	kept := openEndpoint(t, r, "ann", "kept")
	if e, err := r.DeleteEndpoint(t.Context(), "shop", "ann"); err != nil || e.ID != old || e.Name != "shop" {
		t.Fatalf("got %+v, %v", e, err)
	}
	next := openEndpoint(t, r, "ann", "shop")
	if next == old {
		t.Error("the id was given again")
	}
	check := func() {
		t.Helper()
		if takes(t, r, old) || !takes(t, r, next) || !takes(t, r, kept) {
			t.Errorf("takes requests: deleted %v, its successor %v, another %v", takes(t, r, old), takes(t, r, next), takes(t, r, kept))
		}
		if _, err := r.DeleteEndpoint(t.Context(), old, ""); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("deleted again: %v", err)
		}
	}
	check()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = load(t, folder, access.Options{})
	check()
	if ids, err := r.Deleted(t.Context()); err != nil || !slices.Equal(ids, []string{old}) {
		t.Errorf("to clear: %v, %v", ids, err)
	}
	for _, id := range []string{old, kept} { // that of a living one doesn't count
		if err := r.Cleared(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := r.Deleted(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("to clear: %v, %v", ids, err)
	}
	if _, err := r.DeleteEndpoint(t.Context(), kept, ""); err != nil {
		t.Fatal(err)
	}
	if ids, err := r.Deleted(t.Context()); err != nil || !slices.Equal(ids, []string{kept}) {
		t.Errorf("to clear: %v, %v", ids, err)
	}
}

func TestFirstUsesAtOnceAgree(t *testing.T) {
	r := load(t, t.TempDir(), access.Options{MaxEndpoints: 8})
	ids := make([][]string, 8)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			id, err := r.Open(t.Context(), relay.Bearer{Owner: "ann"}, fmt.Sprint("name", i%8))
			mu.Lock()
			defer mu.Unlock()
			if err != nil || !takes(t, r, id) {
				t.Errorf("%q, %v", id, err)
			}
			ids[i%8] = append(ids[i%8], id)
		})
	}
	wg.Wait()
	for i, same := range ids {
		if slices.Sort(same); len(slices.Compact(same)) != 1 {
			t.Errorf("name%d opened %v", i, same)
		}
	}
	if all, err := r.Endpoints(t.Context(), "ann"); err != nil || len(all) != 8 {
		t.Errorf("%d endpoints, %v", len(all), err)
	}
}

// TestADeletionNeverLosesAgainstACreation has one side make an endpoint while the other
// deletes what it finds.
func TestADeletionNeverLosesAgainstACreation(t *testing.T) {
	r := load(t, t.TempDir(), access.Options{})
	for range 200 {
		var opened, deleted string
		var wg sync.WaitGroup
		wg.Go(func() { opened = openEndpoint(t, r, "ann", "shop") })
		wg.Go(func() {
			for deleted == "" {
				e, err := r.DeleteEndpoint(t.Context(), "shop", "ann")
				if err != nil && !errors.Is(err, access.ErrNotFound) {
					t.Error(err)
					return
				}
				deleted = e.ID
			}
		})
		wg.Wait()
		if deleted != opened || takes(t, r, deleted) {
			t.Fatalf("opened %s, deleted %s, which takes requests: %v", opened, deleted, takes(t, r, deleted))
		}
	}
}

func TestARegistryBelongsToOneProcess(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "access.db")
	r := load(t, folder, access.Options{})
	if _, err := access.Load(t.Context(), path, access.Options{}); !errors.Is(err, access.ErrLocked) {
		t.Errorf("loaded twice: %v", err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	load(t, folder, access.Options{})
}

func TestABackupIsARegistry(t *testing.T) {
	folder, other := t.TempDir(), t.TempDir()
	r := load(t, folder, access.Options{})
	_, secret := create(t, r, "ann", access.ScopeListen)
	id := openEndpoint(t, r, "ann", "shop")
	if err := r.Backup(t.Context(), filepath.Join(other, "access.db")); err != nil {
		t.Fatal(err)
	}
	later := openEndpoint(t, r, "ann", "later")
	restored := load(t, other, access.Options{})
	if _, err := restored.Bearer(t.Context(), secret); err != nil {
		t.Error(err)
	}
	if !takes(t, restored, id) || takes(t, restored, later) {
		t.Error("the copy has other endpoints")
	}
}

func TestStates(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for want, token := range map[string]access.Token{
		"valid":   {Expires: now.Add(1)},
		"expired": {Expires: now},
		"revoked": {Expires: now, Revoked: now},
	} {
		if got := token.State(now); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
