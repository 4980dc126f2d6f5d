package main

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// refusing is a store that is away at first, and then takes nothing.
type refusing struct{ *store.Store }

func (refusing) Record(context.Context, []receiver.Event) error { return errors.New("away") }

func (refusing) RecordSince(context.Context, []receiver.LateEvents) error {
	return &receiver.InvalidError{Reason: "the database cannot keep that"}
}

// setAside makes a spool that has set callbacks aside, and returns its folder.
func setAside(t *testing.T, database string, requests ...string) string {
	t.Helper()
	journal, err := store.Open(t.Context(), database, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "spool")
	s, err := spool.New(folder, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), func(context.Context) (spool.Backing, error) { return refusing{journal}, nil }); err != nil {
		t.Fatal(err)
	}
	for _, id := range requests {
		callback, err := receiver.ParseCallback([]byte(callback(id, "")), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Record(t.Context(), callback.Events); err != nil {
			t.Fatal(err)
		}
	}
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for s.Status().Depth > 0 {
		<-ticker.C
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// What the spool has set aside is shown, and stored beside a running server.
func TestSpoolRestore(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "receiver.db")
	folder := setAside(t, database, "r-1", "r-2", "r-3")
	s := servingWith(t, nil, "--database="+database, "--spool="+folder)
	waitFor(t, s, "qos_receiver_spool_aside 3")
	env := []string{"QOS_RECEIVER_SPOOL=" + folder, "QOS_RECEIVER_DATABASE=" + database}
	listed := invoke(t.Context(), env, "spool", "list")
	for _, want := range []string{"r-1", "r-2", "r-3", "the database cannot keep that"} {
		if listed.code != 0 || !strings.Contains(listed.stdout, want) {
			t.Errorf("exit %d: %s%s; want %q", listed.code, listed.stdout, listed.stderr, want)
		}
	}
	damaged := damageFirst(t, folder)
	for _, test := range []struct {
		args, says string
		code       int
	}{
		{"list", "damaged: 1 of 1", 0},
		{"restore " + damaged, "is damaged", 1},
		{"restore nothing", "not among the files", 1},
		{"restore", "is stored", 0},
		{"restore --spool=/nonexistent", "--spool", 1},
	} {
		got := invoke(t.Context(), env, append([]string{"spool"}, strings.Fields(test.args)...)...)
		if got.code != test.code || !strings.Contains(got.stdout+got.stderr, test.says) {
			t.Errorf("spool %s: exit %d: %s%s; want %d with %q", test.args, got.code, got.stdout, got.stderr, test.code, test.says)
		}
	}
	expectOnce(t, s, []string{"r-2", "r-3"})
	waitFor(t, s, "qos_receiver_spool_aside 1")
	if got := invoke(t.Context(), env, "spool", "drop", "nothing", damaged); got.code != 1 || got.stdout != damaged+" is dropped\n" || !strings.Contains(got.stderr, "not among the files") {
		t.Errorf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
	waitFor(t, s, "qos_receiver_spool_aside 0")
	if got := invoke(t.Context(), env, "spool", "list"); got.stdout != "nothing was set aside\n" {
		t.Errorf("listed %s", got.stdout)
	}
}

// What holds callbacks goes by force alone, and the folder can forget its database.
func TestSpoolDropAndForget(t *testing.T) {
	t.Parallel()
	folder := setAside(t, filepath.Join(t.TempDir(), "receiver.db"), "r-1")
	kept, err := spool.List(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args, says string
		code       int
	}{
		{"drop " + kept[0].Name, "restore it, or drop it by force", 1},
		{"drop --force " + kept[0].Name, "is dropped", 0},
		{"forget-store", "is forgotten", 0},
		{"forget-store", "no store is remembered", 0},
	} {
		got := invoke(t.Context(), []string{"QOS_RECEIVER_SPOOL=" + folder}, append([]string{"spool"}, strings.Fields(test.args)...)...)
		if got.code != test.code || !strings.Contains(got.stdout+got.stderr, test.says) {
			t.Errorf("spool %s: exit %d: %s%s; want %d with %q", test.args, got.code, got.stdout, got.stderr, test.code, test.says)
		}
	}
}

// damageFirst spoils the first of the files that were set aside and returns its name.
func damageFirst(t *testing.T, folder string) string {
	t.Helper()
	kept, err := spool.List(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "aside", kept[0].Name), []byte("not what was written"), 0o600); err != nil {
		t.Fatal(err)
	}
	return kept[0].Name
}

// Commands beside a server leave the schema as it is: a server of an older version
// could not be started again.
func TestCommandsDoNotMigrate(t *testing.T) {
	t.Parallel()
	s := serving(t)
	s.stop()
	db, err := sql.Open("sqlite", s.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	// To whoever opens it, it is of the version before.
	if _, err := db.ExecContext(t.Context(), `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"export", "resolve x --not-created", "spool restore x --spool=" + t.TempDir()} {
		got := invoke(t.Context(), []string{"QOS_RECEIVER_DATABASE=" + s.database}, strings.Fields(args)...)
		if got.code != 1 || !strings.Contains(got.stderr, "schema version") {
			t.Errorf("%s: exit %d: %s", args, got.code, got.stderr)
		}
	}
}
