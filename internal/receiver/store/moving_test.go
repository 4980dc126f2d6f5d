package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const readToken = "token-for-the-test"

// populate lets a journal have all that one can have, drawn at random: few requests,
// because each of their steps is a write to disk.
func (j *journal) populate(t *testing.T) {
	t.Helper()
	r := j.accepted("claim", "stopped", device("stopped", "192.0.2.1"))
	j.hear(acknowledged("stopped", "s", "stopped"))
	j.change(r.ID, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: "s"})
	j.hear(outgoing("first", on("stopped", "s"), target))
	j.hear(outgoing("again", on("stopped", "s"), target))
	const rounds = 8
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		if round == rounds {
			return
		}
		j.clock.Advance(time.Minute) // the last one's lease is left to run
		round++
		j.live(rt, fmt.Sprintf("r%d", round))
	})
}

// live journals a request as far as it comes, and lets its events come before,
// meanwhile and after.
func (j *journal) live(rt *rapid.T, request string) {
	j.t.Helper()
	events := story(rt, request)
	for i := range events {
		events[i].AccountName, events[i].ReceivedAt = "account-of-"+request, j.clock.Now()
		events[i].Reason = rapid.SampledFrom([]string{"", "<não> \u2028 \"…\"\n"}).Draw(rt, "reason")
	}
	if len(events) > 0 {
		events[0].Forward = &receiver.Forward{ID: request, Targets: []string{"listener.example"}, Body: `{"password":null}`}
	}
	arrivals := rapid.Permutation(append(slices.Clone(events), events...)).Draw(rt, "arrivals")
	answered := rapid.IntRange(0, len(arrivals)).Draw(rt, "answered")
	steps := rapid.IntRange(0, 5).Draw(rt, "steps")

	n := intent("claim-of-"+request, device("a", "192.0.2.1"), device("b", "[2001:db8::1]:443"), device("c", "192.0.2.1"))
	n.AccountName = "account-of-" + request
	var id string
	for step, do := range []func(){
		func() { id = j.create(n).ID },
		func() { j.change(id, receiver.Change{Kind: receiver.ChangeSent}) },
		func() { j.hear(arrivals[:answered]...) },
		func() { j.change(id, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: request}) },
		func() {
			// Refused where it has ended or was never heard of.
			_, err := j.store.Change(j.t.Context(), id, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: request + "-a"})
			if _, refused := errors.AsType[*receiver.ConflictError](err); err != nil && !refused {
				j.t.Fatal(err)
			}
			j.change(id, receiver.Change{Kind: receiver.ChangeReturned})
		},
	} {
		if step < steps {
			do()
		}
	}
	j.hear(arrivals[answered:]...)
	refused := receiver.Quarantined{
		ReceivedAt: j.clock.Now(), Source: "192.0.2.9", Reason: "wrong credentials", Events: []receiver.Event{unauthenticated(on(request, request+"-x"))},
	}
	told := receiver.Notification{
		ReceivedAt: j.clock.Now(), ResourceID: "session-of-" + request, Status: "AVAILABLE", Type: "org.camaraproject.qod", Body: "{}",
	}
	err := errors.Join(
		j.store.Quarantine(j.t.Context(), refused),
		j.store.RecordNotifications(j.t.Context(), []receiver.Notification{told}))
	if err != nil {
		j.t.Fatal(err)
	}
}

// reads are what a reader of the API gets to see, byte by byte.
func (j *journal) reads(t *testing.T) map[string]string {
	t.Helper()
	server, err := receiver.NewServer(j.store, receiver.ServerConfig{ReadToken: readToken, Clock: j.clock})
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	ask := func(method, path, body string) string {
		request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+readToken)
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		server.Handler().ServeHTTP(answer, request)
		if answer.Code != http.StatusOK {
			t.Fatalf("%s %s is answered %d: %s", method, path, answer.Code, answer.Body)
		}
		answers[path+body] = answer.Body.String()
		return answer.Body.String()
	}
	for _, path := range []string{"/v1/info", "/v1/subscriptions?limit=1000", "/v1/events?limit=1000", "/v1/quarantine?limit=1000"} {
		ask(http.MethodGet, path, "")
	}
	var page receiver.Page
	if err := json.Unmarshal([]byte(ask(http.MethodGet, "/v1/requests?limit=1000&include_unauthenticated=true", "")), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Requests) == 0 || page.Next != "" {
		t.Fatalf("%d requests, then %q", len(page.Requests), page.Next)
	}
	for _, r := range page.Requests {
		for _, seen := range []int64{r.Revision - 1, r.Revision} {
			ask(http.MethodPost, "/v1/requests/wait", fmt.Sprintf(`{"items":[{"id":%q,"revision":%d}],"timeout_seconds":0}`, r.ID, seen))
		}
	}
	return answers
}

// moved is the journal after a move into another database.
func (j *journal) moved(database opener) *journal {
	j.t.Helper()
	to := &journal{t: j.t, clock: j.clock, database: database(j.t)}
	if err := move(j.t, j, to.database); err != nil {
		j.t.Fatal(err)
	}
	to.store = to.open()
	return to
}

func move(tb testing.TB, j *journal, database string) error {
	tb.Helper()
	_, err := store.Import(tb.Context(), database, bytes.NewReader(j.export()), store.Options{Clock: j.clock})
	return err
}

// export is the journal as lines.
func (j *journal) export() []byte {
	j.t.Helper()
	var lines bytes.Buffer
	moved, err := store.Export(j.t.Context(), j.database, &lines, store.Options{Clock: j.clock})
	if err != nil {
		j.t.Fatal(err)
	}
	if moved.StoreID != j.store.StoreID() {
		j.t.Errorf("exported store %s, want %s", moved.StoreID, j.store.StoreID())
	}
	return lines.Bytes()
}

// between is for what has to work from every database to every other.
func between(t *testing.T, test func(t *testing.T, from, to opener)) {
	t.Helper()
	databases := map[string]opener{"SQLite": sqliteDatabase, "PostgreSQL": pgtest.Database}
	for fromName, from := range databases {
		for toName, to := range databases {
			t.Run(fromName+" to "+toName, func(t *testing.T) {
				t.Parallel()
				test(t, from, to)
			})
		}
	}
}

// rowsOf are the lines of an export without the first, which tells its time, and
// the last.
func rowsOf(export []byte) []string {
	lines := strings.Split(strings.TrimSuffix(string(export), "\n"), "\n")
	return lines[1 : len(lines)-1]
}

func TestMoving(t *testing.T) {
	t.Parallel()
	between(t, func(t *testing.T, from, to opener) {
		t.Helper()
		before := newJournal(t, from)
		before.populate(t)
		after := before.moved(to)
		if diff := cmp.Diff(before.reads(t), after.reads(t)); diff != "" {
			t.Errorf("what readers see (-before +after):\n%s", diff)
		}
		was, is := before.export(), after.export()
		if diff := cmp.Diff(rowsOf(was), rowsOf(is)); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
		tables := []string{
			"requests", "request_devices", "request_subscriptions", "stops", "events", "acknowledgements",
			"quarantine", "outbox", "repeats", "camara_notifications",
		}
		if diff := cmp.Diff(tables, tablesIn(was)); diff != "" {
			t.Errorf("tables that there was something to move of (-want +got):\n%s", diff)
		}
	})
}

// tablesIn are those that an export has rows of, in their order.
func tablesIn(export []byte) []string {
	var found []string
	for _, line := range rowsOf(export) {
		table, _, _ := strings.Cut(strings.TrimPrefix(line, `{"table":"`), `"`)
		found = append(found, table)
	}
	return slices.Compact(found)
}

// What a journal knows goes on to count after a move.
func TestMovedJournalGoesOn(t *testing.T) {
	t.Parallel()
	between(t, func(t *testing.T, from, to opener) {
		t.Helper()
		before := newJournal(t, from)
		mine := before.accepted("mine", "r", device("a", "192.0.2.1"))
		lost := before.unknown("lost", device("b", "192.0.2.1"))
		before.hear(acknowledged("r", "s", "a"), on("r", "s"))
		held := receiver.Quarantined{ID: "held", Reason: "wrong", Events: []receiver.Event{unauthenticated(terminated("r", "s"))}}
		if err := before.store.Quarantine(t.Context(), held); err != nil {
			t.Fatal(err)
		}
		seen := before.get(mine.ID).Revision

		after := before.moved(to)
		after.hear(on("r", "s"))
		if got := after.events(0); len(got) != 2 || got[1].Deliveries != 2 {
			t.Errorf("a callback that came before the move came again: events %+v", got)
		}
		_, err := after.store.Change(t.Context(), mine.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "another's", QoSSubscriptionID: "s"})
		after.expectConflict(err, receiver.ConflictClaim, mine.ID)
		after.change(mine.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "mine", QoSSubscriptionID: "s"})
		after.hear(acknowledged("q", "t", "b"))
		after.expect(after.get(lost.ID), "accepted(q by inferred) b/t=ACKNOWLEDGED")
		if err := after.store.Release(t.Context(), "held"); err != nil {
			t.Error(err)
		}
		after.expect(after.get(mine.ID), "accepted(r by answer) a/s=TERMINATED[done]")
		// The original may have gone on after the export, and somebody have seen that.
		const later = 1000
		changed, _, err := after.store.Revised(t.Context(), []receiver.WaitItem{{ID: mine.ID, Revision: seen + later}})
		if err != nil || len(changed) != 1 {
			t.Errorf("a waiter who has seen more than was exported is told %v, %v", changed, err)
		}
	})
}

// An export is of one moment, while others write.
func TestExportWhileOthersWrite(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		j := newJournal(t, database)
		stop := j.writing()
		for range 2 {
			j.moved(sqliteDatabase).expectWhole()
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// writing lets callbacks of two events each come until it is stopped.
func (j *journal) writing() (stop func() error) {
	ctx, cancel := context.WithCancel(j.t.Context())
	done, first := make(chan error, 1), make(chan struct{})
	go func() {
		begin := sync.OnceFunc(func() { close(first) })
		defer begin()
		for n := 0; ctx.Err() == nil; n++ {
			request := fmt.Sprintf("r%d", n)
			err := j.store.Record(context.WithoutCancel(ctx), []receiver.Event{acknowledged(request, "s-"+request, "a"), on(request, "s-"+request)})
			if err != nil {
				done <- err
				return
			}
			begin()
		}
		done <- nil
	}()
	<-first
	return func() error {
		cancel()
		return <-done
	}
}

// expectWhole expects all of each callback that writing let come, or none of it.
func (j *journal) expectWhole() {
	j.t.Helper()
	events := j.events(0)
	if len(events) == 0 || len(events)%2 != 0 {
		j.t.Errorf("%d events of callbacks that have two each", len(events))
	}
	for _, e := range events[max(0, len(events)-10):] {
		j.expect(j.byRequestID(e.RequestID), "accepted("+e.RequestID+" by callback) a/s-"+e.RequestID+"=ON")
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	source := newJournal(t, sqliteDatabase)
	source.accepted("mine", "r", device("a", "192.0.2.1"))
	source.hear(acknowledged("r", "s", "a"), on("r", "s"))
	whole := string(source.export())
	lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
	row := func(text string) string {
		return strings.Join(slices.Insert(slices.Clone(lines), 1, text+"\n"), "") + "\n"
	}
	tests := map[string]struct{ export, says string }{
		"nothing":          {"", "cut off"},
		"something else":   {"{}\n", "no export"},
		"no JSON":          {"PK\x03\x04\n", "no export"},
		"a newer format":   {strings.Replace(whole, `"version":1`, `"version":2,"more":true`, 1), "use a newer qos-receiver"},
		"no store":         {strings.Replace(whole, source.store.StoreID(), "", 1), "which store"},
		"a cut line":       {whole[:len(whole)-1], "cut off"},
		"a cut row":        {strings.Join(lines[:2], "") + lines[2][:20], "line 3: the export is cut off"},
		"no end":           {strings.Join(lines[:len(lines)-1], ""), "cut off"},
		"a missing row":    {strings.Join(slices.Delete(slices.Clone(lines), len(lines)-2, len(lines)-1), "") + "\n", "damaged"},
		"a changed value":  {strings.Replace(whole, `"qos_event":"QosChangeOn"`, `"qos_event":"QosChangeOff"`, 1), "checksum"},
		"twice":            {whole + whole, "goes on after its last line"},
		"no object":        {row(`[]`), "line 2: not a line"},
		"an unknown word":  {row(`{"tables":"events"}`), "not a line"},
		"an unknown table": {row(`{"table":"meta","row":{"id":2}}`), `table "meta" is unknown`},
		"an empty line":    {row(`{}`), `table "" is unknown`},
		"unknown columns":  {row(`{"table":"stops","row":{"id) VALUES (1) --":"x"}}`), "is unknown"},
		"a fraction":       {row(`{"table":"stops","row":{"seq":1.5}}`), "no whole number"},
		"a list":           {row(`{"table":"stops","row":{"seq":[]}}`), "a list"},
		"an object":        {row(`{"table":"stops","row":{"seq":{"bytes":1}}}`), "not bytes"},
		"no base64":        {row(`{"table":"stops","row":{"seq":{"bytes":"?"}}}`), "base64"},
		"too few columns":  {row(`{"table":"stops","row":{"id":"x"}}`), "stops"},
	}
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		target := database(t)
		for name, test := range tests {
			_, err := store.Import(t.Context(), target, strings.NewReader(test.export), store.Options{})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: error = %v, want %q", name, err, test.says)
			}
		}
		// All the while, the database was left empty.
		if err := move(t, source, target); err != nil {
			t.Fatal(err)
		}
		if err := move(t, source, target); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("a second import: %v", err)
		}
	})
}

// A store that is in use is never overwritten, even if it looks empty.
func TestImportRefusesAStoreInUse(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		source, target := newJournal(t, sqliteDatabase), newJournal(t, database)
		if err := target.store.Quarantine(t.Context(), receiver.Quarantined{ReceivedAt: target.clock.Now(), Events: []receiver.Event{on("r", "s")}}); err != nil {
			t.Fatal(err)
		}
		target.clock.Advance(401 * 24 * time.Hour)
		if err := target.store.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := move(t, source, target.database); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("error = %v", err)
		}
	})
}

func TestExportNeedsAStore(t *testing.T) {
	t.Parallel()
	if _, err := store.Export(t.Context(), sqliteDatabase(t), &bytes.Buffer{}, store.Options{}); err == nil {
		t.Error("exported what is not there")
	}
	j := newJournal(t, sqliteDatabase)
	full := errors.New("no space left")
	if _, err := store.Export(t.Context(), j.database, writerFunc(func([]byte) (int, error) { return 0, full }), store.Options{}); !errors.Is(err, full) {
		t.Errorf("error = %v", err)
	}
	execSQLite(t, j.database, `UPDATE meta SET store_id = 'x'; INSERT INTO stops (id, request, seq, qos_subscription_id, state, created_at)
		VALUES (CAST(x'ff' AS TEXT), '', 1, '', '', 0)`)
	if _, err := store.Export(t.Context(), j.database, &bytes.Buffer{}, store.Options{}); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
		t.Errorf("error = %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
