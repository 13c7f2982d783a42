package check_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/solatis/solatis-cli/internal/check"
	"github.com/solatis/solatis-cli/internal/signature"
)

// want is what a handler has to get: each probe that must not pass, and a word of the
// cause. Whatever isn't named has to pass.
type want map[string]verdict

type verdict struct {
	status check.Status
	cause  string // a part of the cause; "" for a skip
	seen   string // a part of what was seen; may be ""
}

func fails(cause string) verdict { return verdict{check.Fail, cause, ""} }

func (v verdict) seeing(seen string) verdict {
	v.seen = seen
	return v
}

var skipped = verdict{status: check.Skip}

// all gives every probe that a glob stands for the same verdict.
func (w want) all(v verdict, globs ...string) want {
	for _, glob := range globs {
		for _, id := range ids(glob) {
			w[id] = v
		}
	}
	return w
}

func ids(glob string) (list []string) {
	for _, p := range must(check.Select([]string{glob}, nil)) {
		list = append(list, p.ID)
	}
	return list
}

// needsGround are the probes that say nothing where no genuine event is accepted, the
// forged ones apart.
var needsGround = []string{
	"raw-*", "same-event-twice", "unknown-*", "out-of-order", "twenty-at-once", "status-exactly-200", "survives-reset",
}

// TestBrokenHandlers gives each of a family of handlers, broken on purpose, exactly the
// failures that it should get, with their causes.
func TestBrokenHandlers(t *testing.T) {
	for name, broken := range brokenHandlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := right()
			observe := unobserved
			if broken.observe != nil {
				observe = broken.observe(h)
			} else {
				broken.mistake(h)
			}
			results := run(t, config(t, serve(t, h).URL, check.Probes()), observe)
			compare(t, results, broken.want)
		})
	}
}

func compare(t *testing.T, results []check.Result, w want) {
	t.Helper()
	for _, r := range results {
		v, named := w[r.ID]
		if !named {
			v.status = check.Pass
		}
		switch {
		case r.Status != v.status:
			t.Errorf("%s: %s (%s), want %s", r.ID, r.Status, r.Seen, v.status)
		case !strings.Contains(r.Advice.Cause, v.cause):
			t.Errorf("%s: the cause is %q, want one with %q", r.ID, r.Advice.Cause, v.cause)
		case r.Seen == "" || !strings.Contains(r.Seen, v.seen):
			t.Errorf("%s: what was seen is %q, want %q in it", r.ID, r.Seen, v.seen)
		}
	}
}

// header takes a signature as http.Header.Get does.
func header(compare func(got, right string) bool) func(http.Header, []byte) bool {
	return func(h http.Header, body []byte) bool {
		return compare(h.Get(signature.HeaderName), signature.Sign(secret, body))
	}
}

// joined takes a signature as frameworks do that join repeated headers.
func joined(compare func(got, right string) bool) func(http.Header, []byte) bool {
	return func(h http.Header, body []byte) bool {
		return compare(strings.Join(h[signature.HeaderName], ", "), signature.Sign(secret, body))
	}
}

// crash answers as frameworks do when a handler throws.
func crash(w http.ResponseWriter) {
	http.Error(w, "TypeError: it can't be", http.StatusInternalServerError)
}

// forgedWant is all that a handler gets which verifies nothing.
func forgedWant() want {
	return want{
		"refuses-tampered-body":        fails("isn't compared with one computed from the body"),
		"refuses-wrong-secret":         fails("isn't compared with one computed by the secret"),
		"refuses-missing-signature":    fails("without the header passes"),
		"refuses-empty-signature":      fails("empty header passes"),
		"refuses-short-signature":      fails("only the beginning"),
		"refuses-overlong-signature":   fails("behind the 64 digits"),
		"refuses-upper-case-signature": fails("upper and lower case"),
		"refuses-doubled-signature":    fails("takes one in silence"),
		"refuses-non-ascii-signature":  fails("no hex digits"),
	}
}

func (w want) without(ids ...string) want {
	for _, id := range ids {
		delete(w, id)
	}
	return w
}

func (w want) with(id string, v verdict) want {
	w[id] = v
	return w
}

func answers(status int) func(*handler) {
	return func(h *handler) {
		h.work = func(w http.ResponseWriter, _ message) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}
	}
}

// readAnd changes the body between its being read and its being verified.
func readAnd(change func([]byte) ([]byte, error)) func(*http.Request) ([]byte, error) {
	return func(r *http.Request) ([]byte, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) == 0 {
			return body, err
		}
		return change(body)
	}
}

func compacted(body []byte) ([]byte, error) {
	var b bytes.Buffer
	err := json.Compact(&b, body)
	return b.Bytes(), err
}

// sorted writes the envelope anew, its fields in the order of Solatis' own.
func sorted(body []byte) ([]byte, error) {
	var m struct {
		ID      string          `json:"id"`
		Type    string          `json:"event"`
		Created string          `json:"created_at"`
		Data    json.RawMessage `json:"data"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return body, nil // it only reorders what it knows
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(m)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func replaced(old, by string) func([]byte) ([]byte, error) {
	return func(body []byte) ([]byte, error) { return bytes.ReplaceAll(body, []byte(old), []byte(by)), nil }
}

// oneAtATime fails on events that come together. That they do come together is no
// chance: from the probe before on, an event is held until there is a second one.
func oneAtATime(h *handler) func(check.Result) {
	var mu sync.Mutex
	var expected, inside int
	several := make(chan struct{})
	h.work = func(w http.ResponseWriter, _ message) {
		mu.Lock()
		inside++
		if inside == 2 && expected == 1 {
			expected++
			close(several)
		}
		wait, alone := expected > 0, inside == 1
		mu.Unlock()
		if wait {
			<-several
		}
		if !alone {
			crash(w)
		}
		mu.Lock()
		inside--
		mu.Unlock()
	}
	return func(r check.Result) {
		mu.Lock()
		defer mu.Unlock()
		if r.ID == "out-of-order" {
			expected = 1
		}
	}
}
