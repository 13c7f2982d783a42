package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"strings"
)

// SecretPrefix begins every token, and TokenPrefix every token's id. Scanners for leaked
// secrets find tokens by it.
const (
	SecretPrefix = "slt_"
	TokenPrefix  = "tok_"
)

// secretLength is that of a token's text: the prefix and 32 bytes in base64url.
const secretLength = len(SecretPrefix) + 43

// Secret is a token's text. However it is printed it shows as "[redacted]"; Reveal is
// the only way to it.
type Secret struct{ text string }

// NewSecret takes a token's text as it came from a relay.
func NewSecret(text string) Secret { return Secret{text} }

func generateSecret() Secret {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return Secret{SecretPrefix + base64.RawURLEncoding.EncodeToString(b[:])}
}

// Reveal returns the token itself.
func (s Secret) Reveal() string { return s.text }

const redacted = "[redacted]"

// String, GoString and MarshalText keep a token out of logs, errors and JSON.
func (s Secret) String() string { return redacted }

// GoString is what %#v prints.
func (s Secret) GoString() string { return redacted }

// MarshalText is what encoders write.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// hashOf is what is stored of a token. A fast hash is enough: the token has 256 random
// bits, so nobody who has its hash can try them, as he could with passwords. Finding a
// token by its hash also needs no comparison in constant time: what an index tells by
// its time is about hashes, which nobody can choose.
func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func looksLikeSecret(text string) bool {
	return len(text) == secretLength && strings.HasPrefix(text, SecretPrefix)
}

// lowerHex32 is the "extended hex" alphabet of RFC 4648 section 7 in lower case.
var lowerHex32 = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// newTokenID returns "tok_" and 50 random bits in 10 characters. Nothing of the token
// is in it.
func newTokenID() string {
	var b [10]byte
	rand.Read(b[:])
	return TokenPrefix + lowerHex32.EncodeToString(b[:])[:10]
}
