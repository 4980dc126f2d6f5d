package grant_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

var errAway = errors.New("the receiver is away")

// ear is a Listener whose notices a test makes.
type ear struct {
	mu      sync.Mutex
	notices []grant.Notice
	err     error
	asked   int
	more    chan struct{} // closed by the next notice
}

func newEar(ids ...string) *ear {
	e := &ear{more: make(chan struct{})}
	for _, id := range ids {
		e.notify(id)
	}
	return e
}

func (e *ear) notify(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.notices = append(e.notices, grant.Notice{ID: id, Mark: int64(len(e.notices) + 1)})
	close(e.more)
	e.more = make(chan struct{})
}

func (e *ear) Mark(context.Context) (int64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return int64(len(e.notices)), e.err
}

func (e *ear) Notices(ctx context.Context, id string, after int64, patient bool) ([]grant.Notice, error) {
	for {
		e.mu.Lock()
		e.asked++
		var found []grant.Notice
		for _, n := range e.notices {
			if n.Mark > after && (id == "" || n.ID == id) {
				found = append(found, n)
			}
		}
		err, more := e.err, e.more
		e.mu.Unlock()
		if err != nil || len(found) > 0 || !patient {
			return found, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (e *ear) Trouble() error { return e.err }

// A notice ends the pause between two reads, on a clock that stands still. It is
// the operator that says what has become of the grant.
func TestNoticeEndsThePause(t *testing.T) {
	t.Parallel()
	for _, status := range []string{api.StatusAvailable, api.StatusUnavailable + " NETWORK_TERMINATED"} {
		clock := clockwork.NewFakeClock()
		listener, reads := newEar("new"), 0
		r := &remote{clock: clock, read: func() (*item, error) {
			reads++
			switch reads {
			case 1:
				return &item{"new", api.StatusRequested, "same"}, nil
			case 2:
				return &item{"new", status, "same"}, nil
			default:
				return nil, errors.New("read too often")
			}
		}}
		q := requesterOf(r, true)
		q.Listener = listener
		var done sync.WaitGroup
		done.Go(func() {
			got, err := q.Await(t.Context(), &item{"new", api.StatusRequested, "same"}, grant.WaitForAvailable)
			if err != nil || got.status != status {
				t.Errorf("%+v, %v", got, err)
			}
		})
		// The pause after the first read, which nothing but a notice can end.
		if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		listener.notify("another")
		listener.notify("new")
		done.Wait()
	}
}

// Whatever is wrong with the listener, the operator is asked as without it.
func TestAwaitWithoutEars(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		most int
	}{
		"away":    {errAway, many},
		"refused": {fmt.Errorf("%w: 401", grant.ErrDeaf), 1},
		"silent":  {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := clockwork.NewFakeClock()
			listener, reads := newEar(), 0
			listener.err = test.err
			r := &remote{clock: clock, read: func() (*item, error) {
				reads++
				if reads < 4 {
					return &item{"new", api.StatusRequested, "same"}, nil
				}
				return &item{"new", api.StatusAvailable, "same"}, nil
			}}
			q := requesterOf(r, true)
			q.Listener = listener
			run(t, clock, func() {
				got, err := q.Await(t.Context(), &item{"new", api.StatusRequested, "same"}, grant.WaitForAvailable)
				if err != nil || got.status != api.StatusAvailable {
					t.Errorf("%+v, %v", got, err)
				}
			})
			if test.most != many && listener.asked > test.most {
				t.Errorf("the listener was asked %d times", listener.asked)
			}
		})
	}
}

// What a create whose answer was lost has made is found through notifications
// where the operator cannot list.
func TestLostCreateIsHeardOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before []string // notified of before the create
		during []string // after it was sent
		like   map[string]string
		reads  error
		err    error
		found  string
		says   string
	}{
		"one":                           {during: []string{"new"}, found: "new"},
		"one among others":              {before: []string{"old"}, during: []string{"old", "other", "new", "new"}, like: map[string]string{"other": "apart"}, found: "new"},
		"one that was there before":     {before: []string{"old"}, during: []string{"old"}, says: "no notification of it"},
		"two":                           {during: []string{"new", "newer"}, says: "several that are what was asked for"},
		"one that may be another's":     {during: []string{"new"}, like: map[string]string{"new": "vague"}, says: "rule out that another run"},
		"one of something else":         {during: []string{"other"}, like: map[string]string{"other": "overlapping"}, says: "no notification of it"},
		"one that is not ours":          {during: []string{"new"}, reads: answer(http.StatusForbidden), says: "no notification of it"},
		"none":                          {says: "no notification of it"},
		"one, but nobody to hear of it": {during: []string{"new"}, err: errAway, says: "cannot list what a device has, so it cannot be looked for"},
		"one without a name":            {during: []string{""}, says: "no notification of it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := clockwork.NewFakeClockAt(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
			listener := newEar(test.before...)
			listener.err = test.err
			r := &namedRemote{remote: &remote{clock: clock, list: func() ([]item, error) { return nil, api.ErrNotInAPI }}, like: test.like, err: test.reads}
			r.create = []func() (*item, error){func() (*item, error) {
				for _, id := range test.during {
					listener.notify(id)
				}
				return lost()
			}}
			q := &grant.Requester[item]{Kind: grant.Kind{Noun: "QoD session", Resource: "camara_qod_session"}, Remote: r, Clock: clock, Listener: listener, Longest: time.Hour}
			run(t, clock, func() {
				created, err := q.Create(t.Context())
				switch {
				case test.found != "":
					if err != nil || created.Grant.id != test.found || !created.Notified || created.Lost == nil {
						t.Errorf("%+v, %v", created, err)
					}
				case err == nil || !strings.Contains(err.Error(), "outcome is unknown") || !strings.Contains(err.Error(), test.says):
					t.Errorf("%+v, %v; want %q", created, err, test.says)
				}
			})
		})
	}
}

// namedRemote reads a grant by its id; "old" and "new" are what is wanted.
type namedRemote struct {
	*remote

	like map[string]string
	err  error
}

func (r *namedRemote) Read(_ context.Context, id string) (*item, error) {
	if r.err != nil {
		return nil, r.err
	}
	like := "same"
	if other, ok := r.like[id]; ok {
		like = other
	}
	return &item{id, api.StatusAvailable, like}, nil
}
