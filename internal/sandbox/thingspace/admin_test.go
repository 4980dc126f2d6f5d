package thingspace_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// admin is a request to the simulator's own side.
func (w *world) admin(method, path, body string, changes ...header) answer {
	w.t.Helper()
	req := httptest.NewRequestWithContext(w.t.Context(), method, "/sandbox/"+path, strings.NewReader(body))
	for _, change := range changes {
		change(req.Header)
	}
	recorder := httptest.NewRecorder()
	w.sandbox.AdminHandler().ServeHTTP(recorder, req)
	content, err := io.ReadAll(recorder.Body)
	return answer{status: recorder.Code, body: string(content), err: err}
}

func TestAdminShowsNoSecrets(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.on(device)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultDropCallback})
	w.create("5551230002")
	w.advance(time.Second)
	for _, path := range []string{"requests", "deliveries", "lost", "callbacks", "callbacks?account=" + account, "subscriptions", "switches"} {
		a := w.admin(http.MethodGet, path, "")
		a.wants(t, http.StatusOK, "")
		for _, secret := range []string{
			w.bearer, w.session, thingspace.DefaultPassword, thingspace.DefaultClientSecret, `"secret"`,
			"c2FuZGJveC1rZXk6", // Basic credentials
		} {
			if strings.Contains(a.body, secret) {
				t.Errorf("%s shows %q: %s", path, secret, a.body)
			}
		}
	}
	for path, want := range map[string]string{
		"requests":   `"operation":"create"`,
		"deliveries": `"qosEvent":"QosChangeOn"`,
		"lost":       `"reason":"dropped by an injected fault"`,
		"callbacks":  `"password":"(hidden)"`,
	} {
		if a := w.admin(http.MethodGet, path, ""); !strings.Contains(a.body, want) {
			t.Errorf("%s: got %s, want %s in it", path, a.body, want)
		}
	}
}

func TestAdminSubscriptions(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.admin(http.MethodGet, "subscriptions?live=true", "").wants(t, http.StatusOK, `[]`)
	subs := w.on("5551230001", "5551230002", "5551230003")
	w.admin(http.MethodPost, "terminate", `{"qosSubscriptionId":"`+subs[0].ID+`"}`).wants(t, http.StatusNoContent, "")
	w.admin(http.MethodPost, "fail", `{"qosSubscriptionId":"`+subs[1].ID+`","reason":"gone"}`).wants(t, http.StatusNoContent, "")
	w.admin(http.MethodPost, "terminate", `{"qosSubscriptionId":"`+subs[0].ID+`"}`).wants(t, http.StatusNotFound, "")
	live := w.admin(http.MethodGet, "subscriptions?live=true", "")
	all := w.admin(http.MethodGet, "subscriptions", "")
	if n := strings.Count(live.body, "qosSubscriptionId"); n != 1 || !strings.Contains(live.body, subs[2].ID) {
		t.Errorf("live: %s", live.body)
	}
	if n := strings.Count(all.body, "qosSubscriptionId"); n != 3 || !strings.Contains(all.body, `"reason":"gone"`) {
		t.Errorf("all: %s", all.body)
	}
}

func TestAdminFaultsAndSwitches(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.admin(http.MethodPost, "faults",
		`{"kind":"answer","operation":"list_callbacks","status":429,"retryAfter":"2s"}`).wants(t, http.StatusNoContent, "")
	a := w.do(http.MethodGet, listPath, "")
	a.wants(t, http.StatusTooManyRequests, "")
	if got := a.header.Get("Retry-After"); got != "2" {
		t.Errorf("got Retry-After %q", got)
	}
	w.admin(http.MethodDelete, "faults", "").wants(t, http.StatusNoContent, "")
	w.do(http.MethodGet, listPath, "").wants(t, http.StatusOK, "")

	w.admin(http.MethodPut, "switches", `{"pluralPathOnly":true}`).wants(t, http.StatusOK, "")
	if got := w.sandbox.Switches(); !got.PluralPathOnly || !got.AnyPort {
		t.Errorf("got %+v, want the others kept", got)
	}
	w.admin(http.MethodPost, "expire", `{"sessions":true}`).wants(t, http.StatusNoContent, "")
	w.do(http.MethodGet, listPath, "").refused(t, http.StatusBadRequest, "SessionToken.Expired", "")
	w.admin(http.MethodPost, "expire", `{"tokens":true}`).wants(t, http.StatusNoContent, "")
	w.do(http.MethodGet, listPath, "").wants(t, http.StatusUnauthorized, "")
}

func TestAdminRefusesNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range [][3]string{
		{http.MethodPost, "faults", `{"kind":"x"}`},
		{http.MethodPost, "faults", `{"kind":"hang","delay":"soon"}`},
		{http.MethodPost, "faults", `{"type":"hang"}`},
		{http.MethodPut, "switches", `{"x":true}`},
		{http.MethodPost, "terminate", ``},
	} {
		a := w.admin(test[0], test[1], test[2])
		a.wants(t, http.StatusBadRequest, "")
		member(t, a.body, "error")
	}
	w.admin(http.MethodPost, "expire", `{"tokens":true}`, with("Sec-Fetch-Site", "cross-site")).
		wants(t, http.StatusForbidden, "")
}
