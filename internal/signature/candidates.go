package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// messages are the texts that are signed by mistake, the likeliest first: other ends, a byte
// order mark, the same JSON written by somebody, its data alone, other line ends. Those of
// a large body share its memory.
func (s *search) messages() []message {
	var all []message
	add := func(id CauseID, detail string, text ...[]byte) {
		all = append(all, message{&Cause{ID: id, Detail: detail}, text})
	}
	body, end := s.Body, []byte("\n")
	trimmed := bytes.TrimRight(body, "\r\n")
	add(NewlineAdded, "\\n", body, end)
	if len(trimmed) < len(body) {
		add(NewlineTaken, "", trimmed)
		add(NewlineTaken, "", trimmed, end)
	}
	if len(body) <= rewriteBound {
		all = append(all, s.rewritten()...)
	}
	add(NewlineAdded, "\\r\\n", body, []byte("\r\n"))
	if mark := []byte("\ufeff"); bytes.HasPrefix(body, mark) {
		add(ByteOrderMark, "", body[len(mark):])
	} else {
		add(ByteOrderMark, "", mark, body)
	}
	add(EmptyBody, "")
	if len(body) <= rewriteBound {
		lines := bytes.ReplaceAll(body, []byte("\r\n"), end)
		add(LineEnds, "", lines)
		add(LineEnds, "", bytes.ReplaceAll(lines, end, []byte("\r\n")))
	}
	return all
}

// rewritten are what writers make of the body, and of its data.
func (s *search) rewritten() (all []message) {
	body := bytes.TrimPrefix(s.Body, []byte("\ufeff"))
	n, err := parseJSON(body)
	if err != nil {
		return nil
	}
	seen := map[string]bool{string(s.Body): true}
	add := func(id CauseID, detail string, text []byte) {
		if text != nil && !seen[string(text)] {
			seen[string(text)] = true
			all = append(all, message{&Cause{ID: id, Detail: detail}, [][]byte{text}})
		}
	}
	for _, w := range writers {
		text := w.write(n)
		add(Rewritten, w.name, text)
		add(Rewritten, w.name+", with a newline at the end", slices.Concat(text, []byte("\n")))
	}
	add(Rewritten, goWriter, goMarshal(body))
	for i, k := range n.keys {
		if n.kind != '{' || string(k) != "data" {
			continue
		}
		add(DataOnly, "", n.values[i].raw)
		for _, w := range writers {
			add(DataOnly, w.name, w.write(n.values[i]))
		}
	}
	return all
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
