package relaycli

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/spf13/pflag"
)

// configVersion is the version of the settings file that this program reads.
const configVersion = "1"

// versionKey is the only key that is no flag.
const versionKey = "config_version"

// configFile is a settings file: TOML whose keys are the flags of serve. It is kept as a
// list of what is set where, so that each mistake can be shown in its place.
type configFile struct {
	path string
	text []byte
	sets []assignment
}

// assignment is one line "key = value" of the file, or the head of a table, which has no
// place there.
type assignment struct {
	key    string
	keyAt  unstable.Range
	values []value // of an array any number, else one
	list   bool    // whether it is an array
	table  bool    // whether it is a table, written in any way
}

// value is a scalar and where it stands.
type value struct {
	text string
	at   unstable.Range
}

// parseConfig reads a settings file, and fails only where it isn't TOML.
func parseConfig(path string, text []byte) (*configFile, error) {
	// The parser below sees single lines; this one sees the whole, such as a key set twice.
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil {
		return nil, explainSyntax(path, err)
	}
	f := &configFile{path: path, text: text}
	var p unstable.Parser
	p.Reset(text)
	inTable := false
	for p.NextExpression() {
		switch e := p.Expression(); {
		case e.Kind != unstable.KeyValue:
			inTable = true
			key, at := keyOf(e)
			f.sets = append(f.sets, assignment{key: key, keyAt: at, table: true})
		case !inTable: // what is in a table is wrong with it
			f.sets = append(f.sets, assigned(e))
		}
	}
	if err := p.Error(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func assigned(e *unstable.Node) assignment {
	key, at := keyOf(e)
	a := assignment{key: key, keyAt: at, table: strings.Contains(key, ".")}
	switch v := e.Value(); v.Kind {
	case unstable.InlineTable:
		a.table = true
	case unstable.Array:
		a.list = true
		for i := v.Children(); i.Next(); {
			n := i.Node()
			a.table = a.table || n.Kind == unstable.Array || n.Kind == unstable.InlineTable
			a.values = append(a.values, value{string(n.Data), n.Raw})
		}
	default:
		a.values = []value{{string(v.Data), v.Raw}}
	}
	return a
}

// keyOf returns a key as it is written, but for quotes, and where it stands.
func keyOf(e *unstable.Node) (string, unstable.Range) {
	var parts []string
	var at unstable.Range
	for i := e.Key(); i.Next(); {
		n := i.Node()
		if len(parts) == 0 {
			at = n.Raw
		}
		at.Length = n.Raw.Offset + n.Raw.Length - at.Offset
		parts = append(parts, string(n.Data))
	}
	return strings.Join(parts, "."), at
}

func explainSyntax(path string, err error) error {
	var d *toml.DecodeError
	if !errors.As(err, &d) {
		return fmt.Errorf("%s: %w", path, err)
	}
	line, column := d.Position()
	return fmt.Errorf("%s:%d:%d: this isn't TOML: %s\n%s", path, line, column, strings.TrimPrefix(d.Error(), "toml: "), d.String())
}

// mistakes returns all that is wrong with the values of the file, in order. flags are
// those that it may set; the values are tried on them.
func (f *configFile) mistakes(flags *pflag.FlagSet) (all []error) {
	for _, a := range f.sets {
		if place, err := a.try(flags); err != nil {
			all = append(all, f.show(place, err))
		}
	}
	return all
}

// apply sets the flags that the file has a value for and nobody else had.
func (f *configFile) apply(flags *pflag.FlagSet) error {
	var all []error
	for _, a := range f.sets {
		flag := flags.Lookup(a.key)
		if flag == nil || flag.Changed {
			continue
		}
		if place, err := a.try(flags); err != nil {
			all = append(all, f.show(place, err))
		}
	}
	return errors.Join(all...)
}

// try sets the flag that a names. Where that fails it returns the place to show.
func (a assignment) try(flags *pflag.FlagSet) (unstable.Range, error) {
	switch flag := flags.Lookup(a.key); {
	case a.table:
		return a.keyAt, fmt.Errorf("%s: there are no tables in this file: each setting is a key of its own%s", a.key, nearestSetting(a.key, flags))
	case a.key == versionKey:
		return a.tryVersion()
	case flag == nil || notInFile[a.key]:
		return a.keyAt, fmt.Errorf("unknown key %s%s", a.key, nearestSetting(a.key, flags))
	default:
		at, err := a.set(flags, flag)
		if err != nil {
			err = fmt.Errorf("%s: %w", a.key, err)
		}
		return at, err
	}
}

func (a assignment) tryVersion() (unstable.Range, error) {
	if a.list || a.values[0].text != configVersion {
		return a.keyAt, fmt.Errorf("%s: this solatis-relay reads version %s: update it, or write the file anew (solatis-relay config example)", a.key, configVersion)
	}
	return a.keyAt, nil
}

func (a assignment) set(flags *pflag.FlagSet, flag *pflag.Flag) (unstable.Range, error) {
	list, isList := flag.Value.(pflag.SliceValue)
	if !isList {
		if a.list {
			return a.keyAt, errors.New("it takes one value, not a list")
		}
		return a.values[0].at, reasonOf(flags.Set(a.key, a.values[0].text))
	}
	flag.Changed = true
	for _, v := range a.values {
		if err := list.Append(v.text); err != nil {
			return v.at, err
		}
	}
	return a.keyAt, nil
}

// notInFile are the flags that name the file, or do something else than setting.
var notInFile = map[string]bool{"config": true, "help": true}

func nearestSetting(key string, flags *pflag.FlagSet) string {
	names := []string{versionKey}
	flags.VisitAll(func(f *pflag.Flag) {
		if !notInFile[f.Name] {
			names = append(names, f.Name)
		}
	})
	slices.Sort(names)
	// Other programs' keys have underscores, or tables.
	if dashed := strings.NewReplacer("_", "-", ".", "-").Replace(key); dashed != key && slices.Contains(names, dashed) {
		return "; did you mean " + dashed + "?"
	}
	return didYouMean(key[strings.LastIndexByte(key, '.')+1:], names)
}

// show puts a mistake in its place: file, line and column, and the line with a caret.
func (f *configFile) show(at unstable.Range, err error) error {
	offset := min(int(at.Offset), len(f.text))
	start := bytes.LastIndexByte(f.text[:offset], '\n') + 1
	end := len(f.text)
	if i := bytes.IndexByte(f.text[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	line := 1 + bytes.Count(f.text[:start], []byte("\n"))
	column := 1 + utf8.RuneCount(f.text[start:offset])
	marked := utf8.RuneCount(f.text[offset:min(offset+int(at.Length), end)])
	source := strings.ReplaceAll(strings.TrimRight(string(f.text[start:end]), "\r"), "\t", " ")
	number := fmt.Sprint(line)
	return fmt.Errorf("%s:%d:%d: %w\n%s| %s\n%s| %s%s", f.path, line, column, err,
		number, source, strings.Repeat(" ", len(number)), strings.Repeat(" ", column-1), strings.Repeat("^", max(marked, 1)))
}
