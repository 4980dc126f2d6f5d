package qodsession_test

import (
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// minimal is a session with these lines in place of the usual ones.
func minimal(server, lines string) string {
	return "resource \"camara_qod_session\" \"test\" {\n  application_server = " + server + "\n  qos_profile = \"QOS_E\"\n  " + lines + "\n}\n"
}

func TestAccInvalid(t *testing.T) {
	t.Parallel()
	old, current, newest := acctest.NewCamara(t, sandbox.Version010), acctest.NewCamara(t, sandbox.Version11), acctest.NewCamara(t, sandbox.Version12)
	_, provider := boundWorld(t, sandbox.Version11, "jwt_bearer")
	_, oldBound := boundWorld(t, sandbox.Version010, "jwt_bearer")
	_, newestAsked := boundWorld(t, sandbox.Version12, "ciba")
	const (
		server = `{ ipv4_address = "203.0.113.5" }`
		device = "device = { phone_number = \"+34666666666\" }\n  "
		valid  = device + "duration = 600\n  "
		sink   = valid + "sink = \"https://n.example.com\"\n  "
	)
	at := func(w *acctest.CamaraWorld, config string) string { return w.ProviderConfig() + config }
	cases := map[string]acctest.Case{}
	for name, test := range map[string]struct {
		config string
		says   []string
	}{
		"device without identifier":     {at(current, minimal(server, "device = {}\n  duration = 600")), []string{"device must have at least one identifier"}},
		"phone number":                  {at(current, minimal(server, "device = { phone_number = \"123\" }\n  duration = 600")), []string{"device.phone_number must be in international format, such as +34666666666"}},
		"phone number of 0.10":          {at(current, minimal(server, "device = { phone_number = \"34666666666\" }\n  duration = 600")), []string{"device.phone_number", "1.1"}},
		"public address alone":          {at(current, minimal(server, "device = { ipv4_address = { public_address = \"203.0.113.7\" } }\n  duration = 600")), []string{"device.ipv4_address", "private_address"}},
		"IPv6 address of a device":      {at(current, minimal(server, "device = { ipv6_address = \"2001:db8::/64\" }\n  duration = 600")), []string{"device.ipv6_address"}},
		"no device with two legs":       {at(current, minimal(server, "duration = 600")), []string{"device is required", "client_credentials"}},
		"no device with three":          {provider + minimal(server, "duration = 600"), []string{"device is needed"}},
		"no device with three on 0.10":  {oldBound + minimal(server, ""), []string{"device"}},
		"no device with a question":     {newestAsked + minimal(server, "duration = 600"), []string{"device is needed"}},
		"no subscriber with three":      {provider + minimal(server, "device = { network_access_identifier = \"x@example.com\" }\n  duration = 600"), []string{"device must have a phone_number"}},
		"no device on 0.10":             {at(old, minimal(server, "")), []string{"device must have at least one identifier", "0.10"}},
		"server without address":        {at(current, minimal("{}", valid)), []string{"application_server must have at least one address"}},
		"server by name":                {at(current, minimal("{ ipv4_address = \"example.com\" }", valid)), []string{"application_server.ipv4_address"}},
		"list of addresses before 1.2":  {at(current, minimal("{ ip_addresses = [\"203.0.113.5\"] }", valid)), []string{"application_server.ip_addresses is not part of this version", "1.1"}},
		"list with a subnet":            {at(newest, minimal("{ ip_addresses = [\"203.0.113.0/24\"] }", valid)), []string{"application_server.ip_addresses"}},
		"list and single address":       {at(newest, minimal("{ ip_addresses = [\"203.0.113.5\"], ipv4_address = \"203.0.113.6\" }", valid)), []string{"application_server.ip_addresses cannot be combined"}},
		"empty ports":                   {at(current, minimal(server, valid+"device_ports = {}")), []string{"device_ports must have at least one"}},
		"range the wrong way":           {at(current, minimal(server, valid+"device_ports = { ranges = [{ from = 9, to = 8 }] }")), []string{"device_ports.ranges", "must not end before it begins"}},
		"port too high":                 {at(current, minimal(server, valid+"application_server_ports = { ports = [65536] }")), []string{"application_server_ports.ports", "65535"}},
		"port 0 on 1.2":                 {at(newest, minimal(server, valid+"device_ports = { ports = [0] }")), []string{"device_ports.ports", "1.2"}},
		"profile name":                  {at(current, replace(minimal(server, valid), "QOS_E", "a b")), []string{"qos_profile must be"}},
		"no duration from 0.11":         {at(current, minimal(server, device)), []string{"duration is required", "1.1"}},
		"more than a day on 0.10":       {at(old, minimal(server, device+"duration = 86401")), []string{"duration must be", "0.10"}},
		"no time at all":                {at(current, minimal(server, device+"duration = 0")), []string{"duration"}},
		"webhook from 0.11":             {at(current, minimal(server, valid+"webhook = { notification_url = \"https://n.example.com\" }")), []string{"webhook is not part of this version", "sink_credential", "1.1"}},
		"sink on 0.10":                  {at(old, minimal(server, sink)), []string{"sink is not part of this version", "0.10"}},
		"webhook and sink":              {at(current, minimal(server, sink+"webhook = { notification_url = \"https://n.example.com\" }")), []string{"no version has both"}},
		"short webhook token":           {at(old, minimal(server, device+"webhook = { notification_url = \"https://n.example.com\", notification_auth_token = \"short\" }")), []string{"webhook.notification_auth_token must have 20"}},
		"webhook URL":                   {at(old, minimal(server, device+"webhook = { notification_url = \"n\" }")), []string{"webhook.notification_url"}},
		"two webhook tokens":            {at(old, minimal(server, device+"webhook = { notification_url = \"https://n\", notification_auth_token = \"a-token-of-20-letters\", notification_auth_token_wo = \"a-token-of-20-letters\", notification_auth_token_wo_version = 1 }")), []string{"notification_auth_token"}},
		"a token without its version":   {at(old, minimal(server, device+"webhook = { notification_url = \"https://n\", notification_auth_token_wo = \"a-token-of-20-letters\" }")), []string{"notification_auth_token_wo_version"}},
		"http sink from 1.1":            {at(current, minimal(server, valid+"sink = \"http://n.example.com\"")), []string{"sink must begin with https://", "1.1"}},
		"credential without a sink":     {at(current, minimal(server, valid+"sink_credential = { access_token = \"x\", access_token_expires_utc = \"2030-01-31T12:00:00Z\" }")), []string{"sink_credential"}},
		"credential without a token":    {at(current, minimal(server, sink+"sink_credential = { access_token_expires_utc = \"2030-01-31T12:00:00Z\" }")), []string{"sink_credential.access_token is required"}},
		"credential without its end":    {at(current, minimal(server, sink+"sink_credential = { access_token = \"x\" }")), []string{"sink_credential.access_token_expires_utc"}},
		"private key before 1.2":        {at(current, minimal(server, sink+"sink_credential = { credential_type = \"PRIVATE_KEY_JWT\" }")), []string{"sink_credential.credential_type", "1.1"}},
		"private key and token":         {at(newest, minimal(server, sink+"sink_credential = { credential_type = \"PRIVATE_KEY_JWT\", access_token = \"x\" }")), []string{"sink_credential.access_token belongs to ACCESSTOKEN"}},
		"renewal of everything":         {at(current, minimal(server, valid+"renew_before = 600")), []string{"renew_before must be less than duration"}},
		"renewal of the default":        {at(old, minimal(server, device+"renew_before = 86400")), []string{"renew_before must be less than duration"}},
		"what to wait for":              {at(current, minimal(server, valid+"wait_for = \"ON\"")), []string{"wait_for"}},
		"what to do at the end":         {at(current, minimal(server, valid+"on_expiry = \"extend\"")), []string{"on_expiry"}},
		"a timeout of nothing":          {at(current, minimal(server, valid+"timeouts = { create = \"0s\" }")), []string{"timeouts.create"}},
		"a list of nothing on 1.2":      {at(newest, minimal("{ ip_addresses = [] }", valid)), []string{"application_server must have at least one address"}},
		"a range without an end":        {at(current, minimal(server, valid+"device_ports = { ranges = [{ from = 9 }] }")), []string{"to"}},
		"application server left out":   {at(current, "resource \"camara_qod_session\" \"test\" {\n  qos_profile = \"QOS_E\"\n  "+valid+"}\n"), []string{"application_server"}},
		"profile left out":              {at(current, "resource \"camara_qod_session\" \"test\" {\n  application_server = "+server+"\n  "+valid+"}\n"), []string{"qos_profile"}},
		"version that there is not":     {replace(at(current, minimal(server, valid)), `"1.1"`, `"2.0"`), []string{"api_version"}},
		"two ways to prove who we are":  {replace(at(current, minimal(server, valid)), "base_url", "access_token = \"x\"\n  base_url"), []string{"access_token and oauth"}},
		"secret and private key":        {replace(at(current, minimal(server, valid)), "client_secret", "private_key = \"x\"\n    client_secret"), []string{"private_key"}},
		"a flow that there is not":      {replace(at(current, minimal(server, valid)), `"client_credentials"`, `"password"`), []string{"oauth.flow"}},
		"a base URL that is none":       {replace(at(current, minimal(server, valid)), "http://", "ftp://"), []string{"base_url"}},
		"a base URL without a version":  {replace(replace(at(current, minimal(server, valid)), "api_version", "# api_version"), "/quality-on-demand/v1", "/elsewhere"), []string{"set api_version"}},
		"a header with a line break":    {replace(at(current, minimal(server, valid)), "base_url", "headers = { X-Key = \"a\\nb\" }\n  base_url"), []string{"headers"}},
		"no credentials":                {current.ProviderBlock() + minimal(server, valid), []string{"Set access_token, oauth or headers"}},
		"a client id without a secret":  {current.ProviderBlock("oauth = { flow = \"client_credentials\", token_url = \"https://x\", client_id = \"y\" }") + minimal(server, valid), []string{"client secret or a private key"}},
		"a flow without its URL":        {current.ProviderBlock("oauth = { flow = \"ciba\", token_url = \"https://x\", client_id = \"y\", client_secret = \"z\" }") + minimal(server, valid), []string{"backchannel URL"}},
		"an assertion without its key":  {current.ProviderBlock("oauth = { flow = \"jwt_bearer\", token_url = \"https://x\", client_id = \"y\", client_secret = \"z\" }") + minimal(server, valid), []string{"needs a private key"}},
		"a version the hybrid has not":  {replace(at(current, minimal(server, valid)), `"1.1"`, `"0.10"`) + "", nil},
		"what is not known yet":         {at(current, minimal("{ ipv4_address = terraform_data.x.id }", "device = { phone_number = terraform_data.x.id }\n  duration = 600")), nil},
		"a sink that is not known yet":  {at(current, minimal(server, valid+"sink = terraform_data.x.id\n  sink_credential = { access_token = \"x\", access_token_expires_utc = \"2030-01-31T12:00:00Z\" }")), nil},
		"webhook with unknown contents": {at(current, minimal(server, valid+"webhook = { notification_url = terraform_data.x.id }")), []string{"webhook is not part of this version"}},
	} {
		split := strings.Index(test.config, "\nresource ") + 1
		cases[name] = acctest.Case{Provider: test.config[:split], Config: test.config[split:], Want: test.says}
	}
	cli := acctest.NewCLIOf(t, []acctest.Family{acctest.FamilyCamara})
	acctest.Judge(t, cli, "resource \"terraform_data\" \"x\" {}\n", cases)
	for _, w := range []*acctest.CamaraWorld{old, current, newest} {
		if sent := w.Operator.Requests(); len(sent) != 0 {
			t.Errorf("%d requests were sent while planning", len(sent))
		}
	}
}
