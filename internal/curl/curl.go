// Package curl writes a request as a curl command that a person can read, change and run
// in any POSIX shell.
//
// The command sends the body byte for byte, whatever it holds, and the headers that it
// was given and no others, but for those by which HTTP itself delimits a message (Host,
// Content-Length). All that curl would add of its own is switched off. A body that a
// terminal can show stands in single quotes; any other is printed by printf, with octal
// escapes for what can't be shown, and piped into curl, so that the command can be
// copied from a terminal too.
package curl

import (
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"al.essio.dev/pkg/shellescape"
	"github.com/solatis/solatis-cli/internal/event"
)

// Command returns the command, without a line break at its end. It is for sh: in it "\"
// and a line break separate the options.
//
// Headers stand in the order of their names, the values of one name in theirs. Left out
// are those that curl has to make itself (Content-Length, Transfer-Encoding) and those
// that no HTTP request could have carried: a name that isn't a token, a value with a
// line break or NUL.
func Command(method, url string, header event.Header, body []byte) string {
	return Socket("", method, url, header, body)
}

// Socket is Command for a server behind a Unix socket, whose path is socket; url's host is
// then only what the Host header says.
func Socket(socket, method, url string, header event.Header, body []byte) string {
	var c command
	c.start(method, len(body) > 0)
	if socket != "" {
		c.add("--unix-socket", quote(socket))
	}
	c.add(quirks(url)...)
	c.add(quote(url))
	c.headers(header)
	switch sendsBody := len(body) > 0 || method == "POST" || method == "PUT" || method == "PATCH"; {
	case sendsBody && isArgument(body):
		c.line("--data-raw", quote(string(body)))
	case sendsBody:
		c.line("--data-binary", "@-")
		return "printf " + shellescape.Quote(printf(body)) + " |\n  " + c.String()
	}
	return c.String()
}

// command is a command in the making.
type command struct{ lines []string }

// add adds words to the last line.
func (c *command) add(words ...string) {
	for _, word := range words {
		c.lines[len(c.lines)-1] += " " + word
	}
}

// line begins a line.
func (c *command) line(words ...string) { c.lines = append(c.lines, strings.Join(words, " ")) }

// String joins the lines by what lets a command go on in sh.
func (c *command) String() string { return strings.Join(c.lines, " \\\n  ") }

// start names the method. POST is what curl does by itself with a body.
func (c *command) start(method string, hasBody bool) {
	c.line("curl")
	switch {
	case method == "HEAD" && !hasBody:
		c.add("--head") // with -X curl would wait for a body in the answer
	case method != "POST":
		c.add("-X", quote(method))
	}
}

// quirks are the options without which curl would send to another URL than the one that
// is written there.
func quirks(url string) []string {
	var options []string
	if strings.ContainsAny(url, "[]{}") {
		options = append(options, "--globoff")
	}
	if strings.Contains(url, "/.") {
		options = append(options, "--path-as-is")
	}
	return options
}

// ownHeaders are those that curl adds unless it is told not to.
var ownHeaders = []string{"Accept", "Content-Type", "Expect", "User-Agent"}

// framing are the headers that say where a body ends.
var framing = []string{"Content-Length", "Transfer-Encoding"}

func (c *command) headers(header event.Header) {
	canonical := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		key := textproto.CanonicalMIMEHeaderKey(name)
		canonical[key] = append(canonical[key], header[name]...)
	}
	for _, name := range slices.Sorted(maps.Keys(canonical)) {
		if !isToken(name) || slices.Contains(framing, name) {
			continue
		}
		for _, value := range canonical[name] {
			switch {
			case strings.ContainsAny(value, "\r\n\x00"):
			case strings.Trim(value, " \t") == "":
				c.line("-H", quote(name+";")) // curl's way to say that there is no value
			default:
				c.line("-H", quote(name+": "+value))
			}
		}
	}
	var off []string
	for _, name := range ownHeaders {
		if len(canonical[name]) == 0 {
			off = append(off, "-H", quote(name+":"))
		}
	}
	if off != nil {
		c.line(off...)
	}
}

// isToken reports whether s is a header's name by RFC 9110 section 5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// maxArgument is how long a body may be to stand in the command's arguments, in bytes:
// Linux takes 128 KiB in one, and a person reads far less.
const maxArgument = 16 << 10

// isArgument reports whether a body can stand in quotes: it is text that a terminal shows
// as it is. An empty one does too.
func isArgument(body []byte) bool {
	return len(body) <= maxArgument && utf8.Valid(body) && !strings.ContainsFunc(string(body), func(r rune) bool {
		return r != '\n' && !unicode.IsPrint(r)
	})
}

// quote makes one word of s. Where a terminal couldn't show it, printf writes it.
func quote(s string) string {
	if isArgument([]byte(s)) {
		return shellescape.Quote(s)
	}
	return `"$(printf ` + shellescape.Quote(printf([]byte(s))) + `)"`
}

// printf is text from which printf makes these bytes. Letters and line breaks stay as
// they are, but for a dash at the beginning, by which it would take the text for an option.
func printf(text []byte) string {
	var b strings.Builder
	if len(text) > 0 && text[0] == '-' {
		b.WriteString(`\055`)
		text = text[1:]
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '%':
			b.WriteString("%%")
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n' || unicode.IsPrint(r) && (r != utf8.RuneError || size > 1):
			b.Write(text[:size])
		default:
			for _, c := range text[:size] {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
		text = text[size:]
	}
	return b.String()
}
