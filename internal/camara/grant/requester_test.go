package grant_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

// item is a grant that is as much like the wanted one as its text says.
type item struct{ id, status, like string }

// remote is an operator with a script.
type remote struct {
	clock *clockwork.FakeClock

	create  []func() (*item, error)
	list    func() ([]item, error)
	read    func() (*item, error)
	deleted []string
	deletes func(id string) (bool, error)

	authorize func(context.Context) error

	creates, reads, lists int
}

func (r *remote) Authorize(ctx context.Context) error {
	if r.authorize == nil {
		return nil
	}
	return r.authorize(ctx)
}

func (r *remote) Create(ctx context.Context) (*item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answer := r.create[r.creates]
	r.creates++
	return answer()
}

func (r *remote) Read(context.Context, string) (*item, error) {
	r.reads++
	return r.read()
}

func (r *remote) Delete(_ context.Context, id string) (bool, error) {
	r.deleted = append(r.deleted, id)
	if r.deletes == nil {
		return false, nil
	}
	return r.deletes(id)
}

func (r *remote) List(context.Context) ([]item, error) {
	r.lists++
	return r.list()
}

// View takes a status of two words as status and status info.
func (r *remote) View(i *item) grant.View {
	status, info, _ := strings.Cut(i.status, " ")
	return grant.View{ID: i.id, Status: status, StatusInfo: info, ImportID: i.id + ",hint"}
}

func (r *remote) Same(i *item) bool                   { return i.like == "same" || i.like == "vague" }
func (r *remote) MadeSince(i *item, _ time.Time) bool { return i.like == "same" }
func (r *remote) Overlaps(i *item) bool               { return i.like != "apart" }

func answer(status int) error {
	e := &api.Error{StatusCode: status}
	if status == http.StatusNotFound {
		e.Code = api.CodeNotFound
	}
	return &attempt.Error{Outcome: attempt.Refused, Err: e}
}

func lost() (*item, error) {
	return nil, &attempt.Error{Outcome: attempt.Unknown, Err: errors.New("connection reset")}
}

func granted(id string) func() (*item, error) {
	return func() (*item, error) { return &item{id, api.StatusRequested, "same"}, nil }
}

func refused(status int) func() (*item, error) {
	return func() (*item, error) { return nil, answer(status) }
}

// lists answers each list with the next of these, and with the last from then on.
func lists(answers ...[]item) func() ([]item, error) {
	return func() ([]item, error) {
		first := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return first, nil
	}
}

func requesterOf(r *remote, listed bool) *grant.Requester[item] {
	return &grant.Requester[item]{
		Kind: grant.Kind{Noun: "QoD session", Resource: "camara_qod_session"}, Remote: r, Clock: r.clock, Listed: listed, Longest: time.Hour, LongestRest: 24 * time.Hour,
	}
}

// run lets the clock jump whenever everyone waits for it.
func run(t *testing.T, clock *clockwork.FakeClock, work func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		work()
	}()
	for clock.BlockUntilContext(ctx, 1) == nil {
		clock.Advance(time.Second)
	}
}

// many creates are made while a network may have to release what was deleted.
const many = -1

func TestCreate(t *testing.T) {
	t.Parallel()
	live, over := item{"old", api.StatusAvailable, "same"}, item{"old", api.StatusUnavailable, "same"}
	fresh, apart := item{"new", api.StatusRequested, "same"}, item{"apart", api.StatusAvailable, "apart"}
	meets := item{"old", api.StatusAvailable, "overlapping"}
	reads := func(status string) func() (*item, error) {
		return func() (*item, error) { return &item{"old", status, "same"}, nil }
	}
	unlisted := func() ([]item, error) { return nil, api.ErrNotInAPI }
	forbidden := func() ([]item, error) { return nil, answer(http.StatusForbidden) }
	for name, test := range map[string]struct {
		remote   remote
		unlisted bool
		want     string   // the id, or
		says     []string // the error
		not      string   // what it does not say
		found    bool     // after a lost answer
		creates  int
		deleted  []string
	}{
		"granted":                           {remote: remote{list: lists(nil), create: []func() (*item, error){granted("new")}}, want: "new", creates: 1},
		"the list is forbidden":             {remote: remote{list: forbidden, create: []func() (*item, error){granted("new")}}, want: "new", creates: 1},
		"the list fails for now":            {remote: remote{list: func() ([]item, error) { return nil, answer(http.StatusBadGateway) }}, says: []string{"nothing was created"}},
		"refused":                           {remote: remote{list: lists(nil), create: []func() (*item, error){refused(http.StatusBadRequest)}}, says: []string{"400"}, creates: 1},
		"lost and found":                    {remote: remote{list: lists(nil, []item{apart, fresh}), create: []func() (*item, error){lost}}, want: "new", found: true, creates: 1},
		"lost and found late":               {remote: remote{list: lists(nil, nil, nil, []item{fresh}), create: []func() (*item, error){lost}}, want: "new", found: true, creates: 1},
		"lost, what is listed is old":       {remote: remote{list: lists([]item{live}), read: refused(http.StatusNotFound), create: []func() (*item, error){lost}}, says: []string{"outcome is unknown", "until 2030-01-01T01:00:00Z", "does not list it"}, creates: 1},
		"lost, what is listed has ended":    {remote: remote{list: lists(nil, []item{over}), create: []func() (*item, error){lost}}, says: []string{"outcome is unknown", "does not list it"}, creates: 1},
		"lost, what is listed is ending":    {remote: remote{list: lists(nil, []item{{"new", "AVAILABLE DELETE_REQUESTED", "same"}}), create: []func() (*item, error){lost}}, says: []string{"does not list it"}, not: "import", creates: 1},
		"lost, one may be another's":        {remote: remote{list: lists(nil, []item{{"new", api.StatusAvailable, "vague"}}), create: []func() (*item, error){lost}}, says: []string{"outcome is unknown", "rule out that another run", `id = "new,hint"`}, creates: 1},
		"lost, two fit":                     {remote: remote{list: lists(nil, []item{fresh, {"newer", api.StatusRequested, "same"}}), create: []func() (*item, error){lost}}, says: []string{"lists several", "new (REQUESTED), newer (REQUESTED)"}, creates: 1},
		"lost, no list":                     {remote: remote{list: unlisted, create: []func() (*item, error){lost}}, unlisted: true, says: []string{"outcome is unknown", "cannot list", "until 2030-01-01T01:00:00Z"}, creates: 1},
		"lost, listed afterwards alone":     {remote: remote{list: lists([]item{fresh}), create: []func() (*item, error){lost}}, unlisted: true, says: []string{"whether it was there before is not known", `id = "new,hint"`}, creates: 1},
		"the list is broken":                {remote: remote{list: func() ([]item, error) { return nil, answer(http.StatusInternalServerError) }, create: []func() (*item, error){granted("new")}}, want: "new", creates: 1},
		"lost, the list forbidden":          {remote: remote{list: forbidden, create: []func() (*item, error){lost}}, says: []string{"could not be looked for", "403"}, creates: 1},
		"conflict":                          {remote: remote{list: lists([]item{apart, meets}), create: []func() (*item, error){refused(http.StatusConflict)}}, says: []string{"is in the way", "409", "old (AVAILABLE)", `id = "old,hint"`}, creates: 1},
		"conflict with what seems apart":    {remote: remote{list: lists([]item{apart}), create: []func() (*item, error){refused(http.StatusConflict)}}, says: []string{"apart (AVAILABLE)", "does not overlap"}, not: "import", creates: 1},
		"conflict, apart has ended":         {remote: remote{list: lists([]item{{"ended", api.StatusUnavailable, "apart"}}), create: []func() (*item, error){refused(http.StatusConflict)}}, says: []string{"ended (UNAVAILABLE)", "does not overlap"}, not: "import", creates: 1},
		"conflict with another's":           {remote: remote{list: lists(nil), create: slices.Repeat([]func() (*item, error){refused(http.StatusConflict)}, 12)}, says: []string{"another application's"}, creates: many},
		"conflict, released a little late":  {remote: remote{list: lists(nil), create: []func() (*item, error){refused(http.StatusConflict), refused(http.StatusConflict), refused(http.StatusConflict), granted("new")}}, want: "new", creates: 4},
		"conflict, no list":                 {remote: remote{list: unlisted, create: slices.Repeat([]func() (*item, error){refused(http.StatusConflict)}, 12)}, unlisted: true, says: []string{"cannot list what a device has", "until 2030-01-02T00:00:0", "at the latest"}, creates: many},
		"conflict with one that has ended":  {remote: remote{list: lists([]item{over}), create: []func() (*item, error){refused(http.StatusConflict), granted("new")}}, want: "new", creates: 2, deleted: []string{"old"}},
		"conflict, and it is being deleted": {remote: remote{list: lists([]item{{"old", "AVAILABLE DELETE_REQUESTED", "same"}}), create: []func() (*item, error){refused(http.StatusConflict), granted("new")}}, want: "new", creates: 2, deleted: []string{"old"}},
		"conflict with ended and live":      {remote: remote{list: lists([]item{over, {"live", api.StatusAvailable, "overlapping"}}), create: []func() (*item, error){refused(http.StatusConflict)}}, says: []string{"there is live (AVAILABLE).", `id = "live,hint"`}, not: "old", creates: 1},
		"conflict with ended, apart lives":  {remote: remote{list: lists([]item{apart, over}), create: []func() (*item, error){refused(http.StatusConflict), granted("new")}}, want: "new", creates: 2, deleted: []string{"old"}},
		"conflict again":                    {remote: remote{list: lists([]item{over}), create: slices.Repeat([]func() (*item, error){refused(http.StatusConflict)}, 12)}, says: []string{"is in the way", "has not released it yet"}, not: "import", creates: many, deleted: []string{"old"}},
		"what is wanted is there":           {remote: remote{list: lists([]item{apart, live}), read: reads(api.StatusAvailable)}, says: []string{"is in the way", "exactly what is asked for", "old (AVAILABLE)", `id = "old,hint"`}},
		"it is there, and cannot be read":   {remote: remote{list: lists([]item{live}), read: refused(http.StatusForbidden)}, says: []string{"exactly what is asked for", "old (AVAILABLE)"}},
		"it is listed, and just deleted":    {remote: remote{list: lists([]item{live}), read: refused(http.StatusNotFound), create: []func() (*item, error){granted("new")}}, want: "new", creates: 1},
		"it is listed, and just ended":      {remote: remote{list: lists([]item{live}), read: reads(api.StatusUnavailable), create: []func() (*item, error){granted("new")}}, want: "new", creates: 1},
		"it is there, and being deleted":    {remote: remote{list: lists([]item{{"old", "AVAILABLE DELETE_REQUESTED", "same"}}), create: []func() (*item, error){granted("new")}}, want: "new", creates: 1},
		"what has ended cannot be deleted": {remote: remote{
			list: lists([]item{over}), create: []func() (*item, error){refused(http.StatusConflict)},
			deletes: func(string) (bool, error) { return false, answer(http.StatusForbidden) },
		}, says: []string{"Deleting it failed", "403"}, creates: 1, deleted: []string{"old"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &test.remote
			r.clock = clockwork.NewFakeClockAt(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
			run(t, r.clock, func() {
				created, err := requesterOf(r, !test.unlisted).Create(t.Context())
				got := created.Grant
				if (got != nil && got.id != test.want) || (got == nil) != (test.want == "") {
					t.Errorf("got %v, %v, want %q", got, err, test.want)
				}
				if (created.Lost != nil) != test.found {
					t.Errorf("found after a loss: %v", created.Lost)
				}
				for _, text := range test.says {
					if err == nil || !strings.Contains(err.Error(), text) {
						t.Errorf("error %v, want %q in it", err, text)
					}
				}
				if test.not != "" && err != nil && strings.Contains(err.Error(), test.not) {
					t.Errorf("error %v, do not want %q in it", err, test.not)
				}
			})
			if (r.creates != test.creates && (test.creates != many || r.creates < 3)) || !slices.Equal(r.deleted, test.deleted) {
				t.Errorf("%d creates, deleted %v", r.creates, r.deleted)
			}
		})
	}
}

func TestCreateInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	before := &remote{clock: clockwork.NewFakeClock(), list: func() ([]item, error) {
		cancel()
		return nil, nil
	}}
	if _, err := requesterOf(before, true).Create(ctx); err == nil || before.creates != 0 {
		t.Errorf("interrupted before the POST: %v, %d creates", err, before.creates)
	}
	ctx, cancel = context.WithCancel(t.Context())
	during := &remote{clock: clockwork.NewFakeClock(), list: lists(nil), create: []func() (*item, error){func() (*item, error) {
		cancel()
		return granted("new")()
	}}}
	if got, err := requesterOf(during, true).Create(ctx); err != nil || got.Grant == nil || got.Grant.id != "new" {
		t.Errorf("interrupted during the POST: %v, %v", got, err)
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	status := func(s string) func() (*item, error) {
		return func() (*item, error) { return &item{"x", s, ""}, nil }
	}
	missing, busy, forbidden := refused(http.StatusNotFound), refused(http.StatusServiceUnavailable), refused(http.StatusForbidden)
	for name, test := range map[string]struct {
		created string
		waitFor string
		reads   []func() (*item, error)
		want    string
		fails   string
	}{
		"available at once":      {created: api.StatusAvailable, waitFor: grant.WaitForAvailable, want: api.StatusAvailable},
		"unavailable at once":    {created: api.StatusUnavailable, waitFor: grant.WaitForRequested, want: api.StatusUnavailable},
		"nothing to wait for":    {created: api.StatusRequested, waitFor: grant.WaitForRequested, want: api.StatusRequested},
		"available later":        {created: api.StatusRequested, waitFor: grant.WaitForAvailable, reads: []func() (*item, error){status(api.StatusRequested), busy, status(api.StatusAvailable)}, want: api.StatusAvailable},
		"unavailable later":      {created: api.StatusRequested, waitFor: grant.WaitForAvailable, reads: []func() (*item, error){status(api.StatusUnavailable)}, want: api.StatusUnavailable},
		"not found yet":          {created: api.StatusRequested, waitFor: grant.WaitForAvailable, reads: []func() (*item, error){missing, missing, status(api.StatusAvailable)}, want: api.StatusAvailable},
		"not found any more":     {created: api.StatusRequested, waitFor: grant.WaitForAvailable, reads: slices.Repeat([]func() (*item, error){missing}, 40), want: api.StatusRequested, fails: "does not know it any more"},
		"cannot be read at all":  {created: api.StatusRequested, waitFor: grant.WaitForAvailable, reads: []func() (*item, error){forbidden}, want: api.StatusRequested, fails: "403"},
		"unreadable, then found": {created: api.StatusRequested, waitFor: grant.WaitForAvailable, reads: []func() (*item, error){lost, status(api.StatusAvailable)}, want: api.StatusAvailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &remote{clock: clockwork.NewFakeClock()}
			r.read = func() (*item, error) { return test.reads[r.reads-1]() }
			run(t, r.clock, func() {
				got, err := requesterOf(r, true).Await(t.Context(), &item{"x", test.created, ""}, test.waitFor)
				if got.status != test.want || (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
					t.Errorf("%s, %v, want %s, %q", got.status, err, test.want, test.fails)
				}
			})
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	pending := func(string) (bool, error) { return true, nil }
	for name, test := range map[string]struct {
		deletes func(string) (bool, error)
		reads   []func() (*item, error)
		fails   string
	}{
		"gone at once":    {},
		"gone already":    {deletes: func(string) (bool, error) { return false, answer(http.StatusNotFound) }},
		"refused":         {deletes: func(string) (bool, error) { return false, answer(http.StatusForbidden) }, fails: "403"},
		"gone later":      {deletes: pending, reads: []func() (*item, error){granted("x"), refused(http.StatusBadGateway), refused(http.StatusNotFound)}},
		"then unreadable": {deletes: pending, reads: []func() (*item, error){refused(http.StatusForbidden)}, fails: "is not gone yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &remote{clock: clockwork.NewFakeClock(), deletes: test.deletes}
			r.read = func() (*item, error) { return test.reads[r.reads-1]() }
			run(t, r.clock, func() {
				err := requesterOf(r, true).Delete(t.Context(), "x")
				if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
					t.Errorf("%v, want %q", err, test.fails)
				}
			})
		})
	}
}
