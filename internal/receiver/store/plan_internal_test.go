package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// statement is one that was run, with its values.
type statement struct {
	text string
	args []any
}

// ran are the statements of a store, each text once.
type ran struct {
	mu   sync.Mutex
	seen map[string]statement
}

func (s *ran) note(text string, args []driver.NamedValue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	values := make([]any, 0, len(args))
	for _, arg := range args {
		values = append(values, arg.Value)
	}
	s.seen[text] = statement{text, values}
}

// spy is a connector whose connections note what they run.
type spy struct {
	sqlite driver.Driver
	name   string
	ran    *ran
}

func (s spy) Driver() driver.Driver { return s.sqlite }

func (s spy) Connect(context.Context) (driver.Conn, error) {
	conn, err := s.sqlite.Open(s.name)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(fullConn)
	if !ok {
		return nil, errors.New("the driver's connections can do less than expected")
	}
	return spyConn{full, s.ran}, nil
}

type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

type spyConn struct {
	fullConn
	ran *ran
}

func (c spyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.ran.note(query, args)
	return c.fullConn.ExecContext(ctx, query, args)
}

func (c spyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.ran.note(query, args)
	return c.fullConn.QueryContext(ctx, query, args)
}

func (c spyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	statement, err := c.fullConn.PrepareContext(ctx, query)
	full, ok := statement.(fullStmt)
	if err == nil && !ok {
		err = errors.New("the driver's statements can do less than expected")
	}
	return spyStmt{full, query, c.ran}, err
}

type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type spyStmt struct {
	fullStmt
	text string
	ran  *ran
}

func (s spyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.ran.note(s.text, args)
	return s.fullStmt.ExecContext(ctx, args)
}

func (s spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.ran.note(s.text, args)
	return s.fullStmt.QueryContext(ctx, args)
}

// spiedStore is a store whose statements are noted.
func spiedStore(t *testing.T) (*Store, *ran) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "receiver.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ran := &ran{seen: map[string]statement{}}
	sqlite := s.writer.Driver()
	for _, pool := range []**sql.DB{&s.writer, &s.reader} {
		if err := (*pool).Close(); err != nil {
			t.Fatal(err)
		}
		*pool = sql.OpenDB(spy{sqlite, "file:" + path + "?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=synchronous(off)", ran})
		(*pool).SetMaxOpenConns(1)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, ran
}

// TestHotStatementsDoNotScan does what callbacks and the provider do, and looks
// at how the database found what it was asked for.
func TestHotStatementsDoNotScan(t *testing.T) {
	t.Parallel()
	s, ran := spiedStore(t)
	useEverything(t, s)
	if len(ran.seen) < 30 {
		t.Fatalf("only %d statements were seen", len(ran.seen))
	}
	for _, one := range maps.Clone(ran.seen) {
		for _, step := range plan(t, s, one) {
			if scansTable(step) || (scansAccount(step) && !lists(one.text)) {
				t.Errorf("%s\nin %s", step, one.text)
			}
		}
	}
}

// scansTable reports whether a step reads a table from one end to the other, by
// its name or by its alias: those have one letter, those of what a statement
// itself has made are longer. The index of doubtful requests holds only those.
func scansTable(step string) bool {
	name, isScan := strings.CutPrefix(step, "SCAN ")
	name, how, _ := strings.Cut(name, " ")
	if !isScan || how == "USING INDEX requests_doubtful" {
		return false
	}
	tables := []string{"events", "requests", "request_devices", "request_subscriptions", "stops", "acknowledgements", "outbox"}
	return len(name) == 1 || slices.Contains(tables, name)
}

// scansAccount reports whether a step reads all of an account, which only a page
// may do.
func scansAccount(step string) bool {
	return strings.HasSuffix(step, " (account_name=?)") && !strings.Contains(step, "doubtful")
}

// lists reports whether a statement selects a page of requests by no id.
func lists(text string) bool {
	return strings.Contains(text, "LIMIT") && !strings.Contains(text, "_id = $") && !strings.Contains(text, "device_key = $")
}

func plan(t *testing.T, s *Store, one statement) []string {
	t.Helper()
	scan := func(rows *sql.Rows) (step string, err error) {
		var id, parent, unused int
		err = rows.Scan(&id, &parent, &unused, &step)
		return step, err
	}
	steps, err := collect(t.Context(), s.reader, scan, "EXPLAIN QUERY PLAN "+one.text, one.args...)
	if err != nil {
		t.Fatalf("%v\nin %s", err, one.text)
	}
	return steps
}

// useEverything goes every way that a callback or the provider may take.
func useEverything(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	must := func(r *receiver.Request, err error) *receiver.Request {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	event := func(name, request, subscription, device string) receiver.Event {
		return receiver.Event{
			RequestID: request, QoSSubscriptionID: subscription, QoSEvent: name, AccountName: "account", Body: "{}",
			DeviceIDs: []receiver.Device{{ID: device}}, Authenticated: true,
		}
	}
	hear := func(events ...receiver.Event) {
		t.Helper()
		if err := s.Record(ctx, events); err != nil {
			t.Fatal(err)
		}
	}
	intent := func(claim, device string) *receiver.Request {
		t.Helper()
		return must(s.Create(ctx, receiver.NewRequest{AccountName: "account", Claim: claim, Devices: []receiver.Device{{ID: device, Flows: []receiver.Flow{{}}}}}))
	}
	change := func(r *receiver.Request, c receiver.Change) *receiver.Request {
		t.Helper()
		return must(s.Change(ctx, r.ID, c))
	}
	r := intent("mine", "a")
	change(r, receiver.Change{Kind: receiver.ChangeSent})
	hear(event("QoSChangeReqAck", "r", "s", "a"), event("QoSChangeOn", "q", "t", "b"), event("QoSChangeTerminated", "x", "t", ""))
	change(r, receiver.Change{Kind: receiver.ChangeAccepted, RequestID: "r"})
	change(r, receiver.Change{Kind: receiver.ChangeReturned})
	r = change(r, receiver.Change{Kind: receiver.ChangeStop, QoSSubscriptionID: "s"})
	change(r, receiver.Change{Kind: receiver.ChangeStopSent, StopID: r.Subscriptions[0].Stop.ID, StopRequestID: "y"})
	hear(event("QoSChangeFailed", "y", "", "a"), event("QoSChangeTerminated", "", "s", ""))
	lost := intent("lost", "c")
	change(lost, receiver.Change{Kind: receiver.ChangeSent})
	change(lost, receiver.Change{Kind: receiver.ChangeUnknown})
	for i := range 3 {
		hear(event("QoSChangeReqAck", fmt.Sprintf("p-%d", i), fmt.Sprintf("u-%d", i), "c"))
	}
	must(s.Resolve(ctx, receiver.Resolution{Target: "u-1", Terminated: true, Reason: "seen"}))
	must(s.Create(ctx, receiver.NewRequest{AccountName: "account", Claim: "lost", RequestID: "p-1", Devices: []receiver.Device{{ID: "c"}}}))
	for _, f := range []receiver.Filter{
		{ID: r.ID},
		{RequestID: "r", Claim: "mine"},
		{QoSSubscriptionID: "s"},
		{DeviceID: "a"},
		{AccountName: "account", RequestID: "r", Claim: "mine", Limit: 1},
		{AccountName: "account", QoSSubscriptionID: "s", Limit: 1},
		{AccountName: "account", Live: true},
		{AccountName: "account", DeviceID: "c", Unclaimed: true},
		{AccountName: "account", Live: true, Newest: true},
	} {
		if _, err := s.Requests(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	items := []receiver.WaitItem{{ID: r.ID, Claim: "mine"}}
	if _, _, err := s.Revised(ctx, items); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Events(ctx, 0, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := s.EventsOf(ctx, "r", 0, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := s.History(ctx, r.ID, 0, 10); err != nil {
		t.Fatal(err)
	}
	passed := event("QoSChangeOn", "q", "t", "b")
	passed.Forward = &receiver.Forward{ID: "c", Targets: []string{"x", "y", "z"}}
	hear(passed)
	for target, result := range map[string]receiver.DeliveryResult{"x": receiver.DeliveryDone, "y": receiver.DeliveryFailed, "z": receiver.DeliveryRefused} {
		claimed, err := s.ClaimDeliveries(ctx, target, 1, time.Minute)
		if err != nil || len(claimed) != 1 {
			t.Fatal(claimed, err)
		}
		if err := s.SettleDeliveries(ctx, []receiver.Settlement{{ID: claimed[0].ID, Claim: claimed[0].Claim, Result: result}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.Renew(ctx, items), s.Sweep(ctx), s.Ping(ctx)); err != nil {
		t.Fatal(err)
	}
}

func TestReadingGoesOnWithoutWriting(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "receiver.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	n := receiver.NewRequest{AccountName: "account", Claim: "mine", RequestID: "r", Devices: []receiver.Device{{ID: "a"}}}
	if _, err := s.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if err := s.writer.Close(); err != nil {
		t.Fatal(err)
	}
	page, err := s.Requests(t.Context(), receiver.Filter{RequestID: "r", Claim: "mine"})
	if err != nil || len(page.Requests) != 1 || page.Requests[0].LastReadAt != nil {
		t.Errorf("page %+v, %v", page, err)
	}
}
