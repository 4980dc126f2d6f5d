package receiver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const (
	operatorToken    = "operator-token-that-is-long"
	oldOperatorToken = "operator-token-before-that"
)

func withOperators() receiver.ServerConfig {
	return receiver.ServerConfig{CAMARATokens: []string{operatorToken, oldOperatorToken}}
}

// available is a notification of 1.1.
func available(id, session string) string {
	return fmt.Sprintf(`{"id":%q,"source":"https://op.example.com/events","specversion":"1.0","type":"org.camaraproject.quality-on-demand.v1.qos-status-changed","time":"2030-01-01T00:00:00Z","data":{"sessionId":%q,"qosStatus":"AVAILABLE"}}`, id, session)
}

func (f *fixture) tell(tb testing.TB, token, body string) response {
	tb.Helper()
	header := bearer(token)
	header.Set("Content-Type", "application/cloudevents+json")
	return f.do(tb, http.MethodPost, receiver.NotificationPath, body, header)
}

func (f *fixture) notifications(tb testing.TB, filter receiver.NotificationFilter) []receiver.Notification {
	tb.Helper()
	list, err := f.client(tb, readToken).Notifications(tb.Context(), filter, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return list.Notifications
}

func TestNotificationsAreTaken(t *testing.T) {
	t.Parallel()
	event := available("e-1", sessionID)
	public := withOperators()
	public.PublicURL = "https://hooks.example.com/qos"
	elsewhere := withOperators()
	elsewhere.AllowSources = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for name, test := range map[string]struct {
		cfg                       receiver.ServerConfig
		path, contentType, bearer string
	}{
		"as documented":                     {withOperators(), receiver.NotificationPath, "application/cloudevents+json", "Bearer " + operatorToken},
		"with a charset":                    {withOperators(), receiver.NotificationPath, "application/cloudevents+json; charset=utf-8", "Bearer " + operatorToken},
		"as plain JSON":                     {withOperators(), receiver.NotificationPath, "application/json", "Bearer " + operatorToken},
		"without a type":                    {withOperators(), receiver.NotificationPath, "", "Bearer " + operatorToken},
		"with the token before":             {withOperators(), receiver.NotificationPath, "application/json", "bearer " + oldOperatorToken},
		"with a slash more":                 {withOperators(), receiver.NotificationPath + "/", "application/json", "Bearer " + operatorToken},
		"below the public path":             {public, "/qos" + receiver.NotificationPath, "application/json", "Bearer " + operatorToken},
		"from where ThingSpace is expected": {elsewhere, receiver.NotificationPath, "application/json", "Bearer " + operatorToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, test.cfg)
			for range 2 {
				got := f.do(t, http.MethodPost, test.path, event, http.Header{"Content-Type": {test.contentType}, "Authorization": {test.bearer}})
				if got.status != http.StatusNoContent || got.body != "" {
					t.Fatalf("answer %d %s", got.status, got.body)
				}
			}
			kept := f.notifications(t, receiver.NotificationFilter{ResourceID: sessionID})
			if len(kept) != 1 || kept[0].Status != "AVAILABLE" || kept[0].Deliveries != 2 {
				t.Errorf("kept %+v", kept)
			}
		})
	}
}

func TestNotificationsAreRefused(t *testing.T) {
	t.Parallel()
	event := available("e-1", sessionID)
	const cloudEvents, right = "application/cloudevents+json", "Bearer " + operatorToken
	for name, test := range map[string]struct {
		cfg                       receiver.ServerConfig
		body, contentType, bearer string
		status                    int
		says                      string
	}{
		"no token configured":     {receiver.ServerConfig{}, event, cloudEvents, right, 404, "--camara-token"},
		"no token":                {withOperators(), event, cloudEvents, "", 401, "bearer token is required"},
		"a wrong token":           {withOperators(), event, cloudEvents, "Bearer " + wrong, 401, "--camara-token"},
		"a token that reads":      {withOperators(), event, cloudEvents, "Bearer " + readToken, 401, "--camara-token"},
		"another scheme":          {withOperators(), event, cloudEvents, "Basic " + operatorToken, 401, "bearer token is required"},
		"another type":            {withOperators(), event, "text/plain", right, 415, "application/cloudevents+json"},
		"over the cap":            {withOperators(), event + strings.Repeat(" ", 1<<20), cloudEvents, right, 413, "1048576 bytes"},
		"not JSON":                {withOperators(), "status=AVAILABLE", cloudEvents, right, 400, "not valid JSON"},
		"no type":                 {withOperators(), `{"id":"e"}`, cloudEvents, right, 400, "type is missing"},
		"a status of nobody":      {withOperators(), strings.Replace(event, "sessionId", "session", 1), cloudEvents, right, 400, "sessionId"},
		"a status that is absent": {withOperators(), strings.Replace(event, "qosStatus", "qos", 1), cloudEvents, right, 400, "qosStatus"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, test.cfg)
			got := f.do(t, http.MethodPost, receiver.NotificationPath, test.body, http.Header{"Content-Type": {test.contentType}, "Authorization": {test.bearer}})
			if got.status != test.status || !strings.Contains(got.body, test.says) || got.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("answer %d %s; want %d with %q", got.status, got.body, test.status, test.says)
			}
			if kept := f.notifications(t, receiver.NotificationFilter{}); len(kept) != 0 {
				t.Errorf("kept %+v", kept)
			}
		})
	}
}

// What a callback is, an operator's token cannot bring, and what reads /v1 it
// cannot either.
func TestOperatorsMayOnlyNotify(t *testing.T) {
	t.Parallel()
	f := start(t, withOperators())
	for _, path := range []string{"/v1/info", "/v1/camara/notifications", "/v1/events"} {
		if got := f.do(t, http.MethodGet, path, "", bearer(operatorToken)); got.status != http.StatusUnauthorized {
			t.Errorf("%s is answered %d", path, got.status)
		}
	}
}

func TestWrongOperatorsAreLimitedAndRightOnesAreNot(t *testing.T) {
	t.Parallel()
	cfg := withOperators()
	cfg.Clock = clockwork.NewFakeClock()
	f := prepare(t, openStore(t, store.Options{}), cfg)
	event := available("e", sessionID)
	refused := 0
	for f.tell(t, wrong, event).status == http.StatusUnauthorized {
		refused++
		if refused > 1000 {
			t.Fatal("wrong tokens are never limited")
		}
	}
	if got := f.tell(t, wrong, event); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("answer %d %v", got.status, got.header)
	}
	if got := f.tell(t, operatorToken, event); got.status != http.StatusNoContent {
		t.Errorf("the right token is answered %d", got.status)
	}
	if got := f.do(t, http.MethodGet, "/v1/info", "", bearer(wrong)); got.status != http.StatusUnauthorized {
		t.Errorf("a wrong token elsewhere is answered %d", got.status)
	}
	if shown := scrape(t, f); !strings.Contains(shown, fmt.Sprintf("qos_receiver_auth_failures_total{realm=\"camara\"} %d\n", refused+2)) {
		t.Errorf("after %d refusals, the metrics are\n%s", refused+2, shown)
	}
}

func TestRotatedOperators(t *testing.T) {
	t.Parallel()
	f := start(t, withOperators())
	secrets := withOperators().Secrets()
	secrets.ReadToken, secrets.CAMARATokens = readToken, []string{"operator-token-of-tomorrow"}
	if err := f.server.Rotate(secrets); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]int{operatorToken: 401, oldOperatorToken: 401, "operator-token-of-tomorrow": 204} {
		if got := f.tell(t, token, available("e", sessionID)); got.status != want {
			t.Errorf("%s is answered %d, want %d", token, got.status, want)
		}
	}
}

// fullStore can keep no notification.
type fullStore struct{ receiver.Store }

func (fullStore) RecordNotifications(context.Context, []receiver.Notification) error {
	return os.ErrClosed
}

func TestNotificationThatIsNotOnDisk(t *testing.T) {
	t.Parallel()
	f := prepare(t, fullStore{openStore(t, store.Options{})}, withOperators())
	got := f.tell(t, operatorToken, available("e", sessionID))
	if got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "closed") {
		t.Errorf("answer %d %s", got.status, got.body)
	}
	if shown := scrape(t, f); !strings.Contains(shown, `qos_receiver_camara_notifications_total{outcome="store_failed",status="AVAILABLE"} 1`) {
		t.Errorf("the metrics are\n%s", shown)
	}
}

// No secret gets into the store, the log or the metrics: neither tokens, nor what
// an operator should not have put into the body.
func TestNotificationsLeaveNoSecrets(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	journal, err := store.Open(t.Context(), filepath.Join(folder, "receiver.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = journal.Close() })
	f := startOn(t, journal, withOperators())
	body := strings.Replace(available("e", sessionID), `{"id"`, `{"password":"`+password+`","id"`, 1)
	if got := f.tell(t, operatorToken, body); got.status != http.StatusNoContent {
		t.Fatalf("answer %d %s", got.status, got.body)
	}
	f.tell(t, wrong, body)
	shown := map[string]string{"log": f.logs.String(), "metrics": scrape(t, f)}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown[filepath.Base(file)] = string(content)
	}
	if !slices.ContainsFunc(files, func(file string) bool { return strings.Contains(shown[filepath.Base(file)], sessionID) }) {
		t.Fatal("the session is in no file of the store")
	}
	for where, content := range shown {
		for _, secret := range []string{operatorToken, wrong, password} {
			if strings.Contains(content, secret) {
				t.Errorf("%q is in the %s", secret, where)
			}
		}
	}
}

// lookedAt says when a long-poll has looked.
type lookedAt struct {
	receiver.Store
	looked chan struct{}
}

func (s *lookedAt) Notifications(ctx context.Context, f receiver.NotificationFilter) (*receiver.NotificationList, error) {
	list, err := s.Store.Notifications(ctx, f)
	s.looked <- struct{}{}
	return list, err
}

func TestWaitingForNotifications(t *testing.T) {
	t.Parallel()
	for name, filter := range map[string]receiver.NotificationFilter{"of one session": {ResourceID: sessionID}, "of any": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looking := &lookedAt{openStore(t, store.Options{}), make(chan struct{}, 100)}
			cfg := withOperators()
			// With a clock that stands still, only the wake-up can end the wait.
			cfg.Clock = clockwork.NewFakeClock()
			f := startOn(t, looking, cfg)
			var done sync.WaitGroup
			done.Go(func() {
				list, err := f.client(t, readToken).Notifications(t.Context(), filter, 30*time.Second)
				if err != nil || len(list.Notifications) != 1 || list.Notifications[0].ResourceID != sessionID {
					t.Errorf("%+v, %v", list, err)
				}
			})
			<-looking.looked
			if filter.ResourceID != "" {
				f.tell(t, operatorToken, available("other", "another"))
			}
			f.tell(t, operatorToken, available("e", sessionID))
			done.Wait()
		})
	}
}

func TestWaitingForNotificationsEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *fixture, *clockwork.FakeClock){
		"with its time":   func(_ *testing.T, _ *fixture, clock *clockwork.FakeClock) { clock.Advance(10 * time.Second) },
		"with the server": func(_ *testing.T, f *fixture, _ *clockwork.FakeClock) { f.stop() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looking := &lookedAt{openStore(t, store.Options{}), make(chan struct{}, 100)}
			clock := clockwork.NewFakeClock()
			cfg := withOperators()
			cfg.Clock = clock
			f := startOn(t, looking, cfg)
			var done sync.WaitGroup
			done.Go(func() {
				list, err := f.client(t, readToken).Notifications(t.Context(), receiver.NotificationFilter{ResourceID: sessionID}, 10*time.Second)
				if err != nil || len(list.Notifications) != 0 {
					t.Errorf("%+v, %v", list, err)
				}
			})
			<-looking.looked
			// The server's sweep, the wait's end and its second look.
			if err := clock.BlockUntilContext(t.Context(), 3); err != nil {
				t.Error(err)
			}
			end(t, f, clock)
			done.Wait()
		})
	}
}
