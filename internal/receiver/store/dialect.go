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
	// open makes the database if it may, and returns a handle whose transactions exclude each other, and one to
	// read with that never waits for them.
	open func(ctx context.Context, database string, create bool) (writer, reader *sql.DB, err error)
}

// dialectOf never quotes a name that is no path: it may hold a password.
func dialectOf(database string) (dialect, error) {
	scheme, _, isURL := strings.Cut(strings.ToLower(strings.TrimSpace(database)), "://")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		return dialect{}, errors.New("PostgreSQL is not supported by this build: give the path of a file")
	case isURL || strings.Contains(scheme, "password="):
		return dialect{}, errors.New("not the path of a file, and no database that this build supports")
	}
	return dialect{goose: goose.DialectSQLite3, migrations: "migrations/sqlite", open: openSQLite}, nil
}

// contention is a failure that may come of another process which starts on the
// same new database: only one of them can make a table. What it has done is found
// done at the next attempt.
type contention struct{ error }

func (c contention) Unwrap() error { return c.error }

// migrate brings the schema up to what this build knows and refuses one that is
// newer, because it would misread it.
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
		return contention{fmt.Errorf("read the schema version: %w", err)}
	}
	if current > newest {
		return fmt.Errorf("the database has schema version %d, this build knows only up to %d: use a newer qos-receiver", current, newest)
	}
	if current == newest {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return contention{fmt.Errorf("migrate the schema: %w", err)}
	}
	return nil
}
