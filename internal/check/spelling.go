package check

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// spelling are the probes that send JSON as few serialisers write it. All of it means
// what it would mean otherwise; only a signature taken over anything but the bytes that
// came finds a difference.
var spelling = []Probe{
	spelled("raw-white-space", "takes white space in odd places", "an event with blanks, tabs and line breaks between all tokens, and around the whole",
		groundType, func(e fields) []byte { return spaced(e.body()) }),
	spelled("raw-key-order", "takes keys in any order", "an event with its fields in reverse order, and numbers as keys, which JavaScript would sort",
		groundType, func(e fields) []byte {
			data := fieldsOf(e.get("data")).with("extracted_fields", []byte(`{"party":"Client LLC","10":"tenth","9":"ninth"}`))
			return e.with("data", data.reversed().body()).reversed().body()
		}),
	spelled("raw-escapes", "takes escapes that no serialiser would write", `an event with \u0041 for A, \/ for / and \u00e9 for é`,
		groundType, func(e fields) []byte {
			return escaped(e.withData("summary", text("Agreed as in https://acme.example/terms/é: \"net 30\"")).body())
		}),
	spelled("raw-numbers", "takes numbers as they are written", "an event with the numbers 1.0, 1e2, 0.50, -0 and 12345678901234567890",
		groundType, func(e fields) []byte {
			odd := `{"share":1.0,"fee":1e2,"rate":0.50,"change":-0,"reference":12345678901234567890}`
			return e.withData("extracted_fields", []byte(odd)).body()
		}),
	spelled("raw-non-ascii", "takes text beyond ASCII", "an event with accents, Chinese, an emoji and a line separator (U+2028) as UTF-8",
		groundType, func(e fields) []byte {
			return e.withData("summary", []byte("\"Überprüfung – 契約書 🚀 \u2028 naïve\"")).body()
		}),
	spelled("raw-large", "takes a transcript of 1 MiB", "an event with a transcript of 1 MiB",
		"transcription.completed", func(e fields) []byte {
			return e.withData("transcript", text(transcript)).body()
		}),
}

// transcript is 1 MiB of text.
var transcript = strings.Repeat("Speaker 1: Good morning, everyone. ", 1<<20/35+1)[:1<<20]

// spelled is a probe that sends an event of a type, written by write.
func spelled(id, title, sends, typ string, write func(fields) []byte) Probe {
	return Probe{
		ID: id, Title: title, Sends: sends, Load: Load{Genuine: 1}, ground: required,
		run: func(ctx context.Context, r *runner) finding {
			return judge(r.sendGenuine(ctx, write(r.newEvent(r.typeOr(ctx, typ)))), takenWrong)
		},
		causes: spellingCauses[id],
	}
}

// spaced puts white space around every token of a JSON text.
func spaced(body []byte) []byte {
	odd := []string{" ", "\t", "\n", "\r\n", "  "}
	var b []byte
	inString := false
	for i := 0; i < len(body); i++ {
		c := body[i]
		structural := !inString && strings.IndexByte("{}[],:", c) >= 0
		if structural {
			b = append(b, odd[i%len(odd)]...)
		}
		b = append(b, c)
		switch {
		case c == '\\' && inString:
			i++
			b = append(b, body[i])
		case c == '"':
			inString = !inString
		case structural:
			b = append(b, odd[(i+2)%len(odd)]...)
		}
	}
	return b
}

// escaped writes every text value with needless escapes. Names of fields stay as they
// are, and so do times: Go's time.Time doesn't understand escapes, which is no mistake
// of the handler's.
func escaped(body []byte) []byte {
	value := json.RawMessage(body)
	switch {
	case body[0] == '{':
		f := fieldsOf(body)
		for i := range f {
			f[i].value = escaped(f[i].value)
		}
		return f.body()
	case body[0] == '[':
		var list []json.RawMessage
		must(0, json.Unmarshal(body, &list))
		var b []string
		for _, element := range list {
			b = append(b, string(escaped(element)))
		}
		return []byte("[" + strings.Join(b, ",") + "]")
	case body[0] == '"':
		var s string
		must(0, json.Unmarshal(body, &s))
		return escapedText(s)
	}
	return value
}

func escapedText(s string) []byte {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '/':
			b.WriteString(`\/`)
		case i == 0 && !unicode.IsDigit(r) || r >= utf8.RuneSelf || r < ' ' || r == '"' || r == '\\':
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return []byte(b.String())
}
