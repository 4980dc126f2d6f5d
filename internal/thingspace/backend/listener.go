package backend

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
)

// ServiceName is the callback service that carries QoS events (ThingSpace,
// "Register a Callback for the ThingSpace Quality of Service API").
const ServiceName = "QoS"

// ListenerError means that ThingSpace's callbacks for an account would not
// reach the receiver, so nothing was sent.
type ListenerError struct {
	AccountName string
	Problem     string
	Fix         string
}

func (e *ListenerError) Error() string {
	return fmt.Sprintf("%s, so the answer about account %s would be lost and nothing was sent. %s", e.Problem, e.AccountName, e.Fix)
}

// judgeListener compares where ThingSpace sends an account's QoS callbacks with
// where the receiver is.
func judgeListener(accountName string, info *receiver.Info, callbacks []api.Callback) error {
	if len(info.Accounts) > 0 && !slices.Contains(info.Accounts, accountName) {
		return &ListenerError{
			AccountName: accountName,
			Problem:     "the receiver does not accept callbacks of this account",
			Fix:         fmt.Sprintf("Start qos-receiver with --account %s besides the accounts it has.", accountName),
		}
	}
	at := slices.IndexFunc(callbacks, func(c api.Callback) bool { return strings.EqualFold(c.Name, ServiceName) })
	if at < 0 {
		return &ListenerError{
			AccountName: accountName,
			Problem:     "no QoS callback is registered at ThingSpace",
			Fix: "Add a thingspace_callback for the account and write account_name = thingspace_callback.<name>.account_name " +
				"in the subscription, so that the callback comes first.",
		}
	}
	if registered := callbacks[at].URL; info.PublicURL != "" && !receiver.Reaches(registered, info.PublicURL) {
		return &ListenerError{
			AccountName: accountName,
			Problem:     fmt.Sprintf("the QoS callback is registered to %s, and the receiver's public URL is %s", Printable(registered), Printable(info.PublicURL)),
			Fix: "Register the callback to the receiver with a thingspace_callback (overwrite_existing = true takes it over from " +
				"another system), or start qos-receiver with the --public-url that ThingSpace reaches it by.",
		}
	}
	return nil
}

// Printable returns a URL without the user, password and query it may carry.
func Printable(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(an unreadable URL)"
	}
	u.User = nil
	if u.RawQuery != "" {
		u.RawQuery = "…"
	}
	return u.String()
}
