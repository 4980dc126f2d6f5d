package qodsession

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// lasting is a session of that many seconds that began at start.
func lasting(status string, seconds int64) *model {
	expires := start.Add(time.Duration(seconds) * time.Second)
	m := &model{Duration: types.Int64Value(seconds)}
	m.fill(&api.Session{ApplicationServer: &api.ApplicationServer{IPv4Address: "203.0.113.0/24"}, QoSProfile: "QOS_E", Duration: seconds}, api.V110)
	m.refresh(&api.Session{ID: "x", Status: status, Duration: seconds, StartedAt: &start, ExpiresAt: &expires})
	m.SinkCredential = types.ObjectNull(attribute.CredentialType().AttrTypes)
	return m
}

func TestJudge(t *testing.T) {
	t.Parallel()
	end := "2030-01-01T00:10:00Z"
	for name, test := range map[string]struct {
		status string
		renew  int64
		before verdict
		after  time.Duration
		want   verdict
	}{
		"running":                      {status: api.StatusAvailable},
		"requested, over by the clock": {status: api.StatusRequested, after: time.Hour, want: verdict{Ended: "it expired at " + end}},
		"expires now":                  {status: api.StatusAvailable, after: 600 * time.Second, want: verdict{Ended: "it expired at " + end}},
		"unavailable":                  {status: api.StatusUnavailable, want: verdict{Ended: "it is UNAVAILABLE"}},
		"not due":                      {status: api.StatusAvailable, renew: 120, after: 479 * time.Second},
		"due":                          {status: api.StatusAvailable, renew: 120, after: 480 * time.Second, want: verdict{Due: true}},
		"due, but only requested":      {status: api.StatusRequested, renew: 120, after: 480 * time.Second},
		"due and exhausted":            {status: api.StatusAvailable, renew: 120, after: 480 * time.Second, before: verdict{Exhausted: end}, want: verdict{Exhausted: end}},
		"exhausted once, longer now":   {status: api.StatusAvailable, renew: 120, after: 480 * time.Second, before: verdict{Exhausted: "2030-01-01T00:05:00Z"}, want: verdict{Due: true}},
	} {
		m := lasting(test.status, 600)
		if test.renew > 0 {
			m.RenewBefore = types.Int64Value(test.renew)
		}
		if got := judge(m, test.before, start.Add(test.after)); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestAdditional(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		state, plan types.Int64
		granted     int64
		renew       bool
		after       time.Duration
		want        int64
	}{
		"longer":                         {types.Int64Value(600), types.Int64Value(900), 600, false, 0, 300},
		"longer, less granted":           {types.Int64Value(600), types.Int64Value(900), 500, false, 0, 400},
		"renewal":                        {types.Int64Value(600), types.Int64Value(600), 600, true, 500 * time.Second, 500},
		"renewal with nothing run down":  {types.Int64Value(600), types.Int64Value(600), 600, true, 0, 1},
		"renewal of what is over":        {types.Int64Value(600), types.Int64Value(600), 600, true, time.Hour, 600},
		"renewal of the default":         {types.Int64Null(), types.Int64Null(), 86400, true, 86000 * time.Second, 86000},
		"longer and renewal":             {types.Int64Value(600), types.Int64Value(900), 600, true, 500 * time.Second, 800},
		"longer, and what is granted is": {types.Int64Value(600), types.Int64Value(900), 1000, false, 0, -100},
	} {
		state, plan := lasting(api.StatusAvailable, test.granted), lasting(api.StatusAvailable, test.granted)
		state.Duration, plan.Duration = test.state, test.plan
		if got := additional(state, plan, test.renew, start.Add(test.after)); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	server := func(s api.ApplicationServer) types.Object { return serverValue(&s) }
	webhook := func(url, token string, version int64) types.Object {
		return types.ObjectValueMust(webhookType().AttrTypes, map[string]attr.Value{
			"notification_url": types.StringValue(url), "notification_auth_token": types.StringValue(token),
			"notification_auth_token_wo": types.StringNull(), "notification_auth_token_wo_version": types.Int64Value(version),
		})
	}
	ports := portsValue(&api.Ports{Ports: []int64{1}})
	for name, test := range map[string]struct {
		state, plan func(*model)
		imported    bool
		replacing   []string
		unsent      int
		extending   bool
	}{
		"nothing":                     {},
		"another profile":             {plan: func(m *model) { m.QoSProfile = types.StringValue("QOS_M") }, replacing: []string{"qos_profile"}},
		"a profile not known yet":     {plan: func(m *model) { m.QoSProfile = types.StringUnknown() }, replacing: []string{"qos_profile"}},
		"another server":              {plan: func(m *model) { m.ApplicationServer = server(api.ApplicationServer{IPv4Address: "203.0.113.5"}) }, replacing: []string{"application_server"}},
		"a server written otherwise":  {plan: func(m *model) { m.ApplicationServer = server(api.ApplicationServer{IPv4Address: "203.0.113.9/24"}) }},
		"a server not known yet":      {plan: func(m *model) { m.ApplicationServer = types.ObjectUnknown(serverType().AttrTypes) }, replacing: []string{"application_server"}},
		"ports added":                 {plan: func(m *model) { m.DevicePorts = ports }, replacing: []string{"device_ports"}},
		"ports added after an import": {plan: func(m *model) { m.DevicePorts = ports }, imported: true, replacing: []string{"device_ports"}},
		"all ports spelled out": {plan: func(m *model) {
			m.ApplicationServerPorts = portsValue(&api.Ports{Ranges: []api.PortRange{{From: 0, To: 65535}}})
		}},
		"a sink":                        {plan: func(m *model) { m.Sink = types.StringValue("https://n") }, replacing: []string{"sink"}},
		"a sink after an import":        {plan: func(m *model) { m.Sink = types.StringValue("https://n") }, imported: true},
		"a device":                      {plan: func(m *model) { m.Device = attribute.DeviceValue(&api.Device{PhoneNumber: "+34666666666"}) }, replacing: []string{"device"}},
		"a device after an import":      {plan: func(m *model) { m.Device = attribute.DeviceValue(&api.Device{PhoneNumber: "+34666666666"}) }, imported: true},
		"another webhook":               {state: func(m *model) { m.Webhook = webhook("https://a", "x", 1) }, plan: func(m *model) { m.Webhook = webhook("https://b", "x", 1) }, replacing: []string{"webhook"}},
		"another webhook's token":       {state: func(m *model) { m.Webhook = webhook("https://a", "x", 1) }, plan: func(m *model) { m.Webhook = webhook("https://a", "y", 1) }, unsent: 1},
		"another version of the token":  {state: func(m *model) { m.Webhook = webhook("https://a", "x", 1) }, plan: func(m *model) { m.Webhook = webhook("https://a", "x", 2) }, replacing: []string{"webhook"}},
		"a version after an import":     {state: func(m *model) { m.Webhook = webhookValue("https://a") }, plan: func(m *model) { m.Webhook = webhook("https://a", "x", 2) }, imported: true},
		"another webhook than imported": {state: func(m *model) { m.Webhook = webhookValue("https://a") }, plan: func(m *model) { m.Webhook = webhook("https://b", "x", 2) }, imported: true, replacing: []string{"webhook"}},
		"longer":                        {plan: func(m *model) { m.Duration = types.Int64Value(601) }, extending: true},
		"longer, granted already":       {state: func(m *model) { m.GrantedDuration = types.Int64Value(900) }, plan: func(m *model) { m.Duration = types.Int64Value(900) }},
		"longer, not available":         {state: func(m *model) { m.QoSStatus = types.StringValue(api.StatusRequested) }, plan: func(m *model) { m.Duration = types.Int64Value(900) }, replacing: []string{"duration"}},
		"shorter":                       {plan: func(m *model) { m.Duration = types.Int64Value(599) }, replacing: []string{"duration"}},
		"shorter after an import":       {plan: func(m *model) { m.Duration = types.Int64Value(599) }, imported: true},
		"a duration not known yet":      {plan: func(m *model) { m.Duration = types.Int64Unknown() }, replacing: []string{"duration"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			c := changes{state: lasting(api.StatusAvailable, 600), plan: lasting(api.StatusAvailable, 600), origin: grant.Origin{Imported: test.imported}, diags: &diags}
			if test.state != nil {
				test.state(c.state)
			}
			if test.plan != nil {
				test.plan(c.plan)
			}
			c.judge(t.Context())
			var replacing []string
			for _, at := range c.replacing {
				replacing = append(replacing, at.String())
			}
			if diags.HasError() || !slices.Equal(replacing, test.replacing) || len(c.unsent) != test.unsent || c.extending != test.extending {
				t.Errorf("replacing %v, unsent %v, extending %v, %v", replacing, c.unsent, c.extending, diags)
			}
		})
	}
}

func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for _, want := range []*api.ApplicationServer{nil, {}, {IPv4Address: "203.0.113.0/24", IPv6Address: "2001:db8::/64"}, {IPAddresses: []string{"203.0.113.1", "203.0.113.2"}}} {
		got, diags := serverOf(t.Context(), serverValue(want))
		if diff := cmp.Diff(want, got); diff != "" || diags.HasError() {
			t.Errorf("server (-want +got):\n%s%v", diff, diags)
		}
	}
	for _, want := range []*api.Ports{nil, {}, {Ports: []int64{1, 2}}, {Ranges: []api.PortRange{{From: 5, To: 6}, {From: 7, To: 9}}, Ports: []int64{80}}} {
		got, diags := portsOf(t.Context(), portsValue(want))
		if diff := cmp.Diff(want, got); diff != "" || diags.HasError() {
			t.Errorf("ports (-want +got):\n%s%v", diff, diags)
		}
	}
}

// Ports are the same exactly if each port is in both or in neither.
func TestSamePortsProperty(t *testing.T) {
	t.Parallel()
	port := rapid.Int64Range(0, 12)
	ports := rapid.Custom(func(t *rapid.T) *api.Ports {
		p := &api.Ports{Ports: rapid.SliceOfN(port, 1, 4).Draw(t, "ports")}
		for range rapid.IntRange(0, 3).Draw(t, "ranges") {
			a, b := port.Draw(t, "a"), port.Draw(t, "b")
			p.Ranges = append(p.Ranges, api.PortRange{From: min(a, b), To: max(a, b)})
		}
		return p
	})
	in := func(p *api.Ports, n int64) bool {
		return slices.Contains(p.Ports, n) || slices.ContainsFunc(p.Ranges, func(r api.PortRange) bool { return r.From <= n && n <= r.To })
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := ports.Draw(t, "one"), ports.Draw(t, "other")
		before := fmt.Sprint(*a)
		same, meet := true, false
		for n := range int64(13) {
			same = same && in(a, n) == in(b, n)
			meet = meet || in(a, n) && in(b, n)
		}
		if samePorts(a, b) != same || portsMeet(a, b) != meet {
			t.Fatalf("same %v, meet %v", samePorts(a, b), portsMeet(a, b))
		}
		if fmt.Sprint(*a) != before {
			t.Fatal("the ports were changed")
		}
	})
}

func TestServersMeet(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a, b       *api.ApplicationServer
		same, meet bool
	}{
		"not told":          {nil, &api.ApplicationServer{IPv4Address: "203.0.113.5"}, false, true},
		"the same":          {&api.ApplicationServer{IPv6Address: "2001:DB8::5"}, &api.ApplicationServer{IPv6Address: "2001:db8:0::5"}, true, true},
		"as a list":         {&api.ApplicationServer{IPAddresses: []string{"203.0.113.5"}}, &api.ApplicationServer{IPv4Address: "203.0.113.5"}, true, true},
		"inside":            {&api.ApplicationServer{IPv4Address: "203.0.113.5"}, &api.ApplicationServer{IPv4Address: "203.0.113.0/24"}, false, true},
		"apart":             {&api.ApplicationServer{IPv4Address: "203.0.114.5"}, &api.ApplicationServer{IPv4Address: "203.0.113.0/24"}, false, false},
		"one family common": {&api.ApplicationServer{IPv4Address: "203.0.114.5", IPv6Address: "2001:db8::1"}, &api.ApplicationServer{IPv4Address: "203.0.113.1", IPv6Address: "2001:db8::/32"}, false, true},
	} {
		if got := sameServer(test.a, test.b); got != test.same {
			t.Errorf("%s: same is %v", name, got)
		}
		if got := serversMeet(test.a, test.b); got != test.meet {
			t.Errorf("%s: meet is %v", name, got)
		}
	}
}

func TestFillKeepsADefaultDurationOut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version api.Version
		seconds int64
		want    types.Int64
	}{
		"0.10's default":  {api.V010, 86400, types.Int64Null()},
		"another on 0.10": {api.V010, 3600, types.Int64Value(3600)},
		"a day on 1.1":    {api.V110, 86400, types.Int64Value(86400)},
		"not told":        {api.V110, 0, types.Int64Null()},
	} {
		var m model
		m.fill(&api.Session{Duration: test.seconds}, test.version)
		if !m.Duration.Equal(test.want) {
			t.Errorf("%s: %v, want %v", name, m.Duration, test.want)
		}
	}
}
