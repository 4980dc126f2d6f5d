package receiver

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Forwarder passes callbacks on to other listeners, by way of the store's outbox.
type Forwarder interface {
	// Prepare returns what the outbox is to hold of a callback with the header and
	// the body, which is valid JSON; nil when it is not to be passed on. Only a
	// callback that is vouched for is to get a target's credentials: they would lend
	// theirs to a forgery otherwise.
	Prepare(header http.Header, body []byte, vouched bool) (*Forward, error)
	// Wake says that the outbox may have got something. It does not block.
	Wake()
}

// Forward is a callback that is to be passed on. It holds no credentials.
type Forward struct {
	ID string `json:"id"`
	// Targets are the names of the listeners that are to get it.
	Targets []string `json:"targets"`
	// Passed are the ids of the stores that it came through.
	Passed []string `json:"passed,omitempty"`
	// Body is the callback as it came, with null for its credentials, or without them
	// if nobody vouches for it.
	Body string `json:"body"`
}

// Schema keeps it out of the API's document: it is for the store alone.
func (*Forward) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// Outbox keeps callbacks until other listeners have them. A target is the name of
// such a listener; the store does not know its address.
type Outbox interface {
	// ClaimDeliveries returns up to limit callbacks that are due at a target, oldest
	// first. Until they are settled or the lease is over, nobody else gets them.
	// Callbacks about one subscription are handed out one after the other in the order
	// in which they were stored, until the first of them has failed 8 times: then it
	// holds up the others no more.
	ClaimDeliveries(ctx context.Context, target string, limit int, lease time.Duration) ([]ClaimedDelivery, error)
	// SettleDeliveries notes what became of deliveries. One that somebody else has
	// claimed since is left to them, unless it has been delivered.
	SettleDeliveries(ctx context.Context, settled []Settlement) error
	// Backlogs counts what the outbox holds, by target.
	Backlogs(ctx context.Context) ([]Backlog, error)
	// Deliveries returns one page of what the outbox holds, oldest first.
	Deliveries(ctx context.Context, f DeliveryFilter) (*DeliveryPage, error)
	// RetryDeliveries makes deliveries due at once, dead ones as if they had never been
	// tried. It returns how many; those that are being tried at the moment are left.
	RetryDeliveries(ctx context.Context, c DeliveryChoice) (int, error)
	// DropDeliveries forgets deliveries and returns how many.
	DropDeliveries(ctx context.Context, c DeliveryChoice) (int, error)
}

// DeliveryState says whether a delivery is still tried.
type DeliveryState string

const (
	// DeliveryWaiting: it will be tried, or tried again.
	DeliveryWaiting DeliveryState = "waiting"
	// DeliveryDead: the listener refused it, or could not be reached for too long, or
	// the callback comes back again and again. It stays until somebody retries or drops
	// it, or the retention is over.
	DeliveryDead DeliveryState = "dead"
)

// Delivery is a callback that one listener does not have yet.
type Delivery struct {
	ID         string        `json:"id" doc:"The listener gets it as the header Qos-Receiver-Delivery, the same at every attempt."`
	Target     string        `json:"target" doc:"The listener's host, and a digest that tells its address from others at that host."`
	State      DeliveryState `json:"state" enum:"waiting,dead"`
	RequestID  string        `json:"request_id,omitempty"`
	QoSEvent   string        `json:"qos_event" doc:"Of the callback's first event."`
	ReceivedAt time.Time     `json:"received_at"`
	Since      time.Time     `json:"since" doc:"When it was first due, or retried after it was dead."`
	DueAt      time.Time     `json:"due_at" doc:"When it is tried next; while it is being tried, when that counts as lost."`
	Attempts   int           `json:"attempts" doc:"That failed."`
	Reason     string        `json:"reason,omitempty" doc:"Why the last attempt failed."`
}

// ClaimedDelivery is a delivery with what it takes to try it.
type ClaimedDelivery struct {
	Delivery
	Claim  string
	Passed []string
	Body   string
}

// DeliveryResult is what became of a claimed delivery.
type DeliveryResult int

const (
	// DeliveryReleased: it was not tried, or nobody knows.
	DeliveryReleased DeliveryResult = iota
	// DeliveryDone: the listener has it.
	DeliveryDone
	// DeliveryFailed: it is to be tried again.
	DeliveryFailed
	// DeliveryRefused: it is not to be tried again.
	DeliveryRefused
)

// Settlement says what became of a claimed delivery.
type Settlement struct {
	ID, Claim string
	Result    DeliveryResult
	// DueAt is when a failed one is tried again.
	DueAt time.Time
	// Reason holds no credentials.
	Reason string
}

// Backlog is what one target does not have yet.
type Backlog struct {
	Target        string
	Waiting, Dead int64
}

// DeliveryFilter selects deliveries; zero fields do not filter.
type DeliveryFilter struct {
	Target string        `query:"target"`
	State  DeliveryState `query:"state" enum:"waiting,dead"`
	Cursor string        `query:"cursor"`
	Limit  int           `query:"limit" minimum:"0" maximum:"1000" doc:"At most this many (default 100)."`
}

// DeliveryPage is one page of deliveries, oldest first.
type DeliveryPage struct {
	Deliveries []Delivery `json:"deliveries"`
	Next       string     `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

// DeliveryChoice names deliveries: by their ids, or all of a target in a state.
type DeliveryChoice struct {
	IDs    []string      `json:"ids,omitempty" maxItems:"1000" nullable:"false"`
	Target string        `json:"target,omitempty" doc:"All of this target, instead of ids."`
	State  DeliveryState `json:"state,omitempty" enum:"waiting,dead" doc:"With target: only those in this state (default dead)."`
}

// Validate reports whether c names deliveries in one way, as an *InvalidError.
func (c DeliveryChoice) Validate() error {
	switch {
	case (len(c.IDs) > 0) == (c.Target != ""):
		return invalidf("exactly one of ids and target is required")
	case c.State != "" && c.Target == "":
		return invalidf("state goes with target")
	}
	return nil
}

// ChosenDeliveries is the answer to what was done with deliveries.
type ChosenDeliveries struct {
	Deliveries int `json:"deliveries" doc:"How many."`
}

type deliveriesInput struct{ DeliveryFilter }

func (s *Server) listDeliveries(ctx context.Context, in *deliveriesInput) (*of[DeliveryPage], error) {
	page, err := s.store.Deliveries(ctx, in.DeliveryFilter)
	return output(page, s.failed(ctx, "list deliveries", err))
}

func (s *Server) retryDeliveries(ctx context.Context, in *of[DeliveryChoice]) (*of[ChosenDeliveries], error) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	count, err := s.store.RetryDeliveries(ctx, in.Body)
	if err == nil && s.cfg.Forwarder != nil {
		s.cfg.Forwarder.Wake()
	}
	return output(&ChosenDeliveries{count}, s.failed(ctx, "retry deliveries", err))
}

func (s *Server) dropDeliveries(ctx context.Context, in *of[DeliveryChoice]) (*of[ChosenDeliveries], error) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	count, err := s.store.DropDeliveries(ctx, in.Body)
	return output(&ChosenDeliveries{count}, s.failed(ctx, "drop deliveries", err))
}

func (t timedStore) Deliveries(ctx context.Context, f DeliveryFilter) (page *DeliveryPage, err error) {
	done := t.time("deliveries")
	page, err = t.Store.Deliveries(ctx, f)
	done(err)
	return page, err
}

func (t timedStore) RetryDeliveries(ctx context.Context, c DeliveryChoice) (count int, err error) {
	done := t.time("retry_deliveries")
	count, err = t.Store.RetryDeliveries(ctx, c)
	done(err)
	return count, err
}

func (t timedStore) DropDeliveries(ctx context.Context, c DeliveryChoice) (count int, err error) {
	done := t.time("drop_deliveries")
	count, err = t.Store.DropDeliveries(ctx, c)
	done(err)
	return count, err
}

// prepareForward puts what is to be passed on of a callback to its first event,
// with which the store takes it. Wrong credentials are no hindrance: such a callback
// is held until an operator vouches for it.
func (s *Server) prepareForward(header http.Header, body []byte, vouched bool, events []Event) error {
	if s.cfg.Forwarder == nil || len(events) == 0 {
		return nil
	}
	forward, err := s.cfg.Forwarder.Prepare(header, body, vouched)
	events[0].Forward = forward
	return err
}
