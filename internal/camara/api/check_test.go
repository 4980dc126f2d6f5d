package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckAcceptsWhatTheVersionHas(t *testing.T) {
	t.Parallel()
	for _, v := range Versions() {
		for _, s := range []CreateSession{smallSession(v), fullSession(v)} {
			for _, bound := range []bool{false, true} {
				if problems := s.Check(v, bound); problems != nil {
					t.Errorf("%s: %v", v, join(problems))
				}
			}
		}
	}
	if problems := newestSession().Check(V120, false); problems != nil {
		t.Error(join(problems))
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	all := Versions()
	from := func(v Version) []Version { return all[slices.Index(all, v):] }
	until := func(v Version) []Version { return all[:slices.Index(all, v)] }
	many := make([]string, maxAddresses+1)
	for i := range many {
		many[i] = fmt.Sprintf("198.51.100.%d", i)
	}
	credential := func(c SinkCredential) func(*CreateSession) {
		return func(s *CreateSession) { s.Webhook, s.Sink, s.SinkCredential = nil, "https://a/n", &c }
	}
	tests := map[string]struct {
		change  func(*CreateSession)
		refused []Version
		field   string
		// allowed are the versions that take the same.
		allowed []Version
	}{
		"empty device":                {func(s *CreateSession) { s.Device = &Device{} }, all, "device", nil},
		"no device":                   {func(s *CreateSession) { s.Device = nil }, until(V011), "device", from(V011)},
		"phone with blanks":           {func(s *CreateSession) { s.Device.PhoneNumber = "+34 666" }, all, "device.phoneNumber", nil},
		"phone without +":             {func(s *CreateSession) { s.Device.PhoneNumber = "34666666666" }, from(V011), "device.phoneNumber", until(V011)},
		"public address alone":        {ipv4(DeviceIPv4{PublicAddress: "203.0.113.7"}), all, "device.ipv4Address", nil},
		"private address alone":       {ipv4(DeviceIPv4{PrivateAddress: "10.0.0.7"}), all, "device.ipv4Address.publicAddress", nil},
		"private IPv6":                {ipv4(DeviceIPv4{PublicAddress: "203.0.113.7", PrivateAddress: "::1"}), all, "device.ipv4Address.privateAddress", nil},
		"device port 65536":           {ipv4(DeviceIPv4{PublicAddress: "203.0.113.7", PublicPort: new(int64(65536))}), all, "device.ipv4Address.publicPort", nil},
		"device port 0":               {ipv4(DeviceIPv4{PublicAddress: "203.0.113.7", PublicPort: new(int64(0))}), from(V120), "device.ipv4Address.publicPort", until(V120)},
		"device subnet":               {func(s *CreateSession) { s.Device.IPv6Address = "2001:db8::/64" }, all, "device.ipv6Address", nil},
		"no server":                   {func(s *CreateSession) { s.ApplicationServer = nil }, all, "applicationServer", nil},
		"empty server":                {func(s *CreateSession) { s.ApplicationServer = &ApplicationServer{} }, all, "applicationServer", nil},
		"server by name":              {func(s *CreateSession) { s.ApplicationServer.IPv4Address = "example.com" }, all, "applicationServer.ipv4Address", nil},
		"server's IPv4 as IPv6":       {func(s *CreateSession) { s.ApplicationServer.IPv6Address = "198.51.100.1" }, all, "applicationServer.ipv6Address", nil},
		"mask too long":               {func(s *CreateSession) { s.ApplicationServer.IPv4Address = "198.51.100.0/33" }, all, "applicationServer.ipv4Address", nil},
		"addresses":                   {addresses("198.51.100.1"), until(V120), "applicationServer.ipAddresses", from(V120)},
		"both forms of server":        {func(s *CreateSession) { s.ApplicationServer.IPAddresses = []string{"198.51.100.1"} }, from(V120), "applicationServer.ipAddresses", nil},
		"too many addresses":          {addresses(many...), from(V120), "applicationServer.ipAddresses", nil},
		"address twice":               {addresses("198.51.100.1", "198.51.100.1"), from(V120), "applicationServer.ipAddresses[1]", nil},
		"address with mask":           {addresses("198.51.100.0/24"), from(V120), "applicationServer.ipAddresses[0]", nil},
		"empty ports":                 {func(s *CreateSession) { s.DevicePorts = &Ports{} }, all, "devicePorts", nil},
		"port 65536":                  {func(s *CreateSession) { s.DevicePorts.Ports[1] = 65536 }, all, "devicePorts.ports[1]", nil},
		"port 0":                      {func(s *CreateSession) { s.ApplicationServerPorts.Ports[0] = 0 }, from(V120), "applicationServerPorts.ports[0]", until(V120)},
		"negative port":               {func(s *CreateSession) { s.DevicePorts.Ranges[0].From = -1 }, all, "devicePorts.ranges[0].from", nil},
		"range too far":               {func(s *CreateSession) { s.DevicePorts.Ranges[0].To = 65536 }, all, "devicePorts.ranges[0].to", nil},
		"range backwards":             {func(s *CreateSession) { s.DevicePorts.Ranges[0] = PortRange{20, 10} }, all, "devicePorts.ranges[0]", nil},
		"no profile":                  {func(s *CreateSession) { s.QoSProfile = "" }, all, "qosProfile", nil},
		"profile too short":           {func(s *CreateSession) { s.QoSProfile = "ab" }, all, "qosProfile", nil},
		"profile with blank":          {func(s *CreateSession) { s.QoSProfile = "QOS E" }, all, "qosProfile", nil},
		"no duration":                 {func(s *CreateSession) { s.Duration = 0 }, from(V011), "duration", until(V011)},
		"negative duration":           {func(s *CreateSession) { s.Duration = -1 }, all, "duration", nil},
		"more than a day":             {func(s *CreateSession) { s.Duration = 86401 }, until(V011), "duration", from(V011)},
		"more than int32":             {func(s *CreateSession) { s.Duration = 1 << 31 }, all, "duration", nil},
		"webhook":                     {func(s *CreateSession) { s.Webhook = &Webhook{NotificationURL: "https://a/n"} }, from(V011), "webhook", until(V011)},
		"webhook without URL":         {func(s *CreateSession) { s.Webhook = &Webhook{} }, until(V011), "webhook.notificationUrl", nil},
		"token too short":             {func(s *CreateSession) { s.Webhook.NotificationAuthToken = "short" }, until(V011), "webhook.notificationAuthToken", nil},
		"token too long":              {func(s *CreateSession) { s.Webhook.NotificationAuthToken = strings.Repeat("x", 257) }, until(V011), "webhook.notificationAuthToken", nil},
		"sink":                        {func(s *CreateSession) { s.Sink = "https://a/n" }, until(V011), "sink", from(V011)},
		"sink credential":             {func(s *CreateSession) { s.SinkCredential = &SinkCredential{} }, until(V011), "sinkCredential", nil},
		"relative sink":               {func(s *CreateSession) { s.Sink = "/n" }, from(V011), "sink", nil},
		"plain sink":                  {func(s *CreateSession) { s.Sink = "http://a/n" }, from(V110), "sink", []Version{V011, V100}},
		"credential without sink":     {func(s *CreateSession) { s.Sink = "" }, from(V011), "sink", nil},
		"unknown credential":          {credential(SinkCredential{CredentialType: "PLAIN"}), from(V011), "sinkCredential.credentialType", nil},
		"no access token":             {credential(SinkCredential{AccessTokenExpiresUTC: "2030-01-01T00:00:00Z"}), from(V011), "sinkCredential.accessToken", nil},
		"no expiry":                   {credential(SinkCredential{AccessToken: "t"}), from(V011), "sinkCredential.accessTokenExpiresUtc", nil},
		"expiry without zone":         {credential(SinkCredential{AccessToken: "t", AccessTokenExpiresUTC: "2030-01-01"}), from(V011), "sinkCredential.accessTokenExpiresUtc", nil},
		"token type":                  {func(s *CreateSession) { s.SinkCredential.AccessTokenType = "MAC" }, from(V011), "sinkCredential.accessTokenType", nil},
		"client id with access token": {func(s *CreateSession) { s.SinkCredential.ClientID = "c" }, from(V011), "sinkCredential.clientId", nil},
		"token URI with access token": {func(s *CreateSession) { s.SinkCredential.TokenURI = "https://a/t" }, from(V011), "sinkCredential.tokenUri", nil},
		"private key JWT":             {credential(SinkCredential{CredentialType: CredentialPrivateKeyJWT}), []Version{V011, V100, V110}, "sinkCredential.credentialType", from(V120)},
		"plain token URI":             {credential(SinkCredential{CredentialType: CredentialPrivateKeyJWT, TokenURI: "http://a/t"}), from(V120), "sinkCredential.tokenUri", nil},
		"JWT with access token":       {credential(SinkCredential{CredentialType: CredentialPrivateKeyJWT, AccessToken: "t"}), from(V120), "sinkCredential.accessToken", nil},
	}
	for name, test := range tests {
		for _, v := range slices.Concat(test.refused, test.allowed) {
			t.Run(name+" on "+string(v), func(t *testing.T) {
				t.Parallel()
				s := fullSession(v)
				test.change(&s)
				var fields []string
				for _, problem := range s.Check(v, false) {
					fields = append(fields, problem.Field)
					if problem.Version != v || problem.Problem == "" {
						t.Errorf("problem %+v", problem)
					}
				}
				if want := slices.Contains(test.refused, v); slices.Contains(fields, test.field) != want {
					t.Errorf("refused %q, want %q among them: %v", fields, test.field, want)
				}
			})
		}
	}
}

func ipv4(a DeviceIPv4) func(*CreateSession) {
	return func(s *CreateSession) { s.Device = &Device{IPv4Address: &a} }
}

func addresses(list ...string) func(*CreateSession) {
	return func(s *CreateSession) { s.ApplicationServer = &ApplicationServer{IPAddresses: list} }
}

func TestBoundTokenNeedsADeviceToFind(t *testing.T) {
	t.Parallel()
	s := smallSession(V110)
	s.Device = nil
	if problems := s.Check(V110, true); len(problems) != 1 || problems[0].Field != "device" {
		t.Errorf("problems: %v", join(problems))
	}
	if problems := s.Check(V110, false); problems != nil {
		t.Errorf("where the token may or may not be bound: %v", join(problems))
	}
}

func TestRefusedRequestsAreNotSent(t *testing.T) {
	t.Parallel()
	o := newOperator(t, always(500, ""))
	c := o.client(t, V110, nil)
	old := o.client(t, V010, nil)
	withWebhook := smallSession(V110)
	withWebhook.Webhook = &Webhook{NotificationURL: "https://a/n", NotificationAuthToken: "s3cret-s3cret-s3cret"}
	_, createErr := c.CreateSession(t.Context(), "", withWebhook)
	_, extendErr := c.ExtendSession(t.Context(), "", testID, 0)
	_, longErr := old.ExtendSession(t.Context(), "", testID, 86400)
	_, listErr := o.client(t, V110, func(c *Config) { c.TwoLegged = true }).RetrieveSessions(t.Context(), "", nil)
	_, profileErr := old.Profiles(t.Context(), "", ProfileQuery{Device: fullDevice()})
	_, nameErr := c.Profiles(t.Context(), "", ProfileQuery{Name: "x"})
	_, assignErr := c.CreateAssignment(t.Context(), "", CreateAssignment{})
	_, findErr := c.RetrieveAssignment(t.Context(), "", &Device{})
	for _, test := range []struct {
		field string
		err   error
	}{
		{"webhook", createErr},
		{"requestedAdditionalDuration", extendErr},
		{"requestedAdditionalDuration", longErr},
		{"device", listErr},
		{"device", profileErr},
		{"name", nameErr},
		{"qosProfile", assignErr},
		{"device", findErr},
	} {
		var problem *FieldError
		if !errors.As(test.err, &problem) || !NotSent(test.err) || problem.Field != test.field {
			t.Errorf("%s: err = %v", test.field, test.err)
		}
	}
	want := "create the QoD session: webhook is not part of this version: give sink and sinkCredential instead (API version 1.1)"
	if diff := cmp.Diff(want, createErr.Error()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	o.wantCount(t, 0)
}
