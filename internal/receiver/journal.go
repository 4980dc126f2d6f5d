// Package receiver is the read side of ThingSpace QoS: the service that takes
// callbacks, keeps a journal of what was intended and what came of it, and
// answers the thingspace provider. It holds the HTTP API (described with huma),
// its Go client, and the rules of the journal; the stores are in package store.
package receiver

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// State is where a request stands in the journal's protocol: what was written
// before which step was taken.
type State string

const (
	// StateOpen: the intent is recorded, nothing has been sent. It becomes
	// void when its lease lapses.
	StateOpen State = "open"
	// StateSent: the POST may have left. When the lease lapses without an
	// answer, it becomes unknown.
	StateSent State = "sent"
	// StateAccepted: ThingSpace answered with a request id.
	StateAccepted State = "accepted"
	// StateRefused: ThingSpace certainly did not create anything.
	StateRefused State = "refused"
	// StateUnknown: sent, and the answer was lost. A fitting ReqAck or an
	// operator resolves it.
	StateUnknown State = "unknown"
	// StateVoid: the process that opened the intent died before it sent.
	StateVoid State = "void"
)

// Origin is how the journal came to know a request.
type Origin string

const (
	// OriginIntent: the provider journalled it before sending.
	OriginIntent Origin = "intent"
	// OriginCallback: first seen in a callback, so made by something else. Its
	// flows are not known.
	OriginCallback Origin = "callback"
	// OriginState: journalled again from a Terraform state, because this store
	// did not know it (a restored backup, another store).
	OriginState Origin = "state"
)

// Source is where a request's ThingSpace request id came from. An answer
// outranks an inference.
type Source string

const (
	// SourceAnswer: the 201 answer to the POST.
	SourceAnswer Source = "answer"
	// SourceInferred: the only unclaimed ReqAck that fits; one that a callback with
	// credentials vouched for outranks those without.
	SourceInferred Source = "inferred"
	// SourceOperator: `qos-receiver resolve --request-id`.
	SourceOperator Source = "operator"
	// SourceCallback: the request is only known from callbacks.
	SourceCallback Source = "callback"
	// SourceState: journalled again from a Terraform state.
	SourceState Source = "state"
)

// Status is what the network says of a subscription. It is a pure function of
// the set of events received, whatever their order.
type Status string

const (
	// StatusRequested: nothing heard yet.
	StatusRequested Status = "REQUESTED"
	// StatusAcknowledged: QoSChangeReqAck with SUCCESS; the subscription id is known.
	StatusAcknowledged Status = "ACKNOWLEDGED"
	// StatusOn: QoSChangeOn; the elevation is functioning.
	StatusOn Status = "ON"
	// StatusFailed: QoSChangeFailed; ended.
	StatusFailed Status = "FAILED"
	// StatusTerminated: QoSChangeTerminated, or an operator's word; ended.
	StatusTerminated Status = "TERMINATED"
)

// Ended reports whether nothing is live, and billed, any more.
func (s Status) Ended() bool { return s == StatusFailed || s == StatusTerminated }

// Flow is one traffic flow of a device, as ThingSpace's create document names it.
type Flow struct {
	FlowServer    string `json:"flow_server" doc:"Server end: address, or address:port; an IPv6 address is in brackets when a port follows."`
	FlowDevice    string `json:"flow_device" doc:"Device end, in the same form and IP family as the server end."`
	FlowDirection string `json:"flow_direction" doc:"UPLINK, DOWNLINK or BIDIRECTION."`
	FlowProtocol  string `json:"flow_protocol" doc:"UDP, TCP or IP."`
	QCIOption     string `json:"qci_option" doc:"Premium or Standard."`
}

// Device is one device of a request with its flows. Flows are empty when the
// request is only known from callbacks.
type Device struct {
	ID          string `json:"id" doc:"Device identifier."`
	Kind        string `json:"kind" doc:"IMEI, MDN, MSISDN or ICCID; ThingSpace's own callbacks vary its case."`
	IPv6Address string `json:"device_ipv6_addr,omitempty" doc:"IPv6 address of the device, without a port."`
	Flows       []Flow `json:"flows,omitempty" maxItems:"1000"`
}

// Policies are the Terraform arguments that steer the provider and never reach
// ThingSpace. They are kept so that an import gets them back. An empty string
// means that the configuration did not set it.
type Policies struct {
	WaitFor       string `json:"wait_for,omitempty"`
	OnTimeout     string `json:"on_timeout,omitempty"`
	OnExisting    string `json:"on_existing,omitempty"`
	TimeoutCreate string `json:"timeout_create,omitempty" doc:"As written in the configuration, for example 10m."`
	TimeoutDelete string `json:"timeout_delete,omitempty"`
}

// Subscription is what the receiver knows of one device's subscription.
type Subscription struct {
	DeviceID          string `json:"device_id" doc:"The device identifier as it was configured (or as the callback named it)."`
	DeviceKind        string `json:"device_kind,omitempty"`
	QoSSubscriptionID string `json:"qos_subscription_id,omitempty" doc:"Known once a ReqAck has come."`
	Status            Status `json:"status"`
	Reason            string `json:"reason,omitempty" doc:"Why it failed, in the network's or the operator's words."`
	LastEvent         string `json:"last_event,omitempty" doc:"The event that gave the status, as ThingSpace spelled it."`
	ReportedTime      string `json:"reported_time,omitempty" doc:"As sent: it has no zone."`
	// Since is when the receiver took the first event that gave the status.
	Since *time.Time `json:"since,omitempty" doc:"When the receiver took the first event that gave the status; absent while nothing was heard, or when a Terraform state told it."`
	// Stop is the newest stop of this subscription, nil when none was journalled.
	Stop *Stop `json:"stop,omitempty"`
}

// StopState is where a stop stands.
type StopState string

const (
	// StopJournalled: written before the DELETE; it may have left.
	StopJournalled StopState = "journalled"
	// StopSent: ThingSpace answered the DELETE with a request id; the callback is awaited.
	StopSent StopState = "sent"
	// StopRefused: ThingSpace refused the DELETE in its answer.
	StopRefused StopState = "refused"
	// StopFailed: a QoSChangeFailed belongs to this stop.
	StopFailed StopState = "failed"
	// StopDone: the subscription has ended.
	StopDone StopState = "done"
)

// Stop is one attempt to stop one subscription.
type Stop struct {
	ID        string    `json:"id"`
	State     StopState `json:"state"`
	RequestID string    `json:"request_id,omitempty" doc:"The DELETE's own request id."`
	Reason    string    `json:"reason,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// Request is one enhanceQoS request in the journal: its intent, its answer and
// what the callbacks have said since. The row outlives retention.
type Request struct {
	ID              string         `json:"id" doc:"The journal's own id (the intent), a UUID."`
	Revision        int64          `json:"revision" doc:"Grows with every change, from the receiver's own sequence."`
	State           State          `json:"state"`
	Origin          Origin         `json:"origin"`
	AccountName     string         `json:"account_name"`
	RequestID       string         `json:"request_id,omitempty" doc:"ThingSpace's request id, once known."`
	RequestIDSource Source         `json:"request_id_source,omitempty"`
	Devices         []Device       `json:"devices"`
	Policies        Policies       `json:"policies"`
	Claim           string         `json:"claim,omitempty" doc:"Random id of the Terraform state that owns the request. Not a secret."`
	ClaimGeneration int64          `json:"claim_generation" doc:"Counts the claims the request has had: 1 for its first, 0 without any."`
	Unclaimed       bool           `json:"unclaimed" doc:"No lease, never returned to Terraform, never read by a state."`
	Authenticated   bool           `json:"authenticated" doc:"False for a request known only from callbacks without credentials."`
	Status          Status         `json:"status" doc:"The least favourable of its subscriptions: FAILED, TERMINATED, REQUESTED, ACKNOWLEDGED, ON."`
	LastEvent       string         `json:"last_event,omitempty" doc:"Event received last of all its subscriptions."`
	ReportedTime    string         `json:"reported_time,omitempty" doc:"That event's reportedTime, as sent."`
	Reason          string         `json:"reason,omitempty" doc:"Why it was refused, or how it was resolved, or why it failed."`
	Subscriptions   []Subscription `json:"subscriptions" doc:"One per device, sorted by device id."`
	LeaseExpiresAt  *time.Time     `json:"lease_expires_at,omitempty"`
	CreatedAt       time.Time      `json:"created_at"`
	SentAt          *time.Time     `json:"sent_at,omitempty"`
	AcceptedAt      *time.Time     `json:"accepted_at,omitempty"`
	ReturnedAt      *time.Time     `json:"returned_at,omitempty"`
	LastReadAt      *time.Time     `json:"last_read_at,omitempty"`
	ObservedAt      time.Time      `json:"observed_at" doc:"The receiver's time of this answer, to compare the other times with."`
	Candidates      []string       `json:"candidates,omitempty" doc:"Of an unknown request: the request ids of unclaimed ReqAcks that would fit. One would have resolved it."`
}

// Ended reports whether all subscriptions of the request have ended, or the
// request never came to be.
func (r *Request) Ended() bool {
	if r.State == StateRefused || r.State == StateVoid {
		return true
	}
	for _, s := range r.Subscriptions {
		if !s.Status.Ended() {
			return false
		}
	}
	return len(r.Subscriptions) > 0
}

// NewRequest is the body of POST /v1/requests.
//
// Without RequestID it is an intent, refused with a *ConflictError if a live or
// open request overlaps in account, device and flow (ConflictOverlap), or if
// another request of one of the devices still lacks its request id
// (ConflictPending). Repeated with the same claim it returns the same intent.
//
// With RequestID it records what a Terraform state knows of a request: it adds
// the request if the store does not know it (OriginState), else it fills in
// devices, policies and claim. It is refused (ConflictClaim) when another claim
// of the same or a higher generation holds the request. It counts as returned.
type NewRequest struct {
	AccountName string   `json:"account_name" minLength:"1"`
	Devices     []Device `json:"devices" minItems:"1" maxItems:"1000"`
	Policies    Policies `json:"policies,omitzero"`
	Claim       string   `json:"claim" minLength:"1" doc:"Random id of the caller."`
	// ClaimGeneration, with RequestID, is that of the state's claim. A higher one
	// than the journal's wins: the journal is an older copy.
	ClaimGeneration int64          `json:"claim_generation,omitempty"`
	RequestID       string         `json:"request_id,omitempty"`
	Subscriptions   []Subscription `json:"subscriptions,omitempty" maxItems:"1000" doc:"With request_id: what the state knows; used where the store knows nothing."`
}

// ChangeKind names a change of PATCH /v1/requests/{id}.
type ChangeKind string

const (
	// ChangeSent: open → sent; refused (ConflictState) once the intent is void.
	ChangeSent ChangeKind = "sent"
	// ChangeAccepted: the 201's RequestID. Allowed from open, sent, unknown, and
	// from accepted when the id was inferred or is the same.
	ChangeAccepted ChangeKind = "accepted"
	// ChangeRefused: certainly nothing was created; Reason says why. Also ends
	// an open intent that is given up.
	ChangeRefused ChangeKind = "refused"
	// ChangeUnknown: the answer was lost; Reason says how.
	ChangeUnknown ChangeKind = "unknown"
	// ChangeReturned: the request is in a Terraform state; ends the lease.
	ChangeReturned ChangeKind = "returned"
	// ChangeStop: a stop of QoSSubscriptionID is about to be sent; refused
	// (ConflictClaim) when Claim is superseded, and (ConflictState) when the
	// request has no such subscription. The new Stop is in the answer.
	ChangeStop ChangeKind = "stop"
	// ChangeStopSent: StopID's DELETE was answered with StopRequestID.
	ChangeStopSent ChangeKind = "stop_sent"
	// ChangeStopRefused: StopID's DELETE was refused; Reason says why.
	ChangeStopRefused ChangeKind = "stop_refused"
	// ChangeClaim: compare-and-set from Claim to NewClaim; the claim's generation
	// goes up by one. Adopt: only while Unclaimed, with a lease, and with Policies.
	// Import: only while no lease runs (ConflictState), and it counts as returned;
	// a claim that was itself imported within the last hour stays as it is, so that
	// a plan with an import block does not invalidate another that was saved.
	ChangeClaim ChangeKind = "claim"
)

// Change is the body of PATCH /v1/requests/{id}.
type Change struct {
	Kind ChangeKind `json:"change" enum:"sent,accepted,refused,unknown,returned,stop,stop_sent,stop_refused,claim"`
	// Revision, when not zero, must be the request's current revision
	// (ConflictRevision).
	Revision          int64     `json:"revision,omitempty"`
	Claim             string    `json:"claim,omitempty" doc:"The caller's claim; must be the journal's, where both are known."`
	NewClaim          string    `json:"new_claim,omitempty"`
	Adopt             bool      `json:"adopt,omitempty" doc:"With claim: only an unclaimed request, and with a lease."`
	Policies          *Policies `json:"policies,omitempty" doc:"With adopt: those of the adopting state."`
	RequestID         string    `json:"request_id,omitempty"`
	QoSSubscriptionID string    `json:"qos_subscription_id,omitempty"`
	StopID            string    `json:"stop_id,omitempty"`
	StopRequestID     string    `json:"stop_request_id,omitempty"`
	Reason            string    `json:"reason,omitempty"`
}

// Filter selects requests; zero fields do not filter. RequestID,
// QoSSubscriptionID and ID also find requests that are not Authenticated; the
// others do not, unless IncludeUnauthenticated, or unless the request is for a
// device of an intent whose request id is unknown or inferred: it may be the
// intent's.
type Filter struct {
	ID                     string   `query:"id"`
	AccountName            string   `query:"account_name"`
	RequestID              string   `query:"request_id"`
	QoSSubscriptionID      string   `query:"qos_subscription_id"`
	DeviceID               string   `query:"device_id"`
	State                  []State  `query:"state" enum:"open,sent,accepted,refused,unknown,void"`
	Status                 []Status `query:"status" enum:"REQUESTED,ACKNOWLEDGED,ON,FAILED,TERMINATED"`
	Live                   bool     `query:"live" doc:"Only requests that are, or may yet be, live: accepted with a subscription that has not ended, open, sent or unknown."`
	Unclaimed              bool     `query:"unclaimed"`
	IncludeUnauthenticated bool     `query:"include_unauthenticated"`
	// Claim notes, on the requests that carry this claim, that their state read them.
	Claim  string `query:"claim"`
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"At most this many (default 100)."`
	// Newest returns the newest first. It is for the receiver's own page: whoever
	// follows the journal needs it in its order.
	Newest bool
}

// Page is one page of requests, oldest first unless the filter says otherwise.
type Page struct {
	Requests []Request `json:"requests"`
	Next     string    `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

// WaitItem asks to be told when a request's revision exceeds Revision. A Claim
// that is the journal's keeps the request's lease alive while the call is open.
type WaitItem struct {
	ID       string `json:"id"`
	Revision int64  `json:"revision"`
	Claim    string `json:"claim,omitempty"`
}

// Info is the answer of GET /v1/info.
type Info struct {
	Version   string   `json:"version"`
	StoreID   string   `json:"store_id" doc:"Made when the store was made; another store, or another file, has another."`
	PublicURL string   `json:"public_url,omitempty" doc:"Where ThingSpace reaches this receiver; the QoS callback must be registered to it, or to its path /thingspace/callbacks."`
	Accounts  []string `json:"accounts,omitempty" doc:"Accounts whose callbacks are accepted; absent means all."`
}

// Event is one QoS entry of one callback, stored once however often it came.
type Event struct {
	Seq               int64     `json:"seq" doc:"The receiver's own sequence."`
	ReceivedAt        time.Time `json:"received_at"`
	RequestID         string    `json:"request_id,omitempty"`
	AccountName       string    `json:"account_name,omitempty"`
	QoSSubscriptionID string    `json:"qos_subscription_id,omitempty"`
	DeviceIDs         []Device  `json:"device_ids,omitempty" doc:"Id and kind as sent."`
	QoSEvent          string    `json:"qos_event"`
	Status            string    `json:"status,omitempty"`
	Reason            string    `json:"reason,omitempty"`
	ReportedTime      string    `json:"reported_time,omitempty"`
	Ambiguous         bool      `json:"ambiguous,omitempty" doc:"A failure in a callback that also tells of successes and does not say which device failed; it ends nothing."`
	Authenticated     bool      `json:"authenticated"`
	Deliveries        int       `json:"deliveries" doc:"How often it was delivered."`
	Body              string    `json:"body,omitempty" doc:"The callback without its credentials; dropped by retention."`
	// Forward is on the first event of a callback that is to be passed on, until the
	// store has put it into the outbox.
	Forward *Forward `json:"forward,omitempty" hidden:"true"`
}

// LateEvents are those of a callback that has waited elsewhere, outside the store.
type LateEvents struct {
	Events []Event
	// Since is a place that the sequence had reached when the callback came; it may
	// have been further.
	Since int64
}

// Resolution is an operator's word on what the network cannot say.
type Resolution struct {
	// Target is an intent's id, a ThingSpace request id or a subscription id.
	Target     string `json:"target" minLength:"1"`
	NotCreated bool   `json:"not_created,omitempty" doc:"The unknown request never came to be."`
	RequestID  string `json:"request_id,omitempty" doc:"The unknown request came to be under this ThingSpace request id."`
	Terminated bool   `json:"terminated,omitempty" doc:"The subscription has ended, or of a request all that is known of now: its subscriptions, and its devices without one."`
	Reason     string `json:"reason,omitempty" doc:"Why the operator knows; required with terminated."`
}

// ConflictKind says why a journal write was refused.
type ConflictKind string

const (
	// ConflictOverlap: a live or open request has a flow of the same device in common.
	ConflictOverlap ConflictKind = "overlap"
	// ConflictPending: another request of the device still lacks its request id.
	ConflictPending ConflictKind = "pending"
	// ConflictClaim: another claim holds the request.
	ConflictClaim ConflictKind = "claim"
	// ConflictState: the request's state does not allow the change.
	ConflictState ConflictKind = "state"
	// ConflictRevision: the request has changed since it was read.
	ConflictRevision ConflictKind = "revision"
)

// ConflictError refuses a journal write and carries the request that stands in
// its way. Over HTTP it is a 409 with both as problem-details members.
type ConflictError struct {
	Kind     ConflictKind `json:"conflict"`
	Existing Request      `json:"existing"`
}

func (e *ConflictError) Error() string {
	r := &e.Existing
	switch e.Kind {
	case ConflictOverlap:
		return fmt.Sprintf("live request %s on account %s has a flow of the same device in common", r.Name(), r.AccountName)
	case ConflictPending:
		return fmt.Sprintf("%s on account %s, for the same device, has no answer yet", r.Name(), r.AccountName)
	case ConflictClaim:
		return fmt.Sprintf("another Terraform state has imported or adopted request %s on account %s since", r.Name(), r.AccountName)
	case ConflictRevision:
		return fmt.Sprintf("request %s on account %s has changed since it was read", r.Name(), r.AccountName)
	default:
		return fmt.Sprintf("request %s on account %s is %s, which does not allow it", r.Name(), r.AccountName, r.State)
	}
}

// Store keeps events and the journal. All methods are safe for concurrent use;
// one that returns without an error has its effect on disk.
type Store interface {
	Outbox
	NotificationStore
	SessionStore
	VouchingStore

	// StoreID is the random id made when the store was made.
	StoreID() string
	// Create journals an intent or records a state's request; see NewRequest.
	Create(ctx context.Context, n NewRequest) (*Request, error)
	// Change applies c to the request with the journal id; ErrNotFound or *ConflictError.
	Change(ctx context.Context, id string, c Change) (*Request, error)
	// Requests returns one page.
	Requests(ctx context.Context, f Filter) (*Page, error)
	// Revised returns those of the items whose revision has grown, and ids the store does not know.
	Revised(ctx context.Context, items []WaitItem) (changed []Request, missing []string, err error)
	// Renew extends the lease of every item whose claim is the journal's.
	Renew(ctx context.Context, items []WaitItem) error
	// Record stores the events of one callback, each once, and updates what they touch.
	// What of it is to be passed on is in the outbox from then on.
	Record(ctx context.Context, events []Event) error
	// Events returns up to limit events with Seq > after, oldest first; fewer where
	// they would be too large together, but at least one if there is any.
	Events(ctx context.Context, after int64, limit int) ([]Event, error)
	// EventsOf is Events under one ThingSpace request id, whether or not the journal
	// knows a request by it.
	EventsOf(ctx context.Context, requestID string, after int64, limit int) ([]Event, error)
	// History returns up to limit events with Seq > after, oldest first, of what was
	// heard of the request with the journal id and of its stops; fewer where they
	// would be too large together, but at least one if there is any.
	History(ctx context.Context, id string, after int64, limit int) ([]Event, error)
	// Statistics counts what the store holds, without reading all of it.
	Statistics(ctx context.Context) (*Statistics, error)
	// Resolve applies an operator's word; ErrNotFound or *ConflictError.
	Resolve(ctx context.Context, r Resolution) (*Request, error)
	// Quarantine keeps a callback that was refused for its credentials, once however
	// often it came (bounded: the oldest goes).
	Quarantine(ctx context.Context, q Quarantined) error
	// Quarantined returns one page of what is held, oldest first.
	Quarantined(ctx context.Context, f QuarantineFilter) (*QuarantinePage, error)
	// Release records a quarantined callback's events as authenticated by the
	// operator. They are the newest of all events, and count as what came when they did.
	Release(ctx context.Context, id string) error
	// Sweep voids lapsed leases and applies retention, which drops bodies, and in the
	// end requests that are over and nobody ever vouched for; the server calls it
	// regularly.
	Sweep(ctx context.Context) error
	// Watch calls fn with the journal ids that changed, in this process or, where
	// the store can tell, in another, until ctx ends. It returns at once; fn must
	// not block.
	Watch(ctx context.Context, fn func(ids []string))
	// Ping reports whether the store can write.
	Ping(ctx context.Context) error
	Close() error
}

// ErrNotFound means that the store knows no such request, subscription or
// quarantined callback.
var ErrNotFound = errors.New("not found")

// Name is how people are told of a request: its ThingSpace request id once that
// is known, else the journal's.
func (r *Request) Name() string {
	if r.RequestID != "" {
		return r.RequestID
	}
	return "intent " + r.ID
}

// LeaseRunning reports whether a process held the request when it was observed.
// The caller's own clock has no say in it.
func (r *Request) LeaseRunning() bool {
	return r.LeaseExpiresAt != nil && r.ObservedAt.Before(*r.LeaseExpiresAt)
}
