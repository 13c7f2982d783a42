package session

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestChoose(t *testing.T) {
	shop := Info{ID: "k3f9", Cwd: "/src/shop", Target: "http://localhost:3000"}
	cart := Info{ID: "p2mm", Cwd: "/src/shop/cart", Target: "http://localhost:3001"}
	bank := Info{ID: "x7ab", Cwd: "/src/bank"}
	bank2 := Info{ID: "x8ab", Cwd: "/src/bank"}
	tests := map[string]struct {
		live        []Info
		cwd, wanted string
		want        string
		err         error
	}{
		"nothing listens":             {nil, "/src", "", "", ErrNone},
		"nothing listens, id wanted":  {nil, "/src", "k3f9", "", ErrNone},
		"the only one":                {[]Info{shop}, "/elsewhere", "", "k3f9", nil},
		"by id":                       {[]Info{shop, cart}, "/src/shop", "p2mm", "p2mm", nil},
		"unknown id, although one":    {[]Info{shop}, "/src/shop", "k3f8", "", ErrUnknown},
		"this folder's":               {[]Info{shop, bank}, "/src/shop", "", "k3f9", nil},
		"this folder's, not above's":  {[]Info{shop, cart}, "/src/shop/cart", "", "p2mm", nil},
		"this folder's, not below's":  {[]Info{shop, cart}, "/src/shop", "", "k3f9", nil},
		"nearest folder above's":      {[]Info{shop, cart, bank}, "/src/shop/cart/a/b", "", "p2mm", nil},
		"two of this folder":          {[]Info{shop, bank, bank2}, "/src/bank", "", "", ErrAmbiguous},
		"two of a folder above":       {[]Info{shop, bank, bank2}, "/src/bank/a", "", "", ErrAmbiguous},
		"none of here":                {[]Info{shop, bank}, "/elsewhere", "", "", ErrAmbiguous},
		"beginning of name is no use": {[]Info{shop, bank}, "/src/shopping", "", "", ErrAmbiguous},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Choose(tt.live, tt.cwd, tt.wanted)
			if got.ID != tt.want || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Errorf("got %q, %v; want %q, %v", got.ID, err, tt.want, tt.err)
			}
		})
	}
}

func TestChooseSaysWhatToDo(t *testing.T) {
	infos := []Info{
		{ID: "k3f9", Cwd: "/src/shop", Target: "http://localhost:3000"},
		{ID: "p2mm", Cwd: "/src/bank"},
		{ID: "w8xy", Cwd: "/src/till", Target: "a", Targets: []string{"a", "b"}, Routes: []string{"task.*=c?x=1", "*.shared=d"}},
		{ID: "w9xy", Cwd: "/src/mall", Target: "c", Routes: []string{"task.*=c"}},
		{ID: "v9xy", Cwd: "/src/inn", Target: "e", Targets: []string{"e"}},
	}
	_, none := Choose(nil, "/", "")
	_, ambiguous := Choose(infos, "/", "")
	_, unknown := Choose(infos, "/", "p2nm")
	tests := []struct {
		err   error
		parts []string
	}{
		{none, []string{"solatis listen --forward localhost:3000"}},
		{ambiguous, []string{"--session", "k3f9", "http://localhost:3000", "/src/shop", "p2mm", "without a target", "/src/bank",
			"w8xy  task.* to c?x=1, *.shared to d, all else to a and b, in", "w9xy  task.* to c, in", "v9xy  to e, in"}},
		{unknown, []string{`"p2nm"`, "did you mean p2mm", "k3f9", "/src/shop"}},
	}
	for _, tt := range tests {
		for _, part := range tt.parts {
			if !strings.Contains(tt.err.Error(), part) {
				t.Errorf("%q doesn't say %q", tt.err, part)
			}
		}
	}
}

func TestChooseSeesThroughSymlinks(t *testing.T) {
	project := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(project, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	f := resolved(t)
	register(t, f, Info{Cwd: t.TempDir()})
	linked := register(t, f, Info{Cwd: link}).Info()
	for _, cwd := range []string{project, link} {
		if got, err := Choose(live(t, f), cwd, ""); !reflect.DeepEqual(got, linked) {
			t.Errorf("from %s: got %+v, %v", cwd, got, err)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"k3f9", "k3f9", 0}, {"k3f9", "k3f8", 1}, {"k3f9", "3f9", 1}, {"k3f9", "", 4}, {"kitten", "sitting", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Errorf("distance %d there, %d back", d, distance(b, a))
		}
	})
}
