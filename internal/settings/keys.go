package settings

import (
	"encoding/csv"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/solatis/solatis-cli/internal/nearest"
)

// Key is one thing that can be set. It is named like the flag that it stands in for.
type Key struct {
	Name    string
	Project bool   // may stand in solatis.toml
	Help    string // half a line, for "solatis config list"

	item func(string) error // checks the value, or each item of a list; nil takes any text
}

// keys are all keys, sorted by name. What a project file may set is what can't reach
// beyond the session it is for: no address of a relay, no file, no certificate, nothing
// that lets others in from outside.
var keys = []Key{
	{"agent", false, "this session's name at the relay", checkIdentity},
	{"allow-host", false, "further Host headers to answer", checkText},
	{"bind", false, "further addresses to listen on", checkIP},
	{"color", false, "colour: auto, always or never", oneOf("auto", "always", "never")},
	{"concurrency", true, "requests forwarded at once", between(1, 1000)},
	{"endpoint", true, "the endpoint's name at the relay", checkIdentity},
	{"events", true, "event types to forward", checkEvents},
	{"forward", true, "where to forward to", checkTarget},
	{"insecure-relay", false, "allow a relay without TLS", nil},
	{"methods", true, "HTTP methods to take", oneOf(methods...)},
	{"output", false, "plain or json", oneOf("plain", "json")},
	{"port", true, "port of the embedded relay", between(1, 65535)},
	{"public-url", false, "base URL under which another tunnel leads here", checkPublicURL},
	{"relay", false, "the relay to use: a name, a URL or none", checkRelay},
	{"relay-ca", false, "file with the certificate authority of the relay", checkFile},
	{"respond", true, "whose answer the sender gets: app or relay", oneOf("app", "relay")},
	{"route", true, "a target of their own for some event types", checkRoute},
	{"secret-file", false, "file that holds the signing secret", checkFile},
	{"timeout", true, "how long the app may take to answer", checkDuration},
	{"verify", true, "what a bad signature means: warn, strict or off", oneOf("warn", "strict", "off")},
}

// values are the keys as TOML has them, typed. Each field is tagged with its key's name.
type values struct {
	Agent         *string  `toml:"agent"`
	AllowHost     []string `toml:"allow-host"`
	Bind          []string `toml:"bind"`
	Color         *string  `toml:"color"`
	Concurrency   *int     `toml:"concurrency"`
	Endpoint      *string  `toml:"endpoint"`
	Events        []string `toml:"events"`
	Forward       *string  `toml:"forward"`
	InsecureRelay *bool    `toml:"insecure-relay"`
	Methods       []string `toml:"methods"`
	Output        *string  `toml:"output"`
	Port          *int     `toml:"port"`
	PublicURL     *string  `toml:"public-url"`
	Relay         *string  `toml:"relay"`
	RelayCA       *string  `toml:"relay-ca"`
	Respond       *string  `toml:"respond"`
	Route         []string `toml:"route"`
	SecretFile    *string  `toml:"secret-file"`
	Timeout       *string  `toml:"timeout"`
	Verify        *string  `toml:"verify"`
}

// Keys are all keys there are, sorted by name.
func Keys() []Key { return slices.Clone(keys) }

// Lookup finds a key by its name. The error for one that doesn't exist suggests the
// nearest one.
func Lookup(name string) (Key, error) {
	for _, k := range keys {
		if k.Name == name {
			return k, nil
		}
	}
	if match, ok := nearest.Match(name, keyNames()); ok {
		return Key{}, fmt.Errorf("unknown key %q: did you mean %s?", name, match)
	}
	return Key{}, fmt.Errorf(`unknown key %q: "solatis config list" names all there are`, name)
}

func keyNames() []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return names
}

// Check says what is wrong with a value in the form that the flag takes, or nil. Of a
// target it checks what makes it text at all; the rest is send.ParseTarget's to say.
func (k Key) Check(value string) error {
	_, _, err := k.parse(value)
	return err
}

// List reports whether the key takes a list, comma-separated in Get and Set.
func (k Key) List() bool { return k.kind() == reflect.Slice }

// fields are the fields of values by their keys' names.
var fields = func() map[string]reflect.StructField {
	byName := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[values]()) {
		byName[f.Tag.Get("toml")] = f
	}
	return byName
}()

// kind is the key's type in TOML: reflect.Slice for a list of strings, or else
// reflect.Int, reflect.Bool or reflect.String.
func (k Key) kind() reflect.Kind {
	t := fields[k.Name].Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind()
}

// parse reads a value in the form that the flag takes. literal is how TOML writes it,
// text what Get will say.
func (k Key) parse(value string) (literal, text string, err error) {
	if value == "" {
		return "", "", fmt.Errorf("%s: the value is empty: to have none, unset the key", k.Name)
	}
	switch k.kind() {
	case reflect.Slice:
		literal, text, err = k.parseList(value)
	case reflect.Int:
		literal, text, err = k.parseInt(value)
	case reflect.Bool:
		literal, text, err = parseBool(value)
	default:
		literal, text, err = quote(value), value, k.checkItem(value)
	}
	if err != nil {
		return "", "", fmt.Errorf("%s %q: %w", k.Name, value, err)
	}
	return literal, text, nil
}

// checkItem refuses, whatever the key, what would garble the file or a terminal.
func (k Key) checkItem(item string) error {
	if err := checkPrintable(item); err != nil || k.item == nil {
		return err
	}
	return k.item(item)
}

func (k Key) parseList(value string) (literal, text string, err error) {
	items := items(value)
	if items == nil {
		return "", "", fmt.Errorf("it is no comma-separated list")
	}
	quoted := make([]string, len(items))
	for i, item := range items {
		if err := k.checkItem(item); err != nil {
			return "", "", err
		}
		quoted[i] = quote(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]", joined(items), nil
}

func (k Key) parseInt(value string) (literal, text string, err error) {
	n, err := strconv.Atoi(value)
	if err != nil {
		return "", "", fmt.Errorf("it takes a whole number")
	}
	text = strconv.Itoa(n)
	return text, text, k.checkItem(text)
}

func parseBool(value string) (literal, text string, err error) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return "", "", fmt.Errorf("it takes true or false")
	}
	text = strconv.FormatBool(b)
	return text, text, nil
}

// texts are the values that are set, in the form that flags take.
func (v values) texts() map[string]string {
	texts := map[string]string{}
	all := reflect.ValueOf(v)
	for _, k := range keys {
		f := all.FieldByIndex(fields[k.Name].Index)
		switch {
		case f.IsNil():
		case f.Kind() == reflect.Slice:
			texts[k.Name] = joined(f.Interface().([]string))
		default:
			texts[k.Name] = fmt.Sprint(f.Elem().Interface())
		}
	}
	return texts
}

// items are those of a list as the flags for lists read it, nil for what is none.
func items(list string) []string {
	items, err := csv.NewReader(strings.NewReader(list)).Read()
	if err != nil {
		return nil
	}
	return items
}

// joined is a list as the flags for lists read it.
func joined(items []string) string {
	if len(items) == 0 {
		return ""
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(items) // a strings.Builder never fails
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
