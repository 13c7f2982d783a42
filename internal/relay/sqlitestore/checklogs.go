package sqlitestore

import (
	"fmt"
)

// logState is one endpoint's log while a checker goes through it.
type logState struct {
	id            int64
	name          string
	trimmed, head mark

	last mark // what was read last, trimmed before
}

// logs goes through all requests of all endpoints.
func (c *checker) logs() error {
	return c.each("SELECT id, name, trimmed, trimmed_total, seq, total FROM endpoints ORDER BY id", func(scan func(...any) error) error {
		var l logState
		if err := scan(&l.id, &l.name, &l.trimmed.seq, &l.trimmed.total, &l.head.seq, &l.head.total); err != nil {
			return err
		}
		l.last = l.trimmed
		return c.log(&l)
	})
}

// stored is one request as it lies in the database.
type stored struct {
	mark
	length int64 // that the body should have
	spool  *int64
	head   []byte
	inline *int64 // the length of a body that stands in the row
}

// log goes through one endpoint's requests. It ends with head, as if one stood there.
func (c *checker) log(l *logState) error {
	err := c.each("SELECT key, total, length, spool, head, length(body) FROM requests WHERE key >= ? AND key <= ? ORDER BY key",
		func(scan func(...any) error) error {
			var r stored
			var key int64
			if err := scan(&key, &r.total, &r.length, &r.spool, &r.head, &r.inline); err != nil {
				return err
			}
			r.seq = seqOf(key)
			return c.request(l, r)
		}, keyOf(l.id, 0), keyOf(l.id, maxSeq))
	if err != nil {
		return err
	}
	if l.last.seq < l.head.seq {
		c.missing(l, l.last.seq+1, l.head.seq)
	} else if l.last != l.head {
		c.found("endpoint %s: it ends with request %d and a total of %d, and its counters say %d and %d: the backlog is counted wrongly, and numbers may be given twice",
			l.name, l.last.seq, l.last.total, l.head.seq, l.head.total)
	}
	return nil
}

// request holds one request against the one before it.
func (c *checker) request(l *logState, r stored) error {
	before := l.last
	if r.seq <= l.trimmed.seq {
		c.found("endpoint %s: request %d is still there, and counts as deleted: it may be delivered once more", l.name, r.seq)
		return nil
	}
	l.last = r.mark
	if r.seq > before.seq+1 {
		c.missing(l, before.seq+1, r.seq-1)
	}
	whole, err := c.body(r)
	if err != nil {
		return err
	}
	if whole != "" {
		c.found("endpoint %s: the body of request %d is not whole: %s: it can't be delivered as it came", l.name, r.seq, whole)
	}
	if _, err := decodeHead(r.head); err != nil {
		c.found("endpoint %s: request %d can't be decoded: %v: it can't be delivered, and holds up all after it", l.name, r.seq, err)
	}
	// What a request counts as is for the version that took it to say, but not less than its body.
	if counted := r.total - before.total; counted < r.length {
		c.found("endpoint %s: request %d has a body of %d bytes and is counted as %d: the backlog is counted wrongly", l.name, r.seq, r.length, counted)
	}
	return nil
}

func (c *checker) missing(l *logState, from, to uint64) {
	c.found("endpoint %s: the requests %d to %d are missing: they were accepted and can't be delivered", l.name, from, to)
}

// body says what is wrong with a request's body, or nothing.
func (c *checker) body(r stored) (wrong string, err error) {
	switch {
	case r.spool == nil && r.inline == nil:
		return "it has none", nil
	case r.spool == nil:
		return differs(*r.inline, r.length), nil
	case r.inline != nil:
		return "it has two", nil
	}
	var end int64
	err = c.each("SELECT offset, length(data) FROM parts WHERE spool = ? ORDER BY offset", func(scan func(...any) error) error {
		var offset, length int64
		if err := scan(&offset, &length); err != nil {
			return err
		}
		if offset != end && wrong == "" {
			wrong = fmt.Sprintf("a part begins at byte %d, where %d is the next", offset, end)
		}
		end = offset + length
		return nil
	}, *r.spool)
	if wrong == "" {
		wrong = differs(end, r.length)
	}
	return wrong, err
}

func differs(got, want int64) string {
	if got == want {
		return ""
	}
	return fmt.Sprintf("%d bytes of %d", got, want)
}
