package thingspace

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrNotLive means that the network has no such live subscription.
var ErrNotLive = errors.New("no such live subscription")

// Status is where a subscription stands in the network, whatever its callbacks
// say or fail to say.
type Status string

// The states of a subscription, in the order of its life.
const (
	StatusRequested    Status = "REQUESTED"
	StatusAcknowledged Status = "ACKNOWLEDGED"
	StatusOn           Status = "ON"
	StatusFailed       Status = "FAILED"
	StatusTerminated   Status = "TERMINATED"
)

// Ended reports whether nothing is live, and billed, any more.
func (s Status) Ended() bool { return s == StatusFailed || s == StatusTerminated }

// DeviceID identifies a device, as ThingSpace's deviceId object does.
type DeviceID struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
}

// Flow is one element of ThingSpace's flowInfo array.
type Flow struct {
	FlowServer    string `json:"flowServer"`
	FlowDevice    string `json:"flowDevice"`
	FlowDirection string `json:"flowDirection"`
	FlowProtocol  string `json:"flowProtocol"`
	QCIOption     string `json:"qciOption"`
}

// Subscription is the network's own record of one device's elevation.
type Subscription struct {
	ID             string    `json:"qosSubscriptionId"`
	RequestID      string    `json:"requestId"`
	AccountName    string    `json:"accountName"`
	Device         DeviceID  `json:"deviceId"`
	DeviceIPv6Addr string    `json:"deviceIPv6Addr,omitempty"`
	Flows          []Flow    `json:"flowInfo"`
	Status         Status    `json:"status"`
	Reason         string    `json:"reason,omitempty"`
	CreatedAt      time.Time `json:"createdAt"`
	EndedAt        time.Time `json:"endedAt,omitzero"`
}

// network holds every subscription ever made, in the order of creation.
type network struct {
	mu            sync.Mutex
	subscriptions []*Subscription
}

func (n *network) add(subscriptions []Subscription) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range subscriptions {
		n.subscriptions = append(n.subscriptions, &s)
	}
}

func (n *network) find(id string) (Subscription, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.byID(id); s != nil {
		return *s, true
	}
	return Subscription{}, false
}

// byID needs the lock.
func (n *network) byID(id string) *Subscription {
	i := slices.IndexFunc(n.subscriptions, func(s *Subscription) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return n.subscriptions[i]
}

// advance moves a live subscription to a later state, never back, and reports
// whether it is live.
func (n *network) advance(id string, to Status) (Subscription, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.byID(id)
	if s == nil || s.Status.Ended() {
		return Subscription{}, false
	}
	if to == StatusOn || s.Status == StatusRequested {
		s.Status = to
	}
	return *s, true
}

// end ends a live subscription; ErrNotLive if it is not.
func (n *network) end(id string, as Status, reason string, now time.Time) (Subscription, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.byID(id)
	if s == nil || s.Status.Ended() {
		return Subscription{}, fmt.Errorf("%w: %q", ErrNotLive, id)
	}
	s.Status, s.Reason, s.EndedAt = as, reason, now
	return *s, nil
}

func (n *network) list(keep func(Subscription) bool) []Subscription {
	n.mu.Lock()
	defer n.mu.Unlock()
	kept := []Subscription{}
	for _, s := range n.subscriptions {
		if keep(*s) {
			c := *s
			c.Flows = slices.Clone(s.Flows)
			kept = append(kept, c)
		}
	}
	return kept
}
