package receiver

import "fmt"

// InvalidError refuses an input that could never be right, in words for the
// person who sent it. It never quotes credentials.
type InvalidError struct {
	Reason string
}

func (e *InvalidError) Error() string { return e.Reason }

func invalidf(format string, args ...any) error {
	return &InvalidError{Reason: fmt.Sprintf(format, args...)}
}

// Validate reports what is missing for n's form, as an *InvalidError.
func (n NewRequest) Validate() error {
	switch {
	case n.AccountName == "":
		return invalidf("account_name is required")
	case n.Claim == "":
		return invalidf("claim is required")
	case len(n.Devices) == 0:
		return invalidf("devices must name at least one device")
	}
	for i, d := range n.Devices {
		if d.ID == "" {
			return invalidf("devices[%d].id is required", i)
		}
	}
	return nil
}

// Validate reports what is missing for c's kind, as an *InvalidError.
func (c Change) Validate() error {
	required := func(name, value string) error {
		if value == "" {
			return invalidf("change %q needs %s", c.Kind, name)
		}
		return nil
	}
	switch c.Kind {
	case ChangeSent, ChangeRefused, ChangeUnknown, ChangeReturned:
		return nil
	case ChangeAccepted:
		return required("request_id", c.RequestID)
	case ChangeStop:
		return required("qos_subscription_id", c.QoSSubscriptionID)
	case ChangeStopRefused:
		return required("stop_id", c.StopID)
	case ChangeClaim:
		return required("new_claim", c.NewClaim)
	case ChangeStopSent:
		if err := required("stop_id", c.StopID); err != nil {
			return err
		}
		return required("stop_request_id", c.StopRequestID)
	}
	return invalidf("unknown change %q", c.Kind)
}

// Validate reports whether r says exactly one thing, as an *InvalidError.
func (r Resolution) Validate() error {
	words := 0
	for _, said := range []bool{r.NotCreated, r.RequestID != "", r.Terminated} {
		if said {
			words++
		}
	}
	switch {
	case r.Target == "":
		return invalidf("target is required")
	case words != 1:
		return invalidf("exactly one of not_created, request_id and terminated is required")
	case r.Terminated && r.Reason == "":
		return invalidf("terminated needs a reason")
	}
	return nil
}
