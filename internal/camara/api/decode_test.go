package api

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(s string) *time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return &t
}

func TestDecodeSession(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want Session
	}{
		"0.10": {
			`{"device":{"phoneNumber":"123456789","ipv4Address":{"publicAddress":"84.125.93.10","publicPort":59765}},
			"applicationServer":{"ipv4Address":"192.168.0.1/24"},"devicePorts":{"ranges":[{"from":5010,"to":5020}],"ports":[5060]},
			"applicationServerPorts":{"ports":[5060]},"qosProfile":"QOS_E","sessionId":"s-1","duration":86400,
			"startedAt":1639479600,"expiresAt":1639566000,"qosStatus":"REQUESTED","webhook":{"notificationUrl":"https://a/n","notificationAuthToken":"no"},
			"messages":[{"severity":"WARNING","description":"slow"}]}`,
			Session{
				ID: "s-1", Status: StatusRequested, QoSProfile: "QOS_E", Duration: 86400, NotificationURL: "https://a/n",
				Device:                 &Device{PhoneNumber: "123456789", IPv4Address: &DeviceIPv4{PublicAddress: "84.125.93.10", PublicPort: new(int64(59765))}},
				ApplicationServer:      &ApplicationServer{IPv4Address: "192.168.0.1/24"},
				DevicePorts:            &Ports{Ranges: []PortRange{{5010, 5020}}, Ports: []int64{5060}},
				ApplicationServerPorts: &Ports{Ports: []int64{5060}},
				StartedAt:              at("2021-12-14T11:00:00Z"), ExpiresAt: at("2021-12-15T11:00:00Z"),
				Messages: []Message{{Severity: "WARNING", Description: "slow"}},
			},
		},
		"1.1": {
			`{"sessionId":"s-1","duration":3600,"qosStatus":"AVAILABLE","startedAt":"2024-06-01T12:00:00Z","expiresAt":"2024-06-01T15:00:00.5+02:00",
			"applicationServer":{"ipv4Address":"198.51.100.0/24"},"qosProfile":"QOS_L","sink":"https://a/n","sinkCredential":{"credentialType":"ACCESSTOKEN"}}`,
			Session{
				ID: "s-1", Status: StatusAvailable, QoSProfile: "QOS_L", Duration: 3600, Sink: "https://a/n",
				ApplicationServer: &ApplicationServer{IPv4Address: "198.51.100.0/24"},
				StartedAt:         at("2024-06-01T12:00:00Z"), ExpiresAt: at("2024-06-01T13:00:00.5Z"),
			},
		},
		"1.2": {
			`{"sessionId":"s-1","duration":1,"qosStatus":"UNAVAILABLE","statusInfo":"NETWORK_TERMINATED","applicationServer":{"ipAddresses":["198.51.100.1"]}}`,
			Session{
				ID: "s-1", Status: StatusUnavailable, StatusInfo: InfoNetworkTerminated, Duration: 1,
				ApplicationServer: &ApplicationServer{IPAddresses: []string{"198.51.100.1"}},
			},
		},
		"id, and numbers as strings": {
			`{"id":" s-1 ","duration":"60","startedAt":"1639479600","expiresAt":"1639479660","qosStatus":"AVAILABLE"}`,
			Session{ID: "s-1", Status: StatusAvailable, Duration: 60, StartedAt: at("2021-12-14T11:00:00Z"), ExpiresAt: at("2021-12-14T11:01:00Z")},
		},
		"nothing known": {
			`{"unknown":{"a":[1]}}`,
			Session{ID: "asked"},
		},
		"nulls": {
			`{"sessionId":null,"qosStatus":null,"duration":null,"device":null,"devicePorts":null,"startedAt":null,"messages":null,"webhook":null}`,
			Session{ID: "asked"},
		},
		"other types": {
			`{"sessionId":12,"qosStatus":{},"duration":[],"device":"x","applicationServer":[],"devicePorts":7,"startedAt":true,"messages":{},"webhook":1}`,
			Session{ID: "12"},
		},
		"a device that makes no sense": {
			`{"sessionId":"s-1","device":{"phoneNumber":"+34600000000","ipv4Address":{"publicAddress":"1.2.3.4","publicPort":"http"}}}`,
			Session{ID: "s-1"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decodeSession([]byte(test.body), "asked")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("session (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnswersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "<html>", "[]", `"s-1"`, `{}`, `{"sessionId":""}`} {
		if s, err := decodeSession([]byte(body), ""); err == nil {
			t.Errorf("%q is read as the new session %+v", body, s)
		}
	}
	for _, body := range []string{"", "<html>", "{}", `[{"qosStatus":"AVAILABLE"}]`, `[1]`} {
		if s, err := decodeSessions([]byte(body)); err == nil {
			t.Errorf("%q is read as the list %+v", body, s)
		}
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"1772366400":                noon,
		"1772366400.9":              noon,
		"1772366400000":             noon,
		"1.7723664e9":               noon,
		"2026-03-01T12:00:00Z":      noon,
		"2026-03-01T12:00:00":       noon,
		"2026-03-01 12:00:00":       noon,
		"2026-03-01T13:00:00+01:00": noon,
		"":                          {},
		"0":                         {},
		"-1":                        {},
		"1e300":                     {},
		"NaN":                       {},
		"9223372036854775807":       {},
		"soon":                      {},
		"1970-01-01T00:00:00Z":      {},
		"0001-01-01T00:00:00Z":      {},
	} {
		if got := parseMoment(in); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("parseMoment(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestProfileDurations(t *testing.T) {
	t.Parallel()
	tests := map[Quantity]struct {
		want time.Duration
		ok   bool
	}{
		{1, "Days"}:          {24 * time.Hour, true},
		{2, "Hours"}:         {2 * time.Hour, true},
		{90, "Minutes"}:      {90 * time.Minute, true},
		{86400, "Seconds"}:   {24 * time.Hour, true},
		{12, "Milliseconds"}: {12 * time.Millisecond, true},
		{12, "Microseconds"}: {12 * time.Microsecond, true},
		{12, "Nanoseconds"}:  {12, true},
		{0, "Seconds"}:       {0, true},
		{106751, "Days"}:     {106751 * 24 * time.Hour, true},
		{106752, "Days"}:     {0, false},
		{-1, "Seconds"}:      {0, false},
		{1, "Fortnights"}:    {0, false},
		{1, "Mbps"}:          {0, false},
		{1, ""}:              {0, false},
	}
	for q, test := range tests {
		if got, ok := q.Duration(); got != test.want || ok != test.ok {
			t.Errorf("%+v: got %s, %v", q, got, ok)
		}
	}
}

func TestDecodeProfiles(t *testing.T) {
	t.Parallel()
	const body = `[{"name":"QOS_E","status":"ACTIVE","description":"low latency","countryAvailability":[{"countryName":"GB","networks":["23591",23415]}],
		"targetMinUpstreamRate":{"value":10,"unit":"Mbps"},"maxUpstreamRate":{"value":"20","unit":"Mbps"},"maxDuration":{"value":12,"unit":"Hours"},
		"priority":20,"packetErrorLossRate":3,"l4sQueueType":"l4s-queue","serviceClass":"standard","jitter":null,"minDuration":"none"},{"name":"QOS_S"}]`
	want := []Profile{
		{
			Name: "QOS_E", Status: ProfileActive, Description: "low latency", Countries: []Country{{Name: "GB", Networks: []string{"23591", "23415"}}},
			TargetMinUpstreamRate: &Quantity{10, "Mbps"}, MaxUpstreamRate: &Quantity{20, "Mbps"}, MaxDuration: &Quantity{12, "Hours"},
			Priority: 20, PacketErrorLossRate: 3, L4SQueueType: "l4s-queue", ServiceClass: "standard",
		},
		{Name: "QOS_S"},
	}
	c := newOperator(t, always(http.StatusOK, body)).client(t, V110, nil)
	got, err := c.Profiles(t.Context(), testSubject, ProfileQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("profiles (-want +got):\n%s", diff)
	}
}

func TestDecodeAssignment(t *testing.T) {
	t.Parallel()
	const body = `{"assignmentId":"a-1","status":"UNAVAILABLE","statusInfo":"NETWORK_TERMINATED","qosProfile":"QOS_E","sink":"https://a/n",
		"device":{"phoneNumber":"+34600000000"},"startedAt":"2024-06-01T12:00:00Z"}`
	want := Assignment{
		ID: "a-1", Status: StatusUnavailable, StatusInfo: InfoNetworkTerminated, QoSProfile: "QOS_E", Sink: "https://a/n",
		Device: &Device{PhoneNumber: "+34600000000"}, StartedAt: at("2024-06-01T12:00:00Z"),
	}
	got, err := decodeAssignment([]byte(body), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("assignment (-want +got):\n%s", diff)
	}
	if got, err := decodeAssignment([]byte(`{}`), "asked"); err != nil || got.ID != "asked" {
		t.Errorf("without an id: %+v, %v", got, err)
	}
	if _, err := decodeAssignment([]byte(`{}`), ""); err == nil {
		t.Error("a new assignment without an id is accepted")
	}
}

func FuzzDecodeSession(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", created, listed, `{"id":7,"startedAt":1e300}`, `{"sessionId":"a","device":{"ipv4Address":{"publicPort":"80"}}}`,
		`{"sessionId":"a","expiresAt":"9999-12-31T23:59:59Z","duration":"1e400","messages":[{"severity":1}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := decodeSession(body, "")
		if err == nil && s.ID == "" {
			t.Error("a session without an id")
		}
		for _, when := range []*time.Time{s.StartedAt, s.ExpiresAt} {
			if when != nil && (when.Location() != time.UTC || when.Unix() <= 0 || when.Year() > 9999) {
				t.Errorf("time %s", when)
			}
		}
		if list, err := decodeSessions(body); err != nil && list != nil {
			t.Error("both a list and an error")
		}
		if a, err := decodeAssignment(body, ""); err == nil && a.ID == "" {
			t.Error("an assignment without an id")
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, seed := range []string{`{"value":1,"unit":"Days"}`, `{"value":"9223372036854775807","unit":"Hours"}`, `{"value":-1.5e9,"unit":"Seconds"}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var b lenient[quantityBody]
		if json.Unmarshal(body, &b) != nil {
			return
		}
		q := quantity(b)
		if q == nil {
			return
		}
		d, ok := q.Duration()
		if d < 0 || !ok && d != 0 {
			t.Errorf("%+v: %s, %v", q, d, ok)
		}
		if unit, known := timeUnit(q.Unit); ok && (!known || d/unit != time.Duration(q.Value)) {
			t.Errorf("%+v is not %s", q, d)
		}
	})
}

func BenchmarkDecodeSession(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeSession([]byte(created), ""); err != nil {
			b.Fatal(err)
		}
	}
}
