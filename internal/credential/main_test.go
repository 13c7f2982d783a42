package credential

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets a test run this binary as a second process, which keeps tokens.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CREDENTIAL_TEST_STATE"); dir != "" {
		for _, account := range strings.Fields(os.Getenv("CREDENTIAL_TEST_ACCOUNTS")) {
			if _, err := Open(dir, false).Set(context.Background(), account, "slt_"+account); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const (
	account = "team@https://relay.example.com"
	token   = "slt_canary0123456789"
)

// fakeRing is a keyring in memory.
type fakeRing struct {
	mu     sync.Mutex
	tokens map[string]string
	fails  error           // what every call returns, if not nil
	hangs  <-chan struct{} // what every call waits for, if not nil
}

func (r *fakeRing) enter() (unlock func(), err error) {
	if r.hangs != nil {
		<-r.hangs
	}
	r.mu.Lock()
	return r.mu.Unlock, r.fails
}

func (r *fakeRing) Set(service, user, password string) error {
	unlock, err := r.enter()
	defer unlock()
	if err == nil {
		r.tokens[service+" "+user] = password
	}
	return err
}

func (r *fakeRing) Get(service, user string) (string, error) {
	unlock, err := r.enter()
	defer unlock()
	token, ok := r.tokens[service+" "+user]
	if err == nil && !ok {
		err = errNotFound
	}
	return token, err
}

func (r *fakeRing) Delete(service, user string) error {
	unlock, err := r.enter()
	defer unlock()
	if _, ok := r.tokens[service+" "+user]; err == nil && !ok {
		err = errNotFound
	}
	if err == nil {
		delete(r.tokens, service+" "+user)
	}
	return err
}

func newFake() *fakeRing { return &fakeRing{tokens: map[string]string{}} }

// open is a store in dir on a fake keyring; nil turns the keyring off.
func open(dir string, system *fakeRing) *Store {
	s := Open(dir, system != nil)
	if system != nil {
		s.ring.system = system
	}
	return s
}

func set(t *testing.T, s *Store, token, wantWhere string) {
	t.Helper()
	where, err := s.Set(t.Context(), account, token)
	if err != nil || where != wantWhere {
		t.Fatalf("kept in %q, %v; want %q", where, err, wantWhere)
	}
}

func wantToken(t *testing.T, s *Store, want string) {
	t.Helper()
	got, ok, err := s.Get(t.Context(), account)
	if err != nil || got != want || ok != (want != "") {
		t.Errorf("got %q, %v, %v; want %q", got, ok, err, want)
	}
}

func fileText(t *testing.T, s *Store) string {
	t.Helper()
	text, err := os.ReadFile(s.file.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// checkError wants an error with all the parts, and without the token.
func checkError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error; want one with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("the error tells the token: %v", err)
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
