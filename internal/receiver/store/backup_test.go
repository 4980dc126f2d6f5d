package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// backedUp is a backup of the journal.
func (j *journal) backedUp() string {
	j.t.Helper()
	file := filepath.Join(j.t.TempDir(), "backup.db")
	if err := store.Backup(j.t.Context(), j.database, file); err != nil {
		j.t.Fatal(err)
	}
	return file
}

// restored is the journal that a backup becomes.
func (j *journal) restored(file string) *journal {
	j.t.Helper()
	to := &journal{t: j.t, clock: j.clock, database: sqliteDatabase(j.t)}
	if err := store.Restore(j.t.Context(), file, to.database); err != nil {
		j.t.Fatal(err)
	}
	to.store = to.open()
	return to
}

func TestBackup(t *testing.T) {
	t.Parallel()
	before := newJournal(t, sqliteDatabase)
	before.populate(t)
	seen := before.reads(t)
	file := before.backedUp()
	newer := before.accepted("newer", "r-newer", device("z", "192.0.2.1"))
	after := before.restored(file)
	if diff := cmp.Diff(seen, after.reads(t)); diff != "" {
		t.Errorf("what readers see (-before +after):\n%s", diff)
	}
	if found := after.list(receiver.Filter{ID: newer.ID}); len(found) != 0 {
		t.Errorf("the backup has what came after it: %+v", found)
	}
	for _, path := range []string{file, after.database} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
	}
}

// A restored store goes on where the original cannot have been: who has seen that
// go on after the backup must not miss what comes.
func TestRestoredJournalGoesOn(t *testing.T) {
	t.Parallel()
	before := newJournal(t, sqliteDatabase)
	r := before.accepted("mine", "r", device("a", "192.0.2.1"))
	file := before.backedUp()
	for n := range 20 {
		before.hear(on("r", fmt.Sprint("s", n)))
	}
	seen := before.get(r.ID).Revision
	events := before.events(0)
	last := events[len(events)-1].Seq

	after := before.restored(file)
	after.hear(acknowledged("r", "s", "a"))
	changed, missing, err := after.store.Revised(t.Context(), []receiver.WaitItem{{ID: r.ID, Revision: seen}})
	if err != nil || len(missing) != 0 || len(changed) != 1 {
		t.Errorf("a waiter is told %v, %v, %v", changed, missing, err)
	}
	if got := after.events(last); len(got) != 1 {
		t.Errorf("%d events after the last that was seen", len(got))
	}
	if before.store.StoreID() != after.store.StoreID() {
		t.Error("the restored store has another id")
	}
}

func TestBackupWhileOthersWrite(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	stop := j.writing()
	for range 2 {
		j.restored(j.backedUp()).expectWhole()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	j.intend("mine", device("a", "192.0.2.1"))
	there := j.backedUp()
	tests := map[string]struct {
		database, file string
		is             error
		says           string
	}{
		"a file that is there":       {database: j.database, file: there, is: fs.ErrExist},
		"itself":                     {database: j.database, file: j.database, is: fs.ErrExist},
		"no folder":                  {database: j.database, file: filepath.Join(t.TempDir(), "none", "b.db"), is: fs.ErrNotExist},
		"no database":                {database: sqliteDatabase(t), file: sqliteDatabase(t), is: fs.ErrNotExist},
		"a server":                   {database: "postgres://qos:hunter2@db/qos", file: sqliteDatabase(t), says: "pg_dump"},
		"a URL":                      {database: "mysql://qos:hunter2@db/qos", file: sqliteDatabase(t), says: "neither"},
		"another program's database": {database: strange(t), file: sqliteDatabase(t), says: "another program"},
		"an empty file":              {database: damaged(t, j, func([]byte) []byte { return nil }), file: sqliteDatabase(t), says: "no receiver's journal"},
	}
	for name, test := range tests {
		for verb, do := range map[string]func() error{
			"backup":  func() error { return store.Backup(t.Context(), test.database, test.file) },
			"restore": func() error { return store.Restore(t.Context(), test.database, test.file) },
		} {
			if verb == "restore" && strings.Contains(test.database, "://") {
				do = func() error { return store.Restore(t.Context(), there, test.database) }
			}
			err := do()
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), test.says) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%s, %s: error = %v", verb, name, err)
			}
		}
	}
	if got := j.list(receiver.Filter{}); len(got) != 1 {
		t.Errorf("the database now has %d requests", len(got))
	}
}

func TestRestoreRefusesDamage(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	var many []receiver.Event
	for n := range 200 {
		many = append(many, acknowledged(fmt.Sprint("r", n), fmt.Sprint("s", n), "a"))
	}
	j.hear(many...)
	tests := map[string]func([]byte) []byte{
		"half of it": func(b []byte) []byte { return b[:len(b)/2] },
		"no header":  func(b []byte) []byte { return append(make([]byte, 100), b[100:]...) },
		"zeroes":     func(b []byte) []byte { clear(b[len(b)/3 : len(b)*2/3]); return b },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := sqliteDatabase(t)
			err := store.Restore(t.Context(), damaged(t, j, damage), target)
			if err == nil {
				t.Error("restored")
			}
			left, globErr := filepath.Glob(target + "*")
			if globErr != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, globErr)
			}
		})
	}
}

// The write-ahead log of an older database would be taken for the new one's.
func TestRestoreBesideAnOldLog(t *testing.T) {
	t.Parallel()
	j := newJournal(t, sqliteDatabase)
	target := sqliteDatabase(t)
	if err := os.WriteFile(target+"-wal", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(t.Context(), j.backedUp(), target); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error = %v", err)
	}
}

// damaged is a backup of the journal of which something else was made.
func damaged(t *testing.T, j *journal, damage func([]byte) []byte) string {
	t.Helper()
	file := j.backedUp()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, damage(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// strange is a database of another program.
func strange(t *testing.T) string {
	t.Helper()
	path := sqliteDatabase(t)
	execSQLite(t, path, `CREATE TABLE songs (title TEXT)`)
	return path
}
