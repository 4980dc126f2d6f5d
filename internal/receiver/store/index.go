package store

import (
	"context"
	"database/sql"
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

// index writes what the requests are found by, as far as that has changed.
func (t *tx) index(ctx context.Context, rows []*row) error {
	var devices [][]any
	var subscriptions []indexed
	for _, r := range rows {
		before, after := r.indexed, indexOf(r)
		r.indexed = after
		if before.passive != after.passive {
			// A subscription id that was left out before has to be there now.
			if err := t.exec(ctx, `DELETE FROM request_subscriptions WHERE request = $1`, r.ID); err != nil {
				return err
			}
			before.subscriptions = nil
		}
		if err := t.unindex(ctx, r.ID, before, after); err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(after.devices)) {
			if was, stays := before.devices[key]; !stays || was != after.devices[key] {
				devices = append(devices, []any{r.ID, after.devices[key], key})
			}
		}
		for _, id := range missing(after.subscriptions, before.subscriptions) {
			subscriptions = append(subscriptions, indexed{r.ID, id, after.passive})
		}
	}
	err := t.insertRows(ctx, `request_devices (request, configured, device_key)`,
		`ON CONFLICT (request, device_key) DO UPDATE SET configured = excluded.configured`, devices)
	if err != nil {
		return err
	}
	return t.indexSubscriptions(ctx, subscriptions)
}

// indexed is a subscription id that a request is to be found by.
type indexed struct {
	request, subscription string
	passive               bool
}

func (t *tx) indexSubscriptions(ctx context.Context, added []indexed) error {
	uses, err := t.uses(ctx, added)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, x := range added {
		if !x.passive || uses[x.subscription] < maxReuse {
			uses[x.subscription]++
			rows = append(rows, []any{x.request, x.subscription})
		}
	}
	return t.insertRows(ctx, `request_subscriptions (request, qos_subscription_id)`, `ON CONFLICT DO NOTHING`, rows)
}

// uses counts the requests that are found by the subscription ids of the passive ones.
func (t *tx) uses(ctx context.Context, added []indexed) (map[string]int, error) {
	var ids []string
	for _, x := range added {
		if x.passive {
			ids = append(ids, x.subscription)
		}
	}
	uses := map[string]int{}
	scan := func(rows *sql.Rows) error {
		var id string
		var count int
		err := rows.Scan(&id, &count)
		uses[id] = count
		return err
	}
	err := inBatches(distinct(ids), func(batch []string) error {
		var w where
		return each(ctx, t, scan, `SELECT qos_subscription_id, COUNT(*) FROM request_subscriptions
			WHERE `+w.in("qos_subscription_id", batch)+` GROUP BY qos_subscription_id`, w.args...)
	})
	return uses, err
}

// unindex removes what a request is no longer found by.
func (t *tx) unindex(ctx context.Context, request string, before, after index) error {
	var gone []string
	for key := range before.devices {
		if _, stays := after.devices[key]; !stays {
			gone = append(gone, key)
		}
	}
	if err := t.unindexEach(ctx, "request_devices", "device_key", request, gone); err != nil {
		return err
	}
	return t.unindexEach(ctx, "request_subscriptions", "qos_subscription_id", request, missing(before.subscriptions, after.subscriptions))
}

func (t *tx) unindexEach(ctx context.Context, table, column, request string, keys []string) error {
	return inBatches(keys, func(batch []string) error {
		w := where{args: []any{request}}
		return t.exec(ctx, `DELETE FROM `+table+` WHERE request = $1 AND `+w.in(column, batch), w.args...)
	})
}

// missing are those of the words that are not among the others, which are sorted.
func missing(words, others []string) []string {
	return filter(words, func(word string) bool {
		_, found := slices.BinarySearch(others, word)
		return !found
	})
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
