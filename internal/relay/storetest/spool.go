package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
)

// spooling is about bodies that come in parts.
var spooling = map[string]func(*testing.T, store){
	"ASpooledBodyIsVisibleWithItsCommit": func(t *testing.T, s store) {
		p, err := s.Spool(ctx, endpoint)
		must(t, err)
		must(t, p.Write(ctx, []byte("one ")))
		must(t, p.Write(ctx, []byte("two")))
		equal(t, "log before the commit", s.present(), "[]")
		seq, err := p.Commit(ctx, request("req_1", "ignored"), noLimits)
		must(t, err)
		equal(t, "seq", seq, 1)
		e := s.read(0)[0]
		equal(t, "head", head(e.Request), head(request("req_1", "")))
		equal(t, "spooled", e.Spooled, true)
		equal(t, "length", e.Length, 7)
		equal(t, "body in the entry", len(e.Request.Body), 0)
		equal(t, "body", s.body(1, 0, 100), "one two")
	},
	"BodiesAreReadAcrossTheirParts": func(t *testing.T, s store) {
		var parts []string
		for _, length := range []int{256<<10 + 1, 256 << 10, 1, 100 << 10} {
			parts = append(parts, numbered(length, len(parts)))
		}
		s.spool("req_1", parts...)
		whole := strings.Join(parts, "")
		end := len(whole)
		for _, at := range [][2]int{{0, end}, {0, 1}, {100, 300 << 10}, {256<<10 + 1, 10}, {512 << 10, 3}, {end - 1, 999}, {end, 10}, {end + 5, 10}} {
			want := whole[min(at[0], end):min(at[0]+at[1], end)]
			if got := s.body(1, int64(at[0]), at[1]); got != want {
				t.Errorf("%d bytes from %d on: got %d bytes, want %d, or others", at[1], at[0], len(got), len(want))
			}
		}
		equal(t, "body of a request that isn't there", s.body(2, 0, 10), "")
	},
	"ASpoolMayBeEmpty": func(t *testing.T, s store) {
		s.spool("req_1")
		s.spool("req_2", "", "x", "")
		equal(t, "log", s.ids(0), "req_1 req_2")
		equal(t, "bodies", s.body(1, 0, 9)+s.body(2, 0, 9), "x")
	},
	"SpoolsDoNotMix": func(t *testing.T, s store) {
		together(8, func(i int) {
			part := strings.Repeat(fmt.Sprint(i), 1000)
			s.spool(fmt.Sprint(i), part, part, part)
		})
		for _, e := range s.read(0) {
			equal(t, "body of "+e.Request.ID, s.body(e.Seq, 0, 9999), strings.Repeat(e.Request.ID, 3000))
		}
	},
	"AnAbortedSpoolIsNowhere": func(t *testing.T, s store) {
		p, err := s.Spool(ctx, endpoint)
		must(t, err)
		must(t, p.Write(ctx, []byte("x")))
		must(t, p.Abort(ctx))
		equal(t, "log", s.present(), "[]")
		equal(t, "next number", s.put("req_1"), 1)
	},
	"AnAbortAfterTheCommitDoesNothing": func(t *testing.T, s store) {
		p, err := s.Spool(ctx, endpoint)
		must(t, err)
		must(t, p.Write(ctx, []byte("x")))
		_, err = p.Commit(ctx, request("req_1", ""), noLimits)
		must(t, err)
		must(t, p.Abort(ctx))
		equal(t, "body", s.body(1, 0, 9), "x")
	},
	"ASpoolIsRefusedOverTheBacklog": func(t *testing.T, s store) {
		s.fill(1)
		p, err := s.Spool(ctx, endpoint)
		must(t, err)
		must(t, p.Write(ctx, make([]byte, 2000)))
		_, err = p.Commit(ctx, request("req_2", ""), relay.Limits{BacklogBytes: 2000})
		if !errors.Is(err, relay.ErrBacklogFull) {
			t.Errorf("got %v, want ErrBacklogFull", err)
		}
		must(t, p.Abort(ctx))
		equal(t, "log", s.ids(0), "req_1")
		s.spool("req_2", strings.Repeat("x", 2000))
		equal(t, "bytes", s.stat("").BacklogBytes, uint64(request("", "b").Size()+request("", "").Size()+2000))
	},
	"ATrimmedSpoolIsGone": func(t *testing.T, s store) {
		s.resume("a", event.Position{}, start)
		s.spool("req_1", "first")
		s.spool("req_2", "second")
		s.ack("a", 1, start)
		s.trim(noLimits, start)
		equal(t, "deleted body", s.body(1, 0, 99), "")
		equal(t, "the other one", s.body(2, 0, 99), "second")
	},
}

// numbered returns a part in which no two places look the same for long.
func numbered(length, part int) string {
	var b strings.Builder
	for b.Len() < length {
		fmt.Fprintf(&b, "%d:%d ", part, b.Len())
	}
	return b.String()[:length]
}
