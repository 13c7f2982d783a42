package fault

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	all := func(s Spec) Spec { s.P = 1; return s }
	once := func(d time.Duration) Span { return Span{d, d} }
	for text, want := range map[string]Spec{
		"duplicate":                    all(Spec{Kind: Duplicate, Count: 1}),
		"duplicate:copies=3,after=2s":  all(Spec{Kind: Duplicate, Count: 3, Wait: once(2 * time.Second)}),
		"reorder":                      all(Spec{Kind: Reorder, Wait: once(2 * time.Second)}),
		"delay":                        all(Spec{Kind: Delay, Wait: once(2 * time.Second)}),
		"delay:by=1s..5s":              all(Spec{Kind: Delay, Wait: Span{time.Second, 5 * time.Second}}),
		"drop-then-retry:after=10ms":   all(Spec{Kind: DropThenRetry, Wait: once(10 * time.Millisecond)}),
		"burst:size=5":                 all(Spec{Kind: Burst, Count: 5, Wait: once(5 * time.Second)}),
		"truncated-body":               all(Spec{Kind: TruncatedBody, At: 0.5}),
		"truncated-body:at=0":          all(Spec{Kind: TruncatedBody}),
		"connection-reset:at=25%":      all(Spec{Kind: ConnectionReset, At: 0.25}),
		"slow-body:over=500ms":         all(Spec{Kind: SlowBody, Wait: once(500 * time.Millisecond)}),
		"wrong-content-type":           all(Spec{Kind: WrongContentType, Type: "text/plain"}),
		"missing-signature:10%":        {Kind: MissingSignature, P: 0.1},
		"missing-signature:p=10%":      {Kind: MissingSignature, P: 0.1},
		"missing-signature:p=0.1":      {Kind: MissingSignature, P: 0.1},
		"two-signatures:p=0":           {Kind: TwoSignatures},
		"bad-signature:events=task.*":  all(Spec{Kind: BadSignature, Events: []string{"task.*"}}),
		"delay:events=*,by=1ms,p=100%": all(Spec{Kind: Delay, Events: []string{"*"}, Wait: once(time.Millisecond)}),
		"bad-signature:events=task.*,events=document.deleted,p=1e-3": {
			Kind: BadSignature, P: 0.001, Events: []string{"task.*", "document.deleted"}},
	} {
		got, err := Parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestParseComplains(t *testing.T) {
	for text, want := range map[string][]string{
		"":                            {"names no kind", "KIND[:key=value,…]", "connection-reset"},
		"bad-signatur":                {`no kind "bad-signatur"`, "did you mean bad-signature?", form},
		"Delay":                       {"did you mean delay?"},
		"explosion":                   {`no kind "explosion"`, "the kinds are duplicate, drop-then-retry,", form},
		"delay:":                      {"a key is missing", form},
		"delay:by=1s,":                {"a key is missing"},
		"delay:by":                    {`"by" is no key with a value`, "by=2s"},
		"delay:by=":                   {"by has no value"},
		"delay:bye=1s":                {`no key "bye"`, "did you mean by?", "by=2s,p=10%,events=document.*"},
		"bad-signature:by=1s":         {`no key "by"`, "p=10%,events=document.*"},
		"delay:by=1s,by=2s":           {"by is given twice"},
		"delay:p=1,10%":               {"p is given twice"},
		"delay:by=1":                  {"by=1: it takes a duration or a range of them", "by=1s..5s"},
		"delay:by=-1s":                {"1ms to 10m0s or a range"},
		"delay:by=5s..1s":             {"1ms to 10m0s or a range"},
		"delay:by=1h":                 {"1ms to 10m0s"},
		"reorder:within=1s..2s":       {"takes a duration, as in within=2s"},
		"burst:size=0":                {"a number from 1 to 500"},
		"burst:size=ten":              {"a number from 1 to 500"},
		"duplicate:copies=21":         {"a number from 1 to 20"},
		"truncated-body:at=100%":      {"from 0 to below 1"},
		"truncated-body:at=x":         {"at=50%"},
		"wrong-content-type:type=x":   {"type=text/plain"},
		"wrong-content-type:type=a/ ": {"type=text/plain"},
		"delay:p=2":                   {"p=2: a probability is 0 to 1", "p=10%"},
		"delay:p=-0.1":                {"a probability is 0 to 1"},
		"delay:101%":                  {"a probability is 0 to 1"},
		"delay:p=NaN":                 {"a probability is 0 to 1"},
		"delay:p=0x1p-2":              {"a probability is 0 to 1"},
		"delay:%":                     {"a probability is 0 to 1"},
		"delay:events=document.analysed": {
			"did you mean document.analyzed?"},
		"delay:events=[": {"["},
	} {
		_, err := Parse(text)
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		for _, part := range append(want, "fault \""+text) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: %q should hold %q", text, err, part)
			}
		}
	}
}

// TestForms holds that each kind is complete, and that its defaults and keys can be read.
func TestForms(t *testing.T) {
	var names []string
	for _, f := range Forms() {
		names = append(names, string(f.Kind))
		plain := spec(t, string(f.Kind))
		if f.Does == "" || plain.String() != string(f.Kind) {
			t.Errorf("%s: %q, written as %s", f.Kind, f.Does, plain)
		}
		if keys := f.Keys(); keys != "" {
			if full := spec(t, string(f.Kind)+":"+keys); !reflect.DeepEqual(full, plain) {
				t.Errorf("%s with its defaults is %+v, without %+v", f.Kind, full, plain)
			}
		}
	}
	want := []Kind{Duplicate, DropThenRetry, Delay, Reorder, Burst, BadSignature, MissingSignature, TwoSignatures,
		WrongContentType, TruncatedBody, SlowBody, ConnectionReset}
	if len(names) != len(want) || slices.ContainsFunc(want, func(k Kind) bool { return !slices.Contains(names, string(k)) }) {
		t.Errorf("the kinds are %q", names)
	}
}

// FuzzParse holds that what is taken can be written and read again, and is within bounds.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"delay:by=1s..5s,p=10%,events=document.*", "burst:size=500,within=10m", "duplicate:copies=20,after=0s",
		"truncated-body:at=0.99999999999999999", "delay:p=1e-320", "wrong-content-type:type=a/b", "x:y=z", "delay:by=1us",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fault ") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := Parse(s.String())
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%q is %+v, written %q, read %+v, %v", text, s, s.String(), again, err)
		}
		if !(s.P >= 0 && s.P <= 1) || s.Wait.From < 0 || s.Wait.To > maxWait || s.Wait.From > s.Wait.To || s.Count > maxBurst || !(s.At >= 0 && s.At < 1) {
			t.Errorf("%q is out of bounds: %+v", text, s)
		}
	})
}
