package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// sqliteApplicationID is what the first migration puts into the file's header.
	sqliteApplicationID = 1903129458
	sqliteReaders       = 4
	// sqliteBusy is how long a connection waits for another process, as long as
	// the receiver lets a write take.
	sqliteBusy = receiver.StoreTimeout
	// sqlitePoll is how soon a change made by another process is noticed.
	sqlitePoll = time.Second
)

// sqliteDialect is for the file at the path. Its one writing connection, and the
// file's lock, make transactions exclude each other.
func sqliteDialect(path string) dialect {
	return dialect{
		name: path, goose: goose.DialectSQLite3, migrations: "migrations/sqlite", poll: sqlitePoll,
		// It looks for numbered ones by their names, which takes long where there are hundreds.
		mark: func(int) string { return "?" },
		open: func(ctx context.Context, create bool) (writer, reader *sql.DB, err error) {
			return openSQLite(ctx, path, create)
		},
	}
}

// openSQLite opens the file, making it if need be and allowed. One connection writes, so that
// writers queue in the process rather than at the file lock; the file lock is
// left for other processes.
func openSQLite(ctx context.Context, path string, create bool) (writer, reader *sql.DB, err error) {
	absolute, err := makeFile(path, create)
	if err != nil {
		return nil, nil, err
	}
	writer, err = openPool(absolute, 1, "journal_mode(wal)", "synchronous(full)", "foreign_keys(1)")
	if err != nil {
		return nil, nil, err
	}
	if err := checkSQLite(ctx, writer); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open %s: %w", path, contended(err)), writer.Close())
	}
	reader, err = openPool(absolute, sqliteReaders, "query_only(1)")
	if err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	return writer, reader, nil
}

// makeFile makes the file for its owner only; SQLite gives the files beside it
// the same mode. An existing file keeps the mode it has.
func makeFile(path string, create bool) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("database %s: %w", path, err)
	}
	mode := os.O_RDWR
	if create {
		mode |= os.O_CREATE
	}
	file, err := os.OpenFile(absolute, mode, 0o600) //nolint:gosec // The path is the operator's own.
	if err != nil {
		return "", fmt.Errorf("database: %w", err)
	}
	if err := file.Close(); err != nil {
		return "", fmt.Errorf("database: %w", err)
	}
	return absolute, nil
}

func openPool(path string, connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{
		"_txlock": {"immediate"},
		"_pragma": append([]string{fmt.Sprintf("busy_timeout(%d)", sqliteBusy.Milliseconds())}, pragmas...),
	}
	location := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", location.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// checkSQLite refuses a file that is no database, or somebody else's. One that
// holds no more than the migrations' own bookkeeping is where a first start was
// interrupted, or where another process is starting now.
func checkSQLite(ctx context.Context, db *sql.DB) error {
	var application, objects int64
	if err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&application); err != nil {
		return fmt.Errorf("not usable as a SQLite database: %w", err)
	}
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master
		WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'goose_db_version'`).Scan(&objects); err != nil {
		return fmt.Errorf("not usable as a SQLite database: %w", err)
	}
	if objects > 0 && application != sqliteApplicationID {
		return errors.New("the file is a SQLite database of another program")
	}
	return nil
}
