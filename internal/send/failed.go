package send

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"

	"github.com/solatis/solatis-cli/internal/delivery"
)

// failed returns the outcome of an attempt that brought no complete answer. status is
// that of an answer whose body didn't come whole, else 0.
func (a *attempt) failed(err error, status int) delivery.Outcome {
	switch {
	case a.parent.Err() != nil:
		return delivery.Outcome{Kind: delivery.Interrupted, Error: "solatis was stopped before " + a.target.Address() + " had answered"}
	case a.conn == nil:
		return delivery.Outcome{Kind: delivery.NoConnect, Error: a.noConnect(err)}
	case errors.Is(err, context.DeadlineExceeded):
		return delivery.Outcome{Kind: delivery.Timeout, Error: a.tooLate(status)}
	}
	return delivery.Outcome{Kind: delivery.BrokenOff, Error: a.brokenOff(err, status)}
}

func (a *attempt) tooLate(status int) string {
	if status != 0 {
		return fmt.Sprintf("%s began to answer with %d, but its answer was not complete within %s: end the response before long work",
			a.target.Address(), status, a.timeout)
	}
	return fmt.Sprintf("no answer from %s within %s: answer 200 first and work afterwards", a.target.Address(), a.timeout)
}

// wsaRefused is what Windows has for ECONNREFUSED.
const wsaRefused = syscall.Errno(10061)

func (a *attempt) noConnect(err error) string {
	var (
		at    = a.target.Address()
		errno syscall.Errno
		dns   *net.DNSError
		cert  *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("could not connect to %s within %s: is your app running there, and is its port open?", at, a.timeout)
	case errors.As(err, &dns):
		return fmt.Sprintf("could not connect to %s: the name %s is not known (%s)", at, a.target.host, dns.Err)
	case errors.As(err, &errno) && (errno == syscall.ECONNREFUSED || errno == wsaRefused):
		return fmt.Sprintf("could not connect to %s: is your app running?", at)
	case errors.Is(err, fs.ErrNotExist) && a.target.socket != "":
		return fmt.Sprintf("could not connect to %s: there is no such socket; is your app running?", at)
	case errors.As(err, &errno):
		return fmt.Sprintf("could not connect to %s: %s", at, errno)
	case errors.As(err, &cert):
		return fmt.Sprintf("could not trust %s: %s; name the authority of its certificate with --ca FILE, or don't verify it with --insecure", at, cert.Err)
	case a.target.scheme == "https":
		return fmt.Sprintf("could not make a TLS connection to %s: %s; if your app speaks plain HTTP, forward to http://%s", at, err, at)
	}
	return fmt.Sprintf("could not connect to %s: %s", at, err)
}

func (a *attempt) brokenOff(err error, status int) string {
	at := a.target.Address()
	switch {
	case status != 0:
		return fmt.Sprintf("%s broke its answer off after the status %d: look for an error in your app's output", at, status)
	case isHangUp(err):
		return fmt.Sprintf("%s closed the connection without an answer: look for a crash in your app's output", at)
	}
	return fmt.Sprintf("%s did not answer in HTTP: %s; is it your app that listens there?", at, err)
}

// isHangUp reports whether the connection ended where an answer was due, rather than
// something having come that isn't HTTP.
func isHangUp(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op)
}
