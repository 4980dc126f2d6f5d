package store_test

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	// Every step of a property's check is a write to disk; the command line may
	// ask for more.
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	testStore(t, sqliteDatabase)
}

// testStore is what every database has to pass.
func testStore(t *testing.T, database opener) {
	t.Helper()
	for _, group := range []map[string]func(*journal){intentRules, leaseRules, changeRules, unknownRules, stopRules, eventRules, attributionRules, inferenceRules, quarantineRules, queryRules} {
		for name, rule := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				rule(newJournal(t, database))
			})
		}
	}
}
