package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// behindGateway returns a client of a simulated operator, and a session that it
// has made there.
func behindGateway(t *testing.T) (*camara.Sandbox, *api.Client, string) {
	t.Helper()
	app := camara.Client{ID: "app", Secret: "app-secret"}
	sandbox := camara.New(camara.Options{Version: camara.Version11, Clients: []camara.Client{app}})
	t.Cleanup(sandbox.Close)
	server := httptest.NewServer(sandbox.Handler())
	t.Cleanup(server.Close)
	op := operator{camara.Version11, api.V110, api.V110.Features().Scopes, true}
	c := newClient(t, op, auth.Config{Flow: auth.ClientCredentials, ClientSecret: app.Secret}, sandbox.URLs(server.URL))
	created, err := c.CreateSession(t.Context(), "", wanted("QOS_E"))
	if err != nil {
		t.Fatal(err)
	}
	return sandbox, c, created.ID
}

func wanted(profile string) api.CreateSession {
	return api.CreateSession{
		Device: &api.Device{PhoneNumber: "+34666666666"}, ApplicationServer: &api.ApplicationServer{IPv4Address: "198.51.100.0/24"},
		QoSProfile: profile, Duration: 600,
	}
}

func TestAGatewaysAnswerEndsNoSession(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]camara.Fault{
		"HTML":  {Status: http.StatusNotFound, Shape: camara.ShapeHTML},
		"empty": {Status: http.StatusNotFound, Shape: camara.ShapeEmpty},
		"route": {Status: http.StatusNotFound, Shape: camara.ShapeMessage, Message: "no Route matched with those values"},
		"gone":  {Status: http.StatusGone, Shape: camara.ShapeHTML},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandbox, c, id := behindGateway(t)
			fault.Kind = camara.FaultAnswer
			sandbox.Inject(fault)
			if _, err := c.Session(t.Context(), "", id); err == nil || api.Gone(err) {
				t.Errorf("read: Gone(%v)", err)
			}
			if err := c.DeleteSession(t.Context(), "", id); err == nil || api.Gone(err) {
				t.Errorf("delete: Gone(%v)", err)
			}
			sandbox.ClearFaults()
			if err := c.DeleteSession(t.Context(), "", id); err != nil {
				t.Errorf("the session is not there any more: %v", err)
			}
			if _, err := c.Session(t.Context(), "", id); !api.Gone(err) {
				t.Errorf("after it was deleted: err = %v", err)
			}
		})
	}
}

// TestA503ThatDidRun is about a gateway that dresses its time-out as one.
func TestA503ThatDidRun(t *testing.T) {
	t.Parallel()
	sandbox, c, first := behindGateway(t)
	if err := c.DeleteSession(t.Context(), "", first); err != nil {
		t.Fatal(err)
	}
	sandbox.Inject(camara.Fault{Kind: camara.FaultAnswerAfterwards, Operation: camara.OpCreateSession, Status: http.StatusServiceUnavailable})
	if _, err := c.CreateSession(t.Context(), "", wanted("QOS_E")); !api.OutcomeUnknown(err) {
		t.Errorf("err = %v", err)
	}
	listed, err := c.RetrieveSessions(t.Context(), "", wanted("QOS_E").Device)
	if err != nil || len(listed) != 1 {
		t.Errorf("%d sessions of one request, err = %v", len(listed), err)
	}
}
