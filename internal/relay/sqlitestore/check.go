package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Damage is what Check found: a store in which something is not as it was written.
type Damage struct {
	Path     string
	Findings []string // what is wrong and what it means, a sentence each
}

func (d *Damage) Error() string {
	return fmt.Sprintf("relay store %s is damaged; restore a backup, or go on with what is left:\n  %s", d.Path, strings.Join(d.Findings, "\n  "))
}

// Check reads the whole store at path, or the backup, and holds it against SQLite's own
// rules and against the log's: numbers without holes, totals that add up, whole bodies,
// agents that are within the log, epochs in order. It returns a *Damage with all that it
// finds; any other error means that it could not look.
//
// It changes nothing and takes no lock, since readers and the writer of such a database
// don't wait for each other: a store may be served meanwhile, and Check sees one state of
// it. While it runs the write-ahead log beside the file only grows. Beside a store that
// nobody has open it may leave the two files, "-wal" and "-shm", that any reader needs.
func Check(ctx context.Context, path string) error {
	var c checker
	err := c.check(ctx, path)
	if errors.Is(err, sqlitedb.ErrCorrupt) {
		c.found("it can't be read to its end: %v", err)
		err = nil
	}
	if err == nil && len(c.findings) > 0 {
		err = &Damage{Path: path, Findings: c.findings}
	}
	return err
}

// checker gathers findings. What it returns as errors is what kept it from looking.
type checker struct {
	ctx      context.Context
	tx       *sqlitedb.Tx
	findings []string
}

func (c *checker) found(format string, args ...any) {
	c.findings = append(c.findings, fmt.Sprintf(format, args...))
}

func (c *checker) check(ctx context.Context, path string) error {
	db, err := openReadOnly(ctx, path)
	if err != nil {
		return err
	}
	err = db.View(ctx, func(tx *sqlitedb.Tx) error {
		c.ctx, c.tx = ctx, tx
		var version int
		if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version == 0 {
			return fmt.Errorf("%s is no relay store: nothing was ever written to it", path)
		}
		if err := c.integrity(); err != nil {
			return err
		}
		if len(c.findings) > 0 { // what is read of a broken file says little of the log
			return nil
		}
		return errors.Join(c.rules(version), c.logs())
	})
	return errors.Join(err, db.Close())
}

// integrity asks SQLite what it thinks.
func (c *checker) integrity() error {
	return c.each("PRAGMA integrity_check", func(scan func(...any) error) error {
		var said string
		if err := scan(&said); err != nil {
			return err
		}
		if said != "ok" {
			c.found("SQLite finds the file broken: %s", said)
		}
		return nil
	})
}

// each calls fn for each row of a query.
func (c *checker) each(query string, fn func(scan func(...any) error) error, args ...any) error {
	rows, err := c.tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// rule is something that is so in every store: its query finds where it isn't. Findings
// are told in a column of text each.
type rule struct {
	since   int // schema that it is about, and all later ones
	query   string
	meaning string // what follows from a violation
}

var rules = []rule{
	{1, `SELECT format('endpoint %s: its counters are not in order: deleted up to %d, acknowledged up to %d, given up to %d, with totals %d, %d, %d',
			name, trimmed, acked, seq, trimmed_total, acked_total, total) FROM endpoints
		WHERE NOT (0 <= trimmed AND trimmed <= acked AND acked <= seq
			AND 0 <= trimmed_total AND trimmed_total <= acked_total AND acked_total <= total)`,
		"limits are applied wrongly, and numbers may be given twice"},
	{1, `SELECT format('endpoint %s: agent %s is at %d with a total of %d, of a log that was acknowledged up to %d',
			e.name, a.name, a.seq, a.total, e.acked) FROM agents a JOIN endpoints e ON e.id = a.endpoint
		LEFT JOIN requests r ON r.key = (e.id << 40) + a.seq AND a.seq > e.trimmed
		WHERE NOT (0 <= a.seq AND a.seq <= e.acked AND 0 <= a.total AND a.total <= e.acked_total AND a.total IS coalesce(r.total, a.total))`,
		"it may miss requests, or its backlog is counted wrongly"},
	{1, `SELECT format('endpoint %s: acknowledged up to %d with a total of %d, where the log has %d', e.name, e.acked, e.acked_total, r.total)
		FROM endpoints e JOIN requests r ON r.key = (e.id << 40) + e.acked WHERE e.acked > e.trimmed AND e.acked_total <> r.total`,
		"the backlog is counted wrongly"},
	{1, `SELECT format('endpoint %s: an epoch begins at %d, the one before it at %d, and %d was given last', name, first, before, seq)
		FROM (SELECT e.name, e.seq, p.first, lag(p.first, 1, 1) OVER (PARTITION BY p.endpoint ORDER BY p.n) AS before
			FROM epochs p JOIN endpoints e ON e.id = p.endpoint)
		WHERE NOT (before <= first AND first <= seq + 1)`,
		"an agent that comes back may miss requests"},
	{1, `SELECT format('endpoint %s: it has requests and no epoch', name) FROM endpoints
		WHERE seq > 0 AND NOT EXISTS (SELECT 1 FROM epochs WHERE endpoint = id)`,
		"agents that come back get again what they had"},
	{1, `SELECT format('endpoint %s: %d is noted as needed by nobody, and only %d was acknowledged', name, max(f.seq), acked)
		FROM freed f JOIN endpoints ON id = f.endpoint GROUP BY id HAVING max(f.seq) > acked`,
		"requests may be deleted that nobody has"},
	{1, `SELECT format('%d requests have the body that stands under %d', count(*), spool) FROM requests
		WHERE spool IS NOT NULL GROUP BY spool HAVING count(*) > 1`,
		"one of them has the other's body"},
	{2, `SELECT format('the requests from %d on under the number %d belong to no endpoint', min(key) & 0xFFFFFFFFFF, key >> 40) FROM requests
		WHERE key >> 40 NOT IN (SELECT id FROM endpoints UNION SELECT endpoint FROM deleted) GROUP BY key >> 40`,
		"they can't be delivered, and take room"},
	{2, `SELECT format('what is known of an agent, an epoch or a grace under the number %d belongs to no endpoint', endpoint)
		FROM (SELECT endpoint FROM agents UNION SELECT endpoint FROM epochs UNION SELECT endpoint FROM freed)
		WHERE endpoint NOT IN (SELECT id FROM endpoints UNION SELECT endpoint FROM deleted)`,
		"agents of an endpoint that is gone get all again, should it come back"},
	{2, `SELECT format('endpoint %s: its number %d was not counted, or is that of a deleted endpoint', name, id) FROM endpoints
		WHERE id > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'endpoints'), 0) OR id IN (SELECT endpoint FROM deleted) OR id >= 1 << 23`,
		"its log may be mixed with another one"},
}

// rules holds the store against each rule that its schema knows.
func (c *checker) rules(version int) error {
	for _, r := range rules {
		if r.since > version {
			continue
		}
		err := c.each(r.query, func(scan func(...any) error) error {
			var found string
			if err := scan(&found); err != nil {
				return err
			}
			c.found("%s: %s", found, r.meaning)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
