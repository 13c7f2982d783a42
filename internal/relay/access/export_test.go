package access

import (
	"context"

	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// RenameToken gives a token another id, which otherwise chance alone does.
func (r *Registry) RenameToken(ctx context.Context, from, to string) error {
	return r.db.Update(ctx, func(tx *sqlitedb.Tx) error {
		_, err := tx.Exec("UPDATE tokens SET id = ?2 WHERE id = ?1", from, to)
		return err
	})
}
