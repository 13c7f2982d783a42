package settings

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/solatis/solatis-cli/internal/nearest"
)

// decode reads TOML strictly. explain says what may have been meant by an unknown key.
func decode(path string, text []byte, into any, explain func(key []string) string) error {
	if err := checkVersion(path, text); err != nil {
		return err
	}
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(into)
	var unknown *toml.StrictMissingError
	var broken *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		first := unknown.Errors[0]
		line, _ := first.Position()
		key := first.Key()
		return fmt.Errorf("%s:%d: unknown key %q%s\n%s", path, line, key[len(key)-1], explain(key), unknown.String())
	case errors.As(err, &broken):
		line, _ := broken.Position()
		return fmt.Errorf("%s:%d: %s\n%s", path, line, takes(broken), goWords.ReplaceAllString(broken.String(), "$1"))
	case err != nil:
		return fmt.Errorf("%s can't be read: %w", path, err)
	}
	return nil
}

// goWords are what the library says of this program's own types.
var goWords = regexp.MustCompile(`(cannot decode TOML [a-z ]+) into .*`)

// takes says what was expected where TOML could not be read.
func takes(broken *toml.DecodeError) string {
	if !strings.Contains(broken.Error(), "cannot ") || len(broken.Key()) == 0 {
		return "it is not valid TOML"
	}
	key := broken.Key()
	name := key[len(key)-1]
	k, err := Lookup(name)
	switch {
	case key[0] == "profile":
		return "profile takes the name of the active one; the settings of one stand below a line such as [profiles.work]"
	case name == "config_version":
		return fmt.Sprintf("config_version takes a number, which is %d", version)
	case err != nil:
		return name + " takes text, in quotes"
	}
	switch k.kind() {
	case reflect.Slice:
		return name + ` takes a list of texts, such as ["a", "b"]`
	case reflect.Int:
		return name + " takes a whole number, without quotes"
	case reflect.Bool:
		return name + " takes true or false, without quotes"
	}
	return name + " takes text, in quotes"
}

// fault is an error about the item at path, in the manner of the TOML library's own: the
// line that is wrong, and below it the place and what is wrong there.
func fault(file string, text []byte, path []string, cause error) error {
	for _, it := range scan(text) {
		if len(it.path) < len(path) || !slices.Equal(it.path[:len(path)], path) {
			continue
		}
		line := strconv.Itoa(1 + bytes.Count(text[:it.start], []byte("\n")))
		content := strings.TrimRight(string(text[it.start:lineEnd(text, it.start)]), "\r\n")
		before := strings.Repeat(" ", len(line)) + "| " + strings.Repeat(" ", it.key.start-it.start)
		return fmt.Errorf("%s:%s: %w\n%s| %s\n%s%s", file, line, cause, line, content, before, strings.Repeat("~", it.key.end-it.key.start))
	}
	return fmt.Errorf("%s: %w", file, cause)
}

// explainUser says what may have been meant by an unknown key of the user file.
func explainUser(key []string) string {
	name := key[len(key)-1]
	switch {
	case len(key) == 1:
		if _, err := Lookup(name); err == nil {
			return ": it belongs into a profile, below a line such as [profiles." + DefaultProfile + "]"
		}
		return suggest(name, "config_version", "profile", "profiles", "relays")
	case key[0] == "relays":
		if strings.Contains(name, "token") {
			return ": tokens are not kept in this file; solatis relay add takes them"
		}
		return suggest(name, "url")
	default:
		return suggest(name, keyNames()...)
	}
}

func suggest(name string, known ...string) string {
	if match, ok := nearest.Match(name, known); ok {
		return ": did you mean " + match + "?"
	}
	return ""
}
