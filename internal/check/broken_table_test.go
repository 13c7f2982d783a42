package check_test

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/check"
	"github.com/solatis/solatis-cli/internal/signature"
)

// brokenHandlers are right in all but one step, and what each has to get.
var brokenHandlers = map[string]struct {
	mistake func(*handler)
	// observe makes the mistake and follows the results, in the place of mistake.
	observe func(*handler) func(check.Result)
	want    want
}{
	"nothing": {mistake: func(*handler) {}, want: want{}},
	"verifies nothing": {
		mistake: func(h *handler) { h.verify = func(http.Header, []byte) bool { return true } },
		want:    forgedWant(),
	},
	"looks only whether the header is there": {
		mistake: func(h *handler) { h.verify = header(func(got, _ string) bool { return got != "" }) },
		want:    forgedWant().without("refuses-missing-signature", "refuses-empty-signature"),
	},
	"verifies only where there is a header": {
		mistake: func(h *handler) {
			h.verify = header(func(got, right string) bool { return got == "" || got == right })
		},
		want: want{
			"refuses-missing-signature": fails("without the header passes"),
			"refuses-empty-signature":   fails("empty header passes"),
			"refuses-doubled-signature": fails("takes one in silence"),
		},
	},
	"compares the beginning": {
		mistake: func(h *handler) {
			h.verify = joined(func(got, right string) bool { return len(got) >= 16 && got[:16] == right[:16] })
		},
		want: want{
			"refuses-short-signature":     fails("only the beginning"),
			"refuses-overlong-signature":  fails("behind the 64 digits"),
			"refuses-doubled-signature":   fails("takes one in silence"),
			"refuses-non-ascii-signature": fails("no hex digits"),
		},
	},
	"compares as much as was sent": {
		mistake: func(h *handler) {
			h.verify = joined(func(got, right string) bool { return strings.HasPrefix(right, got) })
		},
		want: want{
			"refuses-missing-signature": fails("without the header passes"),
			"refuses-empty-signature":   fails("empty header passes"),
			"refuses-short-signature":   fails("only the beginning"),
		},
	},
	"compares upper and lower case alike": {
		mistake: func(h *handler) { h.verify = joined(strings.EqualFold) },
		want:    want{"refuses-upper-case-signature": fails("upper and lower case")},
	},
	// The provider's own sample in Go, with its Header.Get.
	"guide in Go": {
		mistake: func(h *handler) {
			h.method = func(string) bool { return true }
			h.verify = header(func(got, right string) bool { return hmac.Equal([]byte(got), []byte(right)) })
		},
		want: want{"refuses-doubled-signature": fails("takes one in silence")},
	},
	"takes the last of several headers": {
		mistake: func(h *handler) {
			h.verify = func(h http.Header, body []byte) bool {
				values := h[signature.HeaderName]
				return len(values) > 0 && values[len(values)-1] == signature.Sign(secret, body)
			}
		},
		want: want{"refuses-doubled-signature": fails("takes one in silence")},
	},
	"indexes a header that isn't there": {
		mistake: func(h *handler) {
			h.verify = func(h http.Header, body []byte) bool {
				return h[signature.HeaderName][0] == signature.Sign(secret, body) && len(h[signature.HeaderName]) == 1
			}
		},
		want: want{"refuses-missing-signature": fails("comparison is given nothing")},
	},
	"decodes hex": {
		mistake: func(h *handler) {
			h.verify = joined(func(got, right string) bool {
				digest, err := hex.DecodeString(got)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				return hex.EncodeToString(digest) == right
			})
		},
		want: want{
			"refuses-short-signature":      fails("another length").seeing("63 digits: "),
			"refuses-overlong-signature":   fails("another length").seeing("65 digits: "),
			"refuses-upper-case-signature": fails("upper and lower case"),
			"refuses-doubled-signature":    fails("another length").seeing("the right one twice: "),
			"refuses-non-ascii-signature":  fails("outside ASCII"),
		},
	},
	// What is accepted is worse than what makes it throw, whichever comes first.
	"throws at an odd length": {
		mistake: func(h *handler) {
			h.verify = joined(func(got, right string) bool {
				if len(got)%2 == 1 {
					panic(http.ErrAbortHandler)
				}
				return strings.HasPrefix(got, right) && !strings.Contains(got, ",")
			})
		},
		want: want{
			"refuses-short-signature":     fails("another length").seeing("63 digits: "),
			"refuses-overlong-signature":  fails("behind the 64 digits").seeing("128 digits: 200 OK"),
			"refuses-non-ascii-signature": {check.Pass, "", "401"},
		},
	},
	"has another secret": {
		mistake: func(h *handler) {
			h.verify = joined(func(got, _ string) bool { return false })
		},
		want: want{}.all(fails("another secret"), "accepts-*").
			all(skipped, needsGround...).all(skipped, "refuses-*").without("refuses-get").with("refuses-get", skipped),
	},
	"throws on everything": {
		mistake: func(h *handler) { h.verify = func(http.Header, []byte) bool { panic(http.ErrAbortHandler) } },
		want: want{}.all(fails("the handler throws"), "accepts-*").all(skipped, needsGround...).
			all(fails("the handler throws, and Solatis"), "refuses-*").with("refuses-get", skipped).with("answers-in-time", skipped),
	},
	"drops white space": {
		mistake: func(h *handler) { h.read = readAnd(compacted) },
		want:    want{"raw-white-space": fails("without the white space")},
	},
	"sorts keys": {
		mistake: func(h *handler) { h.read = readAnd(sorted) },
		want: want{
			"raw-key-order": fails("another order"), "raw-white-space": fails("white space"), "raw-escapes": fails("escapes"),
		},
	},
	"writes escapes anew": {
		mistake: func(h *handler) { h.read = readAnd(replaced(`\/`, `/`)) },
		want:    want{"raw-escapes": fails("other escapes")},
	},
	"rounds numbers": {
		mistake: func(h *handler) { h.read = readAnd(replaced(`:1.0,`, `:1,`)) },
		want:    want{"raw-numbers": fails("1.0 becomes 1")},
	},
	"takes text for ASCII": {
		mistake: func(h *handler) { h.read = readAnd(replaced("\u2028", "?")) },
		want:    want{"raw-non-ascii": fails("other encodings")},
	},
	"reads one piece": {
		mistake: func(h *handler) {
			h.read = func(r *http.Request) ([]byte, error) {
				body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
				io.Copy(io.Discard, r.Body)
				return body, err
			}
		},
		want: want{"raw-large": fails("part of the body")},
	},
	"limits the body to 100 kB": {
		mistake: func(h *handler) {
			h.read = func(r *http.Request) ([]byte, error) { return io.ReadAll(http.MaxBytesReader(nil, r.Body, 100<<10)) }
		},
		want: want{"raw-large": fails("doesn't take 1 MiB")},
	},
	"answers 201": {mistake: answers(http.StatusCreated), want: want{"status-exactly-200": {check.Warn, "asks for exactly 200", "13 of 13"}}},
	"answers 204": {mistake: answers(http.StatusNoContent), want: want{"status-exactly-200": {check.Warn, "asks for exactly 200", "13 of 13"}}},
	"redirects": {
		mistake: answers(http.StatusTemporaryRedirect),
		want:    want{}.all(fails("redirect"), "accepts-*").all(skipped, needsGround...).all(skipped, "refuses-*"),
	},
	"is somewhere else": {
		mistake: func(h *handler) { h.method = func(string) bool { return false } },
		want:    want{}.all(fails("nothing takes a POST"), "accepts-*").all(skipped, needsGround...).all(skipped, "refuses-*"),
	},
	"knows no other types": {
		mistake: func(h *handler) {
			h.work = func(w http.ResponseWriter, m message) {
				if _, err := catalog.Lookup(m.Type); err != nil {
					crash(w)
				}
			}
		},
		want: want{"unknown-event-type": fails("fails on any other")},
	},
	"handles one type only": {
		mistake: func(h *handler) {
			h.work = func(w http.ResponseWriter, m message) {
				if m.Type != "transcription.completed" {
					http.Error(w, "bad event", http.StatusBadRequest)
				}
			}
		},
		want: want{
			"unknown-event-type": fails("fails on any other"), "out-of-order": skipped,
		}.all(fails("answers a signed event with an error"), "accepts-*").without("accepts-transcription-completed"),
	},
	"knows no other fields": {
		mistake: func(h *handler) {
			h.work = func(w http.ResponseWriter, m message) {
				d := json.NewDecoder(bytes.NewReader(m.raw))
				d.DisallowUnknownFields()
				if err := d.Decode(new(message)); err != nil {
					http.Error(w, err.Error(), http.StatusUnprocessableEntity)
				}
			}
		},
		want: want{"unknown-fields": fails("wants to know every field")},
	},
	"has a unique index": {
		mistake: func(h *handler) {
			var seen sync.Map
			h.work = func(w http.ResponseWriter, m message) {
				if _, known := seen.LoadOrStore(m.ID, true); known {
					http.Error(w, "UNIQUE constraint failed: events.id", http.StatusInternalServerError)
				}
			}
		},
		want: want{"same-event-twice": fails("a duplicate is no mistake")},
	},
	"calls a duplicate a conflict": {
		mistake: func(h *handler) {
			var seen sync.Map
			h.work = func(w http.ResponseWriter, m message) {
				if _, known := seen.LoadOrStore(m.ID, true); known {
					w.WriteHeader(http.StatusConflict)
				}
			}
		},
		want: want{"same-event-twice": fails("a duplicate is no mistake")},
	},
	"wants events in order": {
		mistake: func(h *handler) {
			var mu sync.Mutex
			var newest message
			h.work = func(w http.ResponseWriter, m message) {
				mu.Lock()
				defer mu.Unlock()
				if m.Created.Before(newest.Created) {
					w.WriteHeader(http.StatusConflict)
					return
				}
				newest = m
			}
		},
		want: want{"out-of-order": fails("in the order in which they happened")},
	},
	"takes one event at a time": {
		observe: oneAtATime,
		want:    want{"twenty-at-once": fails("one event at a time").seeing("of 20: 500 Internal Server Error: TypeError")},
	},
	"answers a GET": {
		mistake: func(h *handler) {
			h.method = func(string) bool { return true }
			verify := h.verify
			h.verify = func(h http.Header, body []byte) bool { return len(body) == 0 || verify(h, body) }
		},
		want: want{"refuses-get": fails("takes any method")},
	},
	"throws on a GET": {
		mistake: func(h *handler) {
			h.method = func(method string) bool {
				if method == http.MethodGet {
					panic(http.ErrAbortHandler)
				}
				return true
			}
		},
		want: want{"refuses-get": fails("a GET makes the handler throw")},
	},
	"is stuck after a reset": {
		mistake: func(h *handler) {
			var broken atomic.Bool
			var one sync.Mutex // so that no event overtakes a reset
			h.read = func(r *http.Request) ([]byte, error) {
				one.Lock()
				defer one.Unlock()
				body, err := io.ReadAll(r.Body)
				if err != nil {
					broken.Store(true)
				}
				if broken.Load() {
					panic(http.ErrAbortHandler)
				}
				return body, err
			}
		},
		want: want{"survives-reset": fails("broke off in the middle of a body")},
	},
}
