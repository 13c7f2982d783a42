package signature

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
)

// SecretPrefix begins every secret that solatis generates. It is part of the secret:
// the whole string is the key.
const SecretPrefix = "whsec_"

// Secret is a webhook's signing secret. However it is printed it shows as
// "[redacted]"; Reveal and Masked are the only ways to its text, so that a search for
// them finds every place where a secret can come out.
type Secret struct{ text string }

// NewSecret takes a secret as the user gave it, byte for byte. An empty one is
// refused: HMAC would accept it and every signature would look plausible.
func NewSecret(text string) (Secret, error) {
	if text == "" {
		return Secret{}, errors.New("the signing secret is empty")
	}
	return Secret{text}, nil
}

// GenerateSecret returns a new secret: "whsec_" and 32 random bytes in base64url
// without padding.
func GenerateSecret() Secret {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return Secret{SecretPrefix + base64.RawURLEncoding.EncodeToString(b[:])}
}

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

// Masked returns enough of the secret to recognise it and too little to use it, such
// as "whsec_…1f3a". Secrets of fewer than 16 characters show nothing of themselves.
func (s Secret) Masked() string {
	if len(s.text) < 16 {
		return "…"
	}
	prefix := ""
	if strings.HasPrefix(s.text, SecretPrefix) {
		prefix = SecretPrefix
	}
	return prefix + "…" + s.text[len(s.text)-4:]
}

const redacted = "[redacted]"

// String, GoString and MarshalText keep a secret out of logs, errors and JSON.
func (s Secret) String() string { return redacted }

// GoString is what %#v prints.
func (s Secret) GoString() string { return redacted }

// MarshalText is what encoders write.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
