package camara_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// mounted serves the operator below a path, too, and returns its root there.
func (w *world) mounted(path string) string {
	w.t.Helper()
	server := httptest.NewServer(http.StripPrefix(path, w.sandbox.Handler()))
	w.t.Cleanup(server.Close)
	return server.URL + path
}

func TestAnsweredFaultsDoNoWork(t *testing.T) {
	w := offContract(t, camara.Version11)
	for name, test := range map[string]struct {
		fault       camara.Fault
		status      int
		contentType string
		body        string
	}{
		"default":           {camara.Fault{}, 500, "application/json", `{"code":"INTERNAL","message":"Internal Server Error","status":500}`},
		"code and message":  {camara.Fault{Status: 429, Code: "QUOTA_EXCEEDED", Message: "no"}, 429, "application/json", `{"code":"QUOTA_EXCEEDED","message":"no","status":429}`},
		"rate limit":        {camara.Fault{Status: 429}, 429, "application/json", `{"code":"TOO_MANY_REQUESTS","message":"Too Many Requests","status":429}`},
		"without status":    {camara.Fault{Status: 503, Shape: camara.ShapeBare}, 503, "application/json", `{"code":"UNAVAILABLE","message":"Service Unavailable"}`},
		"status as text":    {camara.Fault{Status: 504, Shape: camara.ShapeLoose}, 504, "application/json", `{"code":504,"message":"Gateway Timeout","status":"504"}`},
		"OAuth":             {camara.Fault{Status: 400, Shape: camara.ShapeOAuth, Code: "invalid_scope"}, 400, "application/json", `{"error":"invalid_scope","error_description":"Bad Request"}`},
		"a gateway's":       {camara.Fault{Status: 404, Shape: camara.ShapeMessage, Message: "no Route matched"}, 404, "application/json", `{"message":"no Route matched"}`},
		"gone":              {camara.Fault{Status: 410}, 410, "application/json", `{"code":"GONE","message":"Gone","status":410}`},
		"HTML":              {camara.Fault{Status: 502, Shape: camara.ShapeHTML}, 502, "text/html", "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"},
		"empty":             {camara.Fault{Status: 502, Shape: camara.ShapeEmpty}, 502, "", ""},
		"success with HTML": {camara.Fault{Status: 200, Shape: camara.ShapeHTML, Message: "a<b"}, 200, "text/html", "<html>\r\n<head><title>200 a&lt;b</title></head>\r\n<body>\r\n<center><h1>200 a&lt;b</h1></center>\r\n</body>\r\n</html>\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			test.fault.Kind, test.fault.Operation, test.fault.Times = camara.FaultAnswer, camara.OpCreateSession, 1
			if err := test.fault.Validate(); err != nil {
				t.Fatal(err)
			}
			w.sandbox.Inject(test.fault)
			a := w.create(session()).wants(t, test.status)
			if a.body != test.body || a.header.Get("Content-Type") != test.contentType {
				t.Fatalf("got %s %q", a.header.Get("Content-Type"), a.body)
			}
		})
	}
	w.wantLive()
	w.created(session())
}

func TestAnsweredAfterwards(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version11)
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultAnswerAfterwards, Operation: camara.OpCreateSession, Status: 503, Times: 1})
	a := w.create(session()).wants(t, http.StatusServiceUnavailable)
	if want := `{"code":"UNAVAILABLE","message":"Service Unavailable","status":503}`; a.body != want {
		t.Errorf("got %s", a.body)
	}
	live := w.sandbox.Live()
	if len(live) != 1 {
		t.Fatalf("%d sessions, want the one that was created", len(live))
	}
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultAnswerAfterwards, Operation: camara.OpDeleteSession, Status: 504, Shape: camara.ShapeHTML, Times: 1})
	w.remove(live[0].ID).wants(t, http.StatusGatewayTimeout)
	w.remove(live[0].ID).wants(t, http.StatusNotFound)
}

func TestAnswersAreDatedByTheSimulatorsClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	if got, want := w.get(unknownID()).header.Get("Date"), "Sun, 01 Mar 2026 12:00:00 GMT"; got != want {
		t.Errorf("got Date %q, want %q", got, want)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	w.sandbox.Inject(
		camara.Fault{Kind: camara.FaultAnswer, Status: 429, RetryAfter: 1500 * time.Millisecond, Times: 1},
		camara.Fault{Kind: camara.FaultAnswer, Status: 429, RetryAfter: 3 * time.Second, RetryAfterDate: true, Times: 1},
	)
	for _, want := range []string{"2", "Sun, 01 Mar 2026 12:00:03 GMT"} {
		if got := w.get(unknownID()).wants(t, http.StatusTooManyRequests).header.Get("Retry-After"); got != want {
			t.Errorf("got Retry-After %q, want %q", got, want)
		}
	}
	w.get(unknownID()).wants(t, http.StatusNotFound)
}

func TestFaultSelection(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version11)
	another := session(`{"device":{"phoneNumber":"+34666000002"}}`)
	id := w.created(another)
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultAnswer, Device: "+34666000002", Skip: 1, Times: 4})
	statuses := []int{}
	for _, a := range []answer{
		w.get(unknownID()),  // no device
		w.create(session()), // another device
		w.get(id),           // skipped
		w.get(id),           // by the session's device
		w.extend(id, "1"),   //
		w.create(another),   // by the body
		w.retrieve(`{}`, as(w.threeLegged("tel:+34666000002"))), // by the token
		w.get(id), // spent
	} {
		statuses = append(statuses, a.status)
	}
	same(t, "statuses", []int{404, 201, 200, 500, 500, 500, 500, 200}, statuses)
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultAnswer, Operation: camara.OpGetSession, Status: 503})
	for range 3 {
		w.get(id).wants(t, http.StatusServiceUnavailable)
	}
	w.remove(id).wants(t, http.StatusNoContent)
	w.sandbox.ClearFaults()
	w.get(id).wants(t, http.StatusNotFound)
}

func TestLostRequestsAndAnswers(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version11)
	lose := func(kind camara.FaultKind, op camara.Operation) {
		w.sandbox.Inject(camara.Fault{Kind: kind, Operation: op, Times: 1})
	}
	unanswered := func(a answer) {
		t.Helper()
		if a.err == nil {
			t.Fatalf("got an answer: %d %s", a.status, a.body)
		}
	}
	lose(camara.FaultLoseRequest, camara.OpCreateSession)
	unanswered(w.create(session()))
	w.wantLive()

	lose(camara.FaultLoseAnswer, camara.OpCreateSession)
	unanswered(w.create(session()))
	w.clock.Advance(time.Second)
	w.wantLive(camara.StatusAvailable)
	id := w.sandbox.Live()[0].ID

	lose(camara.FaultLoseAnswer, camara.OpExtendSession)
	unanswered(w.extend(id, "60"))
	if got := w.sandbox.Live()[0].Duration; got != 3660 {
		t.Errorf("got duration %d", got)
	}

	lose(camara.FaultLoseRequest, camara.OpDeleteSession)
	unanswered(w.remove(id))
	w.wantLive(camara.StatusAvailable)
	lose(camara.FaultLoseAnswer, camara.OpDeleteSession)
	unanswered(w.remove(id))
	w.wantLive()

	if got := w.sandbox.Count(camara.OpCreateSession); got != 2 {
		t.Errorf("got %d creates", got)
	}
	for _, r := range w.sandbox.Requests() {
		if r.Status != 0 {
			t.Errorf("%s has status %d, though it was not answered", r.Operation, r.Status)
		}
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version11, func(o *camara.Options) { o.AvailableDelay = time.Hour })
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultHang, Operation: camara.OpCreateSession, Delay: time.Minute, Times: 1})
	answered := make(chan answer, 1)
	go func() { answered <- w.create(session()) }()
	// AVAILABLE and the answer.
	if err := w.clock.BlockUntilContext(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	w.wantLive(camara.StatusRequested)
	select {
	case a := <-answered:
		t.Fatalf("answered at once: %+v", a)
	default:
	}
	w.clock.Advance(time.Minute)
	(<-answered).wants(t, http.StatusCreated)
}

func TestHangWithoutAnEnd(t *testing.T) {
	t.Parallel()
	w := offContract(t, camara.Version11)
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultHang, Operation: camara.OpGetSession})
	ctx, cancel := context.WithCancel(t.Context())
	// The client leaves once its request is on the wire; that the handler
	// leaves, too, lets the server close at the end of the test.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { cancel() },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url.QoD+"/sessions/"+unknownID(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.api.Client().Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	unanswered := make(chan answer, 1)
	go func() { unanswered <- w.get(unknownID()) }()
	w.sandbox.Close()
	if a := <-unanswered; a.err == nil {
		t.Fatalf("got an answer: %+v", a)
	}
}

func TestExpiredTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	token := w.token(camara.DefaultClientID, "")
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultExpireTokens, Operation: camara.OpCreateSession, Times: 1})
	w.create(session(), as(token)).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	token = w.token(camara.DefaultClientID, "")
	w.created(session(), as(token))
	w.sandbox.ExpireTokens()
	w.get(unknownID(), as(token)).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	w.get(unknownID()).wants(t, http.StatusNotFound) // the static token stays
}

func TestStaleRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	old := w.created(session())
	w.clock.Advance(time.Minute)
	young := w.created(session(`{"applicationServer":{"ipv4Address":"203.0.113.1"}}`))
	const device = `{"device":{"phoneNumber":"` + phone + `"}}`
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultStaleRead})
	w.get(young).refused(t, http.StatusNotFound, "NOT_FOUND")
	w.get(old).wants(t, http.StatusOK)
	if got := w.retrieve(device).wants(t, http.StatusOK).body; strings.Contains(got, young) || !strings.Contains(got, old) {
		t.Errorf("got %s", got)
	}
	w.clock.Advance(time.Minute)
	w.get(young).wants(t, http.StatusOK)

	w.sandbox.ClearFaults()
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultStaleRead, Operation: camara.OpGetSession, Delay: time.Hour, Times: 1})
	w.get(young).refused(t, http.StatusNotFound, "NOT_FOUND")
	w.get(young).wants(t, http.StatusOK)
}

func TestFatesOfSessions(t *testing.T) {
	t.Parallel()
	type stage struct {
		after  time.Duration
		status string
	}
	for kind, stages := range map[camara.FaultKind][]stage{
		camara.FaultStayRequested:     {{0, "REQUESTED"}, {time.Hour, "REQUESTED"}},
		camara.FaultAvailableAtOnce:   {{0, "AVAILABLE"}},
		camara.FaultUnavailableAtOnce: {{0, "UNAVAILABLE NETWORK_TERMINATED"}, {359 * time.Second, "UNAVAILABLE NETWORK_TERMINATED"}, {360 * time.Second, "404"}},
		camara.FaultUnavailableLater:  {{0, "REQUESTED"}, {time.Second, "UNAVAILABLE NETWORK_TERMINATED"}, {361 * time.Second, "404"}},
		camara.FaultTerminateLater:    {{0, "REQUESTED"}, {time.Second, "AVAILABLE"}, {time.Minute, "AVAILABLE"}, {61 * time.Second, "UNAVAILABLE NETWORK_TERMINATED"}},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, camara.Version12)
			w.sandbox.Inject(camara.Fault{Kind: kind, Delay: time.Minute, Device: phone, Times: 1})
			created := w.create(session()).wants(t, http.StatusCreated)
			for i, s := range stages {
				a := created
				if i > 0 {
					w.clock.Advance(s.after - stages[i-1].after)
					a = w.get(created.text(t, "sessionId"))
				}
				got := "404"
				if a.status != http.StatusNotFound {
					info, _ := a.object(t)["statusInfo"].(string)
					got = strings.TrimSpace(a.text(t, "qosStatus") + " " + info)
				}
				if got != s.status {
					t.Fatalf("after %s: got %s, want %s", s.after, got, s.status)
				}
			}
		})
	}
}

func TestFaultsAreValidated(t *testing.T) {
	t.Parallel()
	for _, f := range []camara.Fault{
		{},
		{Kind: "x"},
		{Kind: camara.FaultAnswer, Operation: "x"},
		{Kind: camara.FaultAnswer, Shape: "x"},
		{Kind: camara.FaultAnswer, Status: 42},
		{Kind: camara.FaultDropNotification, Event: camara.StatusRequested},
		{Kind: camara.FaultHang, Delay: -1},
		{Kind: camara.FaultHang, Times: -1},
	} {
		if err := f.Validate(); err == nil {
			t.Errorf("%+v is valid", f)
		}
	}
}
