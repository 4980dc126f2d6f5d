package page

import "github.com/qosform/terraform-provider-qos/internal/receiver"

// standing is where a subscription stands, for people: what the network says, or
// the journal where the network could not say anything yet.
type standing struct {
	// Kind selects the colour and the sign.
	Kind kind
	// Word is what is shown, Meaning what it means.
	Word    string
	Meaning string
}

type kind string

const (
	kindOn      kind = "on"
	kindPending kind = "pending"
	kindFailed  kind = "failed"
	kindEnded   kind = "ended"
	kindUnknown kind = "unknown"
)

// Sign is a shape for each kind, so that colour is not the only difference.
func (s standing) Sign() string {
	switch s.Kind {
	case kindOn:
		return "●"
	case kindPending:
		return "◐"
	case kindFailed:
		return "✕"
	case kindUnknown:
		return "?"
	case kindEnded:
	}
	return "○"
}

// standingOf says where a subscription of a request stands.
func standingOf(r *receiver.Request, status receiver.Status) standing {
	switch r.State {
	case receiver.StateOpen:
		return standing{kindPending, "Not sent yet", "The intent is journalled and nothing has been sent to ThingSpace."}
	case receiver.StateSent:
		return standing{kindPending, "Sent", "The request was sent to ThingSpace and is not answered yet."}
	case receiver.StateRefused:
		return standing{kindFailed, "Refused", "ThingSpace created nothing."}
	case receiver.StateUnknown:
		return standing{kindUnknown, "Unknown", "The request was sent and its answer was lost: ThingSpace may or may not have created it."}
	case receiver.StateVoid:
		return standing{kindEnded, "Never sent", "The process that journalled the intent ended before it sent anything."}
	case receiver.StateAccepted:
	}
	return reported(status)
}

// reported is the standing of a subscription that ThingSpace has accepted.
func reported(status receiver.Status) standing {
	switch status {
	case receiver.StatusOn:
		return standing{kindOn, "On", "The elevation is functioning."}
	case receiver.StatusAcknowledged:
		return standing{kindPending, "Acknowledged", "The network has acknowledged the request; the elevation is not reported as functioning yet."}
	case receiver.StatusFailed:
		return standing{kindFailed, "Failed", "The network ended it with a failure."}
	case receiver.StatusTerminated:
		return standing{kindEnded, "Ended", "It was stopped, or an operator said that it has ended."}
	case receiver.StatusRequested:
	}
	return standing{kindPending, "Requested", "ThingSpace has accepted the request; nothing was heard of it yet."}
}

// since is when the subscription got where it stands, as far as the receiver knows.
func (p *page) since(r *receiver.Request, s *receiver.Subscription) moment {
	if r.State != receiver.StateAccepted {
		return p.maybe(first(r.SentAt, &r.CreatedAt))
	}
	if s.Since != nil {
		return p.moment(*s.Since)
	}
	return p.maybe(first(r.AcceptedAt, &r.CreatedAt))
}

// first is the first that is not nil, nil if there is none.
func first[T any](candidates ...*T) *T {
	for _, c := range candidates {
		if c != nil {
			return c
		}
	}
	return nil
}

// stopping says what became of the newest attempt to stop a subscription, empty
// when there is nothing to say.
func stopping(s *receiver.Subscription) string {
	if s.Stop == nil || s.Status.Ended() {
		return ""
	}
	switch s.Stop.State {
	case receiver.StopJournalled:
		return "A stop was journalled; whether it reached ThingSpace is not known."
	case receiver.StopSent:
		return "ThingSpace accepted a stop; its callback has not come yet."
	case receiver.StopRefused:
		return "ThingSpace refused to stop it" + because(s.Stop.Reason)
	case receiver.StopFailed:
		return "The stop failed" + because(s.Stop.Reason)
	case receiver.StopDone:
	}
	return ""
}

func because(reason string) string {
	if reason == "" {
		return "."
	}
	return ": " + reason
}
