package tui

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// How much of a body is shown: a terminal is no place to read more, and s saves it all.
const (
	maxShownBytes = 1 << 20
	maxShownLines = 20_000
)

// form is a way to show a body.
type form uint8

// The forms. What can't be shown in one is shown in the next.
const (
	formPretty form = iota // JSON, a line for each member
	formRaw                // text as it came
	formHex
	forms // how many there are
)

func (f form) String() string { return [...]string{"JSON", "raw", "hex"}[f] }

// bodyText is a body as it is shown.
type bodyText struct {
	lines []line
	folds []fold // what can be folded of them
	form  form
}

// textOf returns a body in a form, or in the next one that it can be shown in.
func textOf(body []byte, f form) bodyText {
	if len(body) == 0 {
		return bodyText{lines: []line{sayLine(kindFaint, "no body")}, form: f}
	}
	shown := body[:min(len(body), maxShownBytes)]
	var all []line
	var folds []fold
	if f == formPretty {
		if len(shown) == len(body) && json.Valid(body) {
			all, folds = prettyJSON(string(body))
		} else {
			f = formRaw
		}
	}
	if f == formRaw {
		if isText(shown, len(shown) < len(body)) {
			all = lines(kindPlain, string(shown))
		} else {
			f = formHex
		}
	}
	if f == formHex {
		all = hexLines(shown)
	}
	return bodyText{bounded(all, len(shown) < len(body), len(body)), folds, f}
}

// bounded cuts what is too long to show, and says so.
func bounded(all []line, cut bool, size int) []line {
	if len(all) > maxShownLines {
		all, cut = all[:maxShownLines:maxShownLines], true
	}
	if cut {
		all = append(all, sayLine(kindWarn, fmt.Sprintf("… cut here: the whole has %s; s saves it to a file", bytesText(size))))
	}
	return all
}

// isText reports whether a body reads as text: UTF-8 without NULs. One that was cut may
// end within a character.
func isText(b []byte, cut bool) bool {
	for n := 1; cut && n < utf8.UTFMax && n <= len(b); n++ {
		if end := b[len(b)-n:]; utf8.RuneStart(end[0]) {
			if !utf8.FullRune(end) {
				b = b[:len(b)-n]
			}
			break
		}
	}
	return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0
}

// indentStep and maxIndent are the blanks before a line of JSON. What is nested deeper
// stays at the deepest indent, where it can still be read.
const (
	indentStep = 2
	maxIndent  = 40
)

// prettyJSON breaks valid JSON into lines, and says which can be folded. Nothing else
// changes: order, numbers, escapes and doubled keys stay as they came. It doesn't recurse,
// since nesting may be deep.
func prettyJSON(s string) ([]line, []fold) {
	p := pretty{rest: s}
	for len(p.all) <= maxShownLines && p.step() {
	}
	return p.all, p.closed()
}

// pretty is the state of prettyJSON.
type pretty struct {
	rest string
	all  []line
	now  line
	key  bool // whether a string here would be a key

	open  []level
	folds []fold // of what was opened, in this order
}

// level is an object or an array that is open.
type level struct {
	object bool
	fold   int // its place in folds
}

func (p *pretty) step() bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		p.end()
		return false
	}
	switch c := p.rest[0]; c {
	case '{', '[':
		p.opening(c)
	case '}', ']':
		p.end()
		p.folds[p.open[len(p.open)-1].fold].to = len(p.all)
		p.open = p.open[:len(p.open)-1]
		p.take(1, kindPunct)
		p.key = false
	case ',':
		p.take(1, kindPunct)
		p.end()
		p.key = p.inObject()
		p.folds[p.open[len(p.open)-1].fold].members++
	case ':':
		p.take(1, kindPunct)
		p.now = append(p.now, span{kindPlain, " "})
		p.key = false
	case '"':
		k := kindString
		if p.key {
			k = kindKey
		}
		p.take(stringEnd(p.rest), k)
	default:
		p.take(scalarEnd(p.rest))
	}
	return true
}

// opening takes the beginning of an object or an array. An empty one stays on its line.
func (p *pretty) opening(c byte) {
	inside := strings.TrimLeft(p.rest[1:], " \t\r\n")
	if inside[0] == c+2 { // '{' and '}', like '[' and ']', are two apart
		p.rest = p.rest[:1] + inside
		p.take(2, kindPunct)
		p.key = false
		return
	}
	p.take(1, kindPunct)
	p.end()
	p.folds = append(p.folds, fold{from: len(p.all) - 1, depth: len(p.open), members: 1})
	p.open = append(p.open, level{c == '{', len(p.folds) - 1})
	p.key = c == '{'
}

// closed are the folds whose end was seen.
func (p *pretty) closed() []fold {
	return slices.DeleteFunc(p.folds, func(f fold) bool { return f.to == 0 || f.to >= min(len(p.all), maxShownLines) })
}

func (p *pretty) inObject() bool { return len(p.open) > 0 && p.open[len(p.open)-1].object }

// take moves n bytes into the line.
func (p *pretty) take(n int, k kind) {
	if len(p.now) == 0 {
		level := len(p.open)
		if indent := min(level*indentStep, maxIndent); indent > 0 {
			p.now = append(p.now, span{kindPlain, blanks[:indent]})
		}
	}
	p.now = append(p.now, say(k, p.rest[:n]))
	p.rest = p.rest[n:]
}

var blanks = strings.Repeat(" ", maxIndent)

// end ends the line, if there is one.
func (p *pretty) end() {
	if len(p.now) > 0 {
		p.all = append(p.all, p.now)
		p.now = nil
	}
}

// stringEnd returns the length of the string that s begins with.
func stringEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// scalarEnd returns the length and the kind of the number or word that s begins with.
func scalarEnd(s string) (int, kind) {
	n := strings.IndexAny(s, ",]} \t\r\n")
	if n < 0 {
		n = len(s)
	}
	if s[0] == '-' || '0' <= s[0] && s[0] <= '9' {
		return n, kindNumber
	}
	return n, kindWord
}

// hexLines are 16 bytes each: where they stand, their digits, and the characters.
func hexLines(b []byte) []line {
	var all []line
	for at := 0; at < len(b) && len(all) <= maxShownLines; at += 16 {
		row := b[at:min(at+16, len(b))]
		digits := make([]byte, 0, 50)
		text := make([]byte, len(row))
		for i, c := range row {
			if i == 8 {
				digits = append(digits, ' ')
			}
			digits = append(hex.AppendEncode(digits, row[i:i+1]), ' ')
			text[i] = '.'
			if ' ' <= c && c <= '~' {
				text[i] = c
			}
		}
		all = append(all, line{
			{kindFaint, fmt.Sprintf("%08x  ", at)},
			{kindPlain, fmt.Sprintf("%-50s", digits)},
			{kindString, string(text)},
		})
	}
	return all
}
