// Package credential keeps the tokens by which this developer's agents are let in at
// public relays.
//
// A token is kept for an account, which is a relay's origin and name (Account): if the
// address of a relay changes, its old token is not found any more, and so never sent to
// the new one.
//
// The place for it is the system's keyring. Where there is none that works (a server, a
// container, a locked keyring) it is a file of mode 0600 in the state folder:
//
//	credentials/tokens.json   {"team@https://relay.example.com": {"token": "slt_…"}}
//
// The same file remembers, for a token that went to the keyring, that it is there:
//
//	{"team@https://relay.example.com": {"keyring": true}}
//
// So the keyring is asked only for what it has, a relay without a token costs no
// question, and a keyring that has gone silent is told from a token that never was.
//
// A keyring can hang for ever: on a daemon that doesn't answer, or on a window that asks
// for a password where nobody sees it. Each call is given up after two seconds. The
// goroutine that made it can't be ended and stays until the process does; solatis makes
// few such calls in a run, so that is the price.
package credential

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// System is what Set calls the system's keyring as a place.
const System = "the system keyring"

// Account names the token for a relay, by its origin (settings.Relay.URL) and its name.
func Account(origin, name string) string { return name + "@" + origin }

// Store keeps tokens. Its methods may be called from any number of goroutines, and other
// processes may use the same state folder.
type Store struct {
	file file
	ring ring
	off  bool // the keyring is not to be used
}

// Open returns the store of a state folder. Without useKeyring (SOLATIS_KEYRING=off) all
// tokens go to the file, and those in the keyring can't be had. Nothing is touched yet.
func Open(stateDir string, useKeyring bool) *Store {
	return &Store{
		file: file{filepath.Join(stateDir, "credentials", "tokens.json")},
		ring: newRing(systemKeyring{}, stateDir),
		off:  !useKeyring,
	}
}

// Set keeps a token for an account, in place of an earlier one. It returns where the
// token is now: System, or the path of the file. If the keyring fails the file takes over
// and there is no error; Check tells why.
func (s *Store) Set(ctx context.Context, account, token string) (where string, err error) {
	if err := checkToken(token); err != nil {
		return "", fmt.Errorf("the token for %s: %w", account, err)
	}
	// The file first: if it can't be read, nothing has happened.
	before, had, err := s.file.get(account)
	if err != nil {
		return "", err
	}
	if !s.off {
		if err := s.ring.set(ctx, account, token); err == nil {
			return System, s.file.put(account, entry{Keyring: true})
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("the token for %s was not kept: %w", account, ctx.Err())
		}
	}
	if err := s.file.put(account, entry{Token: token}); err != nil {
		return "", err
	}
	if had && before.Keyring && !s.off {
		// The earlier token is of no use any more. Where the keyring keeps it all the
		// same it stays, unread: the file says now where to look.
		_ = s.ring.remove(ctx, account)
	}
	return s.file.path, nil
}

// Get returns the token of an account; ok is false where none is kept. A token that is
// kept but can't be had, as in a locked keyring, is an error.
func (s *Store) Get(ctx context.Context, account string) (token string, ok bool, err error) {
	e, ok, err := s.file.get(account)
	if err != nil || !ok {
		return "", false, err
	}
	if !e.Keyring {
		return e.Token, true, nil
	}
	if s.off {
		return "", false, fmt.Errorf("the token for %s is in %s, which SOLATIS_KEYRING=off turns off: unset that, or give the token anew by solatis relay add", account, System)
	}
	token, err = s.ring.get(ctx, account)
	if errors.Is(err, errNotFound) {
		return "", false, nil // somebody took it out by hand
	}
	if err != nil {
		return "", false, fmt.Errorf("the token for %s can't be had: %w; unlock the keyring, or give the token anew with SOLATIS_KEYRING=off", account, err)
	}
	return token, true, nil
}

// Delete forgets the token of an account. None being kept is no error; one that stays in
// a keyring that doesn't answer is.
func (s *Store) Delete(ctx context.Context, account string) error {
	e, ok, err := s.file.get(account)
	if err != nil || !ok {
		return err
	}
	if e.Keyring {
		if s.off {
			return fmt.Errorf("the token for %s is in %s, which SOLATIS_KEYRING=off turns off: unset that to delete it", account, System)
		}
		if err := s.ring.remove(ctx, account); err != nil && !errors.Is(err, errNotFound) {
			return fmt.Errorf("the token for %s is still there: %w; unlock the keyring and try again", account, err)
		}
	}
	return s.file.remove(account)
}

// Check says why the system's keyring can't be used, or nil. It is ErrOff where it isn't
// to be used.
func (s *Store) Check(ctx context.Context) error {
	if s.off {
		return ErrOff
	}
	if _, err := s.ring.get(ctx, "check"); err != nil && !errors.Is(err, errNotFound) {
		return err
	}
	return nil
}

// ErrOff says that the keyring is turned off.
var ErrOff = errors.New("the keyring is turned off by SOLATIS_KEYRING=off")

// checkToken refuses what no header can carry.
func checkToken(token string) error {
	if token == "" {
		return errors.New("it is empty")
	}
	for _, b := range []byte(token) {
		if b <= ' ' || b > '~' {
			return errors.New("it holds white space or a character that no token has; copy it once more")
		}
	}
	return nil
}
