package settings

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/nearest"
)

// namePattern is what profiles and relays may be called. The names become file names and
// words on the command line.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// CheckName says what is wrong with the name of a profile or a relay, or nil. kind is
// the word for it in the error. Names that come from outside have to pass it before they
// become part of a path.
func CheckName(kind, name string) error {
	if namePattern.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%s %q: a name is 1 to 32 of a-z, 0-9, - and _, and begins with a letter or digit", kind, name)
}

// identityPattern is what a relay takes as the name of an endpoint or an agent.
var identityPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func checkIdentity(s string) error {
	if identityPattern.MatchString(s) {
		return nil
	}
	return errors.New("a name is 1 to 64 of A-Z, a-z, 0-9, dot, - and _")
}

func checkPrintable(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("it is not UTF-8 text")
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return errors.New("it holds a control character")
	}
	return nil
}

func checkText(s string) error {
	if s == "" || strings.ContainsFunc(s, unicode.IsSpace) {
		return errors.New("it is empty or holds white space")
	}
	return nil
}

func checkTarget(s string) error {
	if err := checkText(s); err != nil {
		return errors.New("it takes 3000, :3000/path, localhost:3000 or a full URL")
	}
	return nil
}

// checkRoute wants a pattern of event types, "=", and a target.
func checkRoute(s string) error {
	pattern, target, ok := strings.Cut(s, "=")
	if !ok {
		return errors.New("it takes routes such as document.*=localhost:3000/docs")
	}
	if err := checkEvents(pattern); err != nil {
		return err
	}
	return checkTarget(target)
}

// oneOf takes the allowed words only, in upper or lower case if they are in upper case,
// as the flag for HTTP methods does.
func oneOf(allowed ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(allowed, s) || allowed[0] == methods[0] && slices.Contains(allowed, strings.ToUpper(s)) {
			return nil
		}
		hint := ""
		if match, ok := nearest.Match(s, allowed); ok {
			hint = "; did you mean " + match + "?"
		}
		return fmt.Errorf("it takes %s%s", strings.Join(allowed, ", "), hint)
	}
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

func between(least, most int) func(string) error {
	return func(s string) error {
		if n, err := strconv.Atoi(s); err != nil || n < least || n > most {
			return fmt.Errorf("it takes %d to %d", least, most)
		}
		return nil
	}
}

func checkDuration(s string) error {
	if d, err := time.ParseDuration(s); err != nil || d <= 0 {
		return errors.New("it takes a duration longer than 0, such as 5s or 1m30s")
	}
	return nil
}

func checkIP(s string) error {
	if _, err := netip.ParseAddr(s); err != nil {
		return errors.New("it takes IP addresses such as 0.0.0.0 or ::1")
	}
	return nil
}

func checkEvents(s string) error {
	_, err := catalog.Match(s)
	return err
}

func checkPublicURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("it takes a base URL such as https://abc123.ngrok.app")
	}
	return nil
}

// checkRelay takes a name, a URL or "none". Whether a relay of that name is known is not
// to be seen from the value.
func checkRelay(s string) error {
	if strings.Contains(s, "://") {
		_, err := ParseRelayURL(s, true)
		return err
	}
	return CheckName("relay", s)
}

// checkFile wants an absolute path: the file that holds it is read from any folder.
func checkFile(s string) error {
	if !filepath.IsAbs(s) {
		return errors.New("it takes an absolute path, since it counts in every folder")
	}
	return nil
}
