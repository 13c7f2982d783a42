package tui

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/solatis/solatis-cli/internal/term"
)

// input is a line that is typed into. What it holds can be shown as it is: nothing else
// gets in.
type input struct {
	text []rune
	at   int // where the next character goes
}

// maxInput is how much can be typed or pasted, in characters.
const maxInput = 2000

func newInput(text string) input {
	in := input{}
	in.insert(text)
	return in
}

func (in *input) value() string { return string(in.text) }

// insert puts text in, as from a key or the clipboard. Of several lines the breaks become
// blanks.
func (in *input) insert(text string) {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, text)
	more := []rune(term.Sanitize(text))
	more = more[:min(len(more), max(maxInput-len(in.text), 0))]
	in.text = append(in.text[:in.at:in.at], append(more, in.text[in.at:]...)...)
	in.at += len(more)
}

// key changes the line as line editors do, and reports whether the text changed.
func (in *input) key(k tea.KeyPressMsg) (changed bool) {
	before := len(in.text)
	switch k.String() {
	case "left", "ctrl+b":
		in.at = max(in.at-1, 0)
	case "right", "ctrl+f":
		in.at = min(in.at+1, len(in.text))
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.text)
	case "backspace", "ctrl+h":
		in.cut(max(in.at-1, 0), in.at)
	case "delete", "ctrl+d":
		in.cut(in.at, min(in.at+1, len(in.text)))
	case "ctrl+u":
		in.cut(0, in.at)
	case "ctrl+k":
		in.cut(in.at, len(in.text))
	case "ctrl+w", "alt+backspace":
		in.cut(in.wordStart(), in.at)
	default:
		if k.Text != "" && k.Mod&^tea.ModShift == 0 {
			in.insert(k.Text)
		}
	}
	return len(in.text) != before
}

func (in *input) cut(from, to int) {
	in.text = append(in.text[:from:from], in.text[to:]...)
	in.at = from
}

// wordStart is where the word before the cursor begins.
func (in *input) wordStart() int {
	i := in.at
	for i > 0 && in.text[i-1] == ' ' {
		i--
	}
	for i > 0 && in.text[i-1] != ' ' {
		i--
	}
	return i
}

// view returns what is seen of the text in so many cells, and the column of the cursor.
func (in *input) view(l *look, width int) (text string, column int) {
	width = max(width, 2)
	from := in.at
	for from > 0 {
		w := l.width(string(in.text[from-1]))
		if column+w >= width {
			break
		}
		from, column = from-1, column+w
	}
	text = string(in.text[from:])
	n, cells := fitting(text, width, l.method)
	return text[:n] + strings.Repeat(" ", width-cells), column
}
