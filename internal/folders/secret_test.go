package folders

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestSecretIsCreatedOnce(t *testing.T) {
	path := resolved(t).Secret()
	first, created, err := LoadOrCreateSecret(path)
	if err != nil || !created {
		t.Fatalf("first: created %v, %v", created, err)
	}
	second, created, err := LoadOrCreateSecret(path)
	if err != nil || created {
		t.Fatalf("second: created %v, %v", created, err)
	}
	if first.Reveal() != second.Reveal() || !strings.HasPrefix(first.Reveal(), "whsec_") {
		t.Errorf("got %q, then %q", first.Reveal(), second.Reveal())
	}
	info, err := os.Stat(path)
	if err != nil || openToOthers(info) {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
}

func TestProcessesThatStartAtOnceAgreeOnTheSecret(t *testing.T) {
	path := resolved(t).Secret()
	const processes = 8
	var wg sync.WaitGroup
	secrets := make([]string, processes)
	for i := range processes {
		wg.Go(func() {
			out, err := secretProcess(t, path).Output()
			if err != nil {
				t.Errorf("process %d: %v: %s", i, err, out)
			}
			secrets[i] = string(out)
		})
	}
	wg.Wait()
	if len(slices.Compact(secrets)) != 1 || secrets[0] == "" {
		t.Errorf("the processes have different secrets: %q", secrets)
	}
}

func TestGoroutinesThatStartAtOnceAgreeOnTheSecret(t *testing.T) {
	path := resolved(t).Secret()
	const goroutines = 16
	var wg sync.WaitGroup
	secrets, makers := make([]string, goroutines), make([]bool, goroutines)
	for i := range goroutines {
		wg.Go(func() {
			secret, created, err := LoadOrCreateSecret(path)
			if err != nil {
				t.Error(err)
			}
			secrets[i], makers[i] = secret.Reveal(), created
		})
	}
	wg.Wait()
	if len(slices.Compact(secrets)) != 1 {
		t.Errorf("got different secrets: %q", secrets)
	}
	if n := len(slices.DeleteFunc(makers, func(made bool) bool { return !made })); n != 1 {
		t.Errorf("%d made the secret", n)
	}
}

func TestReadSecretKeepsAllButOneLineBreak(t *testing.T) {
	tests := map[string]string{
		"s3cret": "s3cret", "s3cret\n": "s3cret", "s3cret\r\n": "s3cret",
		"s3cret\n\n": "s3cret\n", " s3cret ": " s3cret ",
	}
	for content, want := range tests {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		secret, created, err := LoadOrCreateSecret(path)
		if err != nil || created || secret.Reveal() != want {
			t.Errorf("%q: got %q, created %v, %v", content, secret.Reveal(), created, err)
		}
	}
}

func TestSecretFileThatIsNoGood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := LoadOrCreateSecret(path)
	checkError(t, err, path, "empty")

	_, err = ReadSecret(filepath.Join(t.TempDir(), "none"))
	checkError(t, err, "none", "can't be read")
}

func TestSecretFileThatOthersCanReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("s3cret-s3cret-s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	_, _, err := LoadOrCreateSecret(path)
	checkError(t, err, path, "0640", "chmod 600")
	if strings.Contains(err.Error(), "s3cret-") {
		t.Error("the error tells the secret")
	}
}
