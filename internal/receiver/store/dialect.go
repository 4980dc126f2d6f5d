package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// dialect is what one database system does its own way. Everything else is
// plain SQL with numbered placeholders.
type dialect struct {
	name       string // of the database, as errors may show it
	goose      goose.Dialect
	migrations string // folder of its migrations
	options    []goose.ProviderOption
	// open makes the database if it may, and returns a handle to write with, and one
	// to read with that never waits for writers.
	open func(ctx context.Context, create bool) (writer, reader *sql.DB, err error)
	// exclusive is the statement that makes a writing transaction wait for its turn,
	// so that transactions exclude each other, and returns the place that the sequence
	// has reached. Without one, writer takes care of it.
	exclusive string
	// unlimited is the statement that lets a transaction take as long as it needs,
	// where there are limits.
	unlimited string
	// brief is the statement that bounds how long a transaction waits for others, and
	// clock the one that asks for the database's own time in microseconds. Without
	// them, nobody else writes, and there is no other clock.
	brief, clock string
	// announce tells other processes, from within the transaction, what it changes;
	// listen hears that, and how far the sequence had come, until it fails. Both are nil where there is no such way.
	announce func(ctx context.Context, t *tx, ids []string) error
	listen   func(ctx context.Context, listening func(), heard func(reached int64, ids []string)) error
	// poll is how soon a change is noticed that another process made and did not, or
	// could not, announce.
	poll time.Duration
	// mark is the placeholder of the n-th value where the values come in their order.
	mark func(n int) string
	// prepares says that the driver keeps statements prepared.
	prepares bool
	// remote says that the database is a server, which may be away for a while.
	remote bool
}

// dialectOf never quotes a name that is no path: it may hold a password.
func dialectOf(database string) (dialect, error) {
	text := strings.TrimSpace(database)
	scheme, _, isURL := strings.Cut(strings.ToLower(text), "://")
	switch {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return postgresDialect(scheme + text[len(scheme):])
	case isURL || strings.Contains(scheme, "password="):
		return dialect{}, errors.New("neither the path of a file nor a postgres:// URL")
	}
	return sqliteDialect(database), nil
}

// numbered is the placeholder that all statements may have.
func numbered(n int) string { return "$" + strconv.Itoa(n) }

// contention is a failure that may come of another process which starts on the
// same new database: only one of them can make a table. What it has done is found
// done at the next attempt.
type contention struct{ error }

func (c contention) Unwrap() error { return c.error }

// migrate brings the schema up to what this build knows, if it may, and refuses one
// that is newer, because it would misread it.
func (d dialect) migrate(ctx context.Context, db *sql.DB, allowed bool) error {
	folder, err := fs.Sub(migrations, d.migrations)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	options := append([]goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}, d.options...)
	provider, err := goose.NewProvider(d.goose, db, folder, options...)
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return contention{fmt.Errorf("read the schema version: %w", err)}
	}
	if current > newest {
		return unusable{fmt.Errorf("the database has schema version %d, this build knows only up to %d: use a newer qos-receiver", current, newest)}
	}
	if current == newest {
		return nil
	}
	if !allowed {
		return fmt.Errorf("the database has schema version %d, this build needs %d: upgrade the servers first, of which the first to start migrates it, or use the qos-receiver that they are", current, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return contention{fmt.Errorf("migrate the schema: %w", err)}
	}
	return nil
}
