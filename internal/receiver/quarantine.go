package receiver

import "time"

// Quarantined is a callback whose credentials were wrong, kept without them. Its
// first event holds the callback's body.
type Quarantined struct {
	ID         string    `json:"id"`
	ReceivedAt time.Time `json:"received_at"`
	Source     string    `json:"source" doc:"Address it came from."`
	Reason     string    `json:"reason"`
	Events     []Event   `json:"events"`
	// Since is a place that the sequence had reached when it came, where it has waited
	// outside the store; nil where it comes at once.
	Since *int64 `json:"-"`
}

// QuarantineFilter selects quarantined callbacks; zero fields do not filter.
type QuarantineFilter struct {
	RequestID string `query:"request_id" doc:"Only callbacks about this ThingSpace request id."`
	Cursor    string `query:"cursor"`
	Limit     int    `query:"limit" minimum:"0" maximum:"1000" doc:"At most this many (default 100); fewer where they would be too large together."`
}

// QuarantinePage is one page of quarantined callbacks, oldest first.
type QuarantinePage struct {
	Callbacks []Quarantined `json:"callbacks" doc:"A bounded number is kept."`
	Next      string        `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}
