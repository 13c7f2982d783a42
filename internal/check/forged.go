package check

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/solatis/solatis-cli/internal/signature"
)

// forgery is an event that must not be accepted.
type forgery struct {
	called     string // what sets it apart from the probe's others; "" for an only one
	body       []byte
	signatures []string // header values, one a line
}

// refusing are the probes that send forged events. Each begins with a genuine one and
// the right signature of it.
var refusing = []Probe{
	forged("refuses-tampered-body", "refuses a body that was changed after it was signed", "an event with one character of its id changed", 1,
		func(body []byte, right string) []forgery {
			changed := bytes.Clone(body)
			at := bytes.Index(changed, []byte(IDPrefix)) + len(IDPrefix)
			changed[at] = map[bool]byte{true: 'b', false: 'a'}[changed[at] == 'a']
			return []forgery{{body: changed, signatures: []string{right}}}
		}),
	forged("refuses-wrong-secret", "refuses a signature by another secret", "an event signed with a secret that was made up", 1,
		func(body []byte, _ string) []forgery {
			return []forgery{{body: body, signatures: []string{signature.Sign(signature.GenerateSecret(), body)}}}
		}),
	forged("refuses-missing-signature", "refuses an event without a signature", "an event without the header", 1,
		func(body []byte, _ string) []forgery { return []forgery{{body: body}} }),
	forged("refuses-empty-signature", "refuses an empty signature", "an event with the header and nothing in it", 1,
		func(body []byte, _ string) []forgery { return []forgery{{body: body, signatures: []string{""}}} }),
	forged("refuses-short-signature", "refuses the beginning of the right signature", "the first 32 digits of the right signature, then the first 63", 2,
		func(body []byte, right string) []forgery {
			return []forgery{{"32 digits", body, []string{right[:32]}}, {"63 digits", body, []string{right[:63]}}}
		}),
	forged("refuses-overlong-signature", "refuses the right signature with more behind it", "the right signature and a further digit, then the right one and itself again", 2,
		func(body []byte, right string) []forgery {
			return []forgery{{"65 digits", body, []string{right + "0"}}, {"128 digits", body, []string{right + right}}}
		}),
	forged("refuses-upper-case-signature", "refuses the right signature in upper case", "the right signature with A to F for a to f", 1,
		func(body []byte, right string) []forgery {
			return []forgery{{body: body, signatures: []string{strings.ToUpper(right)}}}
		}),
	forged("refuses-doubled-signature", "refuses two signature headers", "the right signature twice, then with a wrong one behind it, then with a wrong one before it", 3,
		func(body []byte, right string) []forgery {
			wrong := signature.Sign(signature.GenerateSecret(), body)
			return []forgery{
				{"the right one twice", body, []string{right, right}},
				{"the right one first", body, []string{right, wrong}},
				{"the right one last", body, []string{wrong, right}},
			}
		}),
	forged("refuses-non-ascii-signature", "refuses a signature that isn't ASCII", "62 digits of the right signature, and é for the last two", 1,
		func(body []byte, right string) []forgery {
			return []forgery{{body: body, signatures: []string{right[:62] + "é"}}}
		}),
}

// forged is a probe that sends forgeries, all of which have to be refused.
func forged(id, title, sends string, count int, forge func(body []byte, right string) []forgery) Probe {
	return Probe{
		ID: id, Title: title, Sends: sends, Load: Load{Forged: count}, ground: toPass,
		run: func(ctx context.Context, r *runner) finding {
			body := r.newEvent(r.typeOr(ctx, groundType)).body()
			right := r.sign(ctx, body)
			if r.err != nil {
				return finding{}
			}
			return r.sendForged(ctx, forge(body, right))
		},
		causes: forgedCauses[id],
	}
}

// sendForged shows the first forgery that was accepted, else the first whose answer was
// wrong in another way.
func (r *runner) sendForged(ctx context.Context, forgeries []forgery) finding {
	var worst finding
	plain := ""
	for _, f := range forgeries {
		found := judge(r.send(ctx, r.request(http.MethodPost, f.body, f.signatures...)), refusedWrong)
		plain = found.seen
		if f.called != "" {
			found.seen = f.called + ": " + found.seen
		}
		if worst.status == "" || worst.status == Pass && found.status == Fail || worst.fault != accepted && found.fault == accepted {
			worst = found
		}
	}
	if n := len(forgeries); n > 1 && worst.status == Pass {
		worst.seen = fmt.Sprintf("each of %d: %s", n, plain)
	}
	return worst
}
