package fault

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/signature"
)

func TestApply(t *testing.T) {
	key := secret(t)
	for _, test := range []struct {
		fault string
		want  signature.Verdict
		typed []string
		same  bool // whether nothing is copied
	}{
		{"bad-signature", signature.Mismatch, []string{"application/json"}, false},
		{"missing-signature", signature.Missing, []string{"application/json"}, false},
		{"two-signatures", signature.Several, []string{"application/json"}, false},
		{"wrong-content-type", signature.Valid, []string{"text/plain"}, false},
		{"wrong-content-type:type=application/x-www-form-urlencoded", signature.Valid, []string{"application/x-www-form-urlencoded"}, false},
		{"delay", signature.Valid, []string{"application/json"}, true},
		{"slow-body", signature.Valid, []string{"application/json"}, true},
	} {
		r := signed(t, 100)
		before := fmt.Sprintf("%+v", r)
		got := turn(t, test.fault).Faults().Apply(r)
		if after := fmt.Sprintf("%+v", r); after != before {
			t.Errorf("%s changed the request to %s", test.fault, after)
		}
		if same := got == r; same != test.same {
			t.Errorf("%s: the request itself is sent: %v", test.fault, same)
		}
		if v := signature.Verify(key, got.Body, got.Header[signature.HeaderName]); v != test.want {
			t.Errorf("%s: the signature is %s, want %s", test.fault, v, test.want)
		}
		if !slices.Equal(got.Header["Content-Type"], test.typed) {
			t.Errorf("%s: content types %q", test.fault, got.Header["Content-Type"])
		}
		rest := maps.Clone(got.Header)
		for name := range map[string]bool{"Content-Type": true, signature.HeaderName: true} {
			rest[name] = r.Header[name]
		}
		if !reflect.DeepEqual(rest, r.Header) || string(got.Body) != string(r.Body) {
			t.Errorf("%s: more changed than that: %+v", test.fault, got)
		}
	}
}

func TestApplySignatures(t *testing.T) {
	key := secret(t)
	r := signed(t, 10)
	own := r.Header[signature.HeaderName][0]
	two := turn(t, "two-signatures").Faults().Apply(r).Header[signature.HeaderName]
	if len(two) != 2 || two[0] != own || signature.Verify(key, r.Body, two[1:]) != signature.Mismatch {
		t.Errorf("two signatures: %q", two)
	}
	// However the header is written, and where there is none.
	for name, header := range map[string]event.Header{
		"none": nil, "other case": {"x-solatis-signature": {own}}, "two already": {signature.HeaderName: {own, own}},
	} {
		r := &event.Request{Method: "POST", Body: r.Body, Header: header}
		for fault, want := range map[string]signature.Verdict{
			"bad-signature": signature.Mismatch, "missing-signature": signature.Missing, "two-signatures": signature.Several,
		} {
			got := turn(t, fault).Faults().Apply(r).Header
			var values []string
			values = append(values, take(maps.Clone(got), signature.HeaderName)...)
			if v := signature.Verify(key, r.Body, values); v != want {
				t.Errorf("%s, %s: %s by %q", name, fault, v, values)
			}
		}
	}
}
