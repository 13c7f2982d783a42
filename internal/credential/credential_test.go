package credential

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTokenIsInTheKeyringThatWorks(t *testing.T) {
	system := newFake()
	s := open(t.TempDir(), system)
	wantToken(t, s, "")
	set(t, s, token, System)
	wantToken(t, s, token)
	set(t, s, token+"2", System)
	wantToken(t, s, token+"2")
	if text := fileText(t, s); strings.Contains(text, "canary") || !strings.Contains(text, account) {
		t.Errorf("the file says %s", text)
	}
	for user := range system.tokens {
		if !strings.HasPrefix(user, "solatis "+account+" #") {
			t.Errorf("it is kept as %q", user)
		}
	}
	if err := s.Delete(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	wantToken(t, s, "")
	if len(system.tokens) != 0 {
		t.Errorf("the keyring still has %q", system.tokens)
	}
}

func TestTokenIsInTheFileWhereTheKeyringFails(t *testing.T) {
	for name, system := range map[string]*fakeRing{
		"off": nil, "erroring": {tokens: map[string]string{}, fails: errors.New("dbus-launch not found")},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t.TempDir(), system)
			wantToken(t, s, "")
			set(t, s, token, s.file.path)
			wantToken(t, s, token)
			info, err := os.Stat(s.file.path)
			if err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
				t.Errorf("the file's mode is %v, %v", info.Mode(), err)
			}
			info, err = os.Stat(filepath.Dir(s.file.path))
			if err != nil || info.Mode().Perm() != 0o700 && runtime.GOOS != "windows" {
				t.Errorf("the folder's mode is %v, %v", info.Mode(), err)
			}
			if err := s.Delete(t.Context(), account); err != nil {
				t.Fatal(err)
			}
			wantToken(t, s, "")
			if strings.Contains(fileText(t, s), "canary") {
				t.Error("the file still has the token")
			}
		})
	}
}

func TestAccountsAreApart(t *testing.T) {
	s := open(t.TempDir(), nil)
	set(t, s, token, s.file.path)
	if other := Account("https://evil.example.com", "team"); other == account {
		t.Fatal("two origins are one account")
	} else if got, ok, err := s.Get(t.Context(), other); ok || err != nil {
		t.Errorf("another origin gets %q, %v", got, err)
	}
	if Account("https://relay.example.com", "team") != account {
		t.Error("the account's name has changed: tokens that are kept would be lost")
	}
}

func TestStateFoldersAreApartInTheKeyring(t *testing.T) {
	system := newFake()
	everyday, tryout := open(t.TempDir(), system), open(t.TempDir(), system)
	set(t, everyday, token, System)
	set(t, tryout, "slt_other", System)
	if err := tryout.Delete(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	wantToken(t, everyday, token)
	wantToken(t, tryout, "")
}

// The latest token counts, wherever it and the one before went.
func TestLatestTokenCounts(t *testing.T) {
	system := newFake()
	s := open(t.TempDir(), system)
	set(t, s, "slt_1", System)
	system.fails = errors.New("locked")
	set(t, s, "slt_2", s.file.path)
	system.fails = nil
	wantToken(t, s, "slt_2") // the keyring works again, and still has slt_1
	set(t, s, "slt_3", System)
	wantToken(t, s, "slt_3")
	if text := fileText(t, s); strings.Contains(text, "slt_") {
		t.Errorf("the file still has a token: %s", text)
	}
}

// flaky fails to keep anything, and does all else.
type flaky struct{ *fakeRing }

func (flaky) Set(_, _, _ string) error { return errors.New("full") }

func TestEarlierTokenLeavesTheKeyring(t *testing.T) {
	system := newFake()
	s := open(t.TempDir(), system)
	set(t, s, token, System)
	s.ring.system = flaky{system}
	set(t, s, "slt_2", s.file.path)
	if len(system.tokens) != 0 {
		t.Errorf("the keyring still has %q", system.tokens)
	}
	wantToken(t, s, "slt_2")
}

func TestTokenInAKeyringThatIsOutOfReach(t *testing.T) {
	dir, system := t.TempDir(), newFake()
	s := open(dir, system)
	set(t, s, token, System)

	off := open(dir, nil)
	_, _, err := off.Get(t.Context(), account)
	checkError(t, err, account, "SOLATIS_KEYRING=off", "solatis relay add")
	checkError(t, off.Delete(t.Context(), account), account, "SOLATIS_KEYRING=off")

	system.fails = errors.New("locked")
	_, _, err = s.Get(t.Context(), account)
	checkError(t, err, account, "locked", "unlock")
	checkError(t, s.Delete(t.Context(), account), account, "locked", "try again")

	system.fails = nil
	wantToken(t, s, token)
	clear(system.tokens) // by hand
	wantToken(t, s, "")
	if err := s.Delete(t.Context(), account); err != nil {
		t.Error(err)
	}
}

func TestHangingKeyring(t *testing.T) {
	dir := t.TempDir()
	set(t, open(dir, newFake()), token, System)
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		system := newFake()
		system.hangs = release
		s := open(dir, system)

		start := time.Now()
		_, _, err := s.Get(t.Context(), account)
		checkError(t, err, account, "did not answer within 2s")
		if took := time.Since(start); took != answerIn {
			t.Errorf("Get took %v", took)
		}
		checkError(t, s.Check(t.Context()), "did not answer within 2s")
		checkError(t, s.Delete(t.Context(), account), "did not answer within 2s")
		set(t, s, "slt_2", s.file.path)
		wantToken(t, s, "slt_2")

		// A relay without a token has no need to wait.
		start = time.Now()
		if _, ok, err := s.Get(t.Context(), "other@https://relay.example.com"); ok || err != nil {
			t.Errorf("got %v, %v", ok, err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("no token took %v", took)
		}
	})
}

func TestInterruptedSetKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		system := newFake()
		system.hangs = release
		s := open(t.TempDir(), system)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := s.Set(ctx, account, token)
		checkError(t, err, account, "canceled")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		if text := fileText(t, s); text != "" {
			t.Errorf("the file says %s", text)
		}
	})
}

func TestErrorsDoNotTellTheToken(t *testing.T) {
	system := newFake()
	system.fails = fmt.Errorf("can't store %q", token)
	s := open(t.TempDir(), system)
	checkError(t, s.ring.set(t.Context(), account, token), "does not work")

	for _, bad := range []string{"", token + "\n", token + " ", "ä" + token, token + "\x00"} {
		_, err := s.Set(t.Context(), account, bad)
		checkError(t, err, account)
	}
	for name, text := range map[string]string{
		"no JSON": `{"` + token, "no entry": `{"a": "` + token + `"}`, "both": `{"a": {"token": "` + token + `", "keyring": true}}`,
		"neither": `{"a": {}}`, "null": "null", "empty": "", "a list": `["` + token + `"]`, "a number": `{"a": {"token": 1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t.TempDir(), nil)
			write(t, s.file.path, text, 0o600)
			_, _, err := s.Get(t.Context(), account)
			checkError(t, err, s.file.path, "damaged", "solatis relay add")
			_, err = s.Set(t.Context(), account, token)
			checkError(t, err, s.file.path, "damaged")
			if got := fileText(t, s); got != text {
				t.Errorf("the damaged file now says %q", got)
			}
		})
	}
}

func TestFileThatOthersCanReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	system := newFake()
	s := open(t.TempDir(), system)
	write(t, s.file.path, `{"`+account+`": {"token": "`+token+`"}}`, 0o644)
	_, _, err := s.Get(t.Context(), account)
	checkError(t, err, s.file.path, "0644", "chmod 600")
	_, err = s.Set(t.Context(), account, "slt_2")
	checkError(t, err, s.file.path, "0644", "chmod 600")
	checkError(t, s.Delete(t.Context(), account), "0644")
	if len(system.tokens) != 0 {
		t.Error("the token went to the keyring, and nobody will know")
	}
}

func TestCheck(t *testing.T) {
	system := newFake()
	if err := open(t.TempDir(), system).Check(t.Context()); err != nil {
		t.Error(err)
	}
	system.fails = errors.New("dbus-launch not found")
	checkError(t, open(t.TempDir(), system).Check(t.Context()), "dbus-launch not found")
	if err := open(t.TempDir(), nil).Check(t.Context()); !errors.Is(err, ErrOff) {
		t.Errorf("got %v", err)
	}
}

func TestProcessesAtTheSameTimeLoseNothing(t *testing.T) {
	dir := t.TempDir()
	const processes, each = 4, 8
	var wg sync.WaitGroup
	var all []string
	for p := range processes {
		var accounts []string
		for i := range each {
			accounts = append(accounts, fmt.Sprintf("p%d-%d@https://a", p, i))
		}
		all = append(all, accounts...)
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "CREDENTIAL_TEST_STATE="+dir, "CREDENTIAL_TEST_ACCOUNTS="+strings.Join(accounts, " "))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d: %v: %s", p, err, out)
			}
		})
	}
	wg.Wait()
	s := open(dir, nil)
	for _, account := range all {
		if got, ok, err := s.Get(t.Context(), account); !ok || got != "slt_"+account || err != nil {
			t.Errorf("%s: got %q, %v, %v", account, got, ok, err)
		}
	}
}
