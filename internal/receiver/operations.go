package receiver

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// defaultEvents is how many events one answer holds unless limit says otherwise.
const defaultEvents = 100

// The inputs and outputs of the operations in the form that huma reads.
type (
	none      struct{}
	of[T any] struct{ Body T }

	changeInput struct {
		ID   string `path:"id" doc:"The journal's id of the request."`
		Body Change
	}
	requestsInput      struct{ Filter }
	subscriptionsInput struct{ SubscriptionFilter }
	eventsInput        struct {
		After     int64  `query:"after" minimum:"0" doc:"Only events with a greater seq."`
		RequestID string `query:"request_id" doc:"Only events under this ThingSpace request id."`
		Limit     int    `query:"limit" minimum:"0" maximum:"1000" doc:"At most this many (default 100); fewer where they would be too large together."`
	}
	quarantineInput struct{ QuarantineFilter }
	releaseInput    struct {
		ID string `path:"id"`
	}
)

func (s *Server) info(context.Context, *none) (*of[Info], error) {
	return &of[Info]{Info{
		Version:   s.cfg.Version,
		StoreID:   s.store.StoreID(),
		PublicURL: s.cfg.PublicURL,
		Accounts:  s.cfg.Accounts,
	}}, nil
}

func (s *Server) createRequest(ctx context.Context, in *of[NewRequest]) (*of[Request], error) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	r, err := s.store.Create(ctx, in.Body)
	return output(r, s.failed(ctx, "create a request", err))
}

func (s *Server) changeRequest(ctx context.Context, in *changeInput) (*of[Request], error) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	r, err := s.store.Change(ctx, in.ID, in.Body)
	return output(r, s.failed(ctx, "change a request", err))
}

func (s *Server) resolve(ctx context.Context, in *of[Resolution]) (*of[Request], error) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	r, err := s.store.Resolve(ctx, in.Body)
	return output(r, s.failed(ctx, "resolve a request", err))
}

func (s *Server) listRequests(ctx context.Context, in *requestsInput) (*of[Page], error) {
	filter := in.Filter
	if !mayWrite(ctx) {
		// A reader's look does not make a request claimed.
		filter.Claim = ""
	}
	page, err := s.store.Requests(ctx, filter)
	if err == nil && page.Requests == nil {
		page.Requests = []Request{}
	}
	return output(page, s.failed(ctx, "list requests", err))
}

func (s *Server) listSubscriptions(ctx context.Context, in *subscriptionsInput) (*of[SubscriptionPage], error) {
	page, err := s.store.Requests(ctx, in.requests())
	if err != nil {
		return nil, s.failed(ctx, "list subscriptions", err)
	}
	return &of[SubscriptionPage]{SubscriptionPage{Subscriptions: in.views(page.Requests), Next: page.Next}}, nil
}

func (s *Server) listEvents(ctx context.Context, in *eventsInput) (*of[EventList], error) {
	limit := in.Limit
	if limit == 0 {
		limit = defaultEvents
	}
	events, err := s.eventsAfter(ctx, in.RequestID, in.After, limit)
	if err != nil {
		return nil, s.failed(ctx, "list events", err)
	}
	return &of[EventList]{EventList{Events: append([]Event{}, events...)}}, nil
}

func (s *Server) eventsAfter(ctx context.Context, requestID string, after int64, limit int) ([]Event, error) {
	if requestID != "" {
		return s.store.EventsOf(ctx, requestID, after, limit)
	}
	return s.store.Events(ctx, after, limit)
}

func (s *Server) listQuarantine(ctx context.Context, in *quarantineInput) (*of[QuarantinePage], error) {
	page, err := s.store.Quarantined(ctx, in.QuarantineFilter)
	if err == nil && page.Callbacks == nil {
		page.Callbacks = []Quarantined{}
	}
	return output(page, s.failed(ctx, "list the quarantine", err))
}

func (s *Server) release(ctx context.Context, in *releaseInput) (*none, error) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	if err := s.store.Release(ctx, in.ID); err != nil {
		return nil, s.failed(ctx, "release a quarantined callback", err)
	}
	return nil, nil
}

// output wraps what the store returned, unless it failed.
func output[T any](value *T, err error) (*of[T], error) {
	if err != nil {
		return nil, err
	}
	return &of[T]{*value}, nil
}

// failed explains a store's error to the client, and to the log what is not the
// client's doing.
func (s *Server) failed(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	problem := problemOf(err)
	var status huma.StatusError
	if errors.As(problem, &status) && status.GetStatus() >= http.StatusInternalServerError && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "the store failed", "doing", doing, "error", err)
	}
	return problem
}

func mayWrite(ctx context.Context) bool {
	granted, ok := ctx.Value(accessKey{}).(access)
	return ok && granted == accessWrite
}
