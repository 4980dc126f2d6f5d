package grant_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

const summary = "Unable to create QoD session"

// provisioned is what Provision has come to.
type provisioned struct {
	there bool
	saved []string // the statuses
	diags diag.Diagnostics
}

func provision(ctx context.Context, r *remote, policy grant.Policy) provisioned {
	var got provisioned
	policy.Summary, policy.WaitFor = summary, grant.WaitForAvailable
	if policy.Timeout == 0 {
		policy.Timeout = time.Hour
	}
	got.there = requesterOf(r, true).Provision(ctx, policy, func(g *item) bool {
		got.saved = append(got.saved, g.status)
		return true
	}, &got.diags)
	return got
}

// want checks that one thing is said, or nothing where says is empty.
func (p provisioned) want(t *testing.T, severity diag.Severity, says ...string) {
	t.Helper()
	if len(says) == 0 {
		if len(p.diags) > 0 {
			t.Errorf("says %v", p.diags)
		}
		return
	}
	if len(p.diags) != 1 || p.diags[0].Severity() != severity {
		t.Fatalf("says %v, want one %s", p.diags, severity)
	}
	for _, text := range says {
		if !strings.Contains(p.diags[0].Detail(), text) {
			t.Errorf("says %q, want %q in it", p.diags[0].Detail(), text)
		}
	}
}

func TestProvision(t *testing.T) {
	t.Parallel()
	status := func(s string) func() (*item, error) {
		return func() (*item, error) { return &item{"x", s, "same"}, nil }
	}
	forbidden := func(string) (bool, error) { return false, answer(http.StatusForbidden) }
	for name, test := range map[string]struct {
		create  func() (*item, error)
		reads   func() (*item, error)
		deletes func(string) (bool, error)

		there    bool
		saved    []string
		severity diag.Severity
		says     []string
	}{
		"granted at once":         {create: status("AVAILABLE"), there: true, saved: []string{"AVAILABLE", "AVAILABLE"}},
		"granted":                 {create: status("REQUESTED"), reads: status("AVAILABLE"), there: true, saved: []string{"REQUESTED", "AVAILABLE"}},
		"refused":                 {create: refused(http.StatusBadRequest), severity: diag.SeverityError, says: []string{"400"}},
		"found after a loss":      {create: lost, there: true, saved: []string{"AVAILABLE", "AVAILABLE"}, severity: diag.SeverityWarning, says: []string{"connection reset", "lists QoD session found (AVAILABLE)", "check that it does not have this one too"}},
		"cannot be followed":      {create: status("REQUESTED"), reads: refused(http.StatusForbidden), there: true, saved: []string{"REQUESTED", "REQUESTED"}, severity: diag.SeverityWarning, says: []string{"could not be read", "403"}},
		"unavailable":             {create: status("UNAVAILABLE"), saved: []string{"UNAVAILABLE", "UNAVAILABLE"}, severity: diag.SeverityError, says: []string{"does not provide", "nothing is left of it"}},
		"unavailable, stays":      {create: status("UNAVAILABLE"), deletes: forbidden, there: true, saved: []string{"UNAVAILABLE", "UNAVAILABLE"}, severity: diag.SeverityError, says: []string{"does not provide", "stays in the state", "403"}},
		"being deleted meanwhile": {create: status("REQUESTED"), reads: status("AVAILABLE DELETE_REQUESTED"), saved: []string{"REQUESTED", "AVAILABLE DELETE_REQUESTED"}, severity: diag.SeverityError, says: []string{"DELETE_REQUESTED", "nothing is left of it"}},
		"gone meanwhile":          {create: status("REQUESTED"), reads: refused(http.StatusNotFound), saved: []string{"REQUESTED", "REQUESTED"}, severity: diag.SeverityError, says: []string{"before it was AVAILABLE", "does not know it any more"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &remote{
				clock: clockwork.NewFakeClock(), list: lists(nil, []item{{"found", "AVAILABLE", "same"}}),
				create: []func() (*item, error){test.create}, read: test.reads, deletes: test.deletes,
			}
			run(t, r.clock, func() {
				got := provision(t.Context(), r, grant.Policy{})
				got.want(t, test.severity, test.says...)
				if got.there != test.there {
					t.Errorf("is there: %v", got.there)
				}
				if diff := cmp.Diff(test.saved, got.saved); diff != "" {
					t.Errorf("saved (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The clock stands still, so that only the end of its time ends the wait.
func TestProvisionTimesOut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		onTimeout string
		read      func() (*item, error)
		severity  diag.Severity
		says      []string
	}{
		"fail":       {grant.OnTimeoutFail, granted("x"), diag.SeverityError, []string{"is REQUESTED, and was not AVAILABLE within 10ms", "raise timeouts.create"}},
		"keep":       {grant.OnTimeoutKeep, granted("x"), diag.SeverityWarning, []string{"was not AVAILABLE within 10ms", "stays in the state"}},
		"in trouble": {grant.OnTimeoutFail, refused(http.StatusBadGateway), diag.SeverityError, []string{"The last answer was", "502"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &remote{clock: clockwork.NewFakeClock(), list: lists(nil), create: []func() (*item, error){granted("x")}, read: test.read}
			got := provision(t.Context(), r, grant.Policy{OnTimeout: test.onTimeout, Timeout: 10 * time.Millisecond})
			got.want(t, test.severity, test.says...)
			if !got.there {
				t.Error("is not there")
			}
		})
	}
}

func TestProvisionInterrupted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status string
		there  bool
		says   string
	}{
		"while it is requested": {"REQUESTED", true, "is in the state, now REQUESTED"},
		// It would be in the way of the next one.
		"and it is unavailable": {"UNAVAILABLE", false, "nothing is left of it"},
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		r := &remote{clock: clockwork.NewFakeClock(), list: lists(nil), create: []func() (*item, error){granted("x")}}
		r.read = func() (*item, error) {
			interrupt()
			return &item{"x", test.status, "same"}, nil
		}
		got := provision(ctx, r, grant.Policy{})
		severity := diag.SeverityWarning
		if !test.there {
			severity = diag.SeverityError
		}
		got.want(t, severity, test.says)
		if got.there != test.there {
			t.Errorf("%s: is there: %v", name, got.there)
		}
	}
}

// An operator may take longer to create than a connection lasts. It is looked
// for from the loss on, whenever that was.
func TestSlowCreateIsFound(t *testing.T) {
	t.Parallel()
	r := &remote{clock: clockwork.NewFakeClock()}
	begin := r.clock.Now()
	r.create = []func() (*item, error){func() (*item, error) {
		r.clock.Advance(2 * time.Minute)
		return lost()
	}}
	r.list = func() ([]item, error) {
		if r.clock.Since(begin) < 2*time.Minute+15*time.Second {
			return nil, nil
		}
		return []item{{"new", api.StatusRequested, "same"}}, nil
	}
	run(t, r.clock, func() {
		created, err := requesterOf(r, true).Create(t.Context())
		if err != nil || created.Grant.id != "new" || created.Lost == nil {
			t.Errorf("created %+v, %v after %d lists", created, err, r.lists)
		}
	})
}

// A subscriber may take minutes to consent. An interrupt then ends the wait, and
// nothing is sent, whatever the subscriber says later.
func TestInterruptedWhileAuthorizing(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *grant.Requester[item]) error{
		"create": func(ctx context.Context, q *grant.Requester[item]) error {
			_, err := q.Create(ctx)
			return err
		},
		"delete": func(ctx context.Context, q *grant.Requester[item]) error { return q.Delete(ctx, "x") },
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		r := &remote{clock: clockwork.NewFakeClock()}
		r.authorize = func(ctx context.Context) error {
			interrupt()
			<-ctx.Done()
			return ctx.Err()
		}
		if err := call(ctx, requesterOf(r, false)); err == nil || !strings.Contains(err.Error(), "nothing was sent") || r.creates != 0 || len(r.deleted) != 0 {
			t.Errorf("%s: %v, %d creates, deleted %v", name, err, r.creates, r.deleted)
		}
	}
}

func TestEnded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ status, info, want string }{
		{api.StatusRequested, "", ""},
		{api.StatusAvailable, "", ""},
		{"", "", ""},
		{api.StatusUnavailable, "", "it is UNAVAILABLE"},
		{api.StatusUnavailable, api.InfoNetworkTerminated, "it is UNAVAILABLE (NETWORK_TERMINATED)"},
		{api.StatusAvailable, api.InfoDeleteRequested, "it is AVAILABLE (DELETE_REQUESTED)"},
	} {
		got, ending := grant.Ended(test.status, test.info), grant.View{Status: test.status, StatusInfo: test.info}.Ending()
		if got != test.want || ending != (test.want != "") {
			t.Errorf("%s (%s): %q, %v", test.status, test.info, got, ending)
		}
	}
}

func TestFresh(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var fresh []time.Duration
	for _, age := range []time.Duration{-time.Hour, -time.Second, 0, 29 * time.Second, time.Minute} {
		if (grant.Origin{}).Created(now).Created(now.Add(time.Hour)).Fresh(now.Add(age)) {
			fresh = append(fresh, age)
		}
	}
	if want := []time.Duration{-time.Second, 0, 29 * time.Second}; !slices.Equal(fresh, want) {
		t.Errorf("fresh at the age of %v, want %v", fresh, want)
	}
	if (grant.Origin{}).Fresh(now) {
		t.Error("what was not created here is fresh")
	}
}

func TestBegun(t *testing.T) {
	t.Parallel()
	sent := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *time.Time {
		moment := sent.Add(d)
		return &moment
	}
	for name, test := range map[string]struct {
		started *time.Time
		want    bool
	}{
		"not told": {nil, true}, "later": {at(time.Minute), true}, "in the same second": {at(-time.Second), true}, "before": {at(-time.Minute), false},
	} {
		if got := grant.Begun(test.started, sent); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
