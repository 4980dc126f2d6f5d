package callback

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/backend"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/probe"
	"github.com/qosform/terraform-provider-qos/internal/wait"
)

// tester follows a test event from a registered URL to the receiver.
type tester struct {
	thingSpace *api.Client
	journal    *receiver.Client
	sender     probe.Sender
	clock      clockwork.Clock
	// progress is told what has been done.
	progress func(message string)
}

// trial is what to test, and with which credentials; without any, the registered
// ones are sent.
type trial struct {
	accountName, name, username, password string
}

func (t tester) run(ctx context.Context, what trial) error {
	callbacks, err := t.thingSpace.Callbacks(ctx, what.accountName)
	if err != nil {
		return err
	}
	registered := find(callbacks, what.name)
	if registered == nil {
		return fmt.Errorf("no %s callback is registered on account %s, so there is nowhere to post to. Register one with a thingspace_callback", what.name, what.accountName)
	}
	url := backend.Printable(registered.URL)
	t.progress(fmt.Sprintf("The %s callback of account %s is registered to %s", registered.Name, what.accountName, url))
	event := probe.Event{ID: "callback-test-" + uuid.NewString(), AccountName: what.accountName, Username: what.username, Password: what.password}
	if what.username == "" {
		event.Username, event.Password = registered.Username, registered.Password
	}
	got, err := t.sender.Send(ctx, registered.URL, event)
	if err != nil {
		return fmt.Errorf("the listener %s gives no answer to where Terraform runs: %w", url, err)
	}
	if got.Verdict != probe.Taken {
		return t.refused(ctx, url, event, got)
	}
	t.progress(fmt.Sprintf("%s answered HTTP %d to test event %s; looking for it at the receiver", url, got.Status, event.ID))
	return t.arrive(ctx, url, event)
}

// arrive returns once the receiver has the event.
func (t tester) arrive(ctx context.Context, url string, event probe.Event) error {
	var arrived receiver.Event
	err := wait.Poll(ctx, t.clock, func(ctx context.Context) (bool, error) {
		events, err := t.journal.EventsOf(ctx, event.ID)
		if len(events) > 0 {
			arrived = events[0]
		}
		return len(events) > 0, err
	})
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return t.missing(ctx, url, err)
	default:
		return fmt.Errorf("the listener %s took the event, but the receiver could not be asked for it: %w", url, err)
	}
	how := "with accepted credentials"
	if !arrived.Authenticated {
		how = "without credentials: events without them count only for what the journal knows"
	}
	t.progress(fmt.Sprintf("The receiver has the test event as number %d, %s", arrived.Seq, how))
	return nil
}

// missing says why an event that a listener took has not come in time, as cause
// has it. Only of a receiver that answers is it known that the event is not there.
func (t tester) missing(ctx context.Context, url string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), explainLimit)
	defer cancel()
	info, err := t.journal.Info(ctx)
	if err != nil {
		return fmt.Errorf("the listener %s took the event, but the receiver could not be asked for it: %w", url, err)
	}
	where := ""
	if info.PublicURL != "" {
		where = ", whose public URL is " + backend.Printable(info.PublicURL)
	}
	return fmt.Errorf("the listener %s took the event, but it has not come to the receiver%s: another listener answers there, or one that passes events on late or not at all: %w",
		url, where, cause)
}

// refused says what an answer other than a 2xx means.
func (t tester) refused(ctx context.Context, url string, event probe.Event, got probe.Answer) error {
	said := fmt.Sprintf("the listener %s answered HTTP %d", url, got.Status)
	if got.Said != "" {
		said += ": " + strings.TrimSuffix(got.Said, ".")
	}
	switch got.Verdict {
	case probe.Redirected:
		return fmt.Errorf("%s. It redirects, and an event that is redirected may never arrive: register the URL that it redirects to", said)
	case probe.Forbidden:
		return fmt.Errorf("%s. A receiver answers so to accounts that it was not started with (--account), and to senders outside Verizon's network where --allow-source says so", said)
	case probe.Unauthorized:
		if t.quarantined(ctx, event) {
			return fmt.Errorf("%s. The receiver holds the event in quarantine: username and password of the thingspace_callback must be the "+
				"receiver's --callback-username and --callback-password", said)
		}
		return fmt.Errorf("%s. The receiver does not know of it, so something else asks for credentials there, such as a proxy in front. ThingSpace sends them in the body alone", said)
	case probe.Taken, probe.Refused:
	}
	return fmt.Errorf("%s. ThingSpace's own events are not taken there either", said)
}

// quarantined reports whether the receiver itself turned the event away. It only
// serves an explanation: not knowing is no.
func (t tester) quarantined(ctx context.Context, event probe.Event) bool {
	held, err := t.journal.Quarantined(ctx, event.ID)
	return err == nil && len(held) > 0
}
