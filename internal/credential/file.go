package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/solatis/solatis-cli/internal/folders"
)

// file is the file of tokens.
type file struct{ path string }

// entry says of one account where its token is.
type entry struct {
	Token   string `json:"token,omitempty"`   // the token itself
	Keyring bool   `json:"keyring,omitempty"` // it is in the keyring
}

func (f file) get(account string) (entry, bool, error) {
	entries, err := f.read()
	e, ok := entries[account]
	return e, ok, err
}

func (f file) put(account string, e entry) error {
	return f.change(func(entries map[string]entry) { entries[account] = e })
}

func (f file) remove(account string) error {
	return f.change(func(entries map[string]entry) { delete(entries, account) })
}

// change makes one change under a lock, so that processes at the same time lose nothing.
func (f file) change(make func(map[string]entry)) error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("the folder of the tokens can't be created: %w", err)
	}
	lock := flock.New(f.path + ".lock")
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("the file of tokens %s can't be locked: %w", f.path, err)
	}
	defer lock.Close()

	entries, err := f.read()
	if err != nil {
		return err
	}
	make(entries)
	text, err := json.MarshalIndent(entries, "", "  ")
	if err == nil {
		err = folders.WriteFile(f.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("the file of tokens %s can't be written: %w", f.path, err)
	}
	return nil
}

// read returns what the file says; where it doesn't exist, nothing. One that others can
// read is refused, as is a damaged one. No error quotes it.
func (f file) read() (map[string]entry, error) {
	entries := map[string]entry{}
	text, err := folders.ReadPrivate(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return entries, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the file of tokens %w", err)
	}
	err = json.Unmarshal(text, &entries)
	if entries == nil {
		err = errors.New("it says null")
	}
	for account, e := range entries {
		if err == nil && (e.Token == "") != e.Keyring {
			err = fmt.Errorf("%s has neither a token nor is it in the keyring, or both", account)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the file of tokens %s is damaged (%w): restore it, or delete it and give the tokens anew by solatis relay add", f.path, err)
	}
	return entries, nil
}
