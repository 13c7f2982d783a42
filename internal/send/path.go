package send

import (
	"errors"
	"fmt"
	"strings"
)

// URL returns where a request goes that came in with extraPath and rawQuery after its
// endpoint's URL, both still escaped. The extra path is appended only to a target
// without a path of its own; the query follows the target's own.
//
// An extra path is refused if any server could take it for a way upwards ("/../admin",
// however it is encoded) or for another host ("//elsewhere").
func (t Target) URL(extraPath, rawQuery string) (string, error) {
	path, query, err := t.resolve(extraPath, rawQuery)
	if err != nil {
		return "", err
	}
	if query == "" {
		return t.base() + path, nil
	}
	return t.base() + path + "?" + query, nil
}

// resolve returns the path and query of URL.
func (t Target) resolve(extraPath, rawQuery string) (path, query string, err error) {
	if t.IsZero() {
		return "", "", errors.New("there is no target to send to")
	}
	if err := checkPath(extraPath); err != nil {
		return "", "", fmt.Errorf("the request's path %q: %w", extraPath, err)
	}
	if strings.ContainsFunc(rawQuery, notInURL) || strings.Contains(rawQuery, "#") {
		return "", "", fmt.Errorf("the request's query %q holds a character that has no place in a URL", rawQuery)
	}
	path, query = t.path, t.query
	if path == "" {
		path = extraPath
	}
	if path == "" {
		path = "/"
	}
	if query != "" && rawQuery != "" {
		query += "&"
	}
	return path, query + rawQuery, nil
}

// notInURL holds for white space and control characters. Other characters that ought to
// be escaped are let through as they came: the app gets what the sender wrote.
func notInURL(r rune) bool { return r <= ' ' || r == 0x7f }

// checkPath refuses an escaped path that is not plainly below the root.
func checkPath(path string) error {
	switch {
	case path == "":
		return nil
	case path[0] != '/':
		return errors.New(`it doesn't begin with "/"`)
	case strings.HasPrefix(path, "//") || strings.HasPrefix(path, `/\`):
		return errors.New("it begins like the name of another host")
	case strings.ContainsFunc(path, notInURL) || strings.ContainsAny(path, "?#"):
		return errors.New("it holds a character that has no place in a path")
	}
	return checkLayers(path)
}

// maxLayers bounds how often a path may be percent-encoded over itself.
const maxLayers = 8

// checkLayers looks for dot segments under every layer of percent encoding, since an app
// behind a proxy of its own may decode twice.
func checkLayers(path string) error {
	for range maxLayers {
		if hasDotSegment(path) {
			return errors.New(`it holds a "." or ".." segment, which could lead out of the target's path`)
		}
		next := unescapeOnce(path)
		if next == path {
			return nil
		}
		path = next
	}
	return errors.New("it is percent-encoded over and over")
}

// hasDotSegment splits at all that some server takes for a separator, and cuts path
// parameters off, since Java servers see ".." in "..;x".
func hasDotSegment(path string) bool {
	for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			return true
		}
	}
	return false
}

// unescapeOnce undoes one layer of percent encoding and leaves broken escapes as they
// are. Unlike url.PathUnescape it has no error, since a lenient server has none.
func unescapeOnce(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unhex returns the value of a hex digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
