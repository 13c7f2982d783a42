package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// What follows reads the log of
//
//	strace -f -yy -xx -o LOG
//
// in which each line begins with the thread, file descriptors are followed by what they
// are in angle brackets, and all bytes of strings are written as \xNN:
//
//	17 pwrite64(9<\x2f\x61>, "\x37\x7f", 2, 0) = 2
//	17 fsync(9<\x2f\x61> <unfinished ...>
//	18 read(7<TCP:[127.0.0.1:80->127.0.0.1:90]>, "\x50", 4096) = 1
//	17 <... fsync resumed>)                = 0
//
// strace stops a thread before and after each system call, and writes a line, or half of
// one, while it stands. So the lines' order is an order in which things really happened:
// what begins on a later line than something else ended on began after it.

// call is one system call that has ended.
type call struct {
	name       string
	args       string // as strace writes them
	result     int64  // -1 where it failed
	begin, end int    // numbers of the lines on which it began and ended
}

// never is the end of what had not ended when the log did.
const never = math.MaxInt

// maxLine is how long a line may be, in bytes. A body of 32 MiB takes four bytes for each
// of its own.
const maxLine = 160 << 20

// readCalls hands over the calls of a log, in the order in which they ended. Those that
// never did come last.
func readCalls(log io.Reader, on func(call) error) error {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, maxLine)
	open := map[string]*call{} // by thread
	number := 0
	for lines.Scan() {
		number++
		thread, rest, ok := strings.Cut(lines.Text(), " ")
		if !ok {
			return fmt.Errorf("line %d of the trace has no thread: %.80q", number, lines.Text())
		}
		c, err := readLine(open, thread, strings.TrimLeft(rest, " "), number)
		if err != nil {
			return fmt.Errorf("line %d of the trace: %w", number, err)
		}
		if c == nil {
			continue
		}
		if err := on(*c); err != nil {
			return fmt.Errorf("line %d of the trace: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the trace: %w", err)
	}
	for _, c := range open {
		c.end = never
		if err := on(*c); err != nil {
			return err
		}
	}
	return nil
}

// The marks of a call that others' lines come in between of.
const (
	unfinished = " <unfinished ...>"
	resumed    = "<... "
)

// readLine returns the call that a line ends, if it ends any.
func readLine(open map[string]*call, thread, text string, number int) (*call, error) {
	if strings.HasPrefix(text, "+++ ") || strings.HasPrefix(text, "--- ") {
		return nil, nil // an exit, or a signal
	}
	if rest, ok := strings.CutPrefix(text, resumed); ok {
		c := open[thread]
		_, rest, marked := strings.Cut(rest, " resumed>")
		if c == nil || !marked {
			return nil, fmt.Errorf("what is resumed never began: %.80q", text)
		}
		delete(open, thread)
		c.end = number
		return c, c.finish(c.args + rest)
	}
	name, args, ok := strings.Cut(text, "(")
	if !ok {
		return nil, fmt.Errorf("no system call: %.80q", text)
	}
	c := &call{name: name, begin: number, end: number}
	if args, ok := strings.CutSuffix(args, unfinished); ok {
		c.args = args
		open[thread] = c
		return nil, nil
	}
	return c, c.finish(args)
}

// finish takes apart what stands behind the opening parenthesis.
func (c *call) finish(text string) error {
	i := strings.LastIndex(text, " = ")
	if i < 0 {
		return fmt.Errorf("%s has no result: %.80q", c.name, text)
	}
	args, ok := strings.CutSuffix(strings.TrimRight(text[:i], " "), ")")
	if !ok {
		return fmt.Errorf("%s isn't closed: %.80q", c.name, text)
	}
	c.args = strings.TrimSuffix(args, unfinished) // where the process was killed in it
	result := text[i+len(" = "):]
	if end := strings.IndexAny(result, " <"); end >= 0 {
		result = result[:end]
	}
	if result == "?" { // the process was gone before there was one
		c.result, c.end = -1, never
		return nil
	}
	n, err := strconv.ParseInt(result, 0, 64)
	c.result = n
	return err
}

// file is what the call's first argument, a file descriptor, stands for: a path, or an
// address like "TCP:[127.0.0.1:80->127.0.0.1:90]". ok is false where it is none.
func (c *call) file() (name string, ok bool) {
	digits := strings.TrimLeft(c.args, "0123456789")
	rest, ok := strings.CutPrefix(digits, "<")
	if !ok || len(digits) == len(c.args) {
		return "", false
	}
	end := strings.Index(rest, ">, ")
	if end < 0 {
		end = strings.LastIndex(rest, ">")
	}
	if end < 0 {
		return "", false
	}
	name, err := unescape(rest[:end])
	return name, err == nil
}

// text is the call's first quoted argument, which has to be whole.
func (c *call) text() (string, error) {
	_, rest, ok := strings.Cut(c.args, `"`)
	quoted, rest, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		return "", fmt.Errorf("%s has no string: %.80q", c.name, c.args)
	}
	if strings.HasPrefix(rest, "...") {
		return "", fmt.Errorf("%s: the string is cut off: trace with a longer -s", c.name)
	}
	return unescape(quoted)
}

// startsWith reports whether the first quoted argument does.
func (c *call) startsWith(prefix string) bool {
	_, rest, _ := strings.Cut(c.args, `"`)
	var want strings.Builder
	for i := range len(prefix) {
		fmt.Fprintf(&want, `\x%02x`, prefix[i])
	}
	return strings.HasPrefix(rest, want.String())
}

// number is the last argument.
func (c *call) number() (int64, error) {
	return strconv.ParseInt(strings.TrimSpace(c.args[strings.LastIndex(c.args, ",")+1:]), 0, 64)
}

// peer is the far end of a TCP connection.
func peer(file string) (address string, ok bool) {
	rest, ok := strings.CutPrefix(file, "TCP:[")
	if !ok {
		return "", false
	}
	_, address, ok = strings.Cut(strings.TrimSuffix(rest, "]"), "->")
	return address, ok
}

// unescape replaces each \xNN.
func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	parts := strings.Split(text, `\x`)
	var b strings.Builder
	b.WriteString(parts[0])
	for _, part := range parts[1:] {
		if len(part) < 2 {
			return "", errors.New("half a byte in a string")
		}
		one, err := hex.DecodeString(part[:2])
		if err != nil {
			return "", err
		}
		b.Write(one)
		b.WriteString(part[2:])
	}
	return b.String(), nil
}
