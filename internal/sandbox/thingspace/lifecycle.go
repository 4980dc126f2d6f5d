package thingspace

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// The documented reasons of a failed create and of a failed stop.
const (
	reasonCreate = "Device not found"
	reasonStop   = "device not found"
)

// step is one thing that the network does to a subscription, and tells.
type step struct {
	due time.Time
	act func(context.Context)
}

// begin enters a create's devices into the network, one subscription each, and
// returns what will happen to each.
func (s *Sandbox) begin(requestID string, request createRequest) [][]step {
	now := s.now()
	subscriptions := make([]Subscription, len(request.devices))
	for i, d := range request.devices {
		subscriptions[i] = Subscription{
			ID: uuid.NewString(), RequestID: requestID, AccountName: request.accountName,
			Device: d.id, DeviceIPv6Addr: d.ipv6Addr, Flows: d.flows,
			Status: StatusRequested, CreatedAt: now,
		}
	}
	s.network.add(subscriptions)
	lives := make([][]step, len(subscriptions))
	for i, sub := range subscriptions {
		lives[i] = s.life(sub)
	}
	return lives
}

// life decides, when a device's create is accepted, what will become of it.
func (s *Sandbox) life(sub Subscription) []step {
	acked := sub.CreatedAt.Add(s.options.AckDelay)
	on := acked.Add(s.options.OnDelay)
	subject := subject{operation: OpCreate, devices: []string{sub.Device.ID}}
	if reason, fails := s.createFailure(sub, subject); fails {
		return []step{{acked, s.failing(sub.ID, reason)}}
	}
	if s.faults.strikes(FaultReorder, subject) {
		return []step{{acked, s.turningOn(sub.ID)}, {on, s.acknowledging(sub.ID)}}
	}
	return []step{{acked, s.acknowledging(sub.ID)}, {on, s.turningOn(sub.ID)}}
}

func (s *Sandbox) createFailure(sub Subscription, subject subject) (string, bool) {
	if f, ok := s.faults.take(FaultDeviceFailure, subject); ok {
		if f.Reason != "" {
			return f.Reason, true
		}
		return reasonCreate, true
	}
	devices := s.options.Devices
	return reasonCreate, len(devices) > 0 && !slices.Contains(devices, sub.Device.ID)
}

// follow lets the steps happen in their order, none before its time.
func (s *Sandbox) follow(steps []step) {
	if len(steps) == 0 {
		return
	}
	s.scheduler.At(steps[0].due, func(ctx context.Context) {
		steps[0].act(ctx)
		s.follow(steps[1:])
	})
}

func (s *Sandbox) acknowledging(id string) func(context.Context) {
	return func(ctx context.Context) {
		if sub, live := s.network.advance(id, StatusAcknowledged); live {
			s.courier.dispatch(ctx, acknowledged(sub, s.now()))
		}
	}
}

func (s *Sandbox) turningOn(id string) func(context.Context) {
	return func(ctx context.Context) {
		if sub, live := s.network.advance(id, StatusOn); live {
			s.courier.dispatch(ctx, networkEvent(sub, eventOn, "", s.now()))
		}
	}
}

func (s *Sandbox) failing(id, reason string) func(context.Context) {
	return func(ctx context.Context) {
		if sub, err := s.network.end(id, StatusFailed, reason, s.now()); err == nil {
			s.courier.dispatch(ctx, createFailed(sub, s.now()))
		}
	}
}

// stopping decides, when its time has come, what becomes of an accepted stop.
func (s *Sandbox) stopping(account, subscriptionID, requestID string) func(context.Context) {
	return func(ctx context.Context) {
		s.courier.dispatch(ctx, s.stopNotice(account, subscriptionID, requestID))
	}
}

func (s *Sandbox) stopNotice(account, subscriptionID, requestID string) notice {
	now := s.now()
	sub, known := s.network.find(subscriptionID)
	if !known || sub.AccountName != account {
		return stopFailed(account, requestID, DeviceID{}, reasonStop, now)
	}
	subject := subject{operation: OpStop, devices: []string{sub.Device.ID}}
	if f, ok := s.faults.take(FaultStopFailure, subject); ok {
		if f.Reason == "" {
			f.Reason = reasonStop
		}
		return stopFailed(account, requestID, sub.Device, f.Reason, now)
	}
	ended, err := s.network.end(subscriptionID, StatusTerminated, "", now)
	if err != nil {
		return stopFailed(account, requestID, sub.Device, reasonStop, now)
	}
	if s.Switches().TerminatedUnderOriginal {
		requestID = sub.RequestID
	}
	return stopped(ended, requestID, now)
}
