// Package nearest finds what somebody meant to type. It is behind every "did you
// mean" of solatis: event types, ids, values of flags.
package nearest

import "strings"

const (
	// maxEdits bounds how far a suggestion may be off however long the words are. Two
	// unrelated ids of 26 random characters are further apart than that.
	maxEdits = 6

	// minPrefix is how many bytes of a word have to be there for its completion to be
	// a suggestion rather than a guess.
	minPrefix = 3
)

// Match returns the candidate that is nearest to s, and whether any is near enough to
// be worth suggesting. That is the shortest one that s is the beginning of; else the
// one with the fewest edits, at most six and at most a third of the longer word. Of
// equally near candidates the first counts. Upper and lower case are the same to it.
//
// An edit is a character inserted, deleted or replaced, or two neighbours swapped.
func Match(s string, candidates []string) (string, bool) {
	if completed, ok := complete(s, candidates); ok {
		return completed, true
	}
	best, least := "", maxEdits+1
	typed := []rune(strings.ToLower(s))
	for _, candidate := range candidates {
		word := []rune(strings.ToLower(candidate))
		shorter, longer := min(len(typed), len(word)), max(len(typed), len(word))
		limit := min((longer+1)/3, least-1)
		if longer-shorter > limit {
			continue // by their lengths alone too far apart: spare the table
		}
		if d := distance(typed, word); d <= limit {
			best, least = candidate, d
		}
	}
	return best, least <= maxEdits
}

// complete returns the shortest candidate that begins with s.
func complete(s string, candidates []string) (best string, ok bool) {
	if len(s) < minPrefix {
		return "", false
	}
	s = strings.ToLower(s)
	for _, candidate := range candidates {
		if strings.HasPrefix(strings.ToLower(candidate), s) && (!ok || len(candidate) < len(best)) {
			best, ok = candidate, true
		}
	}
	return best, ok
}

// distance is the optimal string alignment distance of a and b. Of its table only the
// last three rows are kept.
func distance(a, b []rune) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := above[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(replaced, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
