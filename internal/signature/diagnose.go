package signature

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
)

// Evidence is what a diagnosis goes by.
type Evidence struct {
	Body   []byte
	Values []string // of the signature header, in their order
	Secret Secret
	Others []Named // other secrets that are known, such as those of other profiles
}

// Named is a secret with the name under which it is known.
type Named struct {
	Name   string
	Secret Secret
}

// Diagnosis says why a signature doesn't verify.
type Diagnosis struct {
	Verdict Verdict
	// Causes are all that has to be mended: with all of them undone the signature is
	// right, but for an Unknown, which stands last. None where the verdict is Valid.
	Causes []Cause
}

// Diagnose verifies, and explains a signature that isn't right. It undoes, one after the
// other and then in pairs, what people really get wrong, and names a cause only where the
// signature is right without it, or where it can be seen in the header itself. Otherwise
// it says Unknown.
//
// The work is bounded: larger bodies are tried with fewer variants.
func Diagnose(e Evidence) Diagnosis {
	d := Diagnosis{Verdict: Verify(e.Secret, e.Body, e.Values)}
	if d.Verdict == Valid {
		return d
	}
	if d.Verdict == Missing {
		d.Causes = []Cause{{ID: NoHeader}}
		return d
	}
	values := e.Values
	if len(values) == 1 {
		values = joined(values[0])
	}
	value := values[0]
	if len(values) > 1 {
		d.Causes = append(d.Causes, Cause{ID: SeveralHeaders})
		value = e.best(values)
	}
	form, text, given := readHeader(value)
	d.Causes = append(d.Causes, form...)
	s := search{Evidence: e, given: given, budget: hashBudget}
	found, ok := s.run()
	switch {
	case ok:
		d.Causes = append(d.Causes, found...)
	case s.cutShort(text):
		d.Causes = append(d.Causes, Cause{ID: CutShort})
	case s.budget < 0:
		d.Causes = append(d.Causes, Cause{Unknown, "; the body is so large that not everything was tried"})
	default:
		d.Causes = append(d.Causes, Cause{ID: Unknown})
	}
	return d
}

// joined takes apart what a header sent twice becomes where something joins its values.
func joined(value string) []string {
	parts := strings.Split(value, ",")
	if len(parts) == 1 {
		return parts
	}
	for i, part := range parts {
		if parts[i] = strings.TrimSpace(part); !wellFormed(parts[i]) {
			return []string{value}
		}
	}
	return parts
}

// best returns the value that verifies, or the first one.
func (e Evidence) best(values []string) string {
	for _, v := range values {
		if Verify(e.Secret, e.Body, []string{v}) == Valid {
			return v
		}
	}
	return values[0]
}

// prefixes are what other schemes put before the digits.
var prefixes = []string{"sha256=", "sha256:", "hmac-sha256=", "v1=", "v1,", "sha1=", "sha512="}

// readHeader undoes what can be wrong with the form of a header. It returns what that was,
// what is left, and the digest, which is nil where it is none.
func readHeader(value string) (form []Cause, text string, digest []byte) {
	if text = strings.TrimSpace(value); text != value {
		form = append(form, Cause{ID: HeaderBlanks})
	}
	if unquoted := strings.Trim(text, `"'`); unquoted != text {
		form, text = append(form, Cause{ID: QuotedHeader}), unquoted
	}
	for _, prefix := range prefixes {
		if rest, ok := cutPrefixFold(text, prefix); ok && rest != "" {
			form, text = append(form, Cause{ID: PrefixedHeader, Detail: prefix}), rest
			break
		}
	}
	b, err := hex.DecodeString(text)
	if lower := strings.ToLower(text); err == nil && lower != text && len(text) >= recognisable {
		form, text = append(form, Cause{ID: UpperCase}), lower
	}
	if err == nil && isDigest(b) {
		return form, text, b
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := encoding.DecodeString(text); err == nil && isDigest(b) {
			return append(form, Cause{ID: Base64}), text, b
		}
	}
	return form, text, nil
}

// recognisable is how many hex digits nobody gets right by chance.
const recognisable = 16

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func isDigest(b []byte) bool {
	return len(b) == sha1.Size || len(b) == sha256.Size || len(b) == sha512.Size
}

// hashBudget bounds what is hashed for one diagnosis, in bytes, and rewriteBound the
// bodies that are parsed and written again.
const (
	hashBudget   = 256 << 20
	rewriteBound = 1 << 20
)

// search looks for what was signed, with which key and how.
type search struct {
	Evidence
	given  []byte // the digest; nil for none
	budget int    // below 0 once it is used up
}

// message is a text, in pieces, that may have been signed in the place of the body.
type message struct {
	cause *Cause // nil for the body itself
	text  [][]byte
}

// key is a key that may have been used in the place of the secret.
type key struct {
	cause *Cause
	text  []byte
}

// run tries each change by itself, the likely ones first, and then the changes of the body
// together with those of the secret.
func (s *search) run() ([]Cause, bool) {
	if s.given == nil {
		return nil, false
	}
	body, secret := message{text: [][]byte{s.Body}}, key{text: []byte(s.Secret.text)}
	messages, keys := s.messages(), s.keys()
	if found, ok := s.try(body, secret, proper); ok {
		return found, true
	}
	for i := range max(len(messages), len(keys)) {
		if i < len(messages) {
			if found, ok := s.try(messages[i], secret, proper); ok {
				return found, true
			}
		}
		if i < len(keys) {
			if found, ok := s.try(body, keys[i], proper); ok {
				return found, true
			}
		}
	}
	return s.both(append([]message{body}, messages...), append([]key{secret}, keys...))
}

// both tries all pairs, and the improper ways too.
func (s *search) both(messages []message, keys []key) ([]Cause, bool) {
	for _, ways := range [][]way{improper, proper} {
		for _, m := range messages {
			for _, k := range keys {
				if found, ok := s.try(m, k, ways); ok {
					return found, true
				}
			}
		}
	}
	return nil, false
}

// try hashes a message with a key in every one of the ways that gives a digest of the
// given length.
func (s *search) try(m message, k key, ways []way) ([]Cause, bool) {
	for _, w := range ways {
		if w.size != len(s.given) || s.budget < 0 {
			continue
		}
		s.budget -= len(k.text) + 256
		for _, piece := range m.text {
			s.budget -= len(piece)
		}
		if s.budget < 0 || !bytes.Equal(w.digest(k.text, m.text), s.given) {
			continue
		}
		var found []Cause
		for _, c := range []*Cause{m.cause, k.cause, w.cause} {
			if c != nil {
				found = append(found, *c)
			}
		}
		return found, true
	}
	return nil, false
}

// cutShort reports whether text is the beginning of the right signature.
func (s *search) cutShort(text string) bool {
	return len(text) >= recognisable && strings.HasPrefix(Sign(s.Secret, s.Body), text)
}

// way is how a key and a message can become a digest.
type way struct {
	size   int
	cause  *Cause
	digest func(key []byte, message [][]byte) []byte
}

// The ways: that of the guide, and what stands in its place. HMACs of another hash give a
// digest of another length, so they cost nothing to try at once.
var (
	proper = []way{
		{sha256.Size, nil, mac(sha256.New)},
		{sha1.Size, &Cause{ID: OtherHash, Detail: "SHA-1"}, mac(sha1.New)},
		{sha512.Size, &Cause{ID: OtherHash, Detail: "SHA-512"}, mac(sha512.New)},
	}
	improper = []way{
		{sha256.Size, &Cause{ID: KeyAndMessage}, func(k []byte, m [][]byte) []byte { return mac(sha256.New)(bytes.Join(m, nil), [][]byte{k}) }},
		{sha256.Size, &Cause{ID: NoHMAC}, func(_ []byte, m [][]byte) []byte { return plainHash(m...) }},
		{sha256.Size, &Cause{ID: NoHMAC}, func(k []byte, m [][]byte) []byte { return plainHash(append([][]byte{k}, m...)...) }},
		{sha256.Size, &Cause{ID: NoHMAC}, func(k []byte, m [][]byte) []byte { return plainHash(append(slices.Clip(m), k)...) }},
	}
)

func mac(h func() hash.Hash) func(key []byte, message [][]byte) []byte {
	return func(key []byte, message [][]byte) []byte {
		m := hmac.New(h, key)
		for _, piece := range message {
			m.Write(piece)
		}
		return m.Sum(nil)
	}
}

func plainHash(pieces ...[]byte) []byte {
	h := sha256.New()
	for _, piece := range pieces {
		h.Write(piece)
	}
	return h.Sum(nil)
}
