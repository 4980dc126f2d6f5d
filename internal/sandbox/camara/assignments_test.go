package camara_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func assignment() string {
	return `{"device":{"phoneNumber":"` + phone + `"},"qosProfile":"QOS_E"}`
}

func (w *world) assign(body string, changes ...header) answer {
	w.t.Helper()
	return w.do(http.MethodPost, w.url.Provisioning+"/qos-assignments", body, changes...)
}

func (w *world) assigned(method, id string, changes ...header) answer {
	w.t.Helper()
	return w.do(method, w.url.Provisioning+"/qos-assignments/"+id, "", changes...)
}

func TestAssignmentLife(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			got := w.assign(assignment()).wants(t, http.StatusCreated).object(t)
			id, _ := got["assignmentId"].(string)
			want := map[string]any{
				"assignmentId": id, "status": "REQUESTED", "qosProfile": "QOS_E", "device": map[string]any{"phoneNumber": phone},
			}
			same(t, "requested", want, got)
			w.clock.Advance(time.Second)
			want["status"], want["startedAt"] = "AVAILABLE", "2026-03-01T12:00:01.000Z"
			same(t, "available", want, w.assigned(http.MethodGet, id).wants(t, http.StatusOK).object(t))
			found := w.do(http.MethodPost, w.url.Provisioning+"/retrieve-qos-assignment", `{"device":{"phoneNumber":"`+phone+`"}}`)
			same(t, "retrieved", want, found.wants(t, http.StatusOK).object(t))
			w.assign(assignment()).refused(t, http.StatusConflict, "CONFLICT")
			w.clock.Advance(1000 * time.Hour)
			w.assigned(http.MethodGet, id).wants(t, http.StatusOK)
			if got := w.sandbox.LiveAssignments(); len(got) != 1 || got[0].ID != id {
				t.Fatalf("got %+v", got)
			}

			w.assigned(http.MethodDelete, id).wants(t, http.StatusNoContent)
			w.assigned(http.MethodGet, id).refused(t, http.StatusNotFound, "NOT_FOUND")
			w.do(http.MethodPost, w.url.Provisioning+"/retrieve-qos-assignment", `{"device":{"phoneNumber":"`+phone+`"}}`).
				refused(t, http.StatusNotFound, "NOT_FOUND")
			if got := w.sandbox.LiveAssignments(); len(got) != 0 {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func TestAsyncRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, switched(camara.Switches{AsyncRevoke: true}),
		func(o *camara.Options) { o.RevokeDelay = time.Minute })
	id := w.assign(assignment()).wants(t, http.StatusCreated).text(t, "assignmentId")
	w.clock.Advance(time.Second)
	got := w.assigned(http.MethodDelete, id).wants(t, http.StatusAccepted).object(t)
	if got["status"] != "AVAILABLE" || got["statusInfo"] != "DELETE_REQUESTED" {
		t.Errorf("got %v", got)
	}
	w.clock.Advance(30 * time.Second)
	w.assigned(http.MethodDelete, id).wants(t, http.StatusAccepted)
	w.assign(assignment()).refused(t, http.StatusConflict, "CONFLICT")
	w.clock.Advance(30 * time.Second)
	w.assigned(http.MethodGet, id).refused(t, http.StatusNotFound, "NOT_FOUND")
	w.assign(assignment()).wants(t, http.StatusCreated)
}

func TestTerminatedAssignmentLingers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version12)
	id := w.assign(assignment()).wants(t, http.StatusCreated).text(t, "assignmentId")
	if err := w.sandbox.TerminateByNetwork(id); err != nil {
		t.Fatal(err)
	}
	got := w.assigned(http.MethodGet, id).wants(t, http.StatusOK).object(t)
	if got["status"] != "UNAVAILABLE" || got["statusInfo"] != "NETWORK_TERMINATED" {
		t.Errorf("got %v", got)
	}
	w.assign(assignment()).refused(t, http.StatusConflict, "CONFLICT")
	w.clock.Advance(6 * time.Minute)
	w.assign(assignment()).wants(t, http.StatusCreated)
}

func TestAssignmentRules(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			w.assign(`{"device":{"phoneNumber":"`+phone+`"}}`).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			w.assign(`{"qosProfile":"QOS_E"}`).refused(t, http.StatusUnprocessableEntity, "MISSING_IDENTIFIER")
			w.assign(`{"device":{"phoneNumber":"`+phone+`"},"qosProfile":"QOS_OLD"}`).
				refused(t, http.StatusUnprocessableEntity, "QOS_PROVISIONING.QOS_PROFILE_NOT_APPLICABLE")
			w.assigned(http.MethodGet, "x").refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			if v == camara.HybridA {
				return
			}
			token := w.threeLegged(phoneHint)
			w.assign(assignment(), as(token)).refused(t, http.StatusUnprocessableEntity, "UNNECESSARY_IDENTIFIER")
			got := w.assign(`{"qosProfile":"QOS_E"}`, as(token)).wants(t, http.StatusCreated).object(t)
			if _, shown := got["device"]; shown {
				t.Errorf("got %v, want no device", got)
			}
			w.do(http.MethodPost, w.url.Provisioning+"/retrieve-qos-assignment", `{}`, as(token)).wants(t, http.StatusOK)
			id, _ := got["assignmentId"].(string)
			w.assigned(http.MethodGet, id, as(w.threeLegged("tel:+34666000002"))).refused(t, http.StatusForbidden, "PERMISSION_DENIED")
		})
	}
}
