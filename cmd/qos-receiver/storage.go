package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// defaultDatabase is where the journal is if nobody says otherwise.
const defaultDatabase = "qos-receiver.db"

// databaseName is what --database or the content of its file says. It may hold a
// password.
func databaseName(value *string, file string) (string, error) {
	name, err := secret("database", value, file)
	if err != nil || name != "" {
		return name, err
	}
	return defaultDatabase, nil
}

// storage is an open journal. spooled tells what waits before it, nil if nothing can.
type storage struct {
	receiver.Store
	spooled func() receiver.SpoolStatus
}

// openStorage opens the journal, and the spool before it if there is to be one.
func (c *serveCommand) openStorage(ctx context.Context, log *slog.Logger) (storage, error) {
	database, err := databaseName(c.Database, c.DatabaseFile)
	if err != nil {
		return storage{}, err
	}
	journal, err := store.Open(ctx, database, store.Options{
		Lease:     receiver.DefaultLease,
		Retention: time.Duration(c.Retention),
		Logger:    log,
	})
	if err != nil {
		return storage{}, fmt.Errorf("--database: %w", err)
	}
	if c.Spool == "" {
		return storage{Store: journal}, nil
	}
	spooled, err := spool.Wrap(ctx, journal, c.Spool, spool.Options{Logger: log})
	if err != nil {
		return storage{}, errors.Join(fmt.Errorf("--spool: %w", err), journal.Close())
	}
	return storage{spooled, spooled.Status}, nil
}
