package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// inUse is a server that has a request and what was heard of it.
func inUse(t *testing.T) *server {
	t.Helper()
	s := serving(t)
	client := s.client(t)
	r, err := client.CreateRequest(t.Context(), intent("claim-of-a-state", "5551230001"))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []receiver.Change{{Kind: receiver.ChangeSent, Claim: "claim-of-a-state"}, {Kind: receiver.ChangeAccepted, Claim: "claim-of-a-state", RequestID: "r-1"}} {
		if _, err = client.ChangeRequest(t.Context(), r.ID, change); err != nil {
			t.Fatal(err)
		}
	}
	if status := s.deliver(t, "r-1", ""); status != http.StatusOK {
		t.Fatalf("answer %d", status)
	}
	return s
}

// knows is what a provider gets to know of a server.
type knows struct {
	Info   receiver.Info
	Events []receiver.Event
	Claims map[string]string
}

func (s *server) knows(t *testing.T) knows {
	t.Helper()
	client := s.client(t)
	info, err := client.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := client.Requests(t.Context(), receiver.Filter{})
	if err != nil || len(page.Requests) == 0 {
		t.Fatalf("%v, %v", page, err)
	}
	k := knows{*info, allEvents(t, s), map[string]string{}}
	for _, r := range page.Requests {
		k.Claims[r.ID] = r.Claim + " " + string(r.Status)
	}
	return k
}

// serveFrom serves another database than a test's own.
func serveFrom(t *testing.T, database string) *server {
	t.Helper()
	return servingWith(t, nil, "--database="+database)
}

func TestMoveBesideARunningServer(t *testing.T) {
	t.Parallel()
	s := inUse(t)
	export := filepath.Join(t.TempDir(), "journal.jsonl")
	if got := invoke(t.Context(), nil, "export", "--database="+s.database, export); got.code != 0 || got.stdout != "" || !strings.Contains(got.stderr, "requests 1") {
		t.Fatalf("export: exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
	if info, err := os.Stat(export); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	env := []string{"QOS_RECEIVER_DATABASE=" + pgtest.Database(t)}
	if got := invoke(t.Context(), env, "import", export); got.code != 0 || !strings.Contains(got.stdout, "requests 1") {
		t.Fatalf("import: exit %d: %s", got.code, got.stderr)
	}
	for args, says := range map[string]string{
		"import " + export:                                      "not empty",
		"import /nonexistent/export":                            "no such file",
		"import --database=" + s.database + " " + export:        "not empty",
		"export --database=" + s.database + " " + export:        "exists",
		"export --database=/nonexistent/receiver.db":            "no such file",
		"backup " + filepath.Join(t.TempDir(), "b.db"):          "pg_dump",
		"restore " + export:                                     "pg_restore",
		"restore --database=/nonexistent/receiver.db " + export: "not usable as a SQLite database",
		"backup --database=" + s.database + " " + export:        "exists",
		"export --database=postgres://qos:hunter2@127.0.0.1:1/": "connect",
		"import --database=postgres://qos:hunter2@127.0.0.1:1/": "connect",
		"backup --database=postgres://qos:hunter2@127.0.0.1:1/": "expected",
	} {
		got := invoke(t.Context(), env, strings.Fields(args)...)
		if got.code != 1 || !strings.Contains(got.stderr, says) || strings.Contains(got.stderr, "hunter2") {
			t.Errorf("%s: exit %d: %s; want 1 with %q", args, got.code, got.stderr, says)
		}
	}
	want := s.knows(t)
	if diff := cmp.Diff(want, serveFrom(t, strings.TrimPrefix(env[0], "QOS_RECEIVER_DATABASE=")).knows(t)); diff != "" {
		t.Errorf("the moved server (-want +got):\n%s", diff)
	}
}

func TestMoveThroughAPipe(t *testing.T) {
	t.Parallel()
	s := inUse(t)
	binary, target := built(t), filepath.Join(t.TempDir(), "moved.db")
	exporter := exec.CommandContext(t.Context(), binary, "export", "--database="+s.database)
	importer := exec.CommandContext(t.Context(), binary, "import", "--database="+target)
	var exporterSaid, importerSaid bytes.Buffer
	exporter.Stderr, importer.Stderr = &exporterSaid, &importerSaid
	lines, err := exporter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	importer.Stdin = lines
	if err := exporter.Start(); err != nil {
		t.Fatal(err)
	}
	if err := importer.Run(); err != nil {
		t.Errorf("%v: %s", err, importerSaid.String())
	}
	if err := exporter.Wait(); err != nil {
		t.Errorf("%v: %s", err, exporterSaid.String())
	}
	if diff := cmp.Diff(s.knows(t), serveFrom(t, target).knows(t)); diff != "" {
		t.Errorf("the moved server (-want +got):\n%s", diff)
	}
}

func TestBackupBesideARunningServer(t *testing.T) {
	t.Parallel()
	s := inUse(t)
	folder := t.TempDir()
	backup, restored := filepath.Join(folder, "backup.db"), filepath.Join(folder, "restored.db")
	want := s.knows(t)
	for _, args := range [][]string{
		{"backup", "--database=" + s.database, backup},
		{"restore", "--database=" + restored, backup},
	} {
		if got := invoke(t.Context(), nil, args...); got.code != 0 || got.stdout == "" {
			t.Fatalf("%v: exit %d: %s", args, got.code, got.stderr)
		}
	}
	if diff := cmp.Diff(want, serveFrom(t, restored).knows(t)); diff != "" {
		t.Errorf("the restored server (-want +got):\n%s", diff)
	}
	if got := invoke(t.Context(), nil, "restore", "--database="+restored, backup); got.code != 1 || !strings.Contains(got.stderr, "exist") {
		t.Errorf("over a database: exit %d: %s", got.code, got.stderr)
	}
}

// An export that is interrupted leaves no file that looks like one.
func TestInterruptedExport(t *testing.T) {
	t.Parallel()
	s := inUse(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	export := filepath.Join(t.TempDir(), "journal.jsonl")
	if got := invoke(ctx, nil, "export", "--database="+s.database, export); got.code != 1 {
		t.Errorf("exit %d", got.code)
	}
	if left, err := filepath.Glob(export + "*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
