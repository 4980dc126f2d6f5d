package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/answer"
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
		"CAMARA": {
			409, "application/json", `{"status":409,"code":"CONFLICT","message":"Another session."}`,
			Error{Code: "CONFLICT", Message: "Another session."},
		},
		"without status":      {409, "", `{"code":"CONFLICT","message":"Another session."}`, Error{Code: "CONFLICT", Message: "Another session."}},
		"status as a string":  {409, "", `{"status":"409","code":"CONFLICT"}`, Error{Code: "CONFLICT"}},
		"code as a number":    {500, "", `{"code":900901,"message":"no"}`, Error{Code: "900901", Message: "no"}},
		"message only":        {400, "", `{"message":"no"}`, Error{Message: "no"}},
		"detail":              {404, "", `{"detail":"QoS subscription not found"}`, Error{Message: "QoS subscription not found"}},
		"problem":             {404, "application/problem+json", `{"type":"about:blank","title":"Not Found","status":404}`, Error{Message: "Not Found", Advice: notTheAPIs + "the_url"}},
		"OAuth":               {401, "", `{"error":"invalid_token","error_description":"expired"}`, Error{Message: "expired"}},
		"OAuth without words": {401, "", `{"error":"invalid_token"}`, Error{Message: "invalid_token"}},
		"unknown code":        {422, "", `{"status":422,"code":"OPERATOR.ODD","message":"m"}`, Error{Code: "OPERATOR.ODD", Message: "m"}},
		"HTML": {
			502, "text/html; charset=utf-8", "<html><head><title>502 Bad Gateway</title><style>p{}</style></head>\n<body><p>try &amp; wait</p></body></html>",
			Error{Body: "502 Bad Gateway try & wait"},
		},
		"plain text":            {500, "text/plain", "oops\r\n\tline two\x00", Error{Body: "oops line two"}},
		"empty":                 {500, "", "", Error{}},
		"JSON of another kind":  {400, "", `{"fault":{}}`, Error{Body: `{"fault":{}}`}},
		"JSON list":             {400, "", `[1]`, Error{Body: `[1]`}},
		"JSON of another types": {400, "", `{"code":{},"message":[1]}`, Error{Body: `{"code":{},"message":[1]}`}},
		"redirect": {
			307, "text/html", "<html>moved</html>",
			Error{Message: "a redirect, which is not followed because the credentials would go along: check the URL"},
		},
	}
	r := request{operation: "do it", method: http.MethodPost, root: "https://op/qod/v0", path: "/p", setting: "the_url"}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"X-Correlator": {"id-1"}, "Retry-After": {"3"}, "Content-Type": {test.contentType}}
			got := newError(r, answer.Answer{Status: test.status, Header: header, Body: []byte(test.body)}, time.Now(), noSecrets)
			want := test.want
			want.Operation, want.Method, want.Path, want.StatusCode = "do it", http.MethodPost, "/qod/v0/p", test.status
			want.Correlator, want.RetryAfter = "id-1", 3*time.Second
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	tests := map[string]Error{
		"delete the QoD session: the operator answered HTTP 403 Forbidden, code PERMISSION_DENIED: Not yours. (DELETE /p)": {
			StatusCode: 403, Code: "PERMISSION_DENIED", Message: "Not yours.",
		},
		"delete the QoD session: the operator answered HTTP 429 Too Many Requests: Slow down (DELETE /p, x-correlator abc, asked to wait 30s)": {
			StatusCode: 429, Message: "Slow down", Correlator: "abc", RetryAfter: 30 * time.Second,
		},
		"delete the QoD session: the operator answered HTTP 599 (DELETE /p)":                        {StatusCode: 599},
		"delete the QoD session: the operator answered HTTP 502 Bad Gateway: some page (DELETE /p)": {StatusCode: 502, Body: "some page"},
	}
	for want, e := range tests {
		e.Operation, e.Method, e.Path = "delete the QoD session", http.MethodDelete, "/p"
		if diff := cmp.Diff(want, e.Error()); diff != "" {
			t.Errorf("text (-want +got):\n%s", diff)
		}
	}
}

func TestCorrelatorOfErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		version Version
		header  string
		value   string
		want    string
	}{
		"as sent":             {V110, "", "", "sent"},
		"as repeated":         {V110, "X-Correlator", "theirs", "theirs"},
		"a gateway's as well": {V110, "X-Request-Id", "gateway", "sent"},
		"a gateway's only":    {V010, "X-Request-Id", "gateway", "gateway"},
		"none":                {V010, "", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator(t, func(w http.ResponseWriter, r *http.Request) {
				if test.header != "" {
					w.Header().Set(test.header, test.value)
				}
				camaraError(http.StatusForbidden, "PERMISSION_DENIED")(w, r)
			})
			_, err := o.client(t, test.version, nil).Session(t.Context(), "", testID)
			want := test.want
			if want == "sent" {
				want = o.seen()[0].header.Get("X-Correlator")
			}
			var e *Error
			if !errors.As(err, &e) || e.Correlator != want || !strings.Contains(err.Error(), want) {
				t.Errorf("err = %v, want the id %q", err, want)
			}
		})
	}
}

func TestLostAnswersNameTheCorrelator(t *testing.T) {
	t.Parallel()
	o := newOperator(t, hangUp)
	_, err := o.client(t, V110, nil).CreateSession(t.Context(), testSubject, smallSession(V110))
	id := o.seen()[0].header.Get("X-Correlator")
	if err == nil || id == "" || !strings.Contains(err.Error(), "x-correlator "+id) {
		t.Errorf("err = %v, want it to name %q", err, id)
	}
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	wrapped := func(status int, code string) error {
		return fmt.Errorf("wrapped: %w", &Error{StatusCode: status, Code: code})
	}
	if !NotFound(wrapped(404, "")) || NotFound(wrapped(403, CodeNotFound)) || NotFound(nil) || NotFound(errors.New("404")) {
		t.Error("NotFound is not about 404")
	}
	if !Forbidden(wrapped(403, "")) || Forbidden(wrapped(401, "")) {
		t.Error("Forbidden is not about 403")
	}
	if !Conflict(wrapped(409, "QUALITY_ON_DEMAND.SESSION_EXTENSION_NOT_ALLOWED")) || Conflict(wrapped(400, "CONFLICT")) {
		t.Error("Conflict is not about 409")
	}
}

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{", `{"status":1e999,"code":[],"message":7}`, `{"code":900901}`, `{"detail":"QoS subscription not found"}`,
		`{"error":"invalid_client"}`, "<html><script>", "\xff\xfe<\x00", `{"status":404,"code":"NOT_FOUND","message":"gone"}`,
	} {
		f.Add(400, "application/json", []byte(seed))
		f.Add(502, "text/html", []byte(seed))
	}
	r := request{operation: "do it", method: http.MethodGet, root: "https://op", path: "/p", repeatable: true}
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		header := http.Header{"Content-Type": {contentType}, "Retry-After": {contentType}, "X-Correlator": {contentType}}
		e := newError(r, answer.Answer{Status: status, Header: header, Body: body}, time.Unix(0, 0), noSecrets)
		text := e.Error()
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x00") {
			t.Errorf("not one line of text: %q", text)
		}
		if len(text) > 5*answer.MaxText {
			t.Errorf("an error text of %d bytes", len(text))
		}
		if e.Body != "" && (e.Code != "" || e.Message != "") {
			t.Errorf("both a body and what was read from it: %+v", e)
		}
		if v := judge(r, e); v.Err == nil || v.Outcome == 0 || e.nothingListed(true) && status != http.StatusNotFound {
			t.Errorf("verdict %+v", v)
		}
	})
}

func BenchmarkDecodeError(b *testing.B) {
	a := answer.Answer{Status: 409, Body: []byte(`{"status":409,"code":"CONFLICT","message":"Conflict with an existing session for the same device."}`)}
	b.ReportAllocs()
	for b.Loop() {
		if e := newError(request{}, a, time.Unix(0, 0), noSecrets); e.Code == "" {
			b.Fatal(e)
		}
	}
}
