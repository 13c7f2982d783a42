package signature

import (
	"fmt"
	"strings"
)

// CauseID names a cause, for programs.
type CauseID string

// The causes. docs/signatures.md has them all with their fixes.
const (
	NoHeader        CauseID = "no-header"
	SeveralHeaders  CauseID = "several-headers"
	HeaderBlanks    CauseID = "header-blanks"
	QuotedHeader    CauseID = "quoted-header"
	PrefixedHeader  CauseID = "prefixed-header"
	UpperCase       CauseID = "upper-case"
	Base64          CauseID = "base64"
	CutShort        CauseID = "cut-short"
	Rewritten       CauseID = "rewritten-body"
	NewlineAdded    CauseID = "newline-signed"
	NewlineTaken    CauseID = "newline-sent"
	LineEnds        CauseID = "line-ends"
	ByteOrderMark   CauseID = "byte-order-mark"
	EmptyBody       CauseID = "empty-body"
	DataOnly        CauseID = "data-only"
	OtherSecret     CauseID = "other-secret"
	SecretBlanks    CauseID = "secret-blanks"
	SecretQuotes    CauseID = "secret-quotes"
	SecretPrefixCut CauseID = "secret-prefix"
	SecretDecoded   CauseID = "secret-decoded"
	SecretEmpty     CauseID = "secret-empty"
	KeyAndMessage   CauseID = "key-and-message"
	NoHMAC          CauseID = "no-hmac"
	OtherHash       CauseID = "other-hash"
	Unknown         CauseID = "unknown"
)

// AllCauses lists the causes, those of the header first.
func AllCauses() []CauseID {
	return []CauseID{
		NoHeader, SeveralHeaders, HeaderBlanks, QuotedHeader, PrefixedHeader, UpperCase, Base64,
		CutShort, Rewritten, NewlineAdded, NewlineTaken, LineEnds, ByteOrderMark,
		EmptyBody, DataOnly, OtherSecret, SecretBlanks, SecretQuotes, SecretPrefixCut,
		SecretDecoded, SecretEmpty, KeyAndMessage, NoHMAC, OtherHash, Unknown,
	}
}

// Cause is one thing that is wrong with a signature.
type Cause struct {
	ID     CauseID
	Detail string // such as who wrote the body again; of some causes only, never a secret
}

// Fix says what to do about a cause, in the three languages of docs/handlers.
type Fix struct{ Express, Flask, Go string }

// text is what there is to say of a cause; %s stands for its detail.
type text struct {
	explain string
	fix     Fix
}

// Explain says in one sentence what is wrong.
func (c Cause) Explain() string {
	return strings.ReplaceAll(texts[c.ID].explain, "%s", c.Detail)
}

// Fix returns what to do about it.
func (c Cause) Fix() Fix { return texts[c.ID].fix }

// Summary says in one line what is wrong, "" for a right signature.
func (d Diagnosis) Summary() string {
	var parts []string
	for _, c := range d.Causes {
		parts = append(parts, c.Explain())
	}
	return strings.Join(parts, "; ")
}

// The fixes that several causes share.
var (
	rawBody = Fix{
		Express: "read the body by express.raw({type: 'application/json'}) on this route, before any express.json(), and verify and sign req.body as it is",
		Flask:   "sign and verify request.get_data(), not request.json or json.dumps of it",
		Go:      "io.ReadAll(r.Body) once, sign and verify those bytes, and parse them afterwards",
	}
	lowerHex = Fix{
		Express: "crypto.createHmac('sha256', secret).update(body).digest('hex')",
		Flask:   "hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()",
		Go:      "hex.EncodeToString(mac.Sum(nil))",
	}
	wholeSecret = Fix{
		Express: "createHmac('sha256', process.env.SOLATIS_WEBHOOK_SECRET), the whole text as it was given, whsec_ included",
		Flask:   "hmac.new(os.environ['SOLATIS_WEBHOOK_SECRET'].encode(), …), the whole text as it was given, whsec_ included",
		Go:      "hmac.New(sha256.New, []byte(os.Getenv(\"SOLATIS_WEBHOOK_SECRET\"))), the whole text as it was given, whsec_ included",
	}
	cleanSecret = Fix{
		Express: "correct the secret where it is set (.env takes no blanks around =), or process.env.SOLATIS_WEBHOOK_SECRET.trim()",
		Flask:   "correct the secret where it is set, or os.environ['SOLATIS_WEBHOOK_SECRET'].strip()",
		Go:      "correct the secret where it is set, or strings.TrimSpace(os.Getenv(\"SOLATIS_WEBHOOK_SECRET\"))",
	}
	oneHeader = Fix{
		Express: "send the header once; a handler refuses a request with two (req.headersDistinct['x-solatis-signature'])",
		Flask:   "send the header once; a handler refuses a request with two (request.headers.getlist)",
		Go:      "send the header once; a handler refuses a request with two (len(r.Header.Values(…)) != 1)",
	}
)

var texts = map[CauseID]text{
	NoHeader: {"there is no " + HeaderName + " header", Fix{
		Express: "send the header " + HeaderName + "; a proxy in between has to pass it on",
		Flask:   "send the header " + HeaderName + "; a handler answers 401 where request.headers.get gives None, and doesn't compare it",
		Go:      "send the header " + HeaderName + "; a proxy in between has to pass it on",
	}},
	SeveralHeaders:  {"there are several " + HeaderName + " headers, and which one counts would be a guess", oneHeader},
	HeaderBlanks:    {"there is a blank or a line end around the signature", lowerHex},
	QuotedHeader:    {"the signature stands in quotes", lowerHex},
	PrefixedHeader:  {"the signature begins with %s, as other providers have it; here it is the hex digits alone", lowerHex},
	UpperCase:       {"the signature is in upper-case hex, and has to be in lower case", lowerHex},
	Base64:          {"the signature is in base64, and has to be in hex", lowerHex},
	CutShort:        {"the signature is cut short: it is the beginning of the right one", lowerHex},
	Rewritten:       {"the signature is of the same JSON as written by %s: the body was parsed and written again between signing and sending, and the signature is of other bytes than those that came", rawBody},
	NewlineAdded:    {"the signature is of the body with a line end (%s) after it, which was not sent: echo and editors add one", rawBody},
	NewlineTaken:    {"the signature is of the body without the line end that was sent after it, or with another one: curl -d @FILE drops them, --data-binary @FILE doesn't", rawBody},
	LineEnds:        {"the signature is of the body with other line ends: something changed \\n into \\r\\n or back", rawBody},
	ByteOrderMark:   {"the signature is of the body with, or without, a byte order mark (U+FEFF) before it", rawBody},
	EmptyBody:       {"the signature is of an empty body: it was read before, or signed before it was there", rawBody},
	DataOnly:        {"the signature is of the event's data alone, and has to be of the whole body", rawBody},
	OtherSecret:     {"it was signed with the secret of the profile %s, not with this one", wholeSecret},
	SecretBlanks:    {"it was signed with the secret with, or without, a blank or line end around it", cleanSecret},
	SecretQuotes:    {"it was signed with the secret with, or without, quotes around it", cleanSecret},
	SecretPrefixCut: {"it was signed with the secret without its " + SecretPrefix + ", which is a part of it here", wholeSecret},
	SecretDecoded:   {"it was signed with the secret decoded from %s, and the text itself is the key", wholeSecret},
	SecretEmpty:     {"it was signed with an empty secret: the environment variable is not set", wholeSecret},
	KeyAndMessage:   {"key and message are the wrong way round", lowerHex},
	NoHMAC:          {"it is a plain hash of body or body and secret, and has to be an HMAC", lowerHex},
	OtherHash:       {"it was made with %s, and has to be made with SHA-256", lowerHex},
	Unknown: {"why it doesn't match is unknown: another secret, or a body that was changed%s", Fix{
		Express: "compare the secret with that of the ready line, and the body with solatis events show ID --output body",
		Flask:   "compare the secret with that of the ready line, and the body with solatis events show ID --output body",
		Go:      "compare the secret with that of the ready line, and the body with solatis events show ID --output body",
	}},
}

// String is a cause as logs show it.
func (c Cause) String() string {
	if c.Detail == "" {
		return string(c.ID)
	}
	return fmt.Sprintf("%s (%s)", c.ID, c.Detail)
}
