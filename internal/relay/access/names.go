package access

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/nearest"
)

// ErrNotFound says that there is nothing by that name, or that it is another owner's.
// What wraps it names the value, and what may have been meant.
var ErrNotFound = errors.New("not found")

// InvalidError says what is wrong with a value that was given, in words for whoever gave
// it.
type InvalidError struct{ Reason string }

func (e *InvalidError) Error() string { return e.Reason }

func invalid(format string, args ...any) error {
	return &InvalidError{fmt.Sprintf(format, args...)}
}

// notFound is an ErrNotFound for a value of some kind, with a suggestion where one of
// those that are there is near.
func notFound(kind, value string, there []string) error {
	if near, ok := nearest.Match(value, there); ok {
		return fmt.Errorf("%s %q: %w; did you mean %q?", kind, value, ErrNotFound, near)
	}
	return fmt.Errorf("%s %q: %w", kind, value, ErrNotFound)
}

const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"

	maxName    = 64  // bytes of an owner's or an endpoint's name
	maxComment = 200 // bytes
)

func madeOf(s, letters string) bool { return strings.Trim(s, letters) == "" }

func checkOwner(owner string) error {
	switch {
	case owner == "" || len(owner) > maxName || !madeOf(owner, lowerCase+digits+"._@-"):
		return invalid("the owner %q can't be used: a name has 1 to %d of a-z, 0-9 and ._@-", shorten(owner), maxName)
	case owner == Anonymous:
		return invalid("the owner %q can't be used: it stands for agents without a token", owner)
	}
	return nil
}

// checkEndpointName returns what is wrong with an endpoint's name, or "". Two names are
// refused because they mean something in a URL's path, and those that look like an id
// because they could be typed for the id of another endpoint.
func checkEndpointName(name string) string {
	_, looksLikeID := parseID(name)
	switch {
	case name == "" || len(name) > maxName || !madeOf(name, lowerCase+upperCase+digits+"._-"):
		return fmt.Sprintf("the endpoint can't be called %q: a name has 1 to %d of A-Z, a-z, 0-9 and ._-; choose another with --endpoint", shorten(name), maxName)
	case name == "." || name == "..":
		return fmt.Sprintf("the endpoint can't be called %q: choose another name with --endpoint", name)
	case looksLikeID:
		return fmt.Sprintf("the endpoint can't be called %q: it looks like an id; choose another name with --endpoint", name)
	}
	return ""
}

func checkComment(comment string) error {
	switch {
	case len(comment) > maxComment:
		return invalid("the comment has %d bytes: at most %d are kept", len(comment), maxComment)
	case !utf8.ValidString(comment) || strings.ContainsFunc(comment, unicode.IsControl):
		return invalid("the comment %q has characters that can't be printed: leave them out", comment)
	}
	return nil
}

// shorten keeps what somebody sent from filling an error.
func shorten(s string) string {
	if len(s) <= maxName {
		return s
	}
	return s[:maxName] + "…"
}
