package thingspace_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func TestAnsweredFaultsDoNoWork(t *testing.T) {
	w := registered(t)
	for name, test := range map[string]struct {
		fault       thingspace.Fault
		status      int
		contentType string
		body        string
	}{
		"default": {
			thingspace.Fault{},
			500, "application/json",
			`{"errorCode":"UnifiedWebService.REQUEST_FAILED.UnexpectedError","errorMessage":"Internal Server Error"}`,
		},
		"code and message": {
			thingspace.Fault{Status: 400, Code: "X.Y", Message: "no"},
			400, "application/json",
			`{"errorCode":"X.Y","errorMessage":"no"}`,
		},
		"numeric": {
			thingspace.Fault{Status: 400, Shape: thingspace.ShapeNumeric, Code: "4012"},
			400, "application/json",
			`{"errorCode":4012,"errorMessage":"Bad Request"}`,
		},
		"gateway": {
			thingspace.Fault{Status: 503, Shape: thingspace.ShapeGateway, Code: "900807"},
			503, "application/json",
			`{"fault":{"code":"900807","message":"Service Unavailable","description":"Service Unavailable"}}`,
		},
		"OAuth": {
			thingspace.Fault{Status: 400, Shape: thingspace.ShapeOAuth, Code: "invalid_scope"},
			400, "application/json",
			`{"error":"invalid_scope","error_description":"Bad Request"}`,
		},
		"XML": {
			thingspace.Fault{Status: 403, Shape: thingspace.ShapeXML, Message: "a<b"},
			403, "application/xml; charset=UTF-8",
			`<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>403</am:code><am:type>Status report</am:type>` +
				`<am:message>a&lt;b</am:message><am:description>a&lt;b</am:description></am:fault>`,
		},
		"HTML": {
			thingspace.Fault{Status: 502, Shape: thingspace.ShapeHTML},
			502, "text/html",
			"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
		},
		"empty": {thingspace.Fault{Status: 502, Shape: thingspace.ShapeEmpty}, 502, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.fault.Kind, test.fault.Operation, test.fault.Times = thingspace.FaultAnswer, thingspace.OpCreate, 1
			if err := test.fault.Validate(); err != nil {
				t.Fatal(err)
			}
			w.sandbox.Inject(test.fault)
			a := w.do(http.MethodPost, enhancePath, createBody(device))
			if a.status != test.status || a.body != test.body || a.header.Get("Content-Type") != test.contentType {
				t.Fatalf("got %d %s %q", a.status, a.header.Get("Content-Type"), a.body)
			}
		})
	}
	w.wantLive(map[string]thingspace.Status{})
	w.create(device)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sandbox.Inject(
		thingspace.Fault{Kind: thingspace.FaultAnswer, Status: 429, RetryAfter: 1500 * time.Millisecond, Times: 1},
		thingspace.Fault{Kind: thingspace.FaultAnswer, Status: 429, RetryAfter: 3 * time.Second, RetryAfterDate: true, Times: 1},
	)
	for _, want := range []string{"2", "Fri, 17 Feb 2023 18:56:54 GMT"} {
		a := w.do(http.MethodGet, listPath, "")
		a.wants(t, http.StatusTooManyRequests, "")
		if got := a.header.Get("Retry-After"); got != want {
			t.Errorf("got Retry-After %q, want %q", got, want)
		}
	}
	w.do(http.MethodGet, listPath, "").wants(t, http.StatusOK, "")
}

func TestFaultSelection(t *testing.T) {
	t.Parallel()
	w := registered(t)
	sub := w.on("5551230002")[0]
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultAnswer, DeviceID: "5551230002", Skip: 1, Times: 2, Status: 500})
	statuses := []int{}
	for _, a := range []answer{
		w.do(http.MethodPost, enhancePath, createBody("5551230001")),               // another device
		w.do(http.MethodGet, listPath, ""),                                         // no device
		w.do(http.MethodPost, enhancePath, createBody("5551230001", "5551230002")), // skipped
		w.do(http.MethodDelete, stopPath(account, sub.ID), ""),
		w.do(http.MethodPost, enhancePath, createBody("5551230002")),
		w.do(http.MethodPost, enhancePath, createBody("5551230002")), // spent
	} {
		statuses = append(statuses, a.status)
	}
	if diff := cmp.Diff([]int{201, 200, 201, 500, 500, 201}, statuses); diff != "" {
		t.Fatalf("statuses (-want +got):\n%s", diff)
	}
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultAnswer, Operation: thingspace.OpListCallbacks, Status: 503})
	for range 3 {
		w.do(http.MethodGet, listPath, "").wants(t, http.StatusServiceUnavailable, "")
	}
	w.sandbox.ClearFaults()
	w.do(http.MethodGet, listPath, "").wants(t, http.StatusOK, "")
}

func TestExpiryFaults(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultExpireSessions, Operation: thingspace.OpCreate, Times: 1})
	w.do(http.MethodPost, enhancePath, createBody(device)).refused(t, 400, "SessionToken.Expired", "")
	w.session = w.login(thingspace.DefaultPassword, http.StatusOK)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultExpireTokens, Operation: thingspace.OpCreate, Times: 1})
	a := w.do(http.MethodPost, enhancePath, createBody(device))
	if a.status != http.StatusUnauthorized || !strings.Contains(a.body, "900901") {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	w.bearer = w.token()
	w.create(device)
	if got := len(w.sandbox.Live()); got != 1 {
		t.Fatalf("got %d live subscriptions, want 1", got)
	}
}

func TestEmptyLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultEmptyLogin, Times: 1})
	w.do(http.MethodPost, loginPath,
		`{"username":"`+thingspace.DefaultUsername+`","password":"`+thingspace.DefaultPassword+`"}`).
		wants(t, http.StatusOK, `{}`)
	w.login(thingspace.DefaultPassword, http.StatusOK)
}

func TestLostRequestsAndAnswers(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultLoseRequest, Operation: thingspace.OpCreate, Times: 1})
	if a := w.do(http.MethodPost, enhancePath, createBody(device)); a.err == nil {
		t.Fatalf("got an answer: %d %s", a.status, a.body)
	}
	w.wantLive(map[string]thingspace.Status{})

	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultLoseAnswer, Operation: thingspace.OpCreate, Times: 1})
	if a := w.do(http.MethodPost, enhancePath, createBody(device)); a.err == nil {
		t.Fatalf("got an answer: %d %s", a.status, a.body)
	}
	w.advance(time.Second)
	w.wantEvents("QoSChangeReqAck")
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusAcknowledged})

	id := w.sandbox.Live()[0].ID
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultLoseAnswer, Operation: thingspace.OpStop, Times: 1})
	if a := w.do(http.MethodDelete, stopPath(account, id), ""); a.err == nil {
		t.Fatalf("got an answer: %d %s", a.status, a.body)
	}
	w.advance(time.Second)
	w.wantLive(map[string]thingspace.Status{})
	if got := w.sandbox.Count(thingspace.OpCreate) + w.sandbox.Count(thingspace.OpStop); got != 3 {
		t.Fatalf("got %d requests, want 3", got)
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	w := registered(t, func(o *thingspace.Options) { o.AckDelay = time.Hour })
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultHang, Operation: thingspace.OpCreate, Delay: time.Minute, Times: 1})
	answered := make(chan answer, 1)
	go func() { answered <- w.do(http.MethodPost, enhancePath, createBody(device)) }()
	// The acknowledgement and the answer.
	if err := w.clock.BlockUntilContext(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusRequested})
	select {
	case a := <-answered:
		t.Fatalf("answered at once: %+v", a)
	default:
	}
	w.clock.Advance(time.Minute)
	(<-answered).wants(t, http.StatusCreated, "")
}

func TestHangWithoutAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultHang, Operation: thingspace.OpListCallbacks})
	ctx, cancel := context.WithCancel(t.Context())
	// The client leaves once its request is on the wire; that the handler
	// leaves, too, lets the server close at the end of the test.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { cancel() },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.api.URL+listPath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.bearer)
	req.Header.Set("VZ-M2M-Token", w.session)
	resp, err := w.api.Client().Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	unanswered := make(chan answer, 1)
	go func() { unanswered <- w.do(http.MethodGet, listPath, "") }()
	w.sandbox.Close()
	if a := <-unanswered; a.err == nil {
		t.Fatalf("got an answer: %+v", a)
	}
}

func TestDeviceFailure(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.Inject(
		thingspace.Fault{Kind: thingspace.FaultDeviceFailure, DeviceID: "5551230002", Reason: "No capacity", Times: 1},
		thingspace.Fault{Kind: thingspace.FaultDeviceFailure, DeviceID: "5551230003", Times: 1},
	)
	w.create("5551230001", "5551230002", "5551230003")
	w.advance(time.Second)
	reasons := map[string]string{}
	for _, c := range w.listener.take() {
		reasons[c.parsed.DeviceIDs[0].ID] = c.parsed.DeviceResponse.QoS[0].Reason
	}
	want := map[string]string{"5551230001": "", "5551230002": "No capacity", "5551230003": "Device not found"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Fatalf("reasons (-want +got):\n%s", diff)
	}
	w.wantLive(map[string]thingspace.Status{"5551230001": thingspace.StatusAcknowledged})
}

func TestStopFailure(t *testing.T) {
	t.Parallel()
	w := registered(t)
	sub := w.on(device)[0]
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultStopFailure, DeviceID: device, Reason: "Try later", Times: 1})
	stop := w.stop(sub.ID)
	w.advance(time.Second)
	got := w.wantEvents("QoSChangeFailed")[0].parsed
	if got.RequestID != stop || got.DeviceResponse.QoS[0].Reason != "Try later" || got.DeviceResponse.QoS[0].QoSSubscriptionID != "" {
		t.Fatalf("got %+v", got)
	}
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusOn})
	w.stop(sub.ID)
	w.advance(time.Second)
	w.wantEvents("QoSChangeTerminated")
}

func TestReorder(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultReorder, Times: 1})
	w.create(device)
	w.advance(time.Second)
	w.wantEvents("QosChangeOn")
	w.advance(time.Second)
	w.wantEvents("QoSChangeReqAck")
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusOn})
}

func TestCallbackFirst(t *testing.T) {
	t.Parallel()
	w := registered(t)
	created := func() (n int) {
		for _, r := range w.sandbox.Requests() {
			if r.Operation == thingspace.OpCreate && r.Status != 0 {
				n++
			}
		}
		return n
	}
	w.listener.answers(func(*http.Request) int {
		if created() != 0 {
			t.Error("the create was answered before the callback")
		}
		return http.StatusOK
	})
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultCallbackFirst, Times: 1})
	w.create("5551230001", "5551230002")
	w.wantEvents("QoSChangeReqAck", "QoSChangeReqAck")
	if created() != 1 {
		t.Error("the create has no answer")
	}
	w.listener.answers(func(*http.Request) int { return http.StatusOK })
	w.advance(2 * time.Second)
	w.wantEvents("QosChangeOn", "QosChangeOn")
}

func TestLateCallback(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.Inject(thingspace.Fault{
		Kind: thingspace.FaultLateCallback, Event: "qoschangereqack", DeviceID: device, Delay: time.Minute, Times: 1,
	})
	w.create(device)
	w.advance(time.Second)
	w.wantEvents()
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusAcknowledged})
	w.advance(time.Second)
	w.wantEvents("QosChangeOn")
	w.advance(time.Minute)
	got := w.wantEvents("QoSChangeReqAck")
	if when := got[0].parsed.DeviceResponse.QoS[0].ReportedTime; when != "2023-02-17T18:56:52.795" {
		t.Fatalf("got reported time %s, want that of the event", when)
	}
}

func TestDuplicateCallback(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultDuplicateCallback, Times: 1})
	w.create(device)
	w.advance(time.Second)
	got := w.wantEvents("QoSChangeReqAck", "QoSChangeReqAck")
	if diff := cmp.Diff(strings.Replace(got[0].raw, `"callbackCount":1`, `"callbackCount":2`, 1), got[1].raw); diff != "" {
		t.Fatalf("the duplicate differs:\n%s", diff)
	}
	w.advance(time.Second)
	w.wantEvents("QosChangeOn")
}

func TestDropCallback(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultDropCallback, Event: "QoSChangeReqAck"})
	w.create(device)
	w.advance(time.Second)
	w.advance(time.Second)
	w.wantEvents("QosChangeOn")
	lost := w.sandbox.Lost()
	if len(lost) != 1 || lost[0].Event != "QoSChangeReqAck" || lost[0].Attempts != 0 {
		t.Fatalf("got lost %+v", lost)
	}
}

func TestOldCredentials(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.sandbox.SetCallback(thingspace.Callback{
		AccountName: account, ServiceName: "QoS", URL: w.listener.URL, Username: "bob", Password: "new secret",
	})
	w.sandbox.Inject(thingspace.Fault{Kind: thingspace.FaultOldCredentials, Times: 2})
	passwords := []string{}
	for _, d := range []string{"5551230001", "5551230002"} {
		w.create(d)
		w.advance(time.Second)
		w.advance(time.Second)
		passwords = append(passwords, w.wantEvents("QoSChangeReqAck", "QosChangeOn")[1].parsed.Password)
	}
	if diff := cmp.Diff([]string{"secret", "new secret"}, passwords); diff != "" {
		t.Fatalf("passwords (-want +got):\n%s", diff)
	}
}

func TestFaultsAreValidated(t *testing.T) {
	t.Parallel()
	for _, f := range []thingspace.Fault{
		{},
		{Kind: "x"},
		{Kind: thingspace.FaultAnswer, Operation: "x"},
		{Kind: thingspace.FaultAnswer, Shape: "x"},
		{Kind: thingspace.FaultAnswer, Status: 42},
		{Kind: thingspace.FaultAnswer, Shape: thingspace.ShapeNumeric, Code: "x"},
		{Kind: thingspace.FaultHang, Delay: -1},
		{Kind: thingspace.FaultHang, Times: -1},
	} {
		if err := f.Validate(); err == nil {
			t.Errorf("%+v is valid", f)
		}
	}
}
