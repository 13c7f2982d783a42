package signature_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/signature"
)

func secretOf(t *testing.T, text string) signature.Secret {
	t.Helper()
	s, err := signature.NewSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSign holds signatures against ones that were not made here: RFC 4231's second test
// case, and Python's hmac.
func TestSign(t *testing.T) {
	for _, c := range []struct{ secret, body, want string }{
		{"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"whsec_t\u00e9st", "\x00\xff\r\n{}", "d85d017ed72877968d3d563ad569781dabc1e9370693a8dd3bc72d9a69868f4c"},
	} {
		if got := signature.Sign(secretOf(t, c.secret), []byte(c.body)); got != c.want {
			t.Errorf("%q with %q: %s", c.body, c.secret, got)
		}
	}
}

func TestVerify(t *testing.T) {
	secret, body := secretOf(t, "Jefe"), []byte("what do ya want for nothing?")
	good := "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	one := func(v string) []string { return []string{v} }
	for _, c := range []struct {
		name   string
		values []string
		want   signature.Verdict
	}{
		{"right", one(good), signature.Valid},
		{"no header", nil, signature.Missing},
		{"empty", one(""), signature.Missing},
		{"white space", one(" \t"), signature.Missing},
		{"twice the right one", []string{good, good}, signature.Several},
		{"the right one and an empty one", []string{good, ""}, signature.Several},
		{"two empty ones", []string{"", ""}, signature.Several},
		{"upper case", one(strings.ToUpper(good)), signature.Malformed},
		{"one upper-case digit", one("5B" + good[2:]), signature.Malformed},
		{"too short", one(good[:63]), signature.Malformed},
		{"too long", one(good + "0"), signature.Malformed},
		{"the first half", one(good[:32]), signature.Malformed},
		{"no hex", one("g" + good[1:]), signature.Malformed},
		{"NUL inside", one(good[:31] + "\x00" + good[32:]), signature.Malformed},
		{"white space around", one(" " + good), signature.Malformed},
		{"with a scheme", one("sha256=" + good), signature.Malformed},
		{"two in one header", one(good + ", " + good), signature.Malformed},
		{"not ASCII", one(strings.Repeat("é", 32)), signature.Malformed},
		{"first digit wrong", one("6" + good[1:]), signature.Mismatch},
		{"last digit wrong", one(good[:63] + "4"), signature.Mismatch},
		{"zeros", one(strings.Repeat("0", 64)), signature.Mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := signature.Verify(secret, body, c.values); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestOneChangedByteIsAMismatch(t *testing.T) {
	secret, body := signature.GenerateSecret(), []byte(`{"id":"evt_1","event":"x"}`)
	signed := []string{signature.Sign(secret, body)}
	if got := signature.Verify(secret, body, signed); got != signature.Valid {
		t.Fatal(got)
	}
	for i := range body {
		body[i] ^= 1
		if got := signature.Verify(secret, body, signed); got != signature.Mismatch {
			t.Errorf("byte %d changed: %s", i, got)
		}
		body[i] ^= 1
	}
	for name, other := range map[string][]byte{"cut": body[:len(body)-1], "longer": append(body, '\n'), "empty": nil} {
		if got := signature.Verify(secret, other, signed); got != signature.Mismatch {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := signature.Verify(signature.GenerateSecret(), body, signed); got != signature.Mismatch {
		t.Errorf("with another secret: %s", got)
	}
}

func TestVerdicts(t *testing.T) {
	said := make(map[string]bool)
	for v, ok := range map[signature.Verdict]bool{
		signature.Valid: true, signature.Unchecked: true,
		signature.Missing: false, signature.Several: false, signature.Malformed: false, signature.Mismatch: false,
		"": false, "VALID": false,
	} {
		if v.OK() != ok {
			t.Errorf("%q: OK is %v", v, v.OK())
		}
		if why := v.Explain(); why == "" {
			t.Errorf("%q explains nothing", v)
		} else {
			said[why] = true
		}
	}
	if len(said) != 6 {
		t.Errorf("verdicts are explained alike: %v", said)
	}
}

func TestASecretNeverPrintsItself(t *testing.T) {
	const text = "whsec_0123456789abcdef"
	s := secretOf(t, text)
	type config struct {
		Name    string
		Secret  signature.Secret
		Pointer *signature.Secret
		Any     any
		List    []signature.Secret
		Map     map[string]signature.Secret
	}
	c := config{"n", s, &s, s, []signature.Secret{s}, map[string]signature.Secret{"k": s}}
	asJSON := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "secret", s, "config", c)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "secret", s, "config", c)
	printed := map[string]string{
		"json": asJSON(c), "json key": asJSON(map[signature.Secret]int{s: 1}), "slog": logged.String(),
		"error": fmt.Errorf("with %v", s).Error(), "joined": errors.Join(fmt.Errorf("%+v", c)).Error(), "Sprint": fmt.Sprint(s, &s, c),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for name, v := range map[string]any{"secret": s, "pointer": &s, "struct": c, "pointer to struct": &c} {
			printed[name+" "+verb] = fmt.Sprintf(verb, v)
		}
	}
	for how, what := range printed {
		if strings.Contains(what, "0123456789") || strings.Contains(what, fmt.Sprintf("%x", "0123456789")) {
			t.Errorf("%s shows the secret: %s", how, what)
		}
	}
	for _, how := range []string{"secret %v", "secret %+v", "secret %#v", "secret %s", "pointer %v"} {
		if printed[how] != "[redacted]" {
			t.Errorf("%s is %s", how, printed[how])
		}
	}
	if s.Reveal() != text {
		t.Errorf("Reveal gives %q", s.Reveal())
	}
}

func TestMasked(t *testing.T) {
	for _, c := range []struct{ secret, want string }{
		{"whsec_0123456789abcdef1f3a", "whsec_…1f3a"},
		{"whsec_0123456789", "whsec_…6789"}, // 16 characters
		{"whsec_012345678", "…"},            // 15
		{"a", "…"},
		{"another secret of mine", "…mine"},
		{"WHSEC_0123456789", "…6789"},
	} {
		if got := secretOf(t, c.secret).Masked(); got != c.want {
			t.Errorf("%q: %q, want %q", c.secret, got, c.want)
		}
	}
	if got := (signature.Secret{}).Masked(); got != "…" {
		t.Errorf("no secret: %q", got)
	}
}

func TestNewSecret(t *testing.T) {
	if s, err := signature.NewSecret(""); err == nil || !s.IsZero() {
		t.Error("an empty secret was taken")
	}
	for _, text := range []string{" ", "a\n", "\x00", "\xff", "whsec_"} {
		if s := secretOf(t, text); s.Reveal() != text || s.IsZero() {
			t.Errorf("%q became %q", text, s.Reveal())
		}
	}
}

func TestGenerateSecret(t *testing.T) {
	a, b := signature.GenerateSecret().Reveal(), signature.GenerateSecret().Reveal()
	if a == b {
		t.Errorf("%q came twice", a)
	}
	if !strings.HasPrefix(a, signature.SecretPrefix) || len(a) != len(signature.SecretPrefix)+43 || strings.ContainsAny(a, "+/=") {
		t.Errorf("%q isn't whsec_ and 32 bytes in base64url", a)
	}
}
