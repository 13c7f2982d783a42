package sqlitestore

import (
	"context"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// Spool implements relay.Store.
func (s *Store) Spool(_ context.Context, endpoint string) (relay.Spool, error) {
	return &spool{store: s, endpoint: endpoint, id: s.spools.Add(1)}, nil
}

// spool is a body on its way into a log. One goroutine uses it at a time.
type spool struct {
	store     *Store
	endpoint  string
	id        int64
	length    int64
	committed bool
}

// Write implements relay.Spool.
func (p *spool) Write(ctx context.Context, part []byte) error {
	if len(part) == 0 {
		return nil
	}
	err := p.store.updateSoon(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("INSERT INTO parts (spool, offset, data) VALUES (?, ?, ?)", p.id, p.length, part)
		return err
	})
	if err == nil {
		p.length += int64(len(part))
	}
	return err
}

// Commit implements relay.Spool.
func (p *spool) Commit(ctx context.Context, r *event.Request, limits relay.Limits) (uint64, error) {
	bare := *r
	bare.Body = nil
	head, err := encodeHead(&bare)
	if err != nil {
		return 0, err
	}
	seq, err := p.store.append(ctx, p.endpoint, row{
		size: int64(bare.Size()) + p.length, length: p.length, spool: &p.id, head: head,
	}, limits)
	p.committed = err == nil
	return seq, err
}

// Abort implements relay.Spool.
func (p *spool) Abort(ctx context.Context) error {
	if p.committed {
		return nil
	}
	return p.store.updateSoon(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("DELETE FROM parts WHERE spool = ?", p.id)
		return err
	})
}

// sweepSpools deletes the parts of spools that never became a request, and sees to it that
// their numbers aren't given to others.
func (s *Store) sweepSpools(ctx context.Context) error {
	return s.update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("DELETE FROM parts WHERE NOT EXISTS (SELECT 1 FROM requests WHERE requests.spool = parts.spool)")
		if err != nil {
			return err
		}
		var last int64
		if err := tx.QueryRow("SELECT coalesce(max(spool), 0) FROM requests WHERE spool IS NOT NULL").Scan(&last); err != nil {
			return err
		}
		s.spools.Store(last)
		return nil
	})
}
