package attempt_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
)

// puttingOff puts 429 off, for as long as the server asks.
func puttingOff(asked time.Duration) func(answer.Answer) attempt.Verdict {
	return func(a answer.Answer) attempt.Verdict {
		v := judge(a)
		v.Repeat, v.PutOff, v.Wait = false, a.Status == http.StatusTooManyRequests, asked
		return v
	}
}

func TestRateLimitIsWaitedOut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limited, deadline, asked time.Duration
		says                     string
		// from and to bound how long the call takes.
		from, to time.Duration
	}{
		"until it ends":                  {limited: 4 * time.Minute, from: 4 * time.Minute, to: 4*time.Minute + 15*time.Second},
		"until it ends, with a deadline": {limited: 20 * time.Minute, deadline: 30 * time.Minute, from: 20 * time.Minute, to: 20*time.Minute + 15*time.Second},
		"as asked":                       {limited: time.Minute, asked: 2 * time.Minute, from: 2 * time.Minute, to: 2 * time.Minute},
		"for some minutes at most":       {limited: time.Hour, says: "put off for", from: 4 * time.Minute, to: attempt.MaxPatience},
		"until the deadline":             {limited: time.Hour, deadline: time.Minute, says: "put off for", from: 30 * time.Second, to: time.Minute},
		"not at all, for longer than the deadline": {
			limited: time.Hour, deadline: time.Minute, asked: 5 * time.Minute, says: "status 429. The wait of 5m0s that it asks for is longer than the 1m0s that are left",
		},
		"not at all, for longer than is sensible": {limited: time.Hour, asked: time.Hour, says: "longer than the 5m0s that are left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				network := &limited{until: time.Now().Add(test.limited)}
				sender := &attempt.Sender{Server: "the server", HTTP: &http.Client{Transport: network}, MaxRetries: 1, Backoff: attempt.Backoff}
				started := time.Now()
				_, err := sender.Start(attempt.Request{}, puttingOff(test.asked)).Do(post(ctx, t))
				if took := time.Since(started); took < test.from || took > test.to {
					t.Errorf("took %s, want between %s and %s", took, test.from, test.to)
				}
				if test.says == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if _, impatient := errors.AsType[*attempt.ImpatientError](err); !impatient || attempt.IsUnknown(err) ||
					!strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "status 429") {
					t.Errorf("err = %v, want the answer and %q", err, test.says)
				}
			})
		})
	}
}

// limited answers 429 until a time, and 200 from then on.
type limited struct{ until time.Time }

func (l *limited) RoundTrip(*http.Request) (*http.Response, error) {
	status := http.StatusOK
	if time.Now().Before(l.until) {
		status = http.StatusTooManyRequests
	}
	return (&script{statuses: []int{status}}).RoundTrip(nil)
}

func TestWhatIsPutOffIsNotCounted(t *testing.T) {
	t.Parallel()
	for statuses, want := range map[[5]int]int{
		{429, 429, 429, 429, 200}: 5,
		{429, -1, 429, 429, 200}:  5,
		{-1, 429, -1, 200, 200}:   3,
	} {
		t.Run(fmt.Sprint(statuses), func(t *testing.T) {
			t.Parallel()
			network := &script{statuses: statuses[:]}
			sender := &attempt.Sender{HTTP: &http.Client{Transport: network}, MaxRetries: 1, Backoff: noWait}
			_, _ = sender.Start(attempt.Request{}, puttingOff(0)).Do(post(t.Context(), t))
			if network.sent != want {
				t.Errorf("sent %d times, want %d", network.sent, want)
			}
		})
	}
}
