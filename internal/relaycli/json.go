package relaycli

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"

	"github.com/solatis/solatis-cli/internal/term"
)

// printJSON prints one object on a line.
func printJSON(w io.Writer, object any) error {
	text, err := json.Marshal(object)
	if err == nil {
		_, err = w.Write(append(visible(text), '\n'))
	}
	return err
}

// visible escapes what term.Sanitize would, but as JSON does, so that nothing is lost:
// encoding/json leaves DEL, C1 and bidi controls as they are, which a terminal obeys. They
// occur only within strings.
func visible(object []byte) []byte {
	if term.SanitizeLines(string(object)) == string(object) {
		return object
	}
	var b []byte
	for _, r := range string(object) {
		one := string(r)
		switch {
		case term.SanitizeLines(one) == one:
			b = append(b, one...)
		case r < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		}
	}
	return b
}

// visibleWriter makes what a JSON logger writes safe to print. slog's text logger quotes
// such characters by itself.
type visibleWriter struct{ w io.Writer }

// Write implements io.Writer.
func (v visibleWriter) Write(line []byte) (int, error) {
	if _, err := v.w.Write(visible(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}
