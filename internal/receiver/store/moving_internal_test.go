package store

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
)

// A table that somebody adds has to move, too.
func TestEveryTableMoves(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ database, tables string }{
		"SQLite":     {t.TempDir() + "/receiver.db", `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`},
		"PostgreSQL": {pgtest.Database(t), `SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Open(t.Context(), test.database, Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			got, err := queryStrings(t.Context(), s.reader, test.tables)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"meta", "goose_db_version"}
			for _, table := range movedTables() {
				want = append(want, table.name)
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tables (-moved +there):\n%s", diff)
			}
		})
	}
}
