package catalog

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/nearest"
)

// UnknownError says that a name or a pattern stands for none of the 13 types.
type UnknownError struct {
	Name    string // what was asked for
	Nearest string // the name or pattern that may have been meant; "" if none is near
}

// Error names what was asked for and what to try instead.
func (e *UnknownError) Error() string {
	message := fmt.Sprintf("unknown event %q", e.Name)
	if strings.ContainsAny(e.Name, wildcards) {
		message = fmt.Sprintf("no event matches %q", e.Name)
	}
	if e.Nearest == "" {
		return message + `: "solatis trigger --list" names all there are`
	}
	return message + ": did you mean " + e.Nearest + "?"
}

func unknown(name string, candidates []string) error {
	match, _ := nearest.Match(name, candidates)
	return &UnknownError{Name: name, Nearest: match}
}

// PatternError says that a pattern can't be read at all.
type PatternError struct{ Pattern string }

// Error names the pattern and shows how one looks.
func (e *PatternError) Error() string {
	return fmt.Sprintf("malformed pattern %q: write it as in 'task.*' or '*.completed'", e.Pattern)
}

// wildcards are the characters that make a name a pattern.
const wildcards = `*?[\`

// Match returns the names of the types that glob stands for, in the guide's order. A
// glob is a name, or a pattern of path.Match, such as "task.*" or "*.completed". One
// that stands for nothing is an *UnknownError, since it would silently filter out every
// event; one that is malformed is a *PatternError.
func Match(glob string) ([]string, error) {
	var names []string
	for _, t := range types {
		ok, err := path.Match(glob, t.Name)
		if err != nil {
			return nil, &PatternError{glob}
		}
		if ok {
			names = append(names, t.Name)
		}
	}
	if names == nil {
		return nil, unknown(glob, append(Names(), patterns()...))
	}
	return names, nil
}

// patterns returns one pattern for each group of types that share the name's first
// part, such as "task.*".
func patterns() []string {
	var all []string
	for _, t := range types {
		group, _, _ := strings.Cut(t.Name, ".")
		all = append(all, group+".*")
	}
	return slices.Compact(all)
}
