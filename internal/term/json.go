package term

import (
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/activity"
)

// JSON prints each update as one JSON object a line, as activity.AppendJSON has it. It
// is meant for one goroutine.
type JSON struct {
	w      io.Writer
	before Printer // until ready; nil from then on
	buf    []byte
}

// NewJSON returns a printer that writes to w. What is said before the session is ready, of
// a relay that isn't reached yet, goes to before, so that the first line on w is the ready
// one; to w as well where before is nil.
func NewJSON(w io.Writer, before Printer) *JSON { return &JSON{w: w, before: before} }

// Print implements Printer. Each line is one Write.
func (p *JSON) Print(u activity.Update) {
	if p.before != nil {
		if u.Type() != (activity.Ready{}).Type() {
			p.before.Print(u)
			return
		}
		p.before = nil
	}
	object, err := activity.AppendJSON(nil, u)
	if err != nil {
		object, _ = activity.AppendJSON(nil, activity.Warning{Message: fmt.Sprintf("an update can't be shown: %v", err)})
	}
	p.buf = append(appendVisible(p.buf[:0], object), '\n')
	p.w.Write(p.buf)
}

// appendVisible escapes what Sanitize would, but as JSON does, so that nothing is lost:
// encoding/json leaves DEL, C1 and format characters as they are. Such characters occur
// only within strings.
func appendVisible(dst, object []byte) []byte {
	for len(object) > 0 {
		r, size := utf8.DecodeRune(object)
		switch {
		case !hidden(r):
			dst = append(dst, object[:size]...)
		case r < 0x10000:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		}
		object = object[size:]
	}
	return dst
}
