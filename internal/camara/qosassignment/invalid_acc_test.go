package qosassignment_test

import (
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// minimal is an assignment with these lines and nothing else.
func minimal(lines string) string {
	return "resource \"camara_qos_assignment\" \"test\" {\n  " + lines + "\n}\n"
}

func TestAccInvalid(t *testing.T) {
	t.Parallel()
	current, newest := acctest.NewCamara(t, sandbox.Version11), acctest.NewCamara(t, sandbox.Version12)
	bound := acctest.NewKeyedCamara(t, sandbox.Version11)
	provider := bound.ProviderConfig("jwt_bearer")
	const (
		profile = "qos_profile = \"QOS_E\"\n  "
		valid   = "device = { phone_number = \"+34666666666\" }\n  " + profile
		sink    = valid + "sink = \"https://n.example.com\"\n  "
	)
	at := func(w *acctest.CamaraWorld, lines string) string { return w.ProviderConfig() + minimal(lines) }
	cases := map[string]acctest.Case{}
	for name, test := range map[string]struct {
		config string
		says   []string
	}{
		"device without identifier":  {at(current, profile+"device = {}"), []string{"device must have at least one identifier"}},
		"phone number":               {at(current, profile+"device = { phone_number = \"34666666666\" }"), []string{"device.phone_number"}},
		"public address alone":       {at(current, profile+"device = { ipv4_address = { public_address = \"203.0.113.7\" } }"), []string{"device.ipv4_address", "private_address"}},
		"subnet for a device":        {at(current, profile+"device = { ipv6_address = \"2001:db8::/64\" }"), []string{"device.ipv6_address"}},
		"no device with two legs":    {at(current, profile), []string{"device is required", "client_credentials"}},
		"no device with three":       {provider + minimal(profile), []string{"device is needed"}},
		"no subscriber with three":   {provider + minimal(profile+"device = { network_access_identifier = \"x@example.com\" }"), []string{"device must have a phone_number"}},
		"profile name":               {at(current, "device = { phone_number = \"+34666666666\" }\n  qos_profile = \"a b\""), []string{"qos_profile must be"}},
		"profile left out":           {at(current, "device = { phone_number = \"+34666666666\" }"), []string{"qos_profile"}},
		"http sink":                  {at(current, valid+"sink = \"http://n.example.com\""), []string{"sink must begin with https://"}},
		"credential without a sink":  {at(current, valid+"sink_credential = { access_token = \"x\", access_token_expires_utc = \"2030-01-31T12:00:00Z\" }"), []string{"sink_credential"}},
		"credential without a token": {at(current, sink+"sink_credential = { access_token_expires_utc = \"2030-01-31T12:00:00Z\" }"), []string{"sink_credential.access_token is required"}},
		"credential without its end": {at(current, sink+"sink_credential = { access_token = \"x\" }"), []string{"sink_credential.access_token_expires_utc"}},
		"two tokens":                 {at(current, sink+"sink_credential = { access_token = \"x\", access_token_wo = \"x\", access_token_wo_version = 1, access_token_expires_utc = \"2030-01-31T12:00:00Z\" }"), []string{"access_token"}},
		"a token without a version":  {at(current, sink+"sink_credential = { access_token_wo = \"x\", access_token_expires_utc = \"2030-01-31T12:00:00Z\" }"), []string{"access_token_wo_version"}},
		"private key before 0.4":     {at(current, sink+"sink_credential = { credential_type = \"PRIVATE_KEY_JWT\" }"), []string{"sink_credential.credential_type"}},
		"private key and token":      {at(newest, sink+"sink_credential = { credential_type = \"PRIVATE_KEY_JWT\", access_token = \"x\" }"), []string{"sink_credential.access_token belongs to ACCESSTOKEN"}},
		"what to wait for":           {at(current, valid+"wait_for = \"ON\""), []string{"wait_for"}},
		"what to do about time":      {at(current, valid+"on_timeout = \"retry\""), []string{"on_timeout"}},
		"a timeout of nothing":       {at(current, valid+"timeouts = { create = \"0s\" }"), []string{"timeouts.create"}},
		"an attribute of sessions":   {at(current, valid+"duration = 600"), []string{"duration"}},
		"a sink not known yet":       {at(current, valid+"sink = terraform_data.x.id\n  sink_credential = { access_token = \"x\", access_token_expires_utc = \"2030-01-31T12:00:00Z\" }"), nil},
		"what is not known yet":      {at(current, profile+"device = { phone_number = terraform_data.x.id }\n  sink = terraform_data.x.id"), nil},
	} {
		split := strings.Index(test.config, "\nresource ") + 1
		cases[name] = acctest.Case{Provider: test.config[:split], Config: test.config[split:], Want: test.says}
	}
	cli := acctest.NewCLIOf(t, []acctest.Family{acctest.FamilyCamara})
	acctest.Judge(t, cli, "resource \"terraform_data\" \"x\" {}\n", cases)
	for _, w := range []*acctest.CamaraWorld{current, newest, bound.CamaraWorld} {
		if sent := w.Operator.Requests(); len(sent) != 0 {
			t.Errorf("%d requests were sent while planning", len(sent))
		}
	}
}
