package server

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
	"github.com/solatis/solatis-cli/internal/relay/sqlitestore"
	"github.com/solatis/solatis-cli/internal/wire"
)

// manager returns the administration of this run.
func (s *server) manager(url string) *admin.Manager {
	m := managerOf(s.Data, s.store, s.registry, s.Now)
	m.Live, m.Log = s.relay, s.Log
	m.URL = func(id string) string { return url + wire.EndpointPath + id }
	return m
}

func managerOf(data string, store *sqlitestore.Store, registry *access.Registry, now func() time.Time) *admin.Manager {
	return &admin.Manager{Registry: registry, Store: store, Copy: func(ctx context.Context, w io.Writer) error {
		return Backup(ctx, w, data, store, registry, now())
	}}
}

// Offline is the administration of a relay that isn't running. No relay can be started on
// its data folder until Close.
type Offline struct {
	*admin.Manager
	store    *sqlitestore.Store
	registry *access.Registry
}

// OpenOffline opens the databases in a data folder, which has to be there, or creates
// them. Errors: sqlitestore.ErrLocked, where a relay is running after all.
func OpenOffline(ctx context.Context, data string, now func() time.Time) (*Offline, error) {
	store, err := sqlitestore.Open(ctx, StorePath(data))
	if err != nil {
		return nil, err
	}
	registry, err := access.Load(ctx, RegistryPath(data), access.Options{Now: now})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &Offline{managerOf(data, store, registry, now), store, registry}, nil
}

// Close closes the databases.
func (o *Offline) Close() error { return errors.Join(o.registry.Close(), o.store.Close()) }
