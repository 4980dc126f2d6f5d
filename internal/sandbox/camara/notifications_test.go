package camara_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// notified is a session request with the listener in the version's style.
func (w *world) notified() string {
	if oneOf(w.version, camara.Version010, camara.HybridA, camara.HybridB) {
		return session(`{"webhook":{"notificationUrl":"` + w.listener.URL + `","notificationAuthToken":"` + hooked + `"}}`)
	}
	return session(`{"sink":"` + w.listener.URL + `","sinkCredential":{"credentialType":"ACCESSTOKEN","accessToken":"` + hooked +
		`","accessTokenExpiresUtc":"2026-03-02T12:00:00Z","accessTokenType":"bearer"}}`)
}

var anySink = switched(camara.Switches{AnySink: true})

func TestNotifications(t *testing.T) {
	t.Parallel()
	types := map[camara.Version]string{
		camara.Version010: "org.camaraproject.qod.v0.qos-status-changed",
		camara.Version011: "org.camaraproject.quality-on-demand.v0.qos-status-changed",
		camara.Version10:  "org.camaraproject.quality-on-demand.v1.qos-status-changed",
		camara.Version11:  "org.camaraproject.quality-on-demand.v1.qos-status-changed",
		camara.Version12:  "org.camaraproject.quality-on-demand.v1.qos-status-changed",
		camara.HybridA:    "org.camaraproject.qod.v0.qos-status-changed",
		camara.HybridB:    "org.camaraproject.qod.v0.qos-status-changed",
	}
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := offContract(t, v, anySink)
			id := w.created(w.notified())
			w.listener.wants(t)
			w.advance(time.Second)
			n := w.listener.wants(t, "AVAILABLE")[0]
			if n.Type != types[v] || n.Data.SessionID != id || n.Time != "2026-03-01T12:00:01.000Z" {
				t.Errorf("got %s", n.body)
			}
			if n.header.Get("Content-Type") != "application/cloudevents+json" || n.header.Get("Authorization") != "Bearer "+hooked {
				t.Errorf("got %v", n.header)
			}
			w.contract.event(t, "EventQosStatusChanged", n.body)

			w.remove(id).wants(t, http.StatusNoContent)
			w.flush()
			w.contract.event(t, "EventQosStatusChanged", w.listener.wants(t, "UNAVAILABLE DELETE_REQUESTED")[0].body)

			id = w.created(w.notified())
			w.remove(id)
			w.flush()
			w.listener.wants(t) // it was not AVAILABLE

			id = w.available(w.notified())
			if err := w.sandbox.TerminateByNetwork(id); err != nil {
				t.Fatal(err)
			}
			w.remove(id)
			w.flush()
			w.listener.wants(t, "AVAILABLE", "UNAVAILABLE NETWORK_TERMINATED")

			w.created(w.notified())
			w.advance(time.Hour + time.Second)
			w.listener.wants(t, "AVAILABLE", "UNAVAILABLE DURATION_EXPIRED")
			if got := len(w.sandbox.Deliveries()); got != 6 {
				t.Errorf("got %d deliveries", got)
			}
		})
	}
}

// "The client will receive in addition to the response a notification."
func TestNotificationOfWhatTheAnswerSaid(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version12, anySink)
	for kind, want := range map[camara.FaultKind]string{
		camara.FaultAvailableAtOnce: "AVAILABLE", camara.FaultUnavailableAtOnce: "UNAVAILABLE NETWORK_TERMINATED",
	} {
		w.sandbox.Inject(camara.Fault{Kind: kind, Times: 1})
		id := w.created(w.notified())
		w.flush()
		w.listener.wants(t, want)
		w.remove(id)
		w.flush()
		w.listener.take()
	}
}

func TestAssignmentNotifications(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := offContract(t, v, switched(camara.Switches{AnySink: true, AsyncRevoke: true}))
			body := `{"device":{"phoneNumber":"` + phone + `"},"qosProfile":"QOS_E","sink":"` + w.listener.URL + `"}`
			id := w.assign(body).wants(t, http.StatusCreated).text(t, "assignmentId")
			w.advance(time.Second)
			n := w.listener.wants(t, "AVAILABLE")[0]
			if n.Type != "org.camaraproject.qos-provisioning.v0.status-changed" || n.Data.AssignmentID != id || n.header.Get("Authorization") != "" {
				t.Errorf("got %s", n.body)
			}
			w.contract.event(t, "EventStatusChanged", n.body)
			w.assigned(http.MethodDelete, id).wants(t, http.StatusAccepted)
			w.advance(time.Second)
			w.listener.wants(t, "UNAVAILABLE DELETE_REQUESTED")
		})
	}
}

func TestLostNotifications(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version11, anySink)
	w.listener.answers(func() int { return http.StatusInternalServerError })
	w.remove(w.created(w.notified()))
	id := w.created(w.notified())
	w.advance(time.Second)
	w.listener.wants(t, "AVAILABLE")
	w.listener.answers(func() int { return http.StatusGone })
	w.remove(id)
	w.flush()
	w.listener.wants(t, "UNAVAILABLE DELETE_REQUESTED")

	// One that has said 410 is not called again.
	w.listener.answers(func() int { return http.StatusGone })
	id = w.created(w.notified())
	w.advance(time.Second)
	w.listener.wants(t, "AVAILABLE")
	w.remove(id)
	w.flush()
	w.listener.wants(t)

	// Nor is one whose token has expired.
	w.listener.answers(func() int { return http.StatusNoContent })
	w.clock.Advance(24 * time.Hour)
	w.created(w.notified())
	w.advance(time.Second)
	w.listener.wants(t)

	reasons := []string{}
	for _, d := range w.sandbox.Lost() {
		reasons = append(reasons, d.Reason)
	}
	same(t, "reasons", []string{
		"listener answered 500 Internal Server Error",
		"listener answered 410 Gone",
		"listener answered 410 Gone",
		"listener answered 410 Gone before",
		"the listener's access token has expired",
	}, reasons)
}

func TestNotificationFaults(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version11, anySink)
	w.sandbox.Inject(
		camara.Fault{Kind: camara.FaultDropNotification, Event: camara.StatusAvailable, Times: 1},
		camara.Fault{Kind: camara.FaultDuplicateNotification, Event: camara.StatusUnavailable, Times: 1},
		camara.Fault{Kind: camara.FaultLateNotification, Event: camara.StatusAvailable, Device: phone, Delay: time.Minute, Times: 1},
	)
	id := w.created(w.notified())
	w.advance(time.Second)
	w.listener.wants(t)
	w.remove(id)
	w.flush()
	got := w.listener.wants(t, "UNAVAILABLE DELETE_REQUESTED", "UNAVAILABLE DELETE_REQUESTED")
	if got[0].ID != got[1].ID {
		t.Errorf("got ids %s and %s of one event", got[0].ID, got[1].ID)
	}
	w.created(w.notified())
	w.advance(time.Second)
	w.listener.wants(t)
	w.advance(time.Minute)
	if late := w.listener.wants(t, "AVAILABLE")[0]; late.Time != "2026-03-01T12:00:02.000Z" {
		t.Errorf("got time %s, want that of the event", late.Time)
	}
}

func TestEchoedCredentials(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := offContract(t, v, anySink)
			got := w.create(w.notified()).wants(t, http.StatusCreated)
			style := "sink"
			if oneOf(v, camara.Version010, camara.HybridA, camara.HybridB) {
				style = "webhook"
				same(t, "webhook", any(map[string]any{"notificationUrl": w.listener.URL}), got.object(t)[style])
			} else {
				same(t, "sink", any(w.listener.URL), got.object(t)[style])
			}
			if _, shown := got.object(t)["sinkCredential"]; shown {
				t.Errorf("got %s", got.body)
			}
			w.sandbox.SetSwitches(camara.Switches{EchoCredentials: true})
			echoed := w.get(got.text(t, "sessionId")).object(t)
			if style == "webhook" {
				same(t, "webhook", any(map[string]any{"notificationUrl": w.listener.URL, "notificationAuthToken": hooked}), echoed[style])
				return
			}
			same(t, "credential", any(map[string]any{
				"credentialType": "ACCESSTOKEN", "accessToken": hooked,
				"accessTokenExpiresUtc": "2026-03-02T12:00:00Z", "accessTokenType": "bearer",
			}), echoed["sinkCredential"])
		})
	}
}

func TestNoTokenForPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version12, anySink)
	w.created(session(`{"sink":"` + w.listener.URL + `","sinkCredential":{"credentialType":"PRIVATE_KEY_JWT"}}`))
	w.advance(time.Second)
	w.listener.wants(t)
	if lost := w.sandbox.Lost(); len(lost) != 1 || lost[0].Body != nil {
		t.Errorf("got %+v", lost)
	}
}
