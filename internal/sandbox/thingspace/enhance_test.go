package thingspace_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

const documentedCreate = `{
  "accountName": "0000123456-00001",
  "deviceInfo": [
    {
      "deviceId": {
        "id": "5551230001",
        "kind": "MDN"
      },
      "deviceIPv6Addr": "2001:db8::9",
      "flowInfo": [
        {
          "flowServer": "[2001:db8::7]:443",
          "flowDevice": "[2001:db8::9]:5000",
          "flowDirection": "UPLINK",
          "flowProtocol": "UDP",
          "qciOption": "Premium"
        }
      ]
    }
  ]
}`

func TestCreateKeepsWhatWasAsked(t *testing.T) {
	t.Parallel()
	w := registered(t)
	a := w.do(http.MethodPost, enhancePath, documentedCreate)
	a.wants(t, http.StatusCreated, `{"requestId":"`+member(t, a.body, "requestId")+`"}`)
	want := []thingspace.Subscription{{
		RequestID: member(t, a.body, "requestId"), AccountName: account,
		Device:         thingspace.DeviceID{ID: "5551230001", Kind: "MDN"},
		DeviceIPv6Addr: "2001:db8::9",
		Flows: []thingspace.Flow{{
			FlowServer: "[2001:db8::7]:443", FlowDevice: "[2001:db8::9]:5000",
			FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium",
		}},
		Status: thingspace.StatusRequested, CreatedAt: w.clock.Now(),
	}}
	if diff := cmp.Diff(want, w.sandbox.Live(), cmpopts.IgnoreFields(thingspace.Subscription{}, "ID")); diff != "" {
		t.Fatalf("subscription (-want +got):\n%s", diff)
	}
}

// TestCreateIsStrict changes one thing of the documented example at a time.
func TestCreateIsStrict(t *testing.T) {
	w := registered(t)
	flowStart := strings.Index(documentedCreate, `{
          "flowServer"`)
	flowEnd := strings.Index(documentedCreate, `}
      ]`)
	documentedFlow := documentedCreate[flowStart : flowEnd+1]
	for name, test := range map[string]struct{ old, new, code, message string }{
		"no account":            {`"accountName": "0000123456-00001",`, ``, "INPUT_INVALID.Account.NotDefined", "accountName"},
		"empty account":         {`"0000123456-00001"`, `""`, "INPUT_INVALID.Account.NotDefined", "accountName"},
		"numeric account":       {`"0000123456-00001"`, `123456`, "DeserializationFailed", "accountName must be a string"},
		"account in letters":    {`"0000123456-00001"`, `"acme"`, "INVALID_PARAMETER", "numeric"},
		"unknown account":       {`"0000123456-00001"`, `"123456-00001"`, "REQUEST_FAILED.AccountNotFound", "123456-00001"},
		"unknown field":         {`"accountName"`, `"name": "x", "accountName"`, "DeserializationFailed", "name is not a documented field"},
		"field in another case": {`"deviceIPv6Addr"`, `"deviceIpv6Addr"`, "DeserializationFailed", "deviceInfo[0].deviceIpv6Addr"},
		"field twice":           {`"kind": "MDN"`, `"kind": "MDN", "kind": "MDN"`, "DeserializationFailed", "kind is given twice"},
		"no kind":               {`"id": "5551230001",`, `"id": "5551230001"`, "DeserializationFailed", ""},
		"kind in lower case":    {`"MDN"`, `"mdn"`, "INPUT_INVALID.Device.Kind.Invalid", "IMEI, MDN, MSISDN, ICCID"},
		"kind of other APIs":    {`"MDN"`, `"MEID"`, "INPUT_INVALID.Device.Kind.Invalid", "MEID"},
		"id does not fit":       {`"5551230001"`, `"15551230001"`, "INPUT_INVALID.Device.Identifier.Invalid", "10-digit"},
		"empty id":              {`"5551230001"`, `""`, "INVALID_PARAMETER", "deviceId.id"},
		"illegal character":     {`"5551230001"`, `"555<23"`, "INPUT_INVALID.Request.InvalidCharacter", "deviceId.id"},
		"device IPv4":           {`"2001:db8::9"`, `"203.0.113.9"`, "INVALID_PARAMETER", "deviceIPv6Addr"},
		"device address + port": {`"2001:db8::9"`, `"[2001:db8::9]:80"`, "INVALID_PARAMETER", "without a port"},
		"device address empty":  {`"2001:db8::9"`, `""`, "INVALID_PARAMETER", "deviceIPv6Addr"},
		"device address null":   {`"2001:db8::9"`, `null`, "DeserializationFailed", "deviceIPv6Addr"},
		"no flows":              {documentedFlow, ``, "INVALID_PARAMETER", "flowInfo must not be empty"},
		"flows null":            {"[\n        " + documentedFlow + "\n      ]", `null`, "DeserializationFailed", "flowInfo must be an array"},
		"mixed families":        {`"[2001:db8::9]:5000"`, `"203.0.113.9:5000"`, "INVALID_PARAMETER", "both be IPv6"},
		"port 0":                {`"[2001:db8::9]:5000"`, `"[2001:db8::9]:0"`, "INVALID_PARAMETER", "between 1 and 65535"},
		"port 65536":            {`"[2001:db8::9]:5000"`, `"[2001:db8::9]:65536"`, "INVALID_PARAMETER", "between 1 and 65535"},
		"port with a sign":      {`"[2001:db8::9]:5000"`, `"[2001:db8::9]:+80"`, "INVALID_PARAMETER", "between 1 and 65535"},
		"no port after colon":   {`"[2001:db8::9]:5000"`, `"[2001:db8::9]:"`, "INVALID_PARAMETER", "between 1 and 65535"},
		"brackets without port": {`"[2001:db8::9]:5000"`, `"[2001:db8::9]"`, "INVALID_PARAMETER", "in brackets exactly if a port follows"},
		"IPv4 in brackets":      {`"[2001:db8::9]:5000"`, `"[203.0.113.9]:80"`, "INVALID_PARAMETER", "only an IPv6 address is in brackets"},
		"host name":             {`"[2001:db8::7]:443"`, `"server.example:443"`, "INVALID_PARAMETER", "flowServer"},
		"prefix":                {`"[2001:db8::7]:443"`, `"2001:db8::/64"`, "INVALID_PARAMETER", "flowServer"},
		"zone":                  {`"[2001:db8::7]:443"`, `"fe80::1%eth0"`, "INVALID_PARAMETER", "zone"},
		"empty end":             {`"[2001:db8::7]:443"`, `""`, "INVALID_PARAMETER", "flowServer must not be empty"},
		"direction":             {`"UPLINK"`, `"BIDIRECTIONAL"`, "INVALID_PARAMETER", "UPLINK, DOWNLINK, BIDIRECTION"},
		"protocol":              {`"UDP"`, `"udp"`, "INVALID_PARAMETER", "UDP, TCP, IP"},
		"quality":               {`"Premium"`, `"PREMIUM"`, "INVALID_PARAMETER", "Premium, Standard"},
		"no quality":            {`"UDP",`, `"UDP", "x": 1,`, "DeserializationFailed", "flowInfo[0].x"},
		"not JSON":              {`"deviceInfo"`, `deviceInfo`, "DeserializationFailed", "not a JSON document"},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Replace(documentedCreate, test.old, test.new, 1)
			if body == documentedCreate {
				t.Fatal("the test changes nothing")
			}
			if name == "no kind" {
				body = strings.Replace(body, `"kind": "MDN"`, ``, 1)
			}
			w.do(http.MethodPost, enhancePath, body).refused(t, http.StatusBadRequest, test.code, test.message)
		})
	}
	if got := w.sandbox.Subscriptions(); len(got) != 0 {
		t.Fatalf("refused requests made %v", got)
	}
}

func TestCreateRefusesMixedKinds(t *testing.T) {
	t.Parallel()
	w := registered(t)
	body := strings.Replace(createBody(device, "990000862471854"), `"id":"990000862471854","kind":"MDN"`, `"id":"990000862471854","kind":"IMEI"`, 1)
	w.do(http.MethodPost, enhancePath, body).
		refused(t, http.StatusBadRequest, "INPUT_INVALID.Device.Kind.Invalid", "deviceInfo[1].deviceId.kind must be MDN")
}

func TestCreateAcceptsEveryDocumentedForm(t *testing.T) {
	t.Parallel()
	w := registered(t)
	replace := func(old, replacement string) string { return strings.Replace(createBody(device), old, replacement, 1) }
	for name, body := range map[string]string{
		"IPv4":               createBody(device),
		"IPv6 without ports": strings.NewReplacer("198.51.100.7:443", "2001:db8::7", "203.0.113.9", "2001:db8::9").Replace(createBody(device)),
		"downlink":           replace("UPLINK", "DOWNLINK"),
		"both directions":    replace("UPLINK", "BIDIRECTION"),
		"TCP":                replace("UDP", "TCP"),
		"IP":                 replace("UDP", "IP"),
		"standard":           replace("Premium", "Standard"),
		"highest port":       replace(":443", ":65535"),
		"IMEI":               replace(`"kind":"MDN"`, `"kind":"IMEI"`),
		"MSISDN":             replace(`"id":"5551230001","kind":"MDN"`, `"id":"15551230001","kind":"MSISDN"`),
		"ICCID":              replace(`"id":"5551230001","kind":"MDN"`, `"id":"89148000000800139708","kind":"ICCID"`),
		"two flows":          replace(flow, flow+","+flow),
		"three devices":      createBody("5551230001", "5551230002", "5551230003"),
	} {
		if a := w.do(http.MethodPost, enhancePath, body); a.status != http.StatusCreated {
			t.Errorf("%s: got %d %s", name, a.status, a.body)
		}
	}
}

func TestCreateEnvelope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := createBody(device)
	w.do(http.MethodPost, enhancePath, body).refused(t, http.StatusForbidden, "CALLBACK_NOT_REGISTERED", "QoS")
	w.sandbox.SetCallback(thingspace.Callback{AccountName: account, ServiceName: "QoS", URL: w.listener.URL})
	w.do(http.MethodPost, enhancePath, "").refused(t, 400, "INPUT_INVALID.RequestUndefined", "no body")
	w.do(http.MethodPost, enhancePath+"?x=1", body).refused(t, 400, "INVALID_PARAMETER", "query")
	w.do(http.MethodPost, enhancePath, body, with("Content-Type", "text/json")).refused(t, 400, "INVALID_PARAMETER", "Content-Type")
	w.do(http.MethodPost, enhancePath, strings.Repeat(" ", 1<<20)+body).refused(t, 400, "DeserializationFailed", "1048576 bytes")
	w.do(http.MethodPost, enhancePath, body, with("Content-Type", "application/json; charset=utf-8")).wants(t, 201, "")
}

func TestStopIsStrict(t *testing.T) {
	w := registered(t)
	sub := w.on(device)[0]
	good := stopPath(account, sub.ID)
	for name, test := range map[string]struct{ path, body, code, message string }{
		"body":             {good, `{"accountName":"0000123456-00001"}`, "INVALID_PARAMETER", "no body"},
		"parameters in it": {enhancePath, `{"accountName":"0000123456-00001","qosSubscriptionId":"x"}`, "INVALID_PARAMETER", "no body"},
		"no account":       {enhancePath + "?qosSubscriptionId=" + sub.ID, "", "INPUT_INVALID.Account.NotDefined", ""},
		"no subscription":  {enhancePath + "?accountName=" + account, "", "INVALID_PARAMETER", "qosSubscriptionId"},
		"unknown account":  {stopPath("1-1", sub.ID), "", "REQUEST_FAILED.AccountNotFound", "1-1"},
		"unknown name":     {good + "&x=1", "", "INVALID_PARAMETER", "x is not documented"},
		"name twice":       {good + "&accountName=1", "", "INVALID_PARAMETER", "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			w.do(http.MethodDelete, test.path, test.body).refused(t, 400, test.code, test.message)
		})
	}
	w.do(http.MethodDelete, good, "", without("Content-Type")).refused(t, 400, "INVALID_PARAMETER", "Content-Type")
	w.wantLive(map[string]thingspace.Status{device: thingspace.StatusOn})
}

func TestPaths(t *testing.T) {
	t.Parallel()
	w := registered(t)
	body := createBody(device)
	for name, a := range map[string]answer{
		"plural":       w.do(http.MethodPost, pluralPath, body),
		"other":        w.do(http.MethodGet, "/api/m2m/v1/nothing", ""),
		"other method": w.do(http.MethodGet, enhancePath, ""),
	} {
		if a.status != http.StatusNotFound || !strings.Contains(a.body, `"code":"900906"`) {
			t.Errorf("%s: got %d %s", name, a.status, a.body)
		}
	}
	w.sandbox.SetSwitches(thingspace.Switches{PluralPathOnly: true, XMLNotFound: true})
	singular := w.do(http.MethodPost, enhancePath, body)
	if singular.status != http.StatusNotFound || !strings.HasPrefix(singular.body, `<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code>`) {
		t.Errorf("singular: got %d %s", singular.status, singular.body)
	}
	w.do(http.MethodPost, pluralPath, body).wants(t, http.StatusCreated, "")
	if got := len(w.sandbox.Live()); got != 1 {
		t.Errorf("got %d live subscriptions, want 1", got)
	}
	if got := w.sandbox.Count(thingspace.OpUnknown); got != 4 {
		t.Errorf("got %d requests for unknown resources, want 4", got)
	}
}

func TestRequestsAreRecordedAsTheyCame(t *testing.T) {
	t.Parallel()
	w := registered(t)
	w.create(device)
	all := w.sandbox.Requests()
	got := all[len(all)-1]
	if string(got.Body) != createBody(device) || got.Operation != thingspace.OpCreate || got.Status != 201 ||
		got.Method != http.MethodPost || got.Path != enhancePath ||
		got.Header.Get("Authorization") != "Bearer "+w.bearer || got.Header.Get("VZ-M2M-Token") != w.session {
		t.Fatalf("got %+v", got)
	}
}
