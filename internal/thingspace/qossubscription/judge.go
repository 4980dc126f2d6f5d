package qossubscription

import (
	"slices"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// settledFor reports whether each subscription has got where waitFor says, or
// has ended. A failed device does not cut the wait for the others short: their
// ids must reach the state.
func settledFor(r *receiver.Request, waitFor string) bool {
	return !slices.ContainsFunc(byDevice(r), func(s receiver.Subscription) bool {
		return !s.Status.Ended() && !reached(s.Status, waitFor)
	})
}

func reached(s receiver.Status, waitFor string) bool {
	switch waitFor {
	case waitForOn:
		return s == receiver.StatusOn
	case waitForNone:
		return true
	default:
		return s == receiver.StatusAcknowledged || s == receiver.StatusOn
	}
}

// ended returns the devices' subscriptions that have ended.
func ended(r *receiver.Request) []receiver.Subscription {
	return slices.DeleteFunc(byDevice(r), func(s receiver.Subscription) bool { return !s.Status.Ended() })
}

// byDevice is one subscription for each device, sorted by device id. Should the
// network ever give a device several, the one that lives is the one to show.
func byDevice(r *receiver.Request) []receiver.Subscription {
	var out []receiver.Subscription
	for _, s := range r.Subscriptions {
		at := slices.IndexFunc(out, func(shown receiver.Subscription) bool { return shown.DeviceID == s.DeviceID })
		switch {
		case at < 0:
			out = append(out, s)
		case out[at].Status.Ended():
			out[at] = s
		}
	}
	slices.SortFunc(out, func(a, b receiver.Subscription) int { return strings.Compare(a.DeviceID, b.DeviceID) })
	return out
}

// sameDevices reports whether two requests ask for the same, whatever the order.
func sameDevices(a, b []receiver.Device) bool {
	return slices.EqualFunc(sorted(a), sorted(b), func(a, b receiver.Device) bool {
		return a.ID == b.ID && strings.EqualFold(a.Kind, b.Kind) && a.IPv6Address == b.IPv6Address && slices.Equal(a.Flows, b.Flows)
	})
}

// sameIdentifiers reports whether the devices that were heard of are those that
// are configured, whatever their flows. A callback may leave out the kind.
func sameIdentifiers(heard, configured []receiver.Device) bool {
	return slices.EqualFunc(sorted(heard), sorted(configured), func(h, c receiver.Device) bool {
		return strings.EqualFold(h.ID, c.ID) && (h.Kind == "" || strings.EqualFold(h.Kind, c.Kind))
	})
}

func sorted(devices []receiver.Device) []receiver.Device {
	out := slices.Clone(devices)
	for i := range out {
		out[i].Flows = slices.SortedFunc(slices.Values(out[i].Flows), compareFlows)
	}
	slices.SortFunc(out, func(a, b receiver.Device) int { return strings.Compare(a.ID, b.ID) })
	return out
}
