package receiver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// connect opens a connection on which a test says what no HTTP client would.
func connect(t *testing.T, f *fixture) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func answer(t *testing.T, conn net.Conn) (status int, body string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(content)
}

// TestSlowBodies sends bodies that never end: in silence, or a byte at a time.
// Only the receiver's patience can end them.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		head    string
		trickle bool
		cfg     receiver.ServerConfig
	}{
		"a callback in silence":    {"POST /thingspace/callbacks HTTP/1.1", false, receiver.ServerConfig{BodyPause: 50 * time.Millisecond, BodyTimeout: time.Hour}},
		"a callback by the byte":   {"POST /thingspace/callbacks HTTP/1.1", true, receiver.ServerConfig{BodyPause: time.Hour, BodyTimeout: 100 * time.Millisecond}},
		"an operation in silence":  {"POST /v1/requests HTTP/1.1", false, receiver.ServerConfig{BodyPause: 50 * time.Millisecond, BodyTimeout: time.Hour}},
		"an operation by the byte": {"POST /v1/requests HTTP/1.1", true, receiver.ServerConfig{BodyPause: time.Hour, BodyTimeout: 100 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := prepare(t, openStore(t, store.Options{}), test.cfg)
			conn := connect(t, f)
			_, err := fmt.Fprintf(conn, "%s\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{", test.head, journalToken)
			if err != nil {
				t.Fatal(err)
			}
			var trickle sync.WaitGroup
			trickle.Go(func() {
				for test.trickle {
					if _, err := io.WriteString(conn, " "); err != nil {
						return
					}
				}
			})
			status, body := answer(t, conn)
			_ = conn.Close()
			trickle.Wait()
			if status != http.StatusRequestTimeout {
				t.Errorf("answer %d %s", status, body)
			}
		})
	}
}

// A body that came in time leaves no clock that would end a long-poll.
func TestBodyTimeEndsWithTheBody(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{BodyPause: 30 * time.Millisecond, BodyTimeout: 30 * time.Millisecond})
	r := journal(t, f, "claim-1", "5551230000", "r-1")
	changed, missing, err := f.client(t, readToken).Wait(t.Context(), []receiver.WaitItem{{ID: r.ID, Revision: r.Revision}}, time.Second)
	if err != nil || len(changed)+len(missing) != 0 {
		t.Errorf("changed %v, missing %v, %v", changed, missing, err)
	}
}

// slowStore holds every callback until it is released.
type slowStore struct {
	receiver.Store
	recording, release chan struct{}
}

func (s *slowStore) Record(context.Context, []receiver.Event) error {
	s.recording <- struct{}{}
	<-s.release
	return nil
}

func TestCapturesAreBounded(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	slow := &slowStore{openStore(t, store.Options{}), make(chan struct{}), make(chan struct{})}
	f := prepare(t, slow, receiver.ServerConfig{Clock: clock, MaxCaptures: 2})
	deliver := func() <-chan response {
		answered := make(chan response, 1)
		go func() { answered <- f.deliver(t, callback("QoSChangeOn", "r-1", "s-1", "")) }()
		return answered
	}
	first, second := deliver(), deliver()
	<-slow.recording
	<-slow.recording
	third := deliver()
	if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * time.Second)
	if got := <-third; got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("one too many is answered %d %v", got.status, got.header)
	}
	fourth := deliver()
	if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	slow.release <- struct{}{} // one place becomes free in time
	<-slow.recording
	close(slow.release)
	for _, answered := range []<-chan response{first, second, fourth} {
		if got := <-answered; got.status != http.StatusOK {
			t.Errorf("answer %d %s", got.status, got.body)
		}
	}
}

// TestBodiesAreBounded lets one source send a body that does not end: it costs that
// source its share, and others nothing.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	f := prepare(t, openStore(t, store.Options{}), receiver.ServerConfig{
		MaxBodies: 400_000, BodyPause: time.Hour, BodyTimeout: time.Hour,
		CAMARATokens: []string{operatorToken}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	from := func(source string, padding int) response {
		header := http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {source}}
		body := callback("QoSChangeOn", "r-1", "s-1", "") + strings.Repeat(" ", padding)
		return f.do(t, http.MethodPost, receiver.CapturePath, body, header)
	}
	const large = 30_000
	becomes := func(source string, want int) {
		for t.Context().Err() == nil {
			if got := from(source, large); got.status == want {
				return
			}
		}
	}
	for _, route := range []string{receiver.CapturePath, receiver.NotificationPath} {
		conn := connect(t, f)
		_, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n%s",
			route, operatorToken, strings.Repeat(" ", 16<<10+95_000))
		if err != nil {
			t.Fatal(err)
		}
		becomes("192.0.2.1", http.StatusServiceUnavailable)
		if got := from("192.0.2.2", large); got.status != http.StatusOK {
			t.Errorf("%s: another source is answered %d %s", route, got.status, got.body)
		}
		if got := from("192.0.2.1", 0); got.status != http.StatusOK {
			t.Errorf("%s: a small body of the same source is answered %d %s", route, got.status, got.body)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		becomes("192.0.2.1", http.StatusOK)
	}
	if shown := scrape(t, f); !strings.Contains(shown, `qos_receiver_callbacks_total{event="none",outcome="refused_busy"}`) {
		t.Error("the refusal does not count as lost")
	}
}

func TestLongPollsAreBoundedByWhatTheyWatch(t *testing.T) {
	t.Parallel()
	journalled := looking(openStore(t, store.Options{}))
	f := startOn(t, journalled, receiver.ServerConfig{MaxWatched: 3, Clock: clockwork.NewFakeClock()})
	r := journal(t, f, "claim-1", "5551230000", "r-1")
	one := receiver.WaitItem{ID: r.ID, Revision: r.Revision}
	ctx, leave := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		_, _, _ = f.client(t, readToken).Wait(ctx, []receiver.WaitItem{one, one}, 30*time.Second)
	})
	<-journalled.looked
	_, _, err := f.client(t, readToken).Wait(t.Context(), []receiver.WaitItem{one, one}, 0)
	if problem := problemIn(err); problem == nil || problem.Status != http.StatusServiceUnavailable {
		t.Errorf("a poll too many: %v", err)
	}
	if _, _, err := f.client(t, readToken).Wait(t.Context(), []receiver.WaitItem{one}, 0); err != nil {
		t.Errorf("a poll that fits: %v", err)
	}
	leave()
	done.Wait()
	_, _, err = f.client(t, readToken).Wait(t.Context(), []receiver.WaitItem{{ID: strings.Repeat("x", 257)}}, 0)
	if problem := problemIn(err); problem == nil || problem.Status != http.StatusBadRequest {
		t.Errorf("an endless id: %v", err)
	}
}

func problemIn(err error) *receiver.Problem {
	problem, _ := errors.AsType[*receiver.Problem](err)
	return problem
}

// TestOddRequests are refused before anything looks at them.
func TestOddRequests(t *testing.T) {
	t.Parallel()
	f := prepare(t, openStore(t, store.Options{}), receiver.ServerConfig{})
	many := bearer(readToken)
	for i := range 201 {
		many.Add("X-Header", fmt.Sprint(i))
	}
	for name, test := range map[string]struct {
		path   string
		header http.Header
		status int
	}{
		"many header fields":       {"/v1/info", many, http.StatusRequestHeaderFieldsTooLarge},
		"NUL in the query":         {"/v1/requests?account_name=a%00b", bearer(readToken), http.StatusBadRequest},
		"NUL in the path":          {"/v1/requests/a%00b", bearer(readToken), http.StatusBadRequest},
		"no UTF-8 in the query":    {"/v1/requests?account_name=%ff", bearer(readToken), http.StatusBadRequest},
		"half an escape":           {"/v1/requests?account_name=%f", bearer(readToken), http.StatusBadRequest},
		"a query that is no query": {"/v1/requests?%zz", bearer(readToken), http.StatusBadRequest},
		"an unknown parameter":     {"/v1/requests?acount_name=a", bearer(readToken), http.StatusUnprocessableEntity},
		"a huge number":            {"/v1/events?after=1e999", bearer(readToken), http.StatusUnprocessableEntity},
		"a huge limit":             {"/v1/events?limit=99999999999999999999", bearer(readToken), http.StatusUnprocessableEntity},
	} {
		if got := f.do(t, http.MethodGet, test.path, "", test.header); got.status != test.status {
			t.Errorf("%s: answer %d %s, want %d", name, got.status, got.body, test.status)
		}
	}
}

// FuzzOperation sends anything at all with the right token. Whatever it is, it
// is not the receiver that fails.
func FuzzOperation(f *testing.F) {
	intent := `{"account_name":"a","claim":"c","devices":[{"id":"d","kind":"MDN"}]}`
	f.Add(http.MethodPost, "/v1/requests", "application/json", intent)
	f.Add(http.MethodPost, "/v1/requests", "application/json; charset=utf-16", strings.ReplaceAll(intent, `"c"`, `"c\u0000\ud800"`))
	f.Add(http.MethodPost, "/v1/requests", "application/cbor", "\xa1\x61a\x01")
	f.Add(http.MethodPost, "/v1/requests", "", strings.Repeat("[", 20_000))
	f.Add(http.MethodPatch, "/v1/requests/x", "application/json", `{"change":"claim","revision":1e400}`)
	f.Add(http.MethodPost, "/v1/requests/wait", "application/json", `{"items":[{"id":"x","id":"y","revision":9223372036854775808}]}`)
	f.Add(http.MethodPost, "/v1/resolve", "application/json", `{"target":"x","terminated":true,"reason":"\u0000"}`)
	f.Add(http.MethodGet, "/v1/requests?limit=-1&cursor=9999999999999999999&status=ON,,OFF", "", "")
	f.Add(http.MethodPost, "/v1/quarantine/%2e%2e/release", "", "")
	server, err := receiver.NewServer(openStore(f, store.Options{}), receiver.ServerConfig{ReadToken: readToken, JournalToken: journalToken})
	if err != nil {
		f.Fatal(err)
	}
	// A server that has run answers long-polls at once.
	over, stop := context.WithCancel(f.Context())
	stop()
	server.Run(over)
	f.Fuzz(func(t *testing.T, method, path, contentType, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		if err != nil {
			return // no HTTP request
		}
		r.RemoteAddr = "192.0.2.1:1234"
		r.Header = bearer(journalToken)
		r.Header["Content-Type"] = []string{contentType}
		w := httptest.NewRecorder()
		server.Handler().ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %s: answer %d %s", method, path, w.Code, w.Body)
		}
	})
}
