package send

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unixPrefix begins a target that is a Unix socket. A host of that name has to be
// written as http://unix:3000.
const unixPrefix = "unix:"

// parseUnix reads "/run/app.sock" or "/run/app.sock:/path?query", also as it stands in
// "unix:///run/app.sock". The socket's path is the file system's, so nothing in it is
// escaped; what the app sees begins with the first ":/".
func parseUnix(s string) (Target, error) {
	socket, rest := splitSocket(strings.TrimPrefix(s, "//"))
	if err := checkSocket(socket); err != nil {
		return Target{}, err
	}
	t := Target{scheme: "http", socket: socket}
	if rest == "" {
		return t, nil
	}
	if err := checkText(rest); err != nil {
		return Target{}, err
	}
	return t, t.setPath(rest)
}

// splitSocket takes the socket's path and what the app sees apart.
func splitSocket(s string) (socket, rest string) {
	from := 0
	if hasDrive(s) {
		from = len("C:")
	}
	if i := strings.Index(s[from:], ":/"); i >= 0 {
		return s[:from+i], s[from+i+1:]
	}
	return s, ""
}

// hasDrive reports whether s begins like an absolute path of Windows.
func hasDrive(s string) bool {
	return len(s) > 2 && s[1] == ':' && (s[2] == '/' || s[2] == '\\') && ('a' <= s[0]|0x20 && s[0]|0x20 <= 'z')
}

func checkSocket(s string) error {
	switch {
	case !strings.HasPrefix(s, "/") && !hasDrive(s):
		return errors.New("the socket's path has to be absolute")
	case strings.HasPrefix(s, "//"), strings.HasSuffix(s, "/"):
		return errors.New("that is no path of a socket")
	case strings.HasSuffix(s, ":"):
		return errors.New("no path follows the colon")
	case strings.ContainsAny(s, "?#"):
		return errors.New("a path or query for the app follows a colon")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("it holds a control character, or is not UTF-8 text")
	}
	return nil
}

// socketMark begins the authority that stands for a socket. It is in no host name.
const socketMark = "unix~"

// authority names what to connect to, as net/http keeps connections by it.
func (t Target) authority() string {
	if t.socket != "" {
		return socketMark + hex.EncodeToString([]byte(t.socket))
	}
	return t.hostHeader()
}

// socketOf returns the path of the socket that a host from authority stands for.
func socketOf(host string) (path string, ok bool) {
	encoded, ok := strings.CutPrefix(host, socketMark)
	if !ok {
		return "", false
	}
	decoded, err := hex.DecodeString(encoded)
	return string(decoded), err == nil
}

func dialUnix(ctx context.Context, path string) (net.Conn, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}
