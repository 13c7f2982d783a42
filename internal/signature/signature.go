// Package signature signs and verifies webhooks the way Solatis does.
//
// The X-Solatis-Signature header holds the lower-case hex of HMAC-SHA256 over the
// raw body, keyed with the secret's UTF-8 bytes (the provider's guide, "How
// Signatures Work"). The scheme has no timestamp, so a captured request stays valid
// for ever: receivers have to remember event ids.
//
// Verification answers with a Verdict rather than an error, since a bad signature is
// something to record and show, not a failure of the program.
package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// HeaderName is the header that carries the signature, in canonical form.
const HeaderName = "X-Solatis-Signature"

// Verdict is what a verification found.
type Verdict string

// The verdicts. Only Valid means that the sender knew the secret.
const (
	Valid     Verdict = "valid"
	Missing   Verdict = "missing"     // no signature header, or an empty one
	Several   Verdict = "several"     // more than one header value; which one counts would be a guess
	Malformed Verdict = "malformed"   // not 64 lower-case hex digits
	Mismatch  Verdict = "mismatch"    // well formed, but not of this body and secret
	Unchecked Verdict = "not checked" // verification is off
)

// OK reports whether a request with this verdict may pass a strict check.
func (v Verdict) OK() bool { return v == Valid || v == Unchecked }

// Explain says in a few words what the verdict means to the developer.
func (v Verdict) Explain() string {
	switch v {
	case Valid:
		return "signature valid"
	case Missing:
		return "no " + HeaderName + " header"
	case Several:
		return "more than one " + HeaderName + " header"
	case Malformed:
		return "signature is not 64 lower-case hex digits"
	case Mismatch:
		return "signature does not match body and secret"
	default:
		return "signature not checked"
	}
}

// Sign returns the signature of body: 64 lower-case hex digits.
func Sign(secret Secret, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.text))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Verify holds the values of the signature header against the body. Exactly one
// value is accepted; the comparison takes constant time.
func Verify(secret Secret, body []byte, values []string) Verdict {
	switch {
	case len(values) == 0 || len(values) == 1 && strings.TrimSpace(values[0]) == "":
		return Missing
	case len(values) > 1:
		return Several
	case !wellFormed(values[0]):
		return Malformed
	case !hmac.Equal([]byte(values[0]), []byte(Sign(secret, body))):
		return Mismatch
	}
	return Valid
}

func wellFormed(s string) bool {
	if len(s) != hex.EncodedLen(sha256.Size) {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}
