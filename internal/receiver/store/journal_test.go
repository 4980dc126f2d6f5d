package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const (
	account = "0000123456-00001"
	lease   = 15 * time.Second

	quarantineBytes = 10_000
)

// journal is a store under test with the clock that it judges by.
type journal struct {
	t        testing.TB
	store    receiver.Store
	clock    *clockwork.FakeClock
	database string
	// retention is the store's; 0 is its default.
	retention time.Duration
}

func sqliteDatabase(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "receiver.db")
}

func newJournal(tb testing.TB, database opener) *journal {
	tb.Helper()
	j := &journal{t: tb, clock: clockwork.NewFakeClockAt(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), database: database(tb)}
	j.store = j.open()
	return j
}

// open opens the journal's database once more, as another process would.
func (j *journal) open() receiver.Store {
	j.t.Helper()
	s, err := store.Open(j.t.Context(), j.database, store.Options{Clock: j.clock, Retention: j.retention, Lease: lease, Hold: receiver.StoreTimeout, QuarantineLimit: 3, QuarantineBytes: quarantineBytes})
	if err != nil {
		j.t.Fatal(err)
	}
	j.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			j.t.Error(err)
		}
	})
	return s
}

// device is a device with one flow to the given server.
func device(id, server string) receiver.Device {
	return receiver.Device{ID: id, Kind: "MDN", Flows: []receiver.Flow{{
		FlowServer: server, FlowDevice: "198.51.100.7", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium",
	}}}
}

func (j *journal) create(n receiver.NewRequest) *receiver.Request {
	j.t.Helper()
	r, err := j.store.Create(j.t.Context(), n)
	if err != nil {
		j.t.Fatalf("create: %v", err)
	}
	return r
}

func intent(claim string, devices ...receiver.Device) receiver.NewRequest {
	return receiver.NewRequest{AccountName: account, Claim: claim, Devices: devices}
}

func (j *journal) intend(claim string, devices ...receiver.Device) *receiver.Request {
	j.t.Helper()
	return j.create(intent(claim, devices...))
}

func (j *journal) change(id string, c receiver.Change) *receiver.Request {
	j.t.Helper()
	r, err := j.store.Change(j.t.Context(), id, c)
	if err != nil {
		j.t.Fatalf("change %s: %v", c.Kind, err)
	}
	return r
}

func (j *journal) sent(claim string, devices ...receiver.Device) *receiver.Request {
	j.t.Helper()
	r := j.intend(claim, devices...)
	return j.change(r.ID, receiver.Change{Kind: receiver.ChangeSent, Claim: claim})
}

func (j *journal) accepted(claim, requestID string, devices ...receiver.Device) *receiver.Request {
	j.t.Helper()
	r := j.sent(claim, devices...)
	return j.change(r.ID, receiver.Change{Kind: receiver.ChangeAccepted, Claim: claim, RequestID: requestID})
}

// unknown is a request whose answer was lost.
func (j *journal) unknown(claim string, devices ...receiver.Device) *receiver.Request {
	j.t.Helper()
	r := j.sent(claim, devices...)
	j.clock.Advance(lease)
	return j.get(r.ID)
}

func (j *journal) hear(events ...receiver.Event) {
	j.t.Helper()
	if err := j.store.Record(j.t.Context(), events); err != nil {
		j.t.Fatalf("record: %v", err)
	}
}

func (j *journal) list(f receiver.Filter) []receiver.Request {
	j.t.Helper()
	page, err := j.store.Requests(j.t.Context(), f)
	if err != nil {
		j.t.Fatalf("requests: %v", err)
	}
	return page.Requests
}

func (j *journal) get(id string) *receiver.Request {
	j.t.Helper()
	found := j.list(receiver.Filter{ID: id})
	if len(found) != 1 {
		j.t.Fatalf("%d requests with id %s", len(found), id)
	}
	return &found[0]
}

func (j *journal) byRequestID(requestID string) *receiver.Request {
	j.t.Helper()
	found := j.list(receiver.Filter{RequestID: requestID})
	if len(found) != 1 {
		j.t.Fatalf("%d requests with request id %s", len(found), requestID)
	}
	return &found[0]
}

func event(name, request, subscription string, devices ...string) receiver.Event {
	e := receiver.Event{
		RequestID: request, QoSSubscriptionID: subscription, AccountName: account, QoSEvent: name,
		Authenticated: true, Body: `{"kept":true}`,
	}
	for _, id := range devices {
		e.DeviceIDs = append(e.DeviceIDs, receiver.Device{ID: id, Kind: "mdn"})
	}
	return e
}

func acknowledged(request, subscription string, devices ...string) receiver.Event {
	e := event("QoSChangeReqAck", request, subscription, devices...)
	e.Status = "SUCCESS"
	return e
}

func on(request, subscription string) receiver.Event {
	return event("QosChangeOn", request, subscription)
}

func terminated(request, subscription string) receiver.Event {
	return event("QoSChangeTerminated", request, subscription)
}

func failed(request, subscription string, devices ...string) receiver.Event {
	e := event("QoSChangeFailed", request, subscription, devices...)
	e.Status, e.Reason = "FAILED", "device not found"
	return e
}

func unauthenticated(e receiver.Event) receiver.Event {
	e.Authenticated = false
	return e
}

// sketch writes a request in a line: state(request id by source) device/subscription=STATUS[stop] ….
func sketch(r *receiver.Request) string {
	parts := []string{string(r.State)}
	if r.RequestID != "" {
		parts[0] += "(" + r.RequestID + " by " + string(r.RequestIDSource) + ")"
	}
	for _, s := range r.Subscriptions {
		part := s.DeviceID + "/" + s.QoSSubscriptionID + "=" + string(s.Status)
		if s.Stop != nil {
			part += "[" + string(s.Stop.State) + "]"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

func (j *journal) expect(r *receiver.Request, want string) {
	j.t.Helper()
	if got := sketch(r); got != want {
		j.t.Errorf("request:\n got %s\nwant %s", got, want)
	}
}

func (j *journal) expectConflict(err error, kind receiver.ConflictKind, with string) {
	j.t.Helper()
	var conflict *receiver.ConflictError
	if !errors.As(err, &conflict) {
		j.t.Fatalf("error = %v, want a conflict", err)
	}
	if conflict.Kind != kind || conflict.Existing.ID != with {
		j.t.Errorf("conflict (%s) with %s, want (%s) with %s", conflict.Kind, conflict.Existing.ID, kind, with)
	}
}

func (j *journal) refuses(id string, c receiver.Change, kind receiver.ConflictKind) {
	j.t.Helper()
	_, err := j.store.Change(j.t.Context(), id, c)
	j.expectConflict(err, kind, id)
}
