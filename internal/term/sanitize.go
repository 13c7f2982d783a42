package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sanitize makes text from the network safe to print within one line. What could steer
// a terminal, reorder what is seen, or hide in it becomes a visible escape, such as
// \x1b, \n or \u202e:
//
//   - control characters: C0, DEL, and C1 both as characters and as lone bytes
//   - line and paragraph separators
//   - format characters: bidi controls, zero width characters, tags, the byte order mark
//   - blanks that pass for letters, and selectors of rare variants
//   - bytes that are not UTF-8
//
// The joiners U+200C and U+200D stay between two visible characters beyond ASCII, where
// emoji and several scripts need them; in "document.\u200danalyzed" they could only
// deceive. Signs that make one character with what follows them, such as U+0600 with Arabic
// digits, stay where a visible character beyond ASCII follows: anywhere else they would
// swallow the blank or the bracket that solatis prints behind the text.
//
// All other printable text is unchanged, the backslash too, so that an escape can't be told
// from the same characters sent as such. To sanitize twice is to sanitize once.
func Sanitize(s string) string { return sanitize(s, "") }

// SanitizeLines is Sanitize for text of several lines: it keeps line feeds and tabs.
func SanitizeLines(s string) string { return sanitize(s, "\n\t") }

func sanitize(s, keep string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case isJoiner(r) && joins(s[:i], s[i+size:]):
			b.WriteRune(r)
		case isPrefix(r) && !prefixes(s[i+size:]):
			b.WriteString(escape(r))
		case !hidden(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		default:
			b.WriteString(escape(r))
		}
		i += size
	}
	return b.String()
}

// hidden reports whether a terminal obeys r or shows nothing for it.
func hidden(r rune) bool {
	switch {
	case r < 0x7f:
		return r < ' '
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false // format characters by name, but visible signs of Arabic and others
	case 0xfe00 <= r && r <= 0xfe0f:
		return false // selects between text and emoji forms
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// joins reports whether a joiner between before and after has visible characters beyond
// ASCII on either side.
func joins(before, after string) bool {
	left, n := utf8.DecodeLastRuneInString(before)
	right, m := utf8.DecodeRuneInString(after)
	return joinable(left, n) && joinable(right, m)
}

func joinable(r rune, size int) bool { return size > 1 && !hidden(r) && !isPrefix(r) }

// prefix has the other characters that make one with that behind them: the property
// Grapheme_Cluster_Break=Prepend of UAX #29, but for Prepended_Concatenation_Mark.
var prefix = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x0d4e, Hi: 0x0d4e, Stride: 1}},
	R32: []unicode.Range32{
		{Lo: 0x111c2, Hi: 0x111c3, Stride: 1}, {Lo: 0x113d1, Hi: 0x113d1, Stride: 1}, {Lo: 0x1193f, Hi: 0x1193f, Stride: 1},
		{Lo: 0x11941, Hi: 0x11941, Stride: 1}, {Lo: 0x11a3a, Hi: 0x11a3a, Stride: 1}, {Lo: 0x11a84, Hi: 0x11a89, Stride: 1},
		{Lo: 0x11d46, Hi: 0x11d46, Stride: 1}, {Lo: 0x11f02, Hi: 0x11f02, Stride: 1},
	},
}

func isPrefix(r rune) bool { return unicode.In(r, unicode.Prepended_Concatenation_Mark, prefix) }

// maxPrefixes stand before one character. No script has more than one.
const maxPrefixes = 4

// prefixes reports whether a prefix before after, and those that may follow it, has a
// visible character beyond ASCII behind it.
func prefixes(after string) bool {
	for range maxPrefixes {
		r, size := utf8.DecodeRuneInString(after)
		if !isPrefix(r) {
			return joinable(r, size)
		}
		after = after[size:]
	}
	return false
}

func escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
