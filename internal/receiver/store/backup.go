package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/qosform/terraform-provider-qos/internal/receiver/wholefile"
)

// errNotAFile is of a database that its server's own programs copy.
var errNotAFile = errors.New("only a SQLite file is copied like this: PostgreSQL has pg_dump and pg_restore of its own")

// Backup copies a SQLite database into a new file, readable by its owner only,
// while receivers go on to use it. The copy is of one moment, was checked, and is
// on disk when Backup returns. It never replaces a file.
func Backup(ctx context.Context, database, file string) error {
	d, err := dialectOf(database)
	if err != nil {
		return err
	}
	if d.remote {
		return errNotAFile
	}
	return copySQLite(ctx, database, file, func(context.Context, *sql.DB) error { return nil })
}

// Restore makes a SQLite database of a file that Backup made, and checks it. The
// file stays as it is, and so does a database that is already there: it is refused.
// The store keeps its id, but gives out no place of its sequence that the original
// may have given out after the backup.
func Restore(ctx context.Context, file, database string) error {
	d, err := dialectOf(database)
	if err != nil {
		return err
	}
	if d.remote {
		return errNotAFile
	}
	// What SQLite has not yet written into an older database would be taken for the
	// new one's.
	for _, rest := range []string{"-wal", "-shm", "-journal"} {
		if _, err := os.Lstat(database + rest); err == nil {
			return fmt.Errorf("%s: %w; it belongs to an older database and has to go where that went", database+rest, fs.ErrExist)
		}
	}
	return copySQLite(ctx, file, database, func(ctx context.Context, restored *sql.DB) error {
		if _, err := restored.ExecContext(ctx, `UPDATE meta SET sequence = sequence + $1`, int64(copyLeap)); err != nil {
			return fmt.Errorf("move the sequence on: %w", err)
		}
		return nil
	})
}

// copySQLite copies a receiver's database, lets adapt change the copy, and checks
// that. It migrates neither.
func copySQLite(ctx context.Context, from, to string, adapt func(context.Context, *sql.DB) error) error {
	from, err := makeFile(from, false)
	if err != nil {
		return err
	}
	if to, err = filepath.Abs(to); err != nil {
		return fmt.Errorf("copy to %s: %w", to, err)
	}
	source, err := openPool(from, 1)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // nothing was written
	if err := checkJournal(ctx, source); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return wholefile.Write(to, func(partial string) (err error) {
		if _, err := source.ExecContext(ctx, `VACUUM INTO $1`, partial); err != nil {
			return fmt.Errorf("copy %s: %w", from, err)
		}
		copied, err := openPool(partial, 1)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, copied.Close()) }()
		return errors.Join(adapt(ctx, copied), checkIntegrity(ctx, copied))
	})
}

// checkJournal refuses a file that is no receiver's database, or one in which
// nothing has been made yet.
func checkJournal(ctx context.Context, db *sql.DB) error {
	if err := checkSQLite(ctx, db); err != nil {
		return err
	}
	var stores int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM meta`).Scan(&stores); err != nil || stores != 1 {
		return errors.Join(errors.New("the file holds no receiver's journal"), err)
	}
	return nil
}

// checkIntegrity refuses a database that is damaged.
func checkIntegrity(ctx context.Context, db *sql.DB) error {
	found, err := queryStrings(ctx, db, `SELECT integrity_check FROM pragma_integrity_check
		UNION ALL SELECT 'row of ' || "table" || ' without its row of ' || parent FROM pragma_foreign_key_check`)
	if err != nil {
		return fmt.Errorf("check the copy: %w", err)
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("the copy is damaged: %q", found)
	}
	return nil
}
