package fault

import (
	"maps"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/signature"
)

// forger is the secret of whoever forges signatures. Nobody has it for their own.
var forger, _ = signature.NewSecret("whsec_of_nobody_for_solatis_faults_on_purpose")

// Apply returns the request as it is to be sent: r itself where nothing about it changes,
// else a copy. r, its header and its values stay as they are; the copy shares its body.
func (f Faults) Apply(r *event.Request) *event.Request {
	signed, signs := f.in(signing)
	typed, types := f.in(contentType)
	if !signs && !types {
		return r
	}
	changed := *r
	changed.Header = maps.Clone(r.Header)
	if changed.Header == nil {
		changed.Header = make(event.Header)
	}
	if signs {
		own := take(changed.Header, signature.HeaderName)
		forged := signature.Sign(forger, r.Body)
		switch signed.Kind {
		case BadSignature:
			changed.Header[signature.HeaderName] = []string{forged}
		case TwoSignatures:
			if len(own) == 0 {
				own = []string{forged}
			}
			changed.Header[signature.HeaderName] = append(slices.Clone(own), forged)
		}
	}
	if types {
		take(changed.Header, "Content-Type")
		changed.Header["Content-Type"] = []string{typed.Type}
	}
	return &changed
}

// take removes a header however it is written, and returns its values.
func take(h event.Header, name string) []string {
	var values []string
	for _, key := range slices.Sorted(maps.Keys(h)) {
		if strings.EqualFold(key, name) {
			values = append(values, h[key]...)
			delete(h, key)
		}
	}
	return values
}
