package access_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/access"
)

var (
	secretForm  = regexp.MustCompile(`^slt_[A-Za-z0-9_-]{43}$`)
	tokenIDForm = regexp.MustCompile(`^tok_[0-9a-v]{10}$`)
)

func TestATokenOpensWhatItsScopeSays(t *testing.T) {
	c := newClock()
	r := load(t, t.TempDir(), access.Options{Now: c.Now})
	expires := c.Now().Add(90 * 24 * time.Hour)
	listen, secret, err := r.CreateToken(t.Context(), "ann", access.ScopeListen, "laptop", expires)
	if err != nil {
		t.Fatal(err)
	}
	if !secretForm.MatchString(secret.Reveal()) || !tokenIDForm.MatchString(listen.ID) {
		t.Errorf("the token looks like %d characters, its id like %q", len(secret.Reveal()), listen.ID)
	}
	b, err := r.Bearer(t.Context(), secret.Reveal())
	if err != nil || b.Owner != "ann" || b.TokenID != listen.ID || !b.Expires.Equal(expires) {
		t.Errorf("got %+v, %v", b, err)
	}
	_, err = r.Admin(t.Context(), secret.Reveal())
	if why := refused(t, err); !errors.Is(err, access.ErrScope) || !strings.Contains(why, listen.ID) {
		t.Errorf("a token for listening administers: %v", err)
	}
	admin, adminSecret := create(t, r, "ann", access.ScopeAdmin)
	if b, err := r.Admin(t.Context(), adminSecret); err != nil || b.Owner != "ann" || b.TokenID != admin.ID || !b.Expires.IsZero() {
		t.Errorf("got %+v, %v", b, err)
	}
	if _, err := r.Bearer(t.Context(), adminSecret); !errors.Is(err, access.ErrScope) {
		t.Errorf("a token for administration listens: %v", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	c := newClock()
	r := load(t, t.TempDir(), access.Options{Now: c.Now})
	ctx := t.Context()
	token, known := create(t, r, "ann", access.ScopeListen)
	short, shortSecret, err := r.CreateToken(ctx, "ann", access.ScopeListen, "", c.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	expired := shortSecret.Reveal()
	if _, err := r.RevokeToken(ctx, token.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Hour - time.Millisecond)
	if _, err := r.Bearer(ctx, expired); err != nil {
		t.Errorf("refused before it expires: %v", err)
	}
	c.advance(time.Millisecond)
	// What isn't known, and what only looks like it, is told in the same words.
	_, err = r.Bearer(ctx, "slt_"+strings.Repeat("A", 43))
	unknown := refused(t, err)
	for text, want := range map[string]string{
		known:                    "the token " + token.ID + " was revoked",
		expired:                  "the token " + short.ID + " expired on 2026-01-02T13:00:00Z",
		"":                       "an agent needs a token",
		"hello":                  unknown,
		known + "A":              unknown,
		known[:len(known)-1]:     unknown,
		strings.ToUpper(expired): unknown,
		token.ID:                 unknown,
		"' OR 1 --":              unknown,
	} {
		_, err := r.Bearer(ctx, text)
		if why := refused(t, err); !strings.HasPrefix(why, want) || len(text) > 20 && strings.Contains(why, text[4:20]) {
			t.Errorf("got %q, want %q", why, want)
		}
		if _, err := r.Admin(ctx, text); err == nil {
			t.Errorf("administers, where Bearer says %q", want)
		}
	}
}

func TestAnonymousAgents(t *testing.T) {
	r := load(t, t.TempDir(), access.Options{AllowAnonymous: true})
	b, err := r.Bearer(t.Context(), "")
	if err != nil || b.Owner != access.Anonymous {
		t.Fatalf("got %+v, %v", b, err)
	}
	if _, err := r.Admin(t.Context(), ""); err == nil {
		t.Error("administers without a token")
	}
	if _, err := r.Bearer(t.Context(), "slt_wrong"); err == nil {
		t.Error("a wrong token counts as none")
	}
	if _, _, err := r.CreateToken(t.Context(), access.Anonymous, access.ScopeAdmin, "", time.Time{}); err == nil {
		t.Error("the anonymous owner got a token")
	}
}

func TestValuesThatCannotBeUsed(t *testing.T) {
	c := newClock()
	r := load(t, t.TempDir(), access.Options{Now: c.Now})
	for name, v := range map[string]struct {
		owner, scope, comment string
		expires               time.Time
	}{
		"no owner":       {"", "listen", "", time.Time{}},
		"long owner":     {strings.Repeat("a", 65), "listen", "", time.Time{}},
		"upper case":     {"Ann", "listen", "", time.Time{}},
		"space":          {"ann b", "listen", "", time.Time{}},
		"letters beyond": {"änn", "listen", "", time.Time{}},
		"reserved":       {"anonymous", "listen", "", time.Time{}},
		"no scope":       {"ann", "", "", time.Time{}},
		"other scope":    {"ann", "Admin", "", time.Time{}},
		"expired":        {"ann", "listen", "", c.Now()},
		"long comment":   {"ann", "listen", strings.Repeat("x", 201), time.Time{}},
		"escape":         {"ann", "listen", "\x1b[2J", time.Time{}},
		"not UTF-8":      {"ann", "listen", "\xff", time.Time{}},
	} {
		_, secret, err := r.CreateToken(t.Context(), v.owner, access.Scope(v.scope), v.comment, v.expires)
		var wrong *access.InvalidError
		if !errors.As(err, &wrong) || secret.Reveal() != "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, owner := range []string{"a", "ann.b_c-d@example.com", strings.Repeat("a", 64)} {
		if _, _, err := r.CreateToken(t.Context(), owner, access.ScopeListen, strings.Repeat("x", 200), c.Now().Add(1)); err != nil {
			t.Error(err)
		}
	}
	if all, err := r.Tokens(t.Context(), ""); err != nil || len(all) != 3 {
		t.Errorf("%d tokens, %v", len(all), err)
	}
}

func TestRevokingByABeginningOfTheID(t *testing.T) {
	c := newClock()
	r := load(t, t.TempDir(), access.Options{Now: c.Now})
	ctx := t.Context()
	var ids []string
	for range 40 {
		token, _ := create(t, r, "ann", access.ScopeListen)
		ids = append(ids, token.ID)
	}
	bob, bobSecret := create(t, r, "bob", access.ScopeListen)
	var wrong *access.InvalidError
	for _, id := range []string{"", "tok_", "tok_" + ids[0][4:7]} {
		if _, err := r.RevokeToken(ctx, id, "ann"); !errors.As(err, &wrong) {
			t.Errorf("%q: got %v", id, err)
		}
	}
	first, err := r.RevokeToken(ctx, ids[0][:9], "ann")
	if err != nil || first.ID != ids[0] || !first.Revoked.Equal(c.Now()) {
		t.Errorf("got %+v, %v", first, err)
	}
	c.advance(time.Hour)
	if again, err := r.RevokeToken(ctx, ids[0], ""); err != nil || again != first {
		t.Errorf("revoked again: %+v, %v", again, err)
	}
	for _, id := range []string{bob.ID, bob.ID[:10], "tok_zzzzzzzzzz"} {
		_, err := r.RevokeToken(ctx, id, "ann")
		if want := fmt.Sprintf("token %q: not found", id); !errors.Is(err, access.ErrNotFound) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	typo := ids[1][:12] + "_" + ids[1][13:]
	if _, err := r.RevokeToken(ctx, typo, "ann"); !errors.Is(err, access.ErrNotFound) || !strings.Contains(err.Error(), ids[1]) {
		t.Errorf("got %v, want a suggestion of %s", err, ids[1])
	}
	if _, err := r.RevokeToken(ctx, bobSecret, ""); err == nil || strings.Contains(err.Error(), bobSecret[5:20]) {
		t.Error("a token that was given for its id stands in the error")
	}
	if _, err := r.Bearer(ctx, bobSecret); err != nil {
		t.Error(err)
	}
}

func TestABeginningThatTwoTokensHave(t *testing.T) {
	r := load(t, t.TempDir(), access.Options{})
	for owner, ids := range map[string][]string{"ann": {"tok_aaaab00001", "tok_aaaab00002"}, "bob": {"tok_aaaab00003"}} {
		for _, id := range ids {
			token, _ := create(t, r, owner, access.ScopeListen)
			if err := r.RenameToken(t.Context(), token.ID, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := r.RevokeToken(t.Context(), "tok_aaaab", "ann")
	want := `2 tokens begin with "tok_aaaab": tok_aaaab00001, tok_aaaab00002`
	var wrong *access.InvalidError
	if !errors.As(err, &wrong) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got, err := r.RevokeToken(t.Context(), "tok_aaaab", "bob"); err != nil || got.ID != "tok_aaaab00003" {
		t.Errorf("bob has one of them: %+v, %v", got, err)
	}
	if got, err := r.RevokeToken(t.Context(), "tok_aaaab00002", "ann"); err != nil || got.ID != "tok_aaaab00002" {
		t.Errorf("the whole id: %+v, %v", got, err)
	}
}

func TestTheNumberOfTokensIsBoundedPerOwner(t *testing.T) {
	c := newClock()
	r := load(t, t.TempDir(), access.Options{MaxTokens: 3, Now: c.Now})
	ctx := t.Context()
	revoked, _ := create(t, r, "ann", access.ScopeListen)
	if _, err := r.RevokeToken(ctx, revoked.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.CreateToken(ctx, "ann", access.ScopeListen, "", c.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	kept, _ := create(t, r, "ann", access.ScopeListen)
	full := func() bool {
		t.Helper()
		_, _, err := r.CreateToken(ctx, "ann", access.ScopeListen, "", time.Time{})
		var wrong *access.InvalidError
		if err != nil && !errors.As(err, &wrong) {
			t.Fatal(err)
		}
		return err != nil
	}
	if !full() {
		t.Error("a fourth token")
	}
	create(t, r, "bob", access.ScopeListen)
	c.advance(90 * 24 * time.Hour)
	if !full() {
		t.Error("a token is forgotten after 90 days to the moment")
	}
	c.advance(time.Second)
	if full() {
		t.Error("a token revoked 90 days ago still counts")
	}
	if !full() {
		t.Error("one that expired an hour later is forgotten with it")
	}
	c.advance(time.Hour)
	if full() {
		t.Error("a token that expired 90 days ago still counts")
	}
	all, err := r.Tokens(ctx, "ann")
	if err != nil || len(all) != 3 || all[0] != kept {
		t.Errorf("left: %+v, %v", all, err)
	}
}

func TestTheLastUseIsWrittenOnceAnHour(t *testing.T) {
	c := newClock()
	r := load(t, t.TempDir(), access.Options{Now: c.Now})
	_, secret := create(t, r, "ann", access.ScopeListen)
	first := c.Now()
	used := func() time.Time {
		t.Helper()
		if _, err := r.Bearer(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		all, err := r.Tokens(t.Context(), "ann")
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		return all[0].Used
	}
	if got := used(); !got.Equal(first) {
		t.Errorf("used first at %v", got)
	}
	c.advance(59 * time.Minute)
	if got := used(); !got.Equal(first) {
		t.Errorf("within the hour written again: %v", got)
	}
	c.advance(time.Minute)
	if got := used(); !got.Equal(c.Now()) {
		t.Errorf("an hour later still %v", got)
	}
	c.advance(-48 * time.Hour) // a clock that was wrong
	if got := used(); got.Before(first) {
		t.Errorf("moved back to %v", got)
	}
}

func TestNoTokenIsAnywhere(t *testing.T) {
	folder := t.TempDir()
	r := load(t, folder, access.Options{})
	token, secret, err := r.CreateToken(t.Context(), "ann", access.ScopeListen, "laptop", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	text := secret.Reveal()
	marshalled, err := json.Marshal(map[string]any{"secret": secret, "token": token})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{
		fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret),
		fmt.Sprintf("%+v %#v", token, token), string(marshalled),
	} {
		if strings.Contains(printed, text[4:]) {
			t.Errorf("printed: %s", printed)
		}
	}
	if _, err := r.Bearer(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	found := false
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), text[4:]) {
			t.Errorf("the token stands in %s", file)
		}
		found = found || strings.Contains(string(data), token.ID)
	}
	if !found {
		t.Error("not even the token's id is in the files: the test looks at the wrong ones")
	}
}
