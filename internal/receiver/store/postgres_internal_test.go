package store

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// Every step of the schema exists for every database, under the same version.
func TestMigrationsGoTogether(t *testing.T) {
	t.Parallel()
	sqlite, err := fs.Glob(migrations, "migrations/sqlite/*.sql")
	if err != nil || len(sqlite) == 0 {
		t.Fatal(sqlite, err)
	}
	for i := range sqlite {
		sqlite[i] = strings.Replace(sqlite[i], "/sqlite/", "/postgres/", 1)
	}
	postgres, err := fs.Glob(migrations, "migrations/postgres/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sqlite, postgres); diff != "" {
		t.Errorf("migrations (-SQLite +PostgreSQL):\n%s", diff)
	}
}

// What came with credentials before the schema could say so vouches for its request.
func TestMigrationFindsWhatWasVouchedFor(t *testing.T) {
	t.Parallel()
	for folder, database := range map[string]string{
		"sqlite": filepath.Join(t.TempDir(), "receiver.db"), "postgres": pgtest.Database(t),
	} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			s := openInternal(t, database, Options{Hold: receiver.StoreTimeout})
			forged := acknowledgement("forged")
			forged[0].Authenticated = false
			must(t, s.Record(t.Context(), acknowledgement("real")))
			must(t, s.Record(t.Context(), forged))
			migration, err := fs.ReadFile(migrations, "migrations/"+folder+"/00005_evidence.sql")
			must(t, err)
			_, down, _ := strings.Cut(string(migration), "-- +goose Down")
			for statement := range strings.SplitSeq(strings.TrimSpace(down)+"\nDELETE FROM goose_db_version WHERE version_id = 5", ";") {
				_, err := s.writer.ExecContext(t.Context(), statement)
				must(t, err)
			}
			must(t, s.Close())
			s = openInternal(t, database, Options{})
			vouched, err := queryStrings(t.Context(), s.reader, `SELECT request_id FROM acknowledgements WHERE vouched`)
			must(t, err)
			if diff := cmp.Diff([]string{"real"}, vouched); diff != "" {
				t.Errorf("vouched for (-want +got):\n%s", diff)
			}
		})
	}
}

// A process that falls silent in the middle of a transaction does not hold up the
// others for long.
func TestSilentWriterIsCutOff(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	open := func(database string) *Store {
		s, err := Open(t.Context(), database, Options{Hold: receiver.StoreTimeout})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	silent, other := open(pgtest.Parameter(t, database, "idle_in_transaction_session_timeout", "100")), open(database)
	stuck, err := silent.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Record(t.Context(), []receiver.Event{{RequestID: "r", QoSEvent: "QoSChangeOn"}}); err != nil {
		t.Error(err)
	}
	if stuck.Commit() == nil {
		t.Error("the silent one commits")
	}
}
