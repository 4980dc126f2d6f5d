package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	account = "0000123456-00001"

	// patience is how long the network waits for an answer.
	patience = 10 * time.Second
	// tries and retryPause are how a sender repeats what was not taken: once.
	tries      = 2
	retryPause = time.Second
)

// network sends the callbacks, by a load balancer that knows of a replica that is
// down only when it does not take a connection.
type network struct {
	replicas []*replica
	ledger   *ledger
	http     *http.Client
	started  time.Time
}

// play sends what a script holds. It ends early with ctx.
func (n *network) play(ctx context.Context, s *script) {
	select {
	case <-ctx.Done():
		return
	case <-s.posted:
	}
	for _, d := range s.deliveries {
		if wait(ctx, time.Until(n.started.Add(d.due))) != nil {
			return
		}
		n.deliver(ctx, d)
	}
}

// wait returns after d, or with an error when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (n *network) deliver(ctx context.Context, d delivery) {
	body, err := document(d)
	if err != nil {
		n.ledger.violated("encode a callback: %v", err)
		return
	}
	n.ledger.sending(d.facts)
	n.ledger.add("callbacks sent", 1)
	if d.count > 1 {
		n.ledger.add("callbacks sent again", 1)
	}
	var outcome string
	for try := range tries {
		if try > 0 {
			n.ledger.add("callbacks retried after a second: "+outcome, 1)
			if wait(ctx, retryPause) != nil {
				return
			}
		}
		status, err := n.post(ctx, body, d.first+try)
		if err == nil && status == http.StatusOK {
			n.ledger.answered(d.facts)
			n.ledger.add("callbacks answered 2xx", 1)
			return
		}
		outcome = told(status, err)
	}
	n.ledger.violated("no replica took the callback %+v: %s", d.facts, outcome)
}

func told(status int, err error) string {
	var failure net.Error
	switch {
	case err == nil:
		return fmt.Sprintf("answer %d", status)
	case errors.As(err, &failure) && failure.Timeout():
		return "no answer in time"
	default:
		return "connection broken"
	}
}

// post brings a callback to one replica, or to the next one if the first takes no
// connection.
func (n *network) post(ctx context.Context, body string, first int) (status int, err error) {
	for i := range n.replicas {
		status, err = n.postTo(ctx, n.replicas[(first+i)%len(n.replicas)], body)
		var broken *net.OpError
		if !errors.As(err, &broken) || broken.Op != "dial" {
			return status, err
		}
	}
	return status, err
}

func (n *network) postTo(ctx context.Context, to *replica, body string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url()+receiver.CapturePath, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := n.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// document is the callback as ThingSpace sends it.
func document(d delivery) (string, error) {
	type object = map[string]any
	devices, entries := []object{}, []object{}
	for _, f := range d.facts {
		status := "SUCCESS"
		if f.event == failed {
			status = "FAILED"
		}
		devices = append(devices, object{"id": f.device, "kind": "MDN"})
		entries = append(entries, object{
			"accountName": account, "qosSubscriptionId": f.subscriptionID, "qosEvent": f.event,
			"status": status, "reportedTime": "2026-02-17T18:56:52.795",
		})
	}
	text, err := json.Marshal(object{
		"username": callbackUsername, "password": callbackPassword,
		"requestId": d.facts[0].requestID, "deviceIds": devices, "deviceResponse": object{"qoS": entries},
		"callbackCount": d.count, "maxCallbackThreshold": 4,
	})
	return string(text), err
}
