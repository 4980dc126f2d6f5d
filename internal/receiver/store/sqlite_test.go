package store_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

func TestSQLiteFilesAreTheOwners(t *testing.T) {
	t.Parallel()
	j := newJournal(t, func(tb testing.TB) string {
		tb.Helper()
		return filepath.Join(tb.TempDir(), "a name with ? # % and spaces.db")
	})
	j.intend("mine", device("a", "192.0.2.1"))
	files, err := filepath.Glob(filepath.Join(filepath.Dir(j.database), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files = %v, error = %v", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(file, j.database) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
	}
}

func TestSQLiteIsDurable(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	db := rawSQLite(t, j.database)
	var mode string
	if err := db.QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode); err != nil {
		t.Fatal(err)
	}
	if mode != "wal" {
		t.Errorf("journal mode %s", mode)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		database func(t *testing.T) string
		reason   string
		is       error
	}{
		"another scheme": {
			database: func(*testing.T) string { return "mysql://qos:hunter2@db/qos" },
			reason:   "neither the path of a file",
		},
		"parameters": {
			database: func(*testing.T) string { return "host=db Password=hunter2" },
			reason:   "neither the path of a file",
		},
		"no directory": {
			database: func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "none", "receiver.db") },
			is:       fs.ErrNotExist,
		},
		"a directory": {
			database: func(t *testing.T) string { t.Helper(); return t.TempDir() },
			reason:   "is a directory",
		},
		"no database": {
			database: func(t *testing.T) string {
				t.Helper()
				path := filepath.Join(t.TempDir(), "notes.txt")
				if err := os.WriteFile(path, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			},
			reason: "not usable as a SQLite database",
		},
		"another program's database": {
			database: func(t *testing.T) string {
				t.Helper()
				path := filepath.Join(t.TempDir(), "other.db")
				execSQLite(t, path, `CREATE TABLE songs (title TEXT)`)
				return path
			},
			reason: "database of another program",
		},
		"a newer schema": {
			database: func(t *testing.T) string {
				t.Helper()
				j := newJournal(t, sqliteDatabase)
				if err := j.store.Close(); err != nil {
					t.Fatal(err)
				}
				execSQLite(t, j.database, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
				return j.database
			},
			reason: "use a newer qos-receiver",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), test.database(t), store.Options{})
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), test.reason) || (test.is != nil && !errors.Is(err, test.is)) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// A first start that was interrupted has left an empty file, or the bookkeeping
// of the migrations.
func TestOpenAfterAnInterruptedStart(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"empty":       `VACUUM`,
		"bookkeeping": `CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now'))); INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJournal(t, func(tb testing.TB) string {
				tb.Helper()
				path := sqliteDatabase(tb)
				execSQLite(tb, path, statement)
				return path
			})
			j.intend("mine", device("a", "192.0.2.1"))
		})
	}
}

func TestOpenOnlyWhatExists(t *testing.T) {
	t.Parallel()
	path := sqliteDatabase(t)
	if _, err := store.Open(t.Context(), path, store.Options{MustExist: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file was made: %v", err)
	}
}

func TestOpenWithoutPermission(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 { // may write everything
		runAsNobody(t)
		return
	}
	path := filepath.Join(t.TempDir(), "receiver.db")
	if err := os.WriteFile(path, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), path, store.Options{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error = %v, want a lack of permission", err)
	}
}

func rawSQLite(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func execSQLite(tb testing.TB, path, statement string) {
	tb.Helper()
	if _, err := rawSQLite(tb, path).ExecContext(tb.Context(), statement); err != nil {
		tb.Fatal(err)
	}
}
