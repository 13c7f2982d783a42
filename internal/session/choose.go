package session

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// The errors of Choose. ErrAmbiguous and ErrUnknown come wrapped, with the list of
// running sessions in the text, one a line.
var (
	ErrNone      = errors.New("nothing is listening: run solatis listen --forward localhost:3000 first")
	ErrAmbiguous = errors.New("several sessions are listening")
	ErrUnknown   = errors.New("no such session")
)

// Choose picks the session that a command run in cwd means: the one with the id wanted,
// if that isn't empty; else the only one; else the only one started in cwd, or in the
// nearest folder above it in which any was.
func Choose(live []Info, cwd, wanted string) (Info, error) {
	switch {
	case len(live) == 0:
		return Info{}, ErrNone
	case wanted != "":
		return byID(live, wanted)
	case len(live) == 1:
		return live[0], nil
	}
	near := nearest(live, canonical(cwd))
	if len(near) == 1 {
		return near[0], nil
	}
	return Info{}, fmt.Errorf("%w, choose one with --session:\n%s", ErrAmbiguous, list(live))
}

func byID(live []Info, wanted string) (Info, error) {
	for _, info := range live {
		if info.ID == wanted {
			return info, nil
		}
	}
	closest := slices.MinFunc(live, func(a, b Info) int {
		return distance(a.ID, wanted) - distance(b.ID, wanted)
	})
	return Info{}, fmt.Errorf("%w: %q, did you mean %s? These are listening:\n%s", ErrUnknown, wanted, closest.ID, list(live))
}

// nearest returns the sessions of dir, or of the first folder above it that has any.
func nearest(live []Info, dir string) []Info {
	for {
		var here []Info
		for _, info := range live {
			if info.Cwd == dir {
				here = append(here, info)
			}
		}
		parent := filepath.Dir(dir)
		if len(here) > 0 || parent == dir {
			return here
		}
		dir = parent
	}
}

func list(live []Info) string {
	lines := make([]string, len(live))
	for i, info := range live {
		lines[i] = fmt.Sprintf("  %s  %s, in %s", info.ID, info.ways(), info.Cwd)
	}
	return strings.Join(lines, "\n")
}

// ways says in a line where a session forwards to, such as "to http://localhost:3000" or
// "document.* to http://localhost:3000/docs, all else to http://localhost:3001".
func (i Info) ways() string {
	var parts []string
	for _, route := range i.Routes {
		events, target, _ := strings.Cut(route, "=")
		parts = append(parts, events+" to "+target)
	}
	targets := i.Targets
	if targets == nil && i.Routes == nil && i.Target != "" {
		targets = []string{i.Target} // an older version says no more
	}
	if len(targets) > 0 {
		rest := "to " + strings.Join(targets, " and ")
		if len(parts) > 0 {
			rest = "all else " + rest
		}
		parts = append(parts, rest)
	}
	if parts == nil {
		return "without a target"
	}
	return strings.Join(parts, ", ")
}

// distance counts the letters to add, drop or change to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // from the part of a so far to each beginning of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
