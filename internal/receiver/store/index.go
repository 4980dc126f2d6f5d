package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// maxReuse is how many requests that only callbacks know are found by the same
// subscription id. It is ThingSpace's to give, and unique; without a bound, made
// up callbacks could let one event be about any number of requests.
const maxReuse = 5

// index is what a request is found by besides its own columns.
type index struct {
	devices       map[string]bool // by key, whether it was asked for
	subscriptions []string        // sorted
	passive       bool
}

func indexOf(r *row) index {
	x := index{devices: map[string]bool{}, passive: r.passive()}
	for _, d := range r.Devices {
		x.devices[receiver.DeviceKey(d.ID)] = !x.passive
	}
	for _, s := range r.Subscriptions {
		key := receiver.DeviceKey(s.DeviceID)
		if _, asked := x.devices[key]; !asked && key != "" {
			x.devices[key] = false
		}
		if s.QoSSubscriptionID != "" {
			x.subscriptions = append(x.subscriptions, s.QoSSubscriptionID)
		}
	}
	slices.Sort(x.subscriptions)
	x.subscriptions = slices.Compact(x.subscriptions)
	return x
}

// index writes what the request is found by, as far as that has changed.
func (t *tx) index(ctx context.Context, r *row) error {
	before, after := r.indexed, indexOf(r)
	if before.passive != after.passive {
		// A subscription id that was left out before has to be there now.
		if err := t.exec(ctx, `DELETE FROM request_subscriptions WHERE request = $1`, r.ID); err != nil {
			return err
		}
		before.subscriptions = nil
	}
	if err := t.indexDevices(ctx, r.ID, before.devices, after.devices); err != nil {
		return err
	}
	if err := t.indexSubscriptions(ctx, r.ID, before, after); err != nil {
		return err
	}
	r.indexed = after
	return nil
}

func (t *tx) indexDevices(ctx context.Context, request string, before, after map[string]bool) error {
	var gone []string
	added := map[bool][]string{}
	for key := range before {
		if _, stays := after[key]; !stays {
			gone = append(gone, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if was, stays := before[key]; !stays || was != after[key] {
			added[after[key]] = append(added[after[key]], key)
		}
	}
	if err := t.unindex(ctx, "request_devices", "device_key", request, gone); err != nil {
		return err
	}
	for configured, keys := range added {
		err := t.insertEach(ctx, "request_devices", "request, configured, device_key",
			"ON CONFLICT (request, device_key) DO UPDATE SET configured = excluded.configured", keys, request, configured)
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) indexSubscriptions(ctx context.Context, request string, before, after index) error {
	missing := func(from []string) func(string) bool {
		return func(id string) bool { _, found := slices.BinarySearch(from, id); return !found }
	}
	gone := filter(before.subscriptions, missing(after.subscriptions))
	added := filter(after.subscriptions, missing(before.subscriptions))
	if err := t.unindex(ctx, "request_subscriptions", "qos_subscription_id", request, gone); err != nil {
		return err
	}
	if after.passive {
		var err error
		if added, err = t.withoutReused(ctx, added); err != nil {
			return err
		}
	}
	return t.insertEach(ctx, "request_subscriptions", "request, qos_subscription_id", "ON CONFLICT DO NOTHING", added, request)
}

// withoutReused leaves out the subscription ids that enough requests are found by.
func (t *tx) withoutReused(ctx context.Context, subscriptions []string) ([]string, error) {
	var fresh []string
	for _, id := range subscriptions {
		var uses int
		err := t.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM request_subscriptions
			WHERE qos_subscription_id = $1 LIMIT $2) AS uses`, id, maxReuse).Scan(&uses)
		if err != nil {
			return nil, fmt.Errorf("count the uses of a subscription id: %w", err)
		}
		if uses < maxReuse {
			fresh = append(fresh, id)
		}
	}
	return fresh, nil
}

func (t *tx) unindex(ctx context.Context, table, column, request string, keys []string) error {
	for batch := range slices.Chunk(keys, itemBatch) {
		w := where{args: []any{request}}
		if err := t.exec(ctx, `DELETE FROM `+table+` WHERE request = $1 AND `+w.in(column, batch), w.args...); err != nil {
			return err
		}
	}
	return nil
}

func filter[T any](values []T, keep func(T) bool) []T {
	var kept []T
	for _, v := range values {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}
