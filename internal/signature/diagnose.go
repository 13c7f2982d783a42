package signature

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
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
	value := e.Values[0]
	if len(e.Values) > 1 {
		d.Causes = append(d.Causes, Cause{ID: SeveralHeaders})
		if best, ok := e.rightOne(); ok {
			value = best
		}
	}
	form, given := readHeader(value)
	d.Causes = append(d.Causes, form...)
	s := search{Evidence: e, given: given, budget: hashBudget}
	switch found, ok := s.run(); {
	case ok:
		d.Causes = append(d.Causes, found...)
	case s.cutShort(strings.TrimSpace(value)):
		d.Causes = []Cause{{ID: CutShort}}
	default:
		d.Causes = append(d.Causes, Cause{ID: Unknown})
	}
	return d
}

// rightOne returns the value that verifies, of several.
func (e Evidence) rightOne() (string, bool) {
	for _, v := range e.Values {
		if Verify(e.Secret, e.Body, []string{v}) == Valid {
			return v, true
		}
	}
	return "", false
}

// prefixes are what other schemes put before the digits.
var prefixes = []string{"sha256=", "sha256:", "hmac-sha256=", "v1=", "v1,", "sha1=", "sha512="}

// readHeader undoes what can be wrong with the form of a header, and returns what that was
// and the digest; nil where it is none.
func readHeader(value string) (form []Cause, digest []byte) {
	text := strings.TrimSpace(value)
	if unquoted := strings.Trim(text, `"'`); unquoted != text {
		form, text = append(form, Cause{ID: QuotedHeader}), unquoted
	}
	for _, prefix := range prefixes {
		if rest, ok := cutPrefixFold(text, prefix); ok && rest != "" {
			form, text = append(form, Cause{ID: PrefixedHeader, Detail: prefix}), rest
			break
		}
	}
	if b, err := hex.DecodeString(text); err == nil && isDigest(b) {
		if strings.ToLower(text) != text {
			form = append(form, Cause{ID: UpperCase})
		}
		return form, b
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := encoding.DecodeString(text); err == nil && isDigest(b) {
			return append(form, Cause{ID: Base64}), b
		}
	}
	return form, nil
}

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
	hashBudget   = 64 << 20
	rewriteBound = 1 << 20
)

// search looks for what was signed, with which key and how.
type search struct {
	Evidence
	given  []byte // the digest; nil for none
	budget int
}

// message is a text that may have been signed in the place of the body.
type message struct {
	cause *Cause // nil for the body itself
	text  []byte
}

// key is a key that may have been signed with in the place of the secret.
type key struct {
	cause *Cause
	text  []byte
}

// run tries each change by itself, and then those of the body with those of the secret.
func (s *search) run() ([]Cause, bool) {
	if s.given == nil {
		return nil, false
	}
	secret := key{text: []byte(s.Secret.text)}
	body := message{text: s.Body}
	messages, keys := s.messages(), s.keys()
	for _, m := range append([]message{body}, messages...) {
		if found, ok := s.try(m, secret); ok {
			return found, true
		}
	}
	for _, k := range keys {
		if found, ok := s.try(body, k); ok {
			return found, true
		}
	}
	for _, m := range messages {
		for _, k := range keys {
			if found, ok := s.try(m, k); ok {
				return found, true
			}
		}
	}
	return nil, false
}

// try hashes a message with a key in every way that gives a digest of the given length.
func (s *search) try(m message, k key) ([]Cause, bool) {
	for _, way := range ways {
		if way.size != len(s.given) {
			continue
		}
		if s.budget -= len(m.text) + len(k.text) + 256; s.budget < 0 {
			return nil, false
		}
		if !bytes.Equal(way.digest(k.text, m.text), s.given) {
			continue
		}
		var found []Cause
		for _, c := range []*Cause{m.cause, k.cause, way.cause} {
			if c != nil {
				found = append(found, *c)
			}
		}
		return found, true
	}
	return nil, false
}

// cutShort reports whether value is the beginning of the right signature.
func (s *search) cutShort(value string) bool {
	const enough = 16 // digits, which nobody gets right by chance
	return len(value) >= enough && strings.HasPrefix(Sign(s.Secret, s.Body), value)
}

// ways are how a key and a message can become a digest.
var ways = []struct {
	size   int
	cause  *Cause
	digest func(key, message []byte) []byte
}{
	{sha256.Size, nil, mac(sha256.New)},
	{sha256.Size, &Cause{ID: KeyAndMessage}, func(k, m []byte) []byte { return mac(sha256.New)(m, k) }},
	{sha256.Size, &Cause{ID: NoHMAC}, func(k, m []byte) []byte { return sum256(m) }},
	{sha256.Size, &Cause{ID: NoHMAC}, func(k, m []byte) []byte { return sum256(slices.Concat(k, m)) }},
	{sha256.Size, &Cause{ID: NoHMAC}, func(k, m []byte) []byte { return sum256(slices.Concat(m, k)) }},
	{sha1.Size, &Cause{ID: OtherHash, Detail: "SHA-1"}, mac(sha1.New)},
	{sha512.Size, &Cause{ID: OtherHash, Detail: "SHA-512"}, mac(sha512.New)},
}

func mac(h func() hash.Hash) func(key, message []byte) []byte {
	return func(key, message []byte) []byte {
		m := hmac.New(h, key)
		m.Write(message)
		return m.Sum(nil)
	}
}

func sum256(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// messages are the texts that are signed by mistake, the likeliest first: other ends, other
// line ends, a byte order mark, the same JSON written by somebody, and its data alone.
func (s *search) messages() []message {
	var all []message
	add := func(id CauseID, detail string, text []byte) {
		if text == nil || bytes.Equal(text, s.Body) || slices.ContainsFunc(all, func(m message) bool { return bytes.Equal(m.text, text) }) {
			return
		}
		all = append(all, message{&Cause{ID: id, Detail: detail}, text})
	}
	trimmed := bytes.TrimRight(s.Body, "\r\n")
	add(NewlineTaken, "", trimmed)
	add(NewlineAdded, "\\n", slices.Concat(s.Body, []byte("\n")))
	add(NewlineAdded, "\\r\\n", slices.Concat(s.Body, []byte("\r\n")))
	add(NewlineTaken, "", slices.Concat(trimmed, []byte("\n")))
	add(LineEnds, "", bytes.ReplaceAll(s.Body, []byte("\r\n"), []byte("\n")))
	add(LineEnds, "", bytes.ReplaceAll(bytes.ReplaceAll(s.Body, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")))
	const mark = "\ufeff"
	add(ByteOrderMark, "", bytes.TrimPrefix(s.Body, []byte(mark)))
	add(ByteOrderMark, "", slices.Concat([]byte(mark), s.Body))
	add(EmptyBody, "", []byte{})
	if len(s.Body) <= rewriteBound {
		s.rewritten(add)
	}
	return all
}

// rewritten adds what writers make of the body, and of its data.
func (s *search) rewritten(add func(CauseID, string, []byte)) {
	body := bytes.TrimPrefix(s.Body, []byte("\ufeff"))
	n, err := parseJSON(body)
	if err != nil {
		return
	}
	var data struct {
		Data json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(body, &data)
	add(DataOnly, "", data.Data)
	var parts []*node
	for i, k := range n.keys {
		if n.kind == '{' && string(k) == "data" {
			parts = append(parts, n.values[i])
		}
	}
	for _, w := range writers {
		text := w.write(n)
		add(Rewritten, w.name, text)
		add(Rewritten, w.name+", with a newline at the end", slices.Concat(text, []byte("\n")))
		for _, part := range parts {
			add(DataOnly, w.name, w.write(part))
		}
	}
	add(Rewritten, goWriter, goMarshal(body))
}

// keys are what is taken for the secret by mistake.
func (s *search) keys() []key {
	var all []key
	add := func(id CauseID, detail, text string) {
		if text != s.Secret.text && !slices.ContainsFunc(all, func(k key) bool { return string(k.text) == text }) {
			all = append(all, key{&Cause{ID: id, Detail: detail}, []byte(text)})
		}
	}
	secret := s.Secret.text
	for _, other := range s.Others {
		add(OtherSecret, other.Name, other.Secret.text)
	}
	trimmed := strings.TrimSpace(secret)
	for _, text := range []string{trimmed, secret + "\n", secret + "\r\n", secret + "\r", secret + " ", " " + secret, secret + "\t"} {
		add(SecretBlanks, "", text)
	}
	for _, text := range []string{strings.Trim(trimmed, `"'`), `"` + secret + `"`, "'" + secret + "'", "`" + secret + "`", `"` + secret + "\"\n"} {
		add(SecretQuotes, "", text)
	}
	bare := strings.TrimPrefix(secret, SecretPrefix)
	add(SecretPrefixCut, "", bare)
	for _, text := range []string{secret, bare} {
		if b, err := hex.DecodeString(text); err == nil {
			add(SecretDecoded, "hex", string(b))
		}
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if b, err := encoding.DecodeString(text); err == nil {
				add(SecretDecoded, "base64", string(b))
			}
		}
	}
	add(SecretEmpty, "", "")
	return all
}
