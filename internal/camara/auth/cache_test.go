package auth

import (
	"context"
	"crypto/elliptic"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jonboulle/clockwork"
)

// wantToken fails the test unless source hands out want.
func wantToken(t *testing.T, source Source, subject, want string) {
	t.Helper()
	if got, err := source.Token(t.Context(), subject); got != want || err != nil {
		t.Errorf("token %q, err = %v, want %q", got, err, want)
	}
}

func TestOneFetchForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var fetches atomic.Int32
		source := newCache(clockwork.NewRealClock(), false, func(context.Context, string) (grant, error) {
			<-release
			return grant{token: fmt.Sprintf("token-%d", fetches.Add(1))}, nil
		})
		var group sync.WaitGroup
		for i := range 200 {
			group.Go(func() { wantToken(t, source, fmt.Sprint(i), "token-1") })
		}
		synctest.Wait()
		close(release)
		group.Wait()
		wantToken(t, source, "", "token-1")
	})
}

func TestOneTokenPerSubject(t *testing.T) {
	t.Parallel()
	o := newOperator()
	source := o.source(t, withKey(JWTBearer, sec1(ecKey(elliptic.P256()))))
	for range 2 {
		wantToken(t, source, "tel:+34611111111", "token-1")
		wantToken(t, source, "tel:+34622222222", "token-2")
	}
	source.Invalidate("tel:+34611111111", "token-1")
	wantToken(t, source, "tel:+34622222222", "token-2")
	wantToken(t, source, "tel:+34611111111", "token-3")
	if _, err := source.Token(t.Context(), ""); !errors.Is(err, ErrNoSubject) {
		t.Errorf("without a subject: err = %v", err)
	}
}

func TestTokenIsReplacedAheadOfItsEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		expiresIn string
		usable    time.Duration
		replaced  bool
	}{
		"long lived":     {`,"expires_in":3600`, time.Hour - 31*time.Second, false},
		"nearly over":    {`,"expires_in":3600`, time.Hour - 29*time.Second, true},
		"short lived":    {`,"expires_in":10`, 8 * time.Second, false},
		"short and over": {`,"expires_in":"10"`, 9500 * time.Millisecond, true},
		"without an end": {``, 1000 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOperator()
				o.token = func(w http.ResponseWriter, _ *http.Request) {
					reply(w, http.StatusOK, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer"%s}`, o.count(""), test.expiresIn))
				}
				source := o.source(t, nil)
				wantToken(t, source, "", "token-1")
				time.Sleep(test.usable)
				want := "token-1"
				if test.replaced {
					want = "token-2"
				}
				wantToken(t, source, "", want)
			})
		})
	}
}

func TestInvalidate(t *testing.T) {
	t.Parallel()
	o := newOperator()
	source := o.source(t, nil)
	wantToken(t, source, "", "token-1")
	source.Invalidate("", "token-1")
	wantToken(t, source, "", "token-2")
	source.Invalidate("", "token-1") // a late refusal of the old token
	wantToken(t, source, "", "token-2")
}

func TestFailureIsNotKept(t *testing.T) {
	t.Parallel()
	o := newOperator()
	o.token = inTurn(refuse("invalid_scope"), o.token)
	source := o.source(t, nil)
	if _, err := source.Token(t.Context(), ""); !hasCode(err, CodeInvalidScope) {
		t.Errorf("err = %v", err)
	}
	wantToken(t, source, "", "token-2")
}

func TestWhoeverLeavesDisturbsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		source := newCache(clockwork.NewRealClock(), false, func(ctx context.Context, _ string) (grant, error) {
			<-release
			return grant{token: "token-1"}, ctx.Err()
		})
		impatient, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := source.Token(impatient, ""); !errors.Is(err, context.Canceled) {
				t.Errorf("err = %v", err)
			}
		})
		synctest.Wait()
		group.Go(func() { wantToken(t, source, "", "token-1") })
		synctest.Wait()
		leave()
		synctest.Wait()
		close(release)
		group.Wait()
	})
}

func TestLastOneOutEndsTheFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		source := newCache(clockwork.NewRealClock(), false, func(ctx context.Context, _ string) (grant, error) {
			fetches++
			if fetches > 1 {
				return grant{token: "token-2"}, nil
			}
			<-ctx.Done()
			return grant{}, ctx.Err()
		})
		ctx, leave := context.WithTimeout(t.Context(), time.Minute)
		defer leave()
		if _, err := source.Token(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
		wantToken(t, source, "", "token-2")
		synctest.Wait() // fails if the first fetch is still there at the end
	})
}

func TestFixedSources(t *testing.T) {
	t.Parallel()
	wantToken(t, None(), "", "")
	source, err := Static("mock_token")
	if err != nil {
		t.Fatal(err)
	}
	source.Invalidate("", "mock_token")
	wantToken(t, source, "tel:+34600000000", "mock_token")
	for _, token := range []string{"", "with blank", "line\nbreak", "ünicode"} {
		if _, err := Static(token); err == nil {
			t.Errorf("Static(%q) is accepted", token)
		}
	}
}

func BenchmarkToken(b *testing.B) {
	source := newCache(clockwork.NewRealClock(), true, func(context.Context, string) (grant, error) {
		return grant{token: "token-1", expires: time.Now().Add(time.Hour)}, nil
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := source.Token(b.Context(), phone); err != nil {
			b.Fatal(err)
		}
	}
}
