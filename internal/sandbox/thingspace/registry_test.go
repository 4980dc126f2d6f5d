package thingspace_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

func TestCallbackRegistry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.do(http.MethodGet, listPath, "")
	list.wants(t, http.StatusOK, "")
	if list.body != "" {
		t.Fatalf("got %q, want a body of no bytes", list.body)
	}
	w.do(http.MethodPost, listPath, `{"name":"QoS","url":"http://one.example"}`).
		wants(t, 200, `{"accountName":"0000123456-00001","serviceName":"QoS"}`)
	w.do(http.MethodGet, listPath, "").
		wants(t, 200, `[{"accountName":"0000123456-00001","serviceName":"QoS","url":"http://one.example","username":"","password":""}]`)

	w.do(http.MethodPost, listPath, `{"name":"QoS","url":"https://two.example/x","username":"u","password":"in clear"}`).wants(t, 200, "")
	w.do(http.MethodPost, listPath, `{"name":"NiddService","url":"https://nidd.example"}`).wants(t, 200, "")
	want := []thingspace.Callback{
		{AccountName: account, ServiceName: "NiddService", URL: "https://nidd.example"},
		{AccountName: account, ServiceName: "QoS", URL: "https://two.example/x", Username: "u", Password: "in clear"},
	}
	if diff := cmp.Diff(want, w.sandbox.Callbacks(account)); diff != "" {
		t.Fatalf("callbacks (-want +got):\n%s", diff)
	}

	w.do(http.MethodDelete, listPath+"/name/QoS", "", without("Content-Type")).
		wants(t, 200, `{"accountName":"0000123456-00001","serviceName":"QoS"}`)
	w.do(http.MethodDelete, listPath+"/name/QoS", "").refused(t, 400, "CALLBACK_NOT_REGISTERED", "QoS")
}

func TestCallbackOfAnotherSystem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sandbox.SetCallback(thingspace.Callback{AccountName: account, ServiceName: "QoS", URL: "https://other.example"})
	w.do(http.MethodGet, listPath, "").
		wants(t, 200, `[{"accountName":"0000123456-00001","serviceName":"QoS","url":"https://other.example","username":"","password":""}]`)
	w.sandbox.RemoveCallback(account, "QoS")
	if got := w.sandbox.Callbacks(account); len(got) != 0 {
		t.Fatalf("got %v, want none", got)
	}
}

func TestRefuseOverwrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *thingspace.Options) { o.Switches.RefuseOverwrite = true })
	body := `{"name":"QoS","url":"http://one.example"}`
	w.do(http.MethodPost, listPath, body).wants(t, 200, "")
	w.do(http.MethodPost, listPath, body).refused(t, 400, "UnexpectedError", "already registered")
	w.do(http.MethodDelete, listPath+"/name/QoS", "").wants(t, 200, "")
	w.do(http.MethodPost, listPath, body).wants(t, 200, "")
}

func TestUnknownAccountHasNoCallbacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Without its leading zeroes the account is another one.
	const other = "/api/m2m/v1/callbacks/123456-00001"
	w.do(http.MethodGet, other, "").refused(t, 400, "REQUEST_FAILED.AccountNotFound", "123456-00001")
	w.do(http.MethodPost, other, `{"name":"QoS","url":"http://one.example"}`).refused(t, 400, "REQUEST_FAILED.AccountNotFound", "")
	w.do(http.MethodDelete, other+"/name/QoS", "").refused(t, 400, "REQUEST_FAILED.AccountNotFound", "")
}

func TestRegistrationRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *thingspace.Options) { o.Switches.AnyPort = false })
	long := strings.Repeat("x", 41)
	for body, want := range map[string][2]string{
		`{"url":"http://a.example"}`:                                                 {"DeserializationFailed", "name is required"},
		`{"name":"QoS"}`:                                                             {"DeserializationFailed", "url is required"},
		`{"name":"qos","url":"http://a.example"}`:                                    {"INVALID_PARAMETER", "name must be one of"},
		`{"serviceName":"QoS","url":"http://a.example"}`:                             {"DeserializationFailed", "serviceName"},
		`{"name":"QoS","url":""}`:                                                    {"INVALID_PARAMETER", "url"},
		`{"name":"QoS","url":"ftp://a.example"}`:                                     {"INVALID_PARAMETER", "http or https"},
		`{"name":"QoS","url":"a.example/x"}`:                                         {"INVALID_PARAMETER", "http or https"},
		`{"name":"QoS","url":"https://"}`:                                            {"INVALID_PARAMETER", "host"},
		`{"name":"QoS","url":"https://a.example:8443"}`:                              {"INVALID_PARAMETER", "port"},
		`{"name":"QoS","url":"https://a.example:9007"}`:                              {"INVALID_PARAMETER", "port"},
		`{"name":"QoS","url":"http://a.example","username":null}`:                    {"DeserializationFailed", "username must be a string"},
		`{"name":"QoS","url":"http://a.example","username":"` + long + `"}`:          {"INVALID_PARAMETER", "40 characters"},
		`{"name":"QoS","url":"http://a.example","password":"` + long + `"}`:          {"INVALID_PARAMETER", "40 characters"},
		`{"name":"QoS","url":"http://a.example","username":"sandbox-user"}`:          {"INVALID_PARAMETER", "session login"},
		`{"name":"QoS","url":"http://a.example","password":"sandbox-user-password"}`: {"INVALID_PARAMETER", "session login"},
	} {
		w.do(http.MethodPost, listPath, body).refused(t, 400, want[0], want[1])
	}
	w.do(http.MethodPost, listPath, `{"name":"QoS","url":"http://a.example"}`, with("Content-Type", "text/plain")).
		refused(t, 400, "INVALID_PARAMETER", "Content-Type")
	if got := w.sandbox.Callbacks(account); len(got) != 0 {
		t.Fatalf("refused registrations were kept: %v", got)
	}
	for _, port := range []string{"80", "443", "9001", "9006", "50551", "50559", "28200", "28220"} {
		w.do(http.MethodPost, listPath, `{"name":"QoS","url":"http://a.example:`+port+`","password":"`+long[:40]+`"}`).wants(t, 200, "")
	}
}
