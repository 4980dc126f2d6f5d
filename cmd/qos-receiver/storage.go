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

// besideServer opens a database that a server may have open, perhaps one of an older
// version, which could not start any more if the database were migrated. A misspelt
// name must not make a new, empty database.
func besideServer() store.Options {
	return store.Options{Lease: receiver.DefaultLease, MustExist: true, WithoutMigration: true}
}

// storage is an open journal. spooled tells what waits before it, nil if nothing can.
type storage struct {
	receiver.Store
	spooled func() receiver.SpoolStatus
}

// openStorage opens the journal, and the spool before it if there is to be one. With
// a spool that knows its journal, that may be away.
func (c *serveCommand) openStorage(ctx context.Context, log *slog.Logger) (storage, error) {
	database, err := databaseName(c.Database, c.DatabaseFile)
	if err != nil {
		return storage{}, err
	}
	options := store.Options{Lease: receiver.DefaultLease, Retention: time.Duration(c.Retention), Logger: log}
	connect := func(ctx context.Context) (*store.Store, error) {
		journal, err := store.Open(ctx, database, options)
		switch {
		case err == nil:
			return journal, nil
		case store.Refuses(err):
			err = &spool.RefusedError{Err: err}
		}
		return nil, fmt.Errorf("--database: %w", err)
	}
	if c.Spool == "" {
		journal, err := connect(ctx)
		return storage{Store: journal}, err
	}
	spooled, err := spool.New(c.Spool, spool.Options{Logger: log})
	if err != nil {
		return storage{}, fmt.Errorf("--spool: %w", err)
	}
	err = spooled.Open(ctx, func(ctx context.Context) (spool.Backing, error) { return connect(ctx) })
	if err != nil {
		return storage{}, errors.Join(err, spooled.Close()) //nolint:contextcheck // What ends is not to be interrupted.
	}
	return storage{spooled, spooled.Status}, nil
}
