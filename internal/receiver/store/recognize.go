package store

import (
	"context"
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// vouchedFor selects requests that somebody with credentials told of, or holds.
	vouchedFor = `(r.authenticated OR r.claim_generation > 0)`

	// stopPatience is how long a stop whose answer was never journalled lets in what may
	// be about it: its process may have died.
	stopPatience = 15 * time.Minute
	// maxClaimants is how many requests may say that they are the one which a request of
	// unknown outcome has made.
	maxClaimants = 50
)

// Recognizes implements receiver.VouchingStore. It looks at the first of what the
// events name: one that is known is enough.
func (s *Store) Recognizes(ctx context.Context, events []receiver.Event) (known bool, err error) {
	var requests, subscriptions, accounts, devices, acknowledged []string
	for _, e := range events {
		requests = append(requests, e.RequestID)
		subscriptions = append(subscriptions, e.QoSSubscriptionID)
		accounts = append(accounts, e.AccountName)
		keys := receiver.DeviceKeys(e.DeviceIDs)
		devices = append(devices, keys...)
		if e.Acknowledges() {
			acknowledged = append(acknowledged, keys...)
		}
	}
	w := &where{}
	requests, subscriptions, accounts = some(requests), some(subscriptions), some(accounts)
	query := `SELECT EXISTS (SELECT 1 FROM requests AS r WHERE ` + w.in("r.request_id", requests) + ` AND r.request_id <> '' AND ` + vouchedFor + `)
		OR EXISTS (SELECT 1 FROM stops AS p WHERE ` + w.in("p.request_id", requests) + `)
		OR EXISTS (SELECT 1 FROM request_subscriptions AS m JOIN requests AS r ON r.id = m.request
			WHERE ` + w.in("m.qos_subscription_id", subscriptions) + ` AND ` + vouchedFor + `)
		OR ` + underWay(w, s.now(), accounts, some(devices)) + `
		OR ` + lacksRequestID(w, some(acknowledged))
	if err := s.reader.QueryRowContext(ctx, query, w.args...).Scan(&known); err != nil {
		return false, fmt.Errorf("look for what events are about: %w", err)
	}
	return known, nil
}

// underWay is the condition that a request or a stop of one of the accounts, or a
// request for one of the devices, has no answer yet, so that nobody knows the id under
// which callbacks about it come. They may overtake the answer, and name devices by
// other ids than were asked for, or none.
func underWay(w *where, now time.Time, accounts, devices []string) string {
	return `EXISTS (SELECT 1 FROM requests AS r WHERE r.state IN ('open', 'sent') AND ` + w.in("r.account_name", accounts) + `)
		OR EXISTS (SELECT 1 FROM request_devices AS d JOIN requests AS r ON r.id = d.request
			WHERE ` + w.in("d.device_key", devices) + ` AND r.state IN ('open', 'sent'))
		OR EXISTS (SELECT 1 FROM stops AS p JOIN requests AS r ON r.id = p.request
			WHERE p.state = 'journalled' AND p.created_at > ` + w.arg(now.Add(-stopPatience).UnixMicro()) + ` AND ` + w.in("r.account_name", accounts) + `)`
}

// lacksRequestID is the condition that a request of unknown outcome is for one of the
// devices, unless many say that they are that one: it is not told by then.
func lacksRequestID(w *where, devices []string) string {
	return `EXISTS (SELECT 1 FROM request_devices AS d JOIN requests AS r ON r.id = d.request
		WHERE ` + w.in("d.device_key", devices) + ` AND r.state = 'unknown' AND (SELECT COUNT(*) FROM (SELECT 1 FROM acknowledgements AS a
			WHERE a.account_name = r.account_name AND a.device_key = d.device_key AND a.seq > r.sent_seq LIMIT ` + w.arg(maxClaimants) + `) AS claimants) < ` + w.arg(maxClaimants) + `)`
}

// some are the first of the values, each once, without the empty one.
func some(values []string) []string {
	values = distinct(values)
	return values[:min(len(values), itemBatch)]
}
