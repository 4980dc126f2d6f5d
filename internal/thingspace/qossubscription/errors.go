package qossubscription

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/timeout"
)

// existingError means that a live request stands in the way of a new one.
type existingError struct {
	existing *receiver.Request
	adopting bool
	why      string
}

func (e *existingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "a live request has a flow of the same device in common: %s (%s) on account %s, for %s. Nothing was sent to ThingSpace",
		e.existing.Name(), e.existing.Status, e.existing.AccountName, describeDevices(e.existing.Devices))
	if e.adopting {
		fmt.Fprintf(&b, ". It cannot be adopted: %s", e.why)
	}
	b.WriteString(".\n\nTo bring it under this configuration, import it:\n\n" + importBlock(e.existing))
	if !e.adopting && e.existing.Unclaimed {
		b.WriteString("\n\nNo Terraform state has it, as after an interrupted run, so on_existing = \"adopt\" takes it over as well.")
	}
	if !e.existing.Unclaimed {
		b.WriteString("\n\nIf it is this resource's own, to be replaced with create_before_destroy: ThingSpace has no update, so the old request must end first.")
	}
	return b.String()
}

func importBlock(r *receiver.Request) string {
	return fmt.Sprintf("  import {\n    to = thingspace_qos_subscription.<name>\n    id = %q\n  }", r.AccountName+"/"+r.RequestID)
}

// unknownError means that a request was sent and nobody knows what came of it.
type unknownError struct {
	request *receiver.Request
	cause   error
	earlier bool
}

func (e *unknownError) Unwrap() error { return e.cause }

func (e *unknownError) Error() string {
	var b strings.Builder
	if e.earlier {
		fmt.Fprintf(&b, "an earlier request for the same device has an unknown outcome, and another would make the two indistinguishable: %s", e.sent())
	} else {
		fmt.Fprintf(&b, "the outcome is unknown, and the request was not repeated, as it may have run: %s", e.sent())
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ". What went wrong: %v", e.cause)
	} else if e.request.Reason != "" {
		fmt.Fprintf(&b, ". What went wrong: %s", e.request.Reason)
	}
	if len(e.request.Candidates) > 1 {
		fmt.Fprintf(&b, ". Several acknowledgements would fit, of requests %s", strings.Join(e.request.Candidates, ", "))
	} else {
		b.WriteString(". No acknowledgement that fits has come to the receiver; if it still does, the next apply names the request, to import or to adopt it")
	}
	fmt.Fprintf(&b, ".\n\nOnce you know (Verizon support can look the request up), tell the receiver with one of:\n\n"+
		"  qos-receiver resolve %[1]s --not-created\n  qos-receiver resolve %[1]s --request-id <request id>", e.request.ID)
	return b.String()
}

func (e *unknownError) sent() string {
	at := "at a time not recorded"
	if e.request.SentAt != nil {
		at = e.request.SentAt.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("intent %s for %s on account %s, sent %s", e.request.ID, describeDevices(e.request.Devices), e.request.AccountName, at)
}

// stopError means that a subscription may be live still.
type stopError struct {
	request      *receiver.Request
	subscription *receiver.Subscription // nil: no particular one
	only         string                 // the one subscription that was to be stopped; empty: all
	cause        error
	again        string // how to go on
}

func (e *stopError) Unwrap() error { return e.cause }

func (e *stopError) Error() string {
	var b strings.Builder
	if e.subscription != nil {
		fmt.Fprintf(&b, "subscription %s of device %s was not stopped: %v", e.subscription.QoSSubscriptionID, e.subscription.DeviceID, e.cause)
	} else {
		fmt.Fprintf(&b, "the end of request %s was not confirmed: %v. Still to end: %s", e.request.Name(), e.cause, strings.Join(e.live(), ", "))
	}
	fmt.Fprintf(&b, ". %s.\n\nIf you know otherwise that it has ended, tell the receiver:\n\n"+
		"  qos-receiver resolve %s --terminated --reason \"<how you know>\"", e.again, e.target())
	return b.String()
}

func (e *stopError) live() []string {
	var names []string
	for _, s := range e.request.Subscriptions {
		switch {
		case s.Status.Ended(), e.only != "" && s.QoSSubscriptionID != e.only:
		case s.QoSSubscriptionID == "":
			names = append(names, fmt.Sprintf("device %s (%s, its subscription id has not come yet and it cannot be stopped without)", s.DeviceID, s.Status))
		default:
			names = append(names, fmt.Sprintf("%s of device %s (%s)", s.QoSSubscriptionID, s.DeviceID, s.Status))
		}
	}
	return names
}

// target is what an operator would resolve.
func (e *stopError) target() string {
	if e.subscription != nil {
		return e.subscription.QoSSubscriptionID
	}
	return cmp.Or(e.only, e.request.RequestID)
}

func stopReason(s *receiver.Subscription) string {
	if s.Stop == nil || s.Stop.Reason == "" {
		return "it gave no reason"
	}
	return s.Stop.Reason
}

func describeDevices(devices []receiver.Device) string {
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = strings.TrimSpace(strings.ToUpper(d.Kind) + " " + d.ID)
	}
	return strings.Join(names, ", ")
}

func describeEnded(subscriptions []receiver.Subscription) string {
	parts := make([]string, len(subscriptions))
	for i, s := range subscriptions {
		parts[i] = fmt.Sprintf("device %s: %s", s.DeviceID, s.Status)
		if s.QoSSubscriptionID != "" {
			parts[i] += " (subscription " + s.QoSSubscriptionID + ")"
		}
		if s.Reason != "" {
			parts[i] += ", " + s.Reason
		}
	}
	return strings.Join(parts, "; ")
}

// because says why the wait ended, where err comes from that.
func because(ctx, within context.Context, attribute string, limit time.Duration, err error) error {
	if _, unknown := errors.AsType[*unknownError](err); unknown {
		return err
	}
	return timeout.Because(ctx, within, attribute, limit, err)
}
