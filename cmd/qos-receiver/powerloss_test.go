package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
)

// TestKilledAtRandomPoints kills a receiver with SIGKILL while callbacks stream in,
// again and again. In the end every callback that was answered 2xx is there, once.
func TestKilledAtRandomPoints(t *testing.T) {
	t.Parallel()
	binary := built(t)
	for name, test := range map[string]struct {
		database string
		kills    int
	}{
		"SQLite":     {filepath.Join(t.TempDir(), "receiver.db"), 50},
		"PostgreSQL": {pgtest.Database(t), 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var answered []string
			for round := range test.kills {
				answered = append(answered, burstAndKill(t, binary, test.database, round)...)
			}
			if len(answered) == 0 {
				t.Fatal("no callback was answered before the kills; nothing is proven")
			}
			expectOnce(t, process(t, binary, test.database), answered)
		})
	}
}

// expectOnce expects all that was answered, and nothing twice.
func expectOnce(t *testing.T, s *server, answered []string) {
	t.Helper()
	stored := map[string]int{}
	for _, e := range allEvents(t, s) {
		stored[e.RequestID]++
	}
	for _, id := range answered {
		if stored[id] == 0 {
			t.Errorf("callback %s was answered 2xx and is lost", id)
		}
	}
	for id, times := range stored {
		if times != 1 {
			t.Errorf("callback %s is stored %d times", id, times)
		}
	}
	t.Logf("%d callbacks answered, %d stored", len(answered), len(stored))
}

// burstAndKill streams callbacks from eight senders, kills the receiver after a
// random number of answers, when others are on their way, and returns the ids of
// those answered 2xx.
func burstAndKill(t *testing.T, binary, database string, round int) []string {
	t.Helper()
	s := process(t, binary, database)
	const senders, most = 8, 60
	left := rand.IntN(most) //nolint:gosec // No secret.
	var (
		mu       sync.Mutex
		answered []string
		sending  sync.WaitGroup
	)
	note := func(id string, status int) {
		mu.Lock()
		defer mu.Unlock()
		if status == http.StatusOK {
			answered = append(answered, id)
		}
		left--
		if left < 0 {
			s.stop()
		}
	}
	for sender := range senders {
		sending.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("r-%d-%d-%d", round, sender, n)
				status, err := s.post(t.Context(), callback(id, ""))
				if err != nil {
					return
				}
				note(id, status)
			}
		})
	}
	sending.Wait()
	return answered
}

// TestAnsweredAfterTheSync watches the system calls of a receiver on a SQLite file:
// what a callback brought is written, and then synced, before the answer is sent.
func TestAnsweredAfterTheSync(t *testing.T) {
	t.Parallel()
	trace := filepath.Join(t.TempDir(), "trace")
	s := process(t, traced(t, built(t), trace), filepath.Join(t.TempDir(), "receiver.db"))
	var ids []string
	for n := range 5 {
		id := fmt.Sprintf("traced-%d", n)
		ids = append(ids, id)
		if status := s.deliver(t, id, ""); status != http.StatusOK {
			t.Fatalf("answer %d", status)
		}
	}
	s.stop()
	calls := systemCalls(finished(t, trace))
	unsynced := slices.DeleteFunc(slices.Clone(calls), systemCall.syncs)
	for _, id := range ids {
		if err := doneBeforeTheAnswer(calls, id, intoTheLog(id)); err != nil {
			t.Errorf("callback %s: %v", id, err)
		}
		if doneBeforeTheAnswer(unsynced, id, intoTheLog(id)) == nil {
			t.Errorf("callback %s would pass without any sync: nothing is proven", id)
		}
	}
}

// The same for a callback that goes to the spool: its file and the folder are synced,
// and so were the folders that the program made for it.
func TestAnsweredAfterTheSyncOfTheSpool(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	folder, database := filepath.Join(top, "made", "spool"), filepath.Join(t.TempDir(), "receiver.db")
	s := process(t, built(t), database, "--spool="+folder)
	s.stop()
	if err := os.RemoveAll(filepath.Join(top, "made")); err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	// What the database is about to refuse has to wait.
	s = process(t, traced(t, built(t), trace), database, "--spool="+folder)
	lockDatabase(t, database)
	const id = "traced-1"
	if status := s.deliver(t, id, ""); status != http.StatusOK {
		t.Fatalf("answer %d", status)
	}
	s.stop()
	calls := systemCalls(finished(t, trace))
	if err := doneBeforeTheAnswer(calls, id, intoTheSpool(id, folder)); err != nil {
		t.Error(err)
	}
	for _, made := range []string{top, filepath.Dir(folder), folder} {
		if next(calls, 0, func(c systemCall) bool { return c.syncs() && strings.Contains(c.text, "<"+made+">") }) == nil {
			t.Errorf("%s is never synced", made)
		}
	}
}

// lockDatabase keeps all others from writing to a SQLite file until the test ends.
func lockDatabase(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
}

// traced is a program that is the binary, but for writing its system calls to a
// file. Where they cannot be watched, the test is skipped, or fails if CI is set.
func traced(t *testing.T, binary, trace string) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("%v (install it)", err)
	}
	script := filepath.Join(t.TempDir(), "traced")
	// With -D the receiver is the test's own child, and a signal to it no other's.
	content := fmt.Sprintf("#!/bin/sh\nexec %q -D -f -y -s 8192 -e trace=read,write,pwrite64,fsync,fdatasync -o %q %q \"$@\"\n", strace, trace, binary)
	if err := os.WriteFile(script, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	return script
}

// finished is the trace of a process that was killed, once it tells of that: all
// that came before is in it.
func finished(t *testing.T, trace string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		content, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasSuffix(content, []byte(" +++ killed by SIGKILL +++\n")) {
			return content
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the trace has no end after %d bytes", len(content))
		case <-ticker.C:
		}
	}
}

// systemCall is one call, with the places of its begin and its end in the trace.
type systemCall struct {
	name, text string
	begin, end int
}

func (c systemCall) syncs() bool { return c.name == "fsync" || c.name == "fdatasync" }

func (c systemCall) succeeds() bool { return strings.HasSuffix(strings.TrimSpace(c.text), "= 0") }

func (c systemCall) writes(text string) bool {
	return (c.name == "write" || c.name == "pwrite64") && strings.Contains(c.text, text)
}

// toLog reports whether the call is about SQLite's write-ahead log.
func (c systemCall) toLog() bool { return strings.Contains(c.text, "/receiver.db-wal>") }

// traceLine is the thread, whether the line is the rest of a call, and the call.
var traceLine = regexp.MustCompile(`^(\d+) +(<\.\.\. )?(\w+)(?:\(| resumed>)`)

// systemCalls reads a trace, in which a call that others overlap takes two lines.
func systemCalls(trace []byte) []systemCall {
	var calls []systemCall
	unfinished := map[string]systemCall{} // by thread
	place := 0
	for line := range strings.Lines(string(trace)) {
		place++
		found := traceLine.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		call := systemCall{name: found[3], text: line, begin: place, end: place}
		if found[2] != "" {
			call.begin, call.text = unfinished[found[1]].begin, unfinished[found[1]].text+line
		}
		if strings.HasSuffix(line, "<unfinished ...>\n") {
			unfinished[found[1]] = call
			continue
		}
		delete(unfinished, found[1])
		calls = append(calls, call)
	}
	return slices.AppendSeq(calls, maps.Values(unfinished))
}

// step is something that has to be done before the answer is sent.
type step struct {
	what string
	is   func(systemCall) bool
}

func reads(id string) step {
	return step{"reads it", func(c systemCall) bool { return c.name == "read" && strings.Contains(c.text, id) }}
}

func intoTheLog(id string) []step {
	return []step{
		{"writes it to the log", func(c systemCall) bool { return c.writes(id) && c.toLog() }},
		{"syncs the log", func(c systemCall) bool { return c.syncs() && c.toLog() && c.succeeds() }},
	}
}

func intoTheSpool(id, folder string) []step {
	return []step{
		{"writes it to a file", func(c systemCall) bool { return c.writes(id) && strings.Contains(c.text, "<"+folder+"/") }},
		{"syncs the file", func(c systemCall) bool {
			return c.syncs() && strings.Contains(c.text, "<"+folder+"/") && c.succeeds()
		}},
		{"syncs the folder", func(c systemCall) bool {
			return c.syncs() && strings.Contains(c.text, "<"+folder+">") && c.succeeds()
		}},
	}
}

// doneBeforeTheAnswer looks for the callback being read, then for the steps, then for
// the answer being sent, each begun after the one before had ended.
func doneBeforeTheAnswer(calls []systemCall, id string, steps []step) error {
	at := 0
	for _, step := range append([]step{reads(id)}, steps...) {
		found := next(calls, at, step.is)
		if found == nil {
			return fmt.Errorf("no call %s", step.what)
		}
		at = found.end
	}
	read := next(calls, 0, reads(id).is)
	answer := next(calls, read.end, func(c systemCall) bool { return c.name == "write" && strings.Contains(c.text, `"HTTP/1.1 2`) })
	switch {
	case answer == nil:
		return fmt.Errorf("no answer")
	case answer.begin <= at:
		return fmt.Errorf("the answer, line %d, does not come after the last step, line %d", answer.begin, at)
	}
	return nil
}

// next is the first call that begins after a place, nil if there is none.
func next(calls []systemCall, after int, is func(systemCall) bool) *systemCall {
	var first *systemCall
	for i, c := range calls {
		if c.begin > after && is(c) && (first == nil || c.begin < first.begin) {
			first = &calls[i]
		}
	}
	return first
}
