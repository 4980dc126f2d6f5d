package store_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

func TestSQLiteSurvivesReopening(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	r := j.accepted("mine", "r", device("a", "192.0.2.1"))
	j.hear(acknowledged("r", "s", "a"))
	want := j.get(r.ID)
	id := j.store.StoreID()
	if err := j.store.Close(); err != nil {
		t.Fatal(err)
	}
	j.store = j.open()
	if diff := cmp.Diff(want, j.get(r.ID)); diff != "" {
		t.Errorf("request (-before +after):\n%s", diff)
	}
	if j.store.StoreID() != id {
		t.Errorf("store id %s, was %s", j.store.StoreID(), id)
	}
}

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
		"PostgreSQL": {
			database: func(*testing.T) string { return "postgres://qos@db/qos" },
			reason:   "PostgreSQL is not supported by this build",
		},
		"PostgreSQL with a password": {
			database: func(*testing.T) string { return "PostgreSQL://qos:hunter2@db/qos" },
			reason:   "PostgreSQL is not supported by this build",
		},
		"another scheme": {
			database: func(*testing.T) string { return "mysql://qos:hunter2@db/qos" },
			reason:   "not the path of a file",
		},
		"parameters": {
			database: func(*testing.T) string { return "host=db Password=hunter2" },
			reason:   "not the path of a file",
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

func TestOpenAtTheSameTime(t *testing.T) {
	t.Parallel()
	for range 2 {
		path := sqliteDatabase(t)
		var wait sync.WaitGroup
		ids := make([]string, 4)
		for i := range ids {
			wait.Go(func() {
				s, err := store.Open(t.Context(), path, store.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = s.StoreID()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 1 {
			t.Errorf("store ids %v", ids)
		}
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
	path := filepath.Join(t.TempDir(), "receiver.db")
	if err := os.WriteFile(path, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if file, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		t.Skip("this user may write everything", file.Close())
	}
	if _, err := store.Open(t.Context(), path, store.Options{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error = %v, want a lack of permission", err)
	}
}

// A second process writes while the first does: neither fails for the lock.
func TestSQLiteTwoWriters(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	stores := []receiver.Store{j.store, j.open()}
	failures := make(chan error, len(stores))
	for i, s := range stores {
		go func() {
			var err error
			for n := 0; n < 15 && err == nil; n++ {
				e := on("r", "s")
				e.ReportedTime = strings.Repeat("x", i*100+n)
				err = s.Record(t.Context(), []receiver.Event{e})
			}
			failures <- err
		}()
	}
	for range stores {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if got := len(j.events(0)); got != 30 {
		t.Errorf("%d events, want 30", got)
	}
}

func TestCancelledWritesLeaveNothing(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.store.Record(ctx, []receiver.Event{on("r", "s")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if got := j.events(0); len(got) != 0 {
		t.Errorf("events = %+v", got)
	}
}

func TestWatchEndsWithTheStore(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	j.store.Watch(t.Context(), func([]string) {})
	for range 2 {
		if err := j.store.Close(); err != nil {
			t.Error(err)
		}
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
