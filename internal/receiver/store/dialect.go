package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// dialect is what one database system does its own way. Everything else is
// plain SQL with numbered placeholders.
type dialect struct {
	goose      goose.Dialect
	migrations string // folder of its migrations
	// open returns a handle whose transactions exclude each other, and one to
	// read with that never waits for them.
	open func(ctx context.Context, database string) (writer, reader *sql.DB, err error)
}

func dialectOf(database string) (dialect, error) {
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if strings.HasPrefix(database, scheme) {
			return dialect{}, errors.New("PostgreSQL is not supported by this build: give the path of a file")
		}
	}
	return dialect{goose: goose.DialectSQLite3, migrations: "migrations/sqlite", open: openSQLite}, nil
}

// migrate brings the schema up to what this build knows and refuses one that is
// newer: an older build would misread it.
func (d dialect) migrate(ctx context.Context, db *sql.DB) error {
	folder, err := fs.Sub(migrations, d.migrations)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	provider, err := goose.NewProvider(d.goose, db, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if current > newest {
		return fmt.Errorf("the database has schema version %d, this build knows only up to %d: use a newer qos-receiver", current, newest)
	}
	if current == newest {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}
