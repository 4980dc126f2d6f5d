package api

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

var noSecrets = strings.NewReplacer()

func TestErrorShapes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status      int
		contentType string
		body        string
		want        Error
	}{
		"application": {
			400, "application/json", `{"errorCode":"UnifiedWebService.REQUEST_FAILED.AccountName","errorMessage":"Not yours."}`,
			Error{Code: "UnifiedWebService.REQUEST_FAILED.AccountName", Message: "Not yours.", shape: shapeApplication},
		},
		"application, number": {
			400, "", `{"errorCode":4012,"errorMessage":"no"}`,
			Error{Code: "4012", Message: "no", shape: shapeApplication},
		},
		"application, message only": {
			400, "", `{"errorCode":null,"errorMessage":"no"}`,
			Error{Message: "no", shape: shapeApplication},
		},
		"gateway": {
			401, "", `{"fault":{"code":"900901","message":"Invalid Credentials","description":"Access failure for API"}}`,
			Error{Code: "900901", Message: "Invalid Credentials", Description: "Access failure for API", shape: shapeGateway},
		},
		"gateway, number": {
			401, "", `{"fault":{"code":900902,"message":"Missing Credentials","description":"Missing Credentials"}}`,
			Error{Code: "900902", Message: "Missing Credentials", shape: shapeGateway},
		},
		"gateway, without fault around it": {
			404, "", `{"code":"900906","message":"No matching resource"}`,
			Error{Code: "900906", Message: "No matching resource", shape: shapeGateway},
		},
		"OAuth": {
			401, "", `{"error":"invalid_client","error_description":"Unknown client"}`,
			Error{Code: "invalid_client", Message: "Unknown client", shape: shapeOAuth},
		},
		"XML": {
			404, "application/xml", gatewayXML,
			Error{Code: "404", Message: "Not Found", Description: "The requested resource is not available.", shape: shapeGateway},
		},
		"XML with prologue and another encoding": {
			403, "text/xml", `<?xml version="1.0" encoding="ISO-8859-1"?><fault><code>900908</code><message>Forbidden</message></fault>`,
			Error{Code: "900908", Message: "Forbidden", shape: shapeGateway},
		},
		"HTML": {
			502, "text/html; charset=utf-8", "<html><head><title>502 Bad Gateway</title><style>p{}</style></head>\n<body><p>try &amp; wait</p></body></html>",
			Error{Body: "502 Bad Gateway try & wait"},
		},
		"HTML without a type": {
			503, "", "<!DOCTYPE html><html><body>Down</body></html>",
			Error{Body: "Down"},
		},
		"plain text":             {500, "text/plain", "oops\r\n\tline two\x00", Error{Body: "oops line two"}},
		"empty":                  {500, "", "", Error{}},
		"JSON of another kind":   {400, "", `{"title":"x"}`, Error{Body: `{"title":"x"}`}},
		"JSON list":              {400, "", `[1]`, Error{Body: `[1]`}},
		"fault that is a string": {500, "", `{"fault":"x","message":"y"}`, Error{Message: "y"}},
		"error that is an object": {
			400, "", `{"error":{"code":1}}`,
			Error{Body: `{"error":{"code":1}}`},
		},
		"framework's default": {
			404, "", `{"status":404,"error":"Not Found","message":"No handler"}`,
			Error{Message: "No handler"},
		},
	}
	r := request{operation: "do it", method: http.MethodPost, path: "/p"}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"X-Request-Id": {"id-1"}, "Retry-After": {"3"}, "Content-Type": {test.contentType}}
			got := newError(r, answer.Answer{Status: test.status, Header: header, Body: []byte(test.body)}, time.Now(), noSecrets)
			want := test.want
			want.Operation, want.Method, want.Path, want.StatusCode = "do it", http.MethodPost, "/p", test.status
			want.CorrelationID, want.RetryAfter = "id-1", 3*time.Second
			if diff := cmp.Diff(&want, got, cmp.AllowUnexported(Error{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	tests := map[string]Error{
		"stop the QoS subscription: ThingSpace answered HTTP 400 Bad Request, code S.X: Not found. (DELETE /p)": {
			StatusCode: 400, Code: "S.X", Message: "Not found.",
		},
		"stop the QoS subscription: ThingSpace answered HTTP 429 Too Many Requests, code 900803: Slow down: Quota used up " +
			"(DELETE /p, correlation id abc, asked to wait 30s)": {
			StatusCode: 429, Code: "900803", Message: "Slow down", Description: "Quota used up", CorrelationID: "abc", RetryAfter: 30 * time.Second,
		},
		"stop the QoS subscription: ThingSpace answered HTTP 599 (DELETE /p)":                        {StatusCode: 599},
		"stop the QoS subscription: ThingSpace answered HTTP 502 Bad Gateway: some page (DELETE /p)": {StatusCode: 502, Body: "some page"},
	}
	for want, e := range tests {
		e.Operation, e.Method, e.Path = "stop the QoS subscription", http.MethodDelete, "/p"
		if diff := cmp.Diff(want, e.Error()); diff != "" {
			t.Errorf("text (-want +got):\n%s", diff)
		}
	}
}

func TestSecretsGoBeforeTheTextIsCut(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", answer.MaxText-3) + "s3cret-token" + strings.Repeat("y", 10*answer.MaxText)
	e := newError(request{}, answer.Answer{Status: 500, Body: []byte(body)}, time.Now(), strings.NewReplacer("s3cret-token", answer.Removed))
	if strings.Contains(e.Body, "s3c") {
		t.Errorf("half a secret shows: …%s", e.Body[answer.MaxText-20:])
	}
	if len(e.Body) > answer.MaxText+len("…") {
		t.Errorf("the body takes %d bytes", len(e.Body))
	}
}

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{", `{"errorCode":1e999,"errorMessage":[]}`, `{"fault":{"code":900901}}`, `{"error":"invalid_client"}`,
		gatewayXML, `<?xml version="1.0" encoding="x"?><a>`, "<html><script>", "\xff\xfe<\x00", appError("S.SessionToken.Expired"),
	} {
		f.Add(400, "application/json", []byte(seed))
		f.Add(502, "text/html", []byte(seed))
	}
	r := request{operation: "do it", method: http.MethodGet, path: "/p"}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		header := http.Header{"Content-Type": {contentType}, "Retry-After": {contentType}}
		e := newError(r, answer.Answer{Status: status, Header: header, Body: body}, time.Unix(0, 0), noSecrets)
		text := e.Error()
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x00") {
			t.Errorf("not one line of text: %q", text)
		}
		if len(text) > 6*answer.MaxText {
			t.Errorf("an error text of %d bytes", len(text))
		}
		if e.Body != "" && (e.Code != "" || e.Message != "") {
			t.Errorf("both a body and what was read from it: %+v", e)
		}
		if e.outcome(r) == attempt.NotSent {
			t.Error("an answer to a request that was not sent")
		}
	})
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{"", "null", "[]", callbackList, accepted, `{"requestId":12}`, `[{"serviceName":{}}]`, `[null]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if callbacks, err := decodeCallbacks(body); err != nil && callbacks != nil {
			t.Error("both callbacks and an error")
		}
		if session, err := decodeSession(body); err == nil && (session == "" || !transport.ValidToken(session)) {
			t.Errorf("accepted the session token %q", session)
		}
		if id := decodeRequestID(body); id != strings.TrimSpace(id) {
			t.Errorf("request id %q", id)
		}
	})
}

func BenchmarkDecodeError(b *testing.B) {
	body := []byte(appError("UnifiedWebService.REQUEST_FAILED.DeviceNotFound"))
	b.ReportAllocs()
	for b.Loop() {
		if e := newError(request{}, answer.Answer{Status: 400, Body: body}, time.Unix(0, 0), noSecrets); e.Code == "" {
			b.Fatal(e)
		}
	}
}
