package camara_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
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
	for _, v := range []camara.Version{camara.Version010, camara.Version11, camara.HybridA} {
		w := offContract(t, v, anySink)
		w.form(w.url.Token, url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}})
		w.created(w.notified())
		w.advance(time.Second)
		w.sandbox.Inject(camara.Fault{Kind: camara.FaultDropNotification})
		w.advance(time.Hour)
		for _, path := range []string{"requests", "deliveries", "lost", "sessions", "assignments", "switches"} {
			a := w.admin(http.MethodGet, path, "").wants(t, http.StatusOK)
			for _, secret := range []string{
				`Bearer `, hooked, camara.DefaultClientSecret, camara.DefaultAPIKey,
				"c2FuZGJveC1hcHA6", // Basic credentials
			} {
				if strings.Contains(a.body, secret) {
					t.Errorf("%s: %s shows %q: %s", v, path, secret, a.body)
				}
			}
		}
		for path, want := range map[string]string{
			"requests":   `"operation":"create_session"`,
			"deliveries": `"authorized":true`,
			"lost":       `"reason":"dropped by an injected fault"`,
			"sessions":   `"statusInfo":"DURATION_EXPIRED"`,
		} {
			if a := w.admin(http.MethodGet, path, ""); !strings.Contains(a.body, want) {
				t.Errorf("%s: got %s, want %s in it", path, a.body, want)
			}
		}
	}
}

func TestAdminActs(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version11)
	w.admin(http.MethodPost, "faults", `{"kind":"stay_requested","times":1}`).wants(t, http.StatusNoContent)
	id := w.created(session())
	w.advance(time.Second)
	w.admin(http.MethodPost, "available", `{"id":"`+id+`"}`).wants(t, http.StatusNoContent)
	w.wantLive(camara.StatusAvailable)
	w.admin(http.MethodPost, "available", `{"id":"`+id+`"}`).wants(t, http.StatusNotFound)
	if a := w.admin(http.MethodGet, "sessions?live=true", ""); !strings.Contains(a.body, id) {
		t.Errorf("got %s", a.body)
	}
	w.admin(http.MethodPost, "terminate", `{"id":"`+id+`"}`).wants(t, http.StatusNoContent)
	if a := w.admin(http.MethodGet, "sessions?live=true", ""); a.body != "[]" {
		t.Errorf("got %s", a.body)
	}
	if a := w.admin(http.MethodGet, "sessions", ""); !strings.Contains(a.body, "NETWORK_TERMINATED") {
		t.Errorf("got %s", a.body)
	}
	assignment := w.assign(assignment()).text(t, "assignmentId")
	w.admin(http.MethodPost, "terminate", `{"id":"`+assignment+`"}`).wants(t, http.StatusNoContent)
	if a := w.admin(http.MethodGet, "assignments?live=true", ""); a.body != "[]" {
		t.Errorf("got %s", a.body)
	}

	token := w.token(camara.DefaultClientID, "")
	w.admin(http.MethodPost, "expire", "").wants(t, http.StatusNoContent)
	w.get(id, as(token)).wants(t, http.StatusUnauthorized)

	w.admin(http.MethodPost, "faults", `{"kind":"answer","status":429,"retryAfter":"2s"}`).wants(t, http.StatusNoContent)
	if got := w.get(id).wants(t, http.StatusTooManyRequests).header.Get("Retry-After"); got != "2" {
		t.Errorf("got %q", got)
	}
	w.admin(http.MethodDelete, "faults", "").wants(t, http.StatusNoContent)
	w.get(id).wants(t, http.StatusOK)

	w.admin(http.MethodPut, "switches", `{"hideForeign":true}`).wants(t, http.StatusOK)
	if !w.sandbox.Switches().HideForeign {
		t.Error("the switch was not set")
	}
}

func TestAdminRefusesNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	for _, test := range [][3]string{
		{http.MethodPost, "faults", `{"kind":"x"}`},
		{http.MethodPost, "faults", `{"kind":"hang","delay":"soon"}`},
		{http.MethodPost, "faults", `{"type":"hang"}`},
		{http.MethodPut, "switches", `{"x":true}`},
		{http.MethodPost, "terminate", ``},
	} {
		w.admin(test[0], test[1], test[2]).wants(t, http.StatusBadRequest).text(t, "error")
	}
	w.admin(http.MethodPost, "expire", "", with("Sec-Fetch-Site", "cross-site")).wants(t, http.StatusForbidden)
}
