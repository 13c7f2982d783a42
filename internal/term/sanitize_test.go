package term_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/solatis/solatis-cli/internal/term"
)

func TestSanitize(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"document.analyzed ~{}\\": "document.analyzed ~{}\\",
		"Grüße, 日本, ελ, עברית, \u00a0": "Grüße, 日本, ελ, עברית, \u00a0",
		"👩‍💻 ❤️‍🔥 👍🏽 🇩🇪":               "👩‍💻 ❤️‍🔥 👍🏽 🇩🇪",
		"می\u200cخواهم \u0600١":        "می\u200cخواهم \u0600١",
		"\u0600\u0601字":                "\u0600\u0601字",
		"[\u0600\u0601] \u0600 字":      `[\u0600\u0601] \u0600 字`,
		"é\u200d\u0600字":               `é\u200d` + "\u0600字",
		"ൎ":                            `\u0d4e`,
		"\x00\x07\x08\x1b[31m\x7f":     `\x00\x07\x08\x1b[31m\x7f`,
		"a\r\nb\tc":                    `a\r\nb\tc`,
		"\u009b31m\u0085":              `\u009b31m\u0085`,
		"\x9b31m\xff\xc3":              `\x9b31m\xff\xc3`,
		"\xed\xa0\x80":                 `\xed\xa0\x80`,
		"\u202e\u2066\u200e\u061c":     `\u202e\u2066\u200e\u061c`,
		"\u2028\u2029\ufeff\u200b":     `\u2028\u2029\ufeff\u200b`,
		"\u3164\u034f\u115f\u00ad":     `\u3164\u034f\u115f\u00ad`,
		"\U000e0041\U000e0100":         `\U000e0041\U000e0100`,
		"a\u200db":                     `a\u200db`,
		"é\u200db a\u200dé":            `é\u200db a\u200dé`,
		"é\u200d\u200dé":               `é\u200d\u200dé`,
		"é\u200d\xff":                  `é\u200d\xff`,
		"\u200d":                       `\u200d`,
	} {
		if got := term.Sanitize(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestSanitizeLinesKeepsLines(t *testing.T) {
	const in, want = "{\n\t\"a\": 1\r\n}\x1b", "{\n\t\"a\": 1\\r\n}\\x1b"
	if got := term.SanitizeLines(in); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// forbidden is said here anew, without the tables that the sanitizer uses, as far as it
// can be.
func forbidden(r rune) bool {
	return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0x061c || r == 0x3164 ||
		0x200b <= r && r <= 0x200b || 0x200e <= r && r <= 0x200f || 0x202a <= r && r <= 0x202e ||
		0x2060 <= r && r <= 0x206f || 0xe0000 <= r && r <= 0xe0fff
}

// checkClean fails unless text may go to a terminal; keep are control characters that
// it may hold.
func checkClean(t *testing.T, text, keep string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Fatalf("not UTF-8: %q", text)
	}
	for _, r := range text {
		if forbidden(r) && !strings.ContainsRune(keep, r) {
			t.Fatalf("%U got through: %q", r, text)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, s := range []string{"plain", "\x1b]0;x\x07", "\u009b", "\x9b", "a\u202eb\u2066", "👩‍💻", "é\u200d\u200dé\xff", "\r\n\t\u2028\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := term.Sanitize(s)
		checkClean(t, once, "")
		if twice := term.Sanitize(once); twice != once {
			t.Fatalf("%q becomes %q, then %q", s, once, twice)
		}
		lines := term.SanitizeLines(s)
		checkClean(t, lines, "\n\t")
		if strings.Count(lines, "\n") != strings.Count(s, "\n") {
			t.Fatalf("%q has other lines: %q", s, lines)
		}
		printable := strings.Map(func(r rune) rune {
			if r != utf8.RuneError && unicode.IsPrint(r) && !invisibleLetter(r) {
				return r
			}
			return -1
		}, s)
		if got := term.Sanitize(printable); got != printable {
			t.Fatalf("printable %q became %q", printable, got)
		}
	})
}

// invisibleLetter holds for letters and marks by category that show nothing.
func invisibleLetter(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
