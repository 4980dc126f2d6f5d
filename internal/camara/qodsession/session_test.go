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

func TestVerdict(t *testing.T) {
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
		"requested, over by the clock": {status: api.StatusRequested, after: time.Hour, want: over("it expired at " + end)},
		"expires now, by our clock":    {status: api.StatusAvailable, after: 600 * time.Second},
		"a clock that is a bit ahead":  {status: api.StatusAvailable, renew: 120, after: 719 * time.Second, want: verdict{Due: true}},
		"over by any clock":            {status: api.StatusAvailable, after: 720 * time.Second, want: over("it expired at " + end)},
		"unavailable":                  {status: api.StatusUnavailable, want: over("it is UNAVAILABLE")},
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
		if got := verdictOf(m, test.before, start.Add(test.after)); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestAdditional(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		state, plan types.Int64
		// known is the length in the state, granted that which is read.
		known, granted int64
		renew          bool
		after          time.Duration
		want           int64
	}{
		"longer":                            {types.Int64Value(600), types.Int64Value(900), 600, 600, false, 0, 300},
		"longer, less granted":              {types.Int64Value(600), types.Int64Value(900), 500, 500, false, 0, 400},
		"longer, and it has been extended":  {types.Int64Value(600), types.Int64Value(900), 600, 900, false, 0, 0},
		"longer, and its length is untold":  {types.Int64Value(600), types.Int64Value(900), 600, 0, false, 0, 300},
		"renewal":                           {types.Int64Value(600), types.Int64Value(600), 600, 600, true, 500 * time.Second, 500},
		"renewal, and it has been extended": {types.Int64Value(600), types.Int64Value(600), 600, 1100, true, 500 * time.Second, -500},
		"renewal of what is over":           {types.Int64Value(600), types.Int64Value(600), 600, 600, true, time.Hour, 600},
		"renewal of the default":            {types.Int64Null(), types.Int64Null(), 86400, 86400, true, 86300 * time.Second, 86300},
		"longer and renewal":                {types.Int64Value(600), types.Int64Value(900), 600, 600, true, 500 * time.Second, 800},
		"granted more already":              {types.Int64Value(600), types.Int64Value(900), 600, 1000, false, 0, -100},
	} {
		state, plan := lasting(api.StatusAvailable, test.known), lasting(api.StatusAvailable, test.known)
		state.Duration, plan.Duration, plan.RenewBefore = test.state, test.plan, types.Int64Value(120)
		expires := start.Add(time.Duration(test.granted) * time.Second)
		e := extension{state: state, plan: plan, renew: test.renew, now: func() time.Time { return start.Add(test.after) }}
		if got := e.additional(&api.Session{Status: api.StatusAvailable, Duration: test.granted, ExpiresAt: &expires}); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// What a session comes to whose operator does not have it any more depends on
// the state alone where no other is wanted.
func TestOutlive(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*model)
		after  time.Duration
		info   string
		warned bool
	}{
		"its time is over":        {after: 600 * time.Second, info: api.InfoDurationExpired},
		"over soon, by our clock": {after: 500 * time.Second, info: api.InfoDurationExpired},
		"before its time":         {after: 60 * time.Second, warned: true},
		"its time is not known":   {change: func(m *model) { m.QoSStatus, m.ExpiresAt = types.StringValue(api.StatusRequested), types.StringNull() }, after: time.Hour, warned: true},
		"it was known to have ended": {change: func(m *model) {
			m.QoSStatus, m.StatusInfo = types.StringValue(api.StatusUnavailable), types.StringValue("x")
		}, info: "x"},
		"ended before its time, as seen": {change: func(m *model) { m.QoSStatus = types.StringValue(api.StatusUnavailable) }, after: time.Minute},
	} {
		m := lasting(api.StatusAvailable, 600)
		if test.change != nil {
			test.change(m)
		}
		var diags diag.Diagnostics
		m.outlive(start.Add(test.after), &diags)
		if m.QoSStatus.ValueString() != api.StatusUnavailable || m.StatusInfo.ValueString() != test.info || (diags.WarningsCount() > 0) != test.warned || diags.HasError() {
			t.Errorf("%s: %s (%s), %v", name, m.QoSStatus, m.StatusInfo, diags)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	const end = "2030-01-01T00:10:00Z"
	for name, test := range map[string]struct {
		status              string
		asked, renew, after int64
		want                verdict
		warnings            int
	}{
		"all that was asked for":         {status: api.StatusAvailable, asked: 600, renew: 120},
		"less":                           {status: api.StatusAvailable, asked: 900, renew: 120, warnings: 1},
		"less, requested":                {status: api.StatusRequested, asked: 900, renew: 700, warnings: 1},
		"less than is to remain":         {status: api.StatusAvailable, asked: 900, renew: 700, want: verdict{Exhausted: end}, warnings: 2},
		"an extension to what was there": {status: api.StatusAvailable, asked: 600, renew: 120, after: 500, want: verdict{Exhausted: end}, warnings: 1},
		"no renewal":                     {status: api.StatusAvailable, asked: 600, after: 500},
	} {
		m := lasting(test.status, 600)
		m.Duration = types.Int64Value(test.asked)
		if test.renew > 0 {
			m.RenewBefore = types.Int64Value(test.renew)
		}
		var diags diag.Diagnostics
		got := m.limits(true, start.Add(time.Duration(test.after)*time.Second), &diags)
		if got != test.want || diags.WarningsCount() != test.warnings || diags.HasError() {
			t.Errorf("%s: %+v, %v", name, got, diags)
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
	imported := grant.Origin{}.Import(start)
	long := imported.Aged(start.Add(24 * time.Hour))
	phone := attribute.DeviceValue(&api.Device{PhoneNumber: "+34666666666"})
	for name, test := range map[string]struct {
		state, plan func(*model)
		origin      grant.Origin
		replacing   []string
		recorded    []string
		unsent      int
		late        int
		extending   bool
	}{
		"nothing":                     {},
		"another profile":             {plan: func(m *model) { m.QoSProfile = types.StringValue("QOS_M") }, replacing: []string{"qos_profile"}},
		"a profile not known yet":     {plan: func(m *model) { m.QoSProfile = types.StringUnknown() }, replacing: []string{"qos_profile"}},
		"another server":              {plan: func(m *model) { m.ApplicationServer = server(api.ApplicationServer{IPv4Address: "203.0.113.5"}) }, replacing: []string{"application_server"}},
		"a server written otherwise":  {plan: func(m *model) { m.ApplicationServer = server(api.ApplicationServer{IPv4Address: "203.0.113.9/24"}) }},
		"a server not known yet":      {plan: func(m *model) { m.ApplicationServer = types.ObjectUnknown(serverType().AttrTypes) }, replacing: []string{"application_server"}},
		"ports added":                 {plan: func(m *model) { m.DevicePorts = ports }, replacing: []string{"device_ports"}},
		"ports added after an import": {plan: func(m *model) { m.DevicePorts = ports }, origin: imported, recorded: []string{"device_ports"}},
		"ports added to imported ones": {
			state: func(m *model) { m.DevicePorts = portsValue(&api.Ports{Ports: []int64{2}}) }, plan: func(m *model) { m.DevicePorts = ports }, origin: imported, replacing: []string{"device_ports"},
		},
		"a server after an import": {state: func(m *model) { m.ApplicationServer = serverValue(nil) }, origin: imported, recorded: []string{"application_server"}},
		"all ports spelled out": {plan: func(m *model) {
			m.ApplicationServerPorts = portsValue(&api.Ports{Ranges: []api.PortRange{{From: 0, To: 65535}}})
		}},
		"a sink":                        {plan: func(m *model) { m.Sink = types.StringValue("https://n") }, replacing: []string{"sink"}},
		"a sink after an import":        {plan: func(m *model) { m.Sink = types.StringValue("https://n") }, origin: imported, recorded: []string{"sink"}},
		"a sink long after an import":   {plan: func(m *model) { m.Sink = types.StringValue("https://n") }, origin: long, replacing: []string{"sink"}, late: 1},
		"a device":                      {plan: func(m *model) { m.Device = phone }, replacing: []string{"device"}},
		"a device after an import":      {plan: func(m *model) { m.Device = phone }, origin: imported, recorded: []string{"device"}},
		"a device long after an import": {plan: func(m *model) { m.Device = phone }, origin: long, replacing: []string{"device"}, late: 1},
		"another webhook":               {state: func(m *model) { m.Webhook = webhook("https://a", "x", 1) }, plan: func(m *model) { m.Webhook = webhook("https://b", "x", 1) }, replacing: []string{"webhook"}},
		"another webhook's token":       {state: func(m *model) { m.Webhook = webhook("https://a", "x", 1) }, plan: func(m *model) { m.Webhook = webhook("https://a", "y", 1) }, unsent: 1},
		"another version of the token":  {state: func(m *model) { m.Webhook = webhook("https://a", "x", 1) }, plan: func(m *model) { m.Webhook = webhook("https://a", "x", 2) }, replacing: []string{"webhook"}},
		"a version after an import":     {state: func(m *model) { m.Webhook = webhookValue("https://a") }, plan: func(m *model) { m.Webhook = webhook("https://a", "x", 2) }, origin: imported, recorded: []string{"webhook"}},
		"a token after an import":       {state: func(m *model) { m.Webhook = webhookValue("https://a") }, plan: func(m *model) { m.Webhook = webhook("https://a", "x", 0) }, origin: imported, recorded: []string{"webhook"}},
		"another webhook than imported": {state: func(m *model) { m.Webhook = webhookValue("https://a") }, plan: func(m *model) { m.Webhook = webhook("https://b", "x", 2) }, origin: imported, replacing: []string{"webhook"}},
		"longer":                        {plan: func(m *model) { m.Duration = types.Int64Value(601) }, extending: true},
		"longer, granted already":       {state: func(m *model) { m.GrantedDuration = types.Int64Value(900) }, plan: func(m *model) { m.Duration = types.Int64Value(900) }},
		"longer, not available":         {state: func(m *model) { m.QoSStatus = types.StringValue(api.StatusRequested) }, plan: func(m *model) { m.Duration = types.Int64Value(900) }, replacing: []string{"duration"}},
		"shorter":                       {plan: func(m *model) { m.Duration = types.Int64Value(599) }, replacing: []string{"duration"}},
		"shorter after an import":       {plan: func(m *model) { m.Duration = types.Int64Value(599) }, origin: imported, recorded: []string{"duration"}},
		"shorter long after an import":  {plan: func(m *model) { m.Duration = types.Int64Value(599) }, origin: long, replacing: []string{"duration"}},
		"shorter, as granted":           {state: func(m *model) { m.Duration = types.Int64Value(900) }},
		"shorter, and more than granted": {
			state: func(m *model) { m.Duration = types.Int64Value(900) }, plan: func(m *model) { m.Duration = types.Int64Value(700) },
		},
		"shorter than granted":     {state: func(m *model) { m.Duration = types.Int64Value(900) }, plan: func(m *model) { m.Duration = types.Int64Value(500) }, replacing: []string{"duration"}},
		"a duration not known yet": {plan: func(m *model) { m.Duration = types.Int64Unknown() }, replacing: []string{"duration"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state, plan := lasting(api.StatusAvailable, 600), lasting(api.StatusAvailable, 600)
			if test.state != nil {
				test.state(state)
			}
			if test.plan != nil {
				test.plan(plan)
			}
			c, diags := planChanges(t.Context(), state, plan, test.origin)
			var replacing []string
			for _, at := range c.Replacing {
				replacing = append(replacing, at.String())
			}
			if diags.HasError() || !slices.Equal(replacing, test.replacing) || !slices.Equal(c.Recorded, test.recorded) || len(c.Unsent) != test.unsent || len(c.Late) != test.late || c.extending != test.extending {
				t.Errorf("%+v, %v", c, diags)
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
