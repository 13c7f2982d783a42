package credential

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

const (
	// service is the name under which people find the tokens in their keyring.
	service = "solatis"
	// answerIn is how long a keyring may take. One that works takes milliseconds.
	answerIn = 2 * time.Second
)

// systemRing is the part of a keyring that is needed. Its methods may block for ever.
type systemRing interface {
	Set(service, user, password string) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

// errNotFound is what a systemRing returns for a token that it doesn't have.
var errNotFound = keyring.ErrNotFound

// systemKeyring is the keyring of the operating system.
type systemKeyring struct{}

func (systemKeyring) Set(service, user, password string) error {
	return keyring.Set(service, user, password)
}
func (systemKeyring) Get(service, user string) (string, error) { return keyring.Get(service, user) }
func (systemKeyring) Delete(service, user string) error        { return keyring.Delete(service, user) }

// ring is a keyring that answers in time or fails.
type ring struct {
	system systemRing
	suffix string // of all accounts
}

// newRing tells the accounts of one state folder from those of others: a try-out with a
// SOLATIS_HOME of its own must not overwrite the tokens of every day.
func newRing(system systemRing, stateDir string) ring {
	sum := sha256.Sum256([]byte(filepath.Clean(stateDir)))
	return ring{system, " #" + hex.EncodeToString(sum[:4])}
}

func (r ring) set(ctx context.Context, account, token string) error {
	_, err := within(ctx, func() (string, error) {
		err := r.system.Set(service, account+r.suffix, token)
		if err != nil && strings.Contains(err.Error(), token) {
			err = errors.New("it failed with a message that holds the token")
		}
		return "", err
	})
	return err
}

func (r ring) get(ctx context.Context, account string) (string, error) {
	return within(ctx, func() (string, error) { return r.system.Get(service, account+r.suffix) })
}

func (r ring) remove(ctx context.Context, account string) error {
	_, err := within(ctx, func() (string, error) { return "", r.system.Delete(service, account+r.suffix) })
	return err
}

// within runs a call that may never return, and waits for it at most answerIn.
func within(ctx context.Context, call func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	ctx, cancel := context.WithTimeoutCause(ctx, answerIn, errSilent)
	defer cancel()
	done := make(chan result, 1)
	go func() {
		text, err := call()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		if r.err != nil && !errors.Is(r.err, errNotFound) {
			return "", fmt.Errorf("%s does not work (%w)", System, r.err)
		}
		return r.text, r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

var errSilent = fmt.Errorf("%s did not answer within %v", System, answerIn)
