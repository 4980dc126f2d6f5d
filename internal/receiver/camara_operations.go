package receiver

import (
	"context"
	"time"
)

// notificationsInput is that of GET /v1/camara/notifications.
type notificationsInput struct {
	NotificationFilter

	WaitSeconds int `query:"wait_seconds" minimum:"0" maximum:"30" doc:"How long the call may stay open when there is none; 0 answers at once."`
}

// listNotifications answers with what the filter selects. Where that is nothing,
// it may wait until there is something, its time is over, the receiver shuts down
// or the client goes away.
func (s *Server) listNotifications(ctx context.Context, in *notificationsInput) (*of[NotificationList], error) {
	if in.WaitSeconds == 0 {
		list, err := s.store.Notifications(ctx, in.NotificationFilter)
		return output(list, s.failed(ctx, "list notifications", err))
	}
	// Registered before the first look, so that none falls between them.
	watcher, leave, ok := s.hub.join([]string{NotificationTopic(in.ResourceID)})
	if !ok {
		return nil, busy()
	}
	defer leave()
	s.metrics.waiters.Inc()
	defer s.metrics.waiters.Dec()
	list, err := s.awaitNotifications(ctx, in, watcher)
	return output(list, s.failed(ctx, "wait for notifications", err))
}

func (s *Server) awaitNotifications(ctx context.Context, in *notificationsInput, watcher *watcher) (*NotificationList, error) {
	timeout := s.cfg.Clock.NewTimer(time.Duration(in.WaitSeconds) * time.Second)
	defer timeout.Stop()
	requery := s.cfg.Clock.NewTicker(requeryInterval)
	defer requery.Stop()
	for {
		list, err := s.store.Notifications(ctx, in.NotificationFilter)
		if err != nil || len(list.Notifications) > 0 {
			return list, err
		}
		select {
		case <-watcher.wake:
		case <-requery.Chan():
		case <-timeout.Chan():
			return list, nil
		case <-s.hub.closed:
			return list, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
