package receiver_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func bearer(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
}

// journal takes a new intent to accepted and returns it.
func journal(t *testing.T, f *fixture, claim, device, requestID string) *receiver.Request {
	t.Helper()
	client := f.client(t, journalToken)
	r, err := client.CreateRequest(t.Context(), intent(claim, device))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []receiver.Change{
		{Kind: receiver.ChangeSent, Claim: claim},
		{Kind: receiver.ChangeAccepted, Claim: claim, RequestID: requestID},
	} {
		if r, err = client.ChangeRequest(t.Context(), r.ID, change); err != nil {
			t.Fatalf("%s: %v", change.Kind, err)
		}
	}
	return r
}

func TestInfo(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{Version: "1.2.3", PublicURL: "https://qos.example", Accounts: []string{account}})
	got, err := f.client(t, readToken).Info(t.Context())
	want := &receiver.Info{Version: "1.2.3", StoreID: f.store.StoreID(), PublicURL: "https://qos.example", Accounts: []string{account}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, info (-want +got):\n%s", err, diff)
	}
}

func TestRequestLifecycle(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	client := f.client(t, journalToken)
	r := journal(t, f, "claim-1", "5551230000", "r-1")
	f.deliver(t, acknowledgement("r-1", "s-1", "5551230000"))
	f.deliver(t, callback("QosChangeOn", "r-1", "s-1", ""))

	page, err := client.Requests(t.Context(), receiver.Filter{
		RequestID: "r-1", State: []receiver.State{receiver.StateSent, receiver.StateAccepted}, Status: []receiver.Status{receiver.StatusOn},
	})
	if err != nil || len(page.Requests) != 1 {
		t.Fatalf("page %+v, %v", page, err)
	}
	if got := page.Requests[0]; got.ID != r.ID || got.Status != receiver.StatusOn || got.Subscriptions[0].QoSSubscriptionID != "s-1" {
		t.Errorf("request %+v", got)
	}

	stopped, err := client.ChangeRequest(t.Context(), r.ID, receiver.Change{Kind: receiver.ChangeStop, Claim: "claim-1", QoSSubscriptionID: "s-1"})
	if err != nil || stopped.Subscriptions[0].Stop == nil {
		t.Fatalf("stop %+v, %v", stopped, err)
	}
	resolved, err := client.Resolve(t.Context(), receiver.Resolution{Target: "s-1", Terminated: true, Reason: "support said so"})
	if err != nil || resolved.Status != receiver.StatusTerminated || !resolved.Ended() {
		t.Errorf("resolved %+v, %v", resolved, err)
	}
}

func TestConflictCarriesTheExistingRequest(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	existing := journal(t, f, "claim-1", "5551230000", "r-1")
	_, err := f.client(t, journalToken).CreateRequest(t.Context(), intent("claim-2", "5551230000"))
	var conflict *receiver.ConflictError
	if !errors.As(err, &conflict) || conflict.Kind != receiver.ConflictOverlap || conflict.Existing.ID != existing.ID || conflict.Existing.RequestID != "r-1" {
		t.Errorf("error %v, want an overlap with %s", err, existing.ID)
	}
}

func TestUnknownRequest(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	client := f.client(t, journalToken)
	if _, err := client.ChangeRequest(t.Context(), "0b5ce4cb-3e27-4ad5-a3c9-1f6f0ab4c2d1", receiver.Change{Kind: receiver.ChangeSent}); !errors.Is(err, receiver.ErrNotFound) {
		t.Errorf("change: %v", err)
	}
	if _, err := client.Resolve(t.Context(), receiver.Resolution{Target: "nothing", NotCreated: true}); !errors.Is(err, receiver.ErrNotFound) {
		t.Errorf("resolve: %v", err)
	}
}

func TestPagesAreWalked(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	var want, requests, subscriptions []string
	for i := range 7 {
		id := fmt.Sprintf("r-%d", i)
		journal(t, f, "claim-of-"+id, fmt.Sprintf("555000000%d", i), id)
		want = append(want, id)
	}
	client := f.client(t, readToken)
	for r, err := range client.AllRequests(t.Context(), receiver.Filter{AccountName: account, Limit: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, r.RequestID)
	}
	views, err := client.Subscriptions(t.Context(), receiver.SubscriptionFilter{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, view := range views {
		subscriptions = append(subscriptions, view.RequestID)
	}
	slices.Sort(requests)
	slices.Sort(subscriptions)
	if diff := cmp.Diff(want, requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, subscriptions); diff != "" {
		t.Errorf("subscriptions (-want +got):\n%s", diff)
	}
}

func TestSubscriptionFilters(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	journal(t, f, "claim-1", "5550000001", "r-1")
	journal(t, f, "claim-2", "5550000002", "r-2")
	f.deliver(t, acknowledgement("r-2", "s-2", "5550000002"))
	f.deliver(t, acknowledgement("r-3", "s-3", "5550000003"))
	for name, test := range map[string]struct {
		filter receiver.SubscriptionFilter
		want   []string
	}{
		"all":       {receiver.SubscriptionFilter{}, []string{"r-1", "r-2", "r-3"}},
		"account":   {receiver.SubscriptionFilter{AccountName: "0000999999-00001"}, nil},
		"status":    {receiver.SubscriptionFilter{Status: []receiver.Status{receiver.StatusRequested, receiver.StatusOn}}, []string{"r-1"}},
		"device":    {receiver.SubscriptionFilter{DeviceID: "5550000002"}, []string{"r-2"}},
		"unclaimed": {receiver.SubscriptionFilter{Unclaimed: true}, []string{"r-3"}},
	} {
		views, err := f.client(t, readToken).Subscriptions(t.Context(), test.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, view := range views {
			got = append(got, view.RequestID)
			if known := view.Origin == receiver.OriginIntent; known != (len(view.Flows) == 1) {
				t.Errorf("%s: flows %v of origin %s", name, view.Flows, view.Origin)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRoutesAskForTheirToken(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	body, err := json.Marshal(intent("claim-1", "5551230000"))
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range []struct {
		method, path, body string
		writes             bool
	}{
		{http.MethodGet, "/v1/info", "", false},
		{http.MethodGet, "/v1/requests", "", false},
		{http.MethodGet, "/v1/subscriptions", "", false},
		{http.MethodGet, "/v1/events", "", false},
		{http.MethodGet, "/v1/quarantine", "", false},
		{http.MethodPost, "/v1/requests/wait", `{"items":[{"id":"x","revision":0}]}`, false},
		{http.MethodPost, "/v1/requests", string(body), true},
		{http.MethodPatch, "/v1/requests/x", `{"change":"sent"}`, true},
		{http.MethodPost, "/v1/resolve", `{"target":"x","not_created":true}`, true},
		{http.MethodPost, "/v1/quarantine/x/release", "", true},
	} {
		for token, want := range map[string]int{"": 401, "some-other-token": 401, readToken: 0, journalToken: 0} {
			if token == readToken && route.writes {
				want = http.StatusForbidden
			}
			got := f.do(t, route.method, route.path, route.body, bearer(token))
			refused := got.status == http.StatusUnauthorized || got.status == http.StatusForbidden
			if refused != (want != 0) || refused && got.status != want {
				t.Errorf("%s %s with %q answers %d %s, want %d", route.method, route.path, token, got.status, got.body, want)
			}
			if got.status == http.StatusUnauthorized && got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s: 401 without WWW-Authenticate", route.method, route.path)
			}
		}
	}
}

func TestReadingClaims(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	r := journal(t, f, "claim-1", "5551230000", "r-1")
	read := func(token, claim string) *receiver.Request {
		page, err := f.client(t, token).Requests(t.Context(), receiver.Filter{ID: r.ID, Claim: claim})
		if err != nil || len(page.Requests) != 1 {
			t.Fatalf("page %+v, %v", page, err)
		}
		page, err = f.client(t, token).Requests(t.Context(), receiver.Filter{ID: r.ID})
		if err != nil {
			t.Fatal(err)
		}
		return &page.Requests[0]
	}
	if got := read(readToken, "claim-1"); got.LastReadAt != nil {
		t.Error("a reader's look is noted")
	}
	if got := read(journalToken, "claim-2"); got.LastReadAt != nil {
		t.Error("a look with another claim is noted")
	}
	if got := read(journalToken, "claim-1"); got.LastReadAt == nil {
		t.Error("the claim's look is not noted")
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{MaxJournalBody: 1 << 16})
	many := strings.Repeat(`{"id":"x","revision":0},`, 1000) + `{"id":"x","revision":0}`
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"no body":             {http.MethodPost, "/v1/requests", "", 400, "body"},
		"not JSON":            {http.MethodPost, "/v1/requests", "{", 400, ""},
		"no account":          {http.MethodPost, "/v1/requests", `{"account_name":"","claim":"c","devices":[]}`, 422, "account_name"},
		"too large":           {http.MethodPost, "/v1/requests", `{"claim":"` + strings.Repeat("x", 1<<16) + `"}`, 413, "65536"},
		"unknown change":      {http.MethodPatch, "/v1/requests/x", `{"change":"explode"}`, 422, "body.change"},
		"unknown member":      {http.MethodPatch, "/v1/requests/x", `{"change":"sent","climb":"c"}`, 422, "climb"},
		"no items":            {http.MethodPost, "/v1/requests/wait", `{"items":[]}`, 422, "items"},
		"null items":          {http.MethodPost, "/v1/requests/wait", `{"items":null}`, 422, "items"},
		"too many items":      {http.MethodPost, "/v1/requests/wait", `{"items":[` + many + `]}`, 422, "1000"},
		"too long":            {http.MethodPost, "/v1/requests/wait", `{"items":[{"id":"x","revision":0}],"timeout_seconds":31}`, 422, "30"},
		"misspelt filter":     {http.MethodGet, "/v1/requests?device=1", "", 422, "device"},
		"limit":               {http.MethodGet, "/v1/requests?limit=1001", "", 422, "limit"},
		"unknown state":       {http.MethodGet, "/v1/requests?state=open,shut", "", 422, "state"},
		"unknown status":      {http.MethodGet, "/v1/requests?status=on", "", 422, "status"},
		"subscription status": {http.MethodGet, "/v1/subscriptions?status=ON,OFF", "", 422, "status"},
		"quarantine cursor":   {http.MethodGet, "/v1/quarantine?cursor=x", "", 400, "cursor"},
		"too many devices":    {http.MethodPost, "/v1/requests", `{"account_name":"a","claim":"c","devices":[` + strings.Repeat(`{"id":"d","kind":"MDN"},`, 1000) + `{"id":"d","kind":"MDN"}]}`, 422, "1000"},
		"broken cursor":       {http.MethodGet, "/v1/requests?cursor=%00", "", 400, "not text"},
		"null devices":        {http.MethodPost, "/v1/requests", `{"account_name":"a","claim":"c","devices":null}`, 400, "devices"},
		"accepted without id": {http.MethodPatch, "/v1/requests/x", `{"change":"accepted"}`, 400, "request_id"},
		"two resolutions":     {http.MethodPost, "/v1/resolve", `{"target":"x","not_created":true,"terminated":true}`, 400, "exactly one"},
		"unknown route":       {http.MethodGet, "/v1/nothing", "", 404, "route"},
		"root":                {http.MethodGet, "/", "", 404, "route"},
		"method":              {http.MethodDelete, "/v1/requests", "", 405, "GET"},
		"method of callbacks": {http.MethodGet, "/thingspace/callbacks", "", 405, "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := f.do(t, test.method, test.path, test.body, bearer(journalToken))
			if got.status != test.status || !strings.Contains(got.body, test.says) {
				t.Errorf("answer %d %s; want %d with %q", got.status, got.body, test.status, test.says)
			}
			if contentType := got.header.Get("Content-Type"); contentType != "application/problem+json" {
				t.Errorf("content type %q", contentType)
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	f := start(t, guarded())
	f.deliver(t, callback("QosChangeOn", "r-1", "s-1", ""))
	f.deliver(t, callback("Surprise", "r-1", "s-1", withCredentials(username, password)))
	f.deliver(t, callback("QoSChangeOn", "r-1", "s-1", withCredentials(username, wrong)))
	f.deliver(t, "{")
	f.do(t, http.MethodGet, "/nowhere/5f2c", "", nil)
	got := f.do(t, http.MethodGet, "/metrics", "", nil).body
	for _, line := range []string{
		`qos_receiver_callbacks_total{event="QoSChangeOn",outcome="stored_unauthenticated"} 1`,
		`qos_receiver_callbacks_total{event="other",outcome="stored"} 1`,
		`qos_receiver_callbacks_total{event="QoSChangeOn",outcome="quarantined"} 1`,
		`qos_receiver_callbacks_total{event="none",outcome="malformed"} 1`,
		`qos_receiver_callback_duration_seconds_count 4`,
		`qos_receiver_http_requests_total{route="POST /thingspace/callbacks",status="200"} 2`,
		`qos_receiver_http_requests_total{route="none",status="404"} 1`,
		`qos_receiver_waiters 0`,
	} {
		if !strings.Contains(got, line) {
			t.Errorf("missing %s", line)
		}
	}
	if strings.Contains(got, "5f2c") {
		t.Error("an unrouted path became a label")
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	first, err := receiver.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	second, err := receiver.OpenAPI()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the document changes from one time to the next: %v", err)
	}
	for _, text := range []string{"openapi: 3.1.0", "/v1/requests/wait:", "/thingspace/callbacks:", "journalToken:", "ConflictProblem"} {
		if !strings.Contains(string(first), text) {
			t.Errorf("missing %q", text)
		}
	}
}
