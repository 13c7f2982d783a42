package folders

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/solatis/solatis-cli/internal/signature"
)

// LoadOrCreateSecret returns the signing secret that is kept in the file at path, and
// generates one where there is no file yet; created tells the two apart. Processes that
// start at the same moment agree on one secret. A file that others can read is refused:
// the secret is all that tells a real webhook from a forged one.
func LoadOrCreateSecret(path string) (secret signature.Secret, created bool, err error) {
	secret, err = loadPrivateSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return signature.Secret{}, false, fmt.Errorf("the folder of the secret file %s can't be created: %w", path, reason(err))
	}
	lock := flock.New(path + ".lock")
	if err := lock.Lock(); err != nil {
		return signature.Secret{}, false, fmt.Errorf("the secret file %s can't be locked: %w", path, reason(err))
	}
	defer lock.Close()

	// Another process may have been quicker to the lock.
	secret, err = loadPrivateSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, false, err
	}
	secret = signature.GenerateSecret()
	if err := WriteFile(path, []byte(secret.Reveal()+"\n")); err != nil {
		return signature.Secret{}, false, fmt.Errorf("the secret file %s can't be written: %w", path, reason(err))
	}
	return secret, true, nil
}

func loadPrivateSecret(path string) (signature.Secret, error) {
	if err := checkPrivate(path); err != nil {
		return signature.Secret{}, fmt.Errorf("the secret file %w", err)
	}
	return ReadSecret(path)
}

// ReadPrivate reads a file that holds secrets. One that others can read is an error.
func ReadPrivate(path string) ([]byte, error) {
	if err := checkPrivate(path); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", path, reason(err))
	}
	return data, nil
}

// checkPrivate refuses a file that others may have read. Pipes and the like are theirs
// who made them.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%s can't be read: %w", path, reason(err))
	}
	if info.Mode().IsRegular() && openToOthers(info) {
		return fmt.Errorf("%s is open to other users (mode %04o): run chmod 600 on it, and change the secret if somebody may have read it", path, info.Mode().Perm())
	}
	return nil
}

// ReadSecret reads the signing secret from a file of the user's: its whole content but
// for one trailing line break.
func ReadSecret(path string) (signature.Secret, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return signature.Secret{}, fmt.Errorf("the secret file %s can't be read: %w", path, reason(err))
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	secret, err := signature.NewSecret(text)
	if err != nil {
		return signature.Secret{}, fmt.Errorf("the secret file %s: %w; write the secret into it, or delete the file", path, err)
	}
	return secret, nil
}

// WriteFile puts data into a file of mode 0600 that appears whole or not at all, even
// after a power cut.
func WriteFile(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
	}
	return err
}
