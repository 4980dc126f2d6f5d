package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// attemptTimeout is how long a listener has to answer.
	attemptTimeout = 10 * time.Second
	// maxAnswer is how much of an answer is read, to use its connection again.
	maxAnswer = 64 << 10
	// longestWait is the most that a listener's Retry-After is believed.
	longestWait = time.Hour
)

// client sends callbacks to listeners.
type client struct {
	http    *http.Client
	agent   string
	storeID string
}

func newClient(transport http.RoundTripper, version, storeID string) *client {
	if version == "" {
		version = "dev"
	}
	return &client{
		http: &http.Client{
			Transport: transport,
			Timeout:   attemptTimeout,
			// The address is the operator's word. What it redirects to is not.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		agent: "qos-receiver/" + version, storeID: storeID,
	}
}

// answer is what came of one attempt.
type answer struct {
	result receiver.DeliveryResult
	reason string // without credentials
	// wait is how long the listener asks to be left alone.
	wait time.Duration
}

// send makes one attempt. Interrupted by ctx, it knows nothing.
func (c *client) send(ctx context.Context, to Target, d receiver.ClaimedDelivery) answer {
	body, err := fill(d.Body, to.user)
	if err != nil {
		return answer{result: receiver.DeliveryRefused, reason: "the outbox holds what cannot be sent"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.location.String(), strings.NewReader(body))
	if err != nil {
		return answer{result: receiver.DeliveryFailed, reason: "the address cannot be asked"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set(HeaderDelivery, d.ID)
	req.Header.Set(HeaderVia, strings.Join(append(slices.Clone(d.Passed), c.storeID), ", "))
	resp, err := c.http.Do(req)
	switch {
	case ctx.Err() != nil && err != nil:
		return answer{result: receiver.DeliveryReleased}
	case err != nil:
		return answer{result: receiver.DeliveryFailed, reason: withoutURL(err)}
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // the status has said it all
	_ = resp.Body.Close()
	return judge(resp)
}

// withoutURL is the error's text without the URL, which may hold what the listener
// knows its senders by.
func withoutURL(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "no answer in time"
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return err.Error()
}

// judge tells refusals of this callback from what is wrong with the listener, or
// with its address and credentials: the latter go away once somebody has seen to it.
func judge(resp *http.Response) answer {
	a := answer{result: receiver.DeliveryFailed, reason: fmt.Sprintf("answered HTTP %d", resp.StatusCode)}
	switch status := resp.StatusCode; {
	case status >= 200 && status < 300:
		return answer{result: receiver.DeliveryDone}
	case slices.Contains([]int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusLocked, http.StatusTooEarly, http.StatusTooManyRequests,
	}, status):
	case status >= 400 && status < 500:
		a.result = receiver.DeliveryRefused
		return a
	}
	// Without a pause of its own, it gives the one that a 429 or 503 asks for.
	a.wait = min(retryablehttp.DefaultBackoff(0, 0, 0, resp), longestWait)
	return a
}

// passedIn are the stores that a header names. What is no store's id is left out.
func passedIn(header http.Header) []string {
	var passed []string
	for _, line := range header.Values(HeaderVia) {
		for word := range strings.SplitSeq(line, ",") {
			if id, err := uuid.Parse(strings.TrimSpace(word)); err == nil && len(passed) < maxPassed {
				passed = append(passed, id.String())
			}
		}
	}
	return passed
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
