//go:build unix

package send

import (
	"errors"
	"net"
	"syscall"
)

// isStale reports whether anything waits to be read on an idle connection: its end, an
// error, or bytes that nobody asked for. It looks without taking, past net/http's own
// pending Read.
func isStale(c net.Conn) bool {
	sys, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return true
	}
	var peekErr error
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, peekErr = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	nothing := errors.Is(peekErr, syscall.EAGAIN) || errors.Is(peekErr, syscall.EINTR)
	return err != nil || !nothing
}
