package receiver

import "time"

// Statistics count what the store holds. A request counts once, by its least
// favourable subscription. Requests that are not Authenticated do not count:
// anybody may have made them up.
type Statistics struct {
	// On: every subscription is on.
	On int64
	// Pending: not sent yet, without an answer yet, or with a subscription that is
	// not on yet.
	Pending int64
	// Acknowledged: those of the pending that ThingSpace has acknowledged.
	Acknowledged int64
	// Failed: a subscription failed; others of the request may be on.
	Failed int64
	// Terminated: a subscription ended and none failed.
	Terminated int64
	// Refused: ThingSpace created nothing.
	Refused int64
	// Unknown: sent, and the answer was lost.
	Unknown int64
	// Unclaimed: live, and no Terraform state has asked about it since it was made.
	Unclaimed int64
	// Quarantined counts callbacks.
	Quarantined int64
	// Repeated counts callbacks that were not passed on, because the same had come
	// again and again.
	Repeated int64
	// OldestPending is when the oldest of the pending was journalled, nil if there
	// is none.
	OldestPending *time.Time
}

// Add counts n requests of a state and a status.
func (s *Statistics) Add(state State, status Status, n int64) {
	switch state {
	case StateOpen, StateSent:
		s.Pending += n
	case StateRefused:
		s.Refused += n
	case StateUnknown:
		s.Unknown += n
	case StateAccepted:
		s.addAccepted(status, n)
	case StateVoid:
	}
}

func (s *Statistics) addAccepted(status Status, n int64) {
	switch status {
	case StatusOn:
		s.On += n
	case StatusRequested:
		s.Pending += n
	case StatusAcknowledged:
		s.Pending += n
		s.Acknowledged += n
	case StatusFailed:
		s.Failed += n
	case StatusTerminated:
		s.Terminated += n
	}
}
