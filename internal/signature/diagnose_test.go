package signature_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/signature"
	"pgregory.net/rapid"
)

const (
	secretText = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"
	bodyText   = `{"id":"evt_1","event":"task.created","created_at":"2026-01-01T00:00:00Z","data":{"b":1.0,"a":"é/\u00e9","10":1e2,"2":12345678901234567890}}`
)

// signed is the hex of an HMAC of any kind.
func signed(h func() hash.Hash, key, body string) string {
	m := hmac.New(h, []byte(key))
	m.Write([]byte(body))
	return hex.EncodeToString(m.Sum(nil))
}

func sha(key, body string) string { return signed(sha256.New, key, body) }

func base(hexDigits string) string {
	b, _ := hex.DecodeString(hexDigits)
	return base64.StdEncoding.EncodeToString(b)
}

func plain(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestDiagnose has each cause, and some of them together.
func TestDiagnose(t *testing.T) {
	const (
		script = `{"id":"evt_1","event":"task.created","created_at":"2026-01-01T00:00:00Z","data":{"2":12345678901234567000,"10":100,"b":1,"a":"é/é"}}`
		python = `{"id": "evt_1", "event": "task.created", "created_at": "2026-01-01T00:00:00Z", "data": {"b": 1.0, "a": "\u00e9/\u00e9", "10": 100.0, "2": 12345678901234567890}}`
	)
	right, decoded := sha(secretText, bodyText), "12345678901234567890123456789012"
	for name, c := range map[string]struct {
		values []string
		body   string
		want   string
	}{
		"right":                        {[]string{right}, bodyText, "valid []"},
		"none":                         {nil, bodyText, "missing [no-header]"},
		"an empty one":                 {[]string{""}, bodyText, "missing [no-header]"},
		"twice":                        {[]string{right, right}, bodyText, "several [several-headers]"},
		"twice, one right":             {[]string{plain("x"), right}, bodyText, "several [several-headers]"},
		"twice, none right":            {[]string{plain("x"), plain("y")}, bodyText, "several [several-headers unknown]"},
		"quoted":                       {[]string{`"` + right + `"`}, bodyText, "malformed [quoted-header]"},
		"prefixed":                     {[]string{"sha256=" + right}, bodyText, "malformed [prefixed-header (sha256=)]"},
		"upper case":                   {[]string{strings.ToUpper(right)}, bodyText, "malformed [upper-case]"},
		"base64":                       {[]string{base(right)}, bodyText, "malformed [base64]"},
		"cut short":                    {[]string{right[:40]}, bodyText, "malformed [cut-short]"},
		"JSON.stringify":               {[]string{sha(secretText, script)}, bodyText, "mismatch [rewritten-body (JavaScript's JSON.stringify)]"},
		"json.dumps":                   {[]string{sha(secretText, python)}, bodyText, "mismatch [rewritten-body (Python's json.dumps)]"},
		"was pretty, signed compact":   {[]string{sha(secretText, `{"a":1}`)}, "{\n  \"a\": 1\n}", "mismatch [rewritten-body (JavaScript's JSON.stringify)]"},
		"a newline signed":             {[]string{sha(secretText, bodyText+"\n")}, bodyText, `mismatch [newline-signed (\n)]`},
		"a newline sent":               {[]string{right}, bodyText + "\n", "mismatch [newline-sent]"},
		"CRLF sent for LF":             {[]string{sha(secretText, "{\n}")}, "{\r\n}", "mismatch [line-ends]"},
		"a byte order mark":            {[]string{sha(secretText, "\ufeff"+bodyText)}, bodyText, "mismatch [byte-order-mark]"},
		"nothing signed":               {[]string{sha(secretText, "")}, bodyText, "mismatch [empty-body]"},
		"data alone":                   {[]string{sha(secretText, `{"b":1}`)}, `{"data":{"b":1}}`, "mismatch [data-only]"},
		"another profile":              {[]string{sha("other", bodyText)}, bodyText, "mismatch [other-secret (work)]"},
		"a blank behind the secret":    {[]string{sha(secretText+"\n", bodyText)}, bodyText, "mismatch [secret-blanks]"},
		"quotes round the secret":      {[]string{sha(`"`+secretText+`"`, bodyText)}, bodyText, "mismatch [secret-quotes]"},
		"the prefix cut":               {[]string{sha(secretText[6:], bodyText)}, bodyText, "mismatch [secret-prefix]"},
		"the secret decoded":           {[]string{sha(decoded, bodyText)}, bodyText, "mismatch [secret-decoded (base64)]"},
		"no secret":                    {[]string{sha("", bodyText)}, bodyText, "mismatch [secret-empty]"},
		"key and message":              {[]string{sha(bodyText, secretText)}, bodyText, "mismatch [key-and-message]"},
		"no HMAC":                      {[]string{plain(secretText + bodyText)}, bodyText, "mismatch [no-hmac]"},
		"SHA-1":                        {[]string{signed(sha1.New, secretText, bodyText)}, bodyText, "malformed [other-hash (SHA-1)]"},
		"SHA-512":                      {[]string{signed(sha512.New, secretText, bodyText)}, bodyText, "malformed [other-hash (SHA-512)]"},
		"prefix and newline":           {[]string{"sha256=" + sha(secretText, bodyText+"\n")}, bodyText, `malformed [prefixed-header (sha256=) newline-signed (\n)]`},
		"base64, rewritten, other one": {[]string{base(sha("other", script))}, bodyText, "malformed [base64 rewritten-body (JavaScript's JSON.stringify) other-secret (work)]"},
		"another one in upper case":    {[]string{strings.ToUpper(plain("x"))}, bodyText, "malformed [upper-case unknown]"},
		"blanks round it":              {[]string{" " + right + "\n"}, bodyText, "malformed [header-blanks]"},
		"twice in one":                 {[]string{right + ", " + right}, bodyText, "malformed [several-headers]"},
		"prefix, cut short":            {[]string{"sha256=" + strings.ToUpper(right[:40])}, bodyText, "malformed [prefixed-header (sha256=) upper-case cut-short]"},
		"Data alone, in upper case":    {[]string{sha(secretText, `{"b":1}`)}, `{"Data":{"b":1}}`, "mismatch [unknown]"},
		"something else":               {[]string{plain("x")}, bodyText, "mismatch [unknown]"},
		"no digest":                    {[]string{"t=1,v1=abc"}, bodyText, "malformed [unknown]"},
		"a body that is no JSON":       {[]string{plain("x")}, "\x00{", "mismatch [unknown]"},
		"a body that is nested deep":   {[]string{plain("x")}, strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "mismatch [unknown]"},
	} {
		d := diagnose(c.body, c.values...)
		if got := fmt.Sprint(d.Verdict, " ", d.Causes); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		for _, cause := range d.Causes {
			if text := cause.Explain(); text == "" || strings.Contains(text, "%") || cause.Fix() == (signature.Fix{}) {
				t.Errorf("%s: %v is explained by %q, %v", name, cause, text, cause.Fix())
			}
		}
		if strings.Contains(d.Summary(), secretText[8:]) {
			t.Errorf("%s: the secret stands in %q", name, d.Summary())
		}
	}
}

func diagnose(body string, values ...string) signature.Diagnosis {
	secret, _ := signature.NewSecret(secretText)
	other, _ := signature.NewSecret("other")
	return signature.Diagnose(signature.Evidence{
		Body: []byte(body), Values: values, Secret: secret, Others: []signature.Named{{Name: "work", Secret: other}},
	})
}

// TestNoWrongCause changes a body or a signature at random: a cause is named only if the
// signature is right without it, and random damage has none.
func TestNoWrongCause(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(bodyText)
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			i := rapid.IntRange(0, len(body)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				body[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			case 1:
				body = slices.Delete(body, i, i+1)
			case 2:
				body = slices.Insert(body, i, rapid.Byte().Draw(t, "byte"))
			}
		}
		d := diagnose(string(body), sha(secretText, bodyText))
		if bytes.Equal(body, []byte(bodyText)) {
			return
		}
		// What is left of a body without its blanks, or its line end, may be what was
		// signed. All else is unknown.
		right := map[signature.CauseID]bool{
			signature.Unknown:      true,
			signature.Rewritten:    withoutBlanks(body) == bodyText,
			signature.NewlineTaken: strings.TrimRight(string(body), "\r\n") == bodyText,
		}
		for _, c := range d.Causes {
			if !right[c.ID] {
				t.Fatalf("%q is diagnosed as %v", body, d.Causes)
			}
		}
	})
}

// withoutBlanks returns JSON without the blanks between its tokens, or "" for what is none.
func withoutBlanks(body []byte) string {
	var b bytes.Buffer
	if json.Compact(&b, body) != nil {
		return ""
	}
	return b.String()
}

// TestLargeBodiesAreDiagnosed has the largest body that a relay takes: the likeliest causes
// are found, and where not everything could be tried, that is said.
func TestLargeBodiesAreDiagnosed(t *testing.T) {
	body := strings.Repeat("x", 32<<20)
	for value, want := range map[string]string{
		sha(secretText, body+"\n"): `[newline-signed (\n)]`,
		sha("other", body):         "[other-secret (work)]",
		sha(secretText+"\n", body): "[secret-blanks]",
		plain("x"):                 "[unknown (; the body is so large that not everything was tried)]",
	} {
		if got := fmt.Sprint(diagnose(body, value).Causes); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func FuzzDiagnose(f *testing.F) {
	f.Add(bodyText, sha(secretText, bodyText))
	f.Add(`{"a":[1,{"b":"\ud800\u0000"}],"a":-0}`, "sha256="+plain("x"))
	f.Add("\ufeff{\"data\":[]}\r\n", base(plain("x")))
	f.Add(bodyText, " "+sha(secretText, bodyText))
	f.Add(`{"data":1e400,"__proto__":{},"1":0,"0":0}`, "")
	f.Fuzz(func(t *testing.T, body, value string) {
		d := diagnose(body, value)
		if (d.Verdict == signature.Valid) != (len(d.Causes) == 0) {
			t.Fatalf("%v with the causes %v", d.Verdict, d.Causes)
		}
	})
}
