package qossubscription_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
)

// nowhere is a provider block whose hosts nobody could reach: what is refused
// is refused before anything is asked.
const nowhere = `
provider "thingspace" {
  base_url      = "http://127.0.0.1:1"
  access_token  = "access"
  session_token = "session"
  receiver_url  = "http://127.0.0.1:1"
}
`

// inDevice replaces one line of a valid device by another.
func inDevice(changes ...string) string {
	return subscription([]string{device("5551234567", changes...)})
}

func withEnds(server, end string) string {
	return inDevice("203.0.113.5:443", server, "198.51.100.7:5000", end)
}

// withPolicy adds a line to a valid resource.
func withPolicy(line string) string {
	return subscription([]string{device("5551234567")}, line)
}

func onAccount(name string) string {
	return strings.Replace(inDevice(), acctest.Account, name, 1)
}

// refusal is a configuration, and words of the error about it.
type refusal struct {
	config string
	want   []string
}

var invalidDevices = map[string]refusal{
	"no device":                  {subscription(nil), []string{"device_info", "at least 1"}},
	"no flow":                    {subscription([]string{`{ device_id = { id = "5551234567", kind = "MDN" }, flow_info = [] }`}), []string{"device_info: device 5551234567: flow_info must have at least one flow"}},
	"no device_id":               {subscription([]string{`{ flow_info = [] }`}), []string{`attribute "device_id" is required`}},
	"no flow_info":               {subscription([]string{`{ device_id = { id = "1", kind = "MDN" } }`}), []string{`attribute "flow_info" is required`}},
	"no id":                      {inDevice(`id = "5551234567", `, ""), []string{`attribute "id" is required`}},
	"no kind":                    {inDevice(`, kind = "MDN"`, ""), []string{`attribute "kind" is required`}},
	"empty id":                   {inDevice("5551234567", ""), []string{"device_id.id must be the identifier alone", `got ""`}},
	"id with a blank":            {inDevice("5551234567", "555 123 4567"), []string{"device_id.id must be the identifier alone", `got "555 123 4567"`}},
	"id with markup":             {inDevice("5551234567", "<5551234567>"), []string{"device_id.id must be the identifier alone"}},
	"id of another script":       {inDevice("5551234567", "٥٥٥"), []string{"device_id.id must be the identifier alone"}},
	"kind in lower case":         {inDevice("MDN", "mdn"), []string{"device 5551234567: device_id.kind must be one of IMEI, MDN, MSISDN, ICCID", `got "mdn"`}},
	"kind of another service":    {inDevice("MDN", "MEID"), []string{"device_id.kind must be one of IMEI, MDN, MSISDN, ICCID"}},
	"two kinds":                  {subscription([]string{device("5551234567"), device("353921056789016", "MDN", "IMEI")}), []string{"all devices of one request must have the same device_id.kind, got IMEI (device 353921056789016) and MDN (device 5551234567)"}},
	"a device twice":             {subscription([]string{device("5551234567"), device("5551234567", "UPLINK", "DOWNLINK")}), []string{"device 5551234567 is listed twice in device_id.id"}},
	"a device in two spellings":  {subscription([]string{device("89a1"), device("89A1", "UPLINK", "DOWNLINK")}), []string{"is listed twice in device_id.id"}},
	"IPv4 device address":        {inDevice("flow_info =", "device_ipv6_addr = \"198.51.100.7\"\n flow_info ="), []string{"device 5551234567: device_ipv6_addr must be an IPv6 address without a port", `got "198.51.100.7"`}},
	"device address with a port": {inDevice("flow_info =", "device_ipv6_addr = \"[2001:db8::7]:5000\"\n flow_info ="), []string{"device_ipv6_addr must be an IPv6 address alone, without brackets or a port"}},
	"bracketed device address":   {inDevice("flow_info =", "device_ipv6_addr = \"[2001:db8::7]\"\n flow_info ="), []string{"device_ipv6_addr must be an IPv6 address alone"}},
	"zoned device address":       {inDevice("flow_info =", "device_ipv6_addr = \"fe80::1%eth0\"\n flow_info ="), []string{"device_ipv6_addr must be an IPv6 address"}},
	"empty device address":       {inDevice("flow_info =", "device_ipv6_addr = \"\"\n flow_info ="), []string{"device_ipv6_addr must be an IPv6 address"}},
	"network as device address":  {inDevice("flow_info =", "device_ipv6_addr = \"2001:db8::/64\"\n flow_info ="), []string{"device_ipv6_addr must be an IPv6 address"}},
}

var invalidFlows = map[string]refusal{
	"no flow_server":                      {inDevice(`flow_server    = "203.0.113.5:443"`, ""), []string{`attribute "flow_server" is required`}},
	"no qci_option":                       {inDevice(`qci_option     = "Premium"`, ""), []string{`attribute "qci_option" is required`}},
	"empty flow_server":                   {withEnds("", "198.51.100.7"), []string{"device 5551234567: flow_server", "must be an IP address"}},
	"server by name":                      {withEnds("qos.example.com:443", "198.51.100.7"), []string{`flow_server "qos.example.com:443" must be an IP address`}},
	"server as URL":                       {withEnds("https://203.0.113.5", "198.51.100.7"), []string{"flow_server", "must be an IP address"}},
	"server as network":                   {withEnds("203.0.113.0/24", "198.51.100.7"), []string{"flow_server", "must be an IP address"}},
	"server port 0":                       {withEnds("203.0.113.5:0", "198.51.100.7"), []string{"flow_server", "which must be a number from 1 to 65535"}},
	"server port 65536":                   {withEnds("203.0.113.5:65536", "198.51.100.7"), []string{"flow_server", "from 1 to 65535"}},
	"server port by name":                 {withEnds("203.0.113.5:https", "198.51.100.7"), []string{"flow_server", "from 1 to 65535"}},
	"server without its port":             {withEnds("203.0.113.5:", "198.51.100.7"), []string{"flow_server", "must be an IP address"}},
	"device end port 70000":               {withEnds("203.0.113.5", "198.51.100.7:70000"), []string{"flow_device", "from 1 to 65535"}},
	"device end by name":                  {withEnds("203.0.113.5", "camera"), []string{"flow_device", "must be an IP address"}},
	"IPv6 port without brackets":          {withEnds("1:2:3:4:5:6:7:8:443", "2001:db8::7"), []string{"flow_server", "one with a port is written [address]:port"}},
	"brackets without a port":             {withEnds("[2001:db8::5]", "2001:db8::7"), []string{"flow_server", "has brackets and no port"}},
	"brackets left open":                  {withEnds("2001:db8::5", "[2001:db8::7"), []string{"flow_device", "must have a complete IPv6 address in its brackets"}},
	"IPv4 in brackets":                    {withEnds("[203.0.113.5]:443", "198.51.100.7"), []string{"flow_server", "must have a complete IPv6 address in its brackets"}},
	"zone":                                {withEnds("fe80::1%eth0", "2001:db8::7"), []string{"flow_server", "must not carry an IPv6 zone"}},
	"IPv4 server, IPv6 device":            {withEnds("203.0.113.5:443", "[2001:db8::7]:5000"), []string{"flow_server and flow_device must be of one IP family, got 203.0.113.5:443 (IPv4) and [2001:db8::7]:5000 (IPv6)"}},
	"IPv6 server, IPv4 device":            {withEnds("2001:db8::5", "198.51.100.7"), []string{"flow_server and flow_device must be of one IP family"}},
	"direction of the other API":          {inDevice("UPLINK", "BIDIRECTIONAL"), []string{"flow_direction must be one of UPLINK, DOWNLINK, BIDIRECTION", `got "BIDIRECTIONAL"`}},
	"direction in lower case":             {inDevice("UPLINK", "uplink"), []string{"flow_direction must be one of"}},
	"protocol":                            {inDevice("UDP", "ICMP"), []string{"flow_protocol must be one of UDP, TCP, IP", `got "ICMP"`}},
	"quality in upper case":               {inDevice("Premium", "PREMIUM"), []string{"qci_option must be one of Premium, Standard", `got "PREMIUM"`}},
	"a flow twice, in two qualities":      {inDevice("}]\n", twice("203.0.113.5:443", "Standard")), []string{"the flow from flow_server 203.0.113.5:443 to flow_device 198.51.100.7:5000 is listed twice"}},
	"an end that is no text":              {inDevice(`"203.0.113.5:443"`, "[1]"), []string{"flow_server", "string required"}},
	"one bad flow among good ones":        {inDevice("}]\n", twice("203.0.113.6:99999", "Premium")), []string{"flow_server", "203.0.113.6:99999", "from 1 to 65535"}},
	"a bad flow of the second device":     {subscription([]string{device("5551234567"), device("5557654321", "UPLINK", "SIDEWAYS")}), []string{"device 5557654321: flow_direction must be one of"}},
	"a bad flow beside an unknown one":    {inDevice("}]\n", strings.Replace(twice("203.0.113.6:0", "Premium"), `"UDP"`, "terraform_data.source.output", 1)), []string{"flow_server", "from 1 to 65535"}},
	"one that was equal but for spelling": {withEndsTwice("2001:db8::5", "2001:DB8:0::5"), []string{"is listed twice"}},
}

// twice ends one flow and adds another between the same ends.
func twice(server, quality string) string {
	return fmt.Sprintf(`}, {
        flow_server    = %q
        flow_device    = "198.51.100.7:5000"
        flow_direction = "UPLINK"
        flow_protocol  = "UDP"
        qci_option     = %q
      }]
`, server, quality)
}

func withEndsTwice(first, second string) string {
	const end = "2001:db8::7"
	return strings.ReplaceAll(inDevice("203.0.113.5:443", first, "}]\n", twice(second, "Standard")), "198.51.100.7:5000", end)
}

var invalidResources = map[string]refusal{
	"no account":               {strings.Replace(inDevice(), fmt.Sprintf("account_name = %q", acctest.Account), "", 1), []string{"account_name"}},
	"account with letters":     {onAccount("acme-00001"), []string{"account_name must be digits, with a dash between its parts"}},
	"account with a blank":     {onAccount("0000123456 00001"), []string{"account_name must be digits"}},
	"account ends with a dash": {onAccount("0000123456-"), []string{"account_name must be digits"}},
	"empty account":            {onAccount(""), []string{"account_name must be digits"}},
	"no device_info":           {fmt.Sprintf("resource \"thingspace_qos_subscription\" \"test\" {\n  account_name = %q\n}\n", acctest.Account), []string{"device_info"}},
	"wait_for":                 {withPolicy(`wait_for = "ON"`), []string{"wait_for", `"acknowledged" "on" "none"`}},
	"on_timeout":               {withPolicy(`on_timeout = "adopt"`), []string{"on_timeout", `"fail" "keep"`}},
	"on_existing":              {withPolicy(`on_existing = "keep"`), []string{"on_existing", `"fail" "adopt"`}},
	"timeout without a unit":   {withPolicy(`timeouts = { create = "10" }`), []string{"timeouts.create must be a duration"}},
	"timeout in words":         {withPolicy(`timeouts = { delete = "ten minutes" }`), []string{"timeouts.delete must be a duration"}},
	"timeout of nothing":       {withPolicy(`timeouts = { create = "0s" }`), []string{"timeouts.create must be a duration longer than nothing"}},
	"timeout below nothing":    {withPolicy(`timeouts = { delete = "-1m" }`), []string{"timeouts.delete must be a duration longer than nothing"}},
	"computed attribute":       {withPolicy(`request_id = "mine"`), []string{"request_id"}},
	"unknown attribute":        {withPolicy(`duration = 60`), []string{"duration"}},
	"listed status":            {"data \"thingspace_qos_subscriptions\" \"test\" {\n  status = \"on\"\n}\n", []string{"status", `"REQUESTED" "ACKNOWLEDGED" "ON" "FAILED" "TERMINATED"`}},
	"listed account":           {"data \"thingspace_qos_subscriptions\" \"test\" {\n  account_name = \"acme\"\n}\n", []string{"account_name must be digits"}},
	"listed device":            {"data \"thingspace_qos_subscriptions\" \"test\" {\n  device_id = \"\"\n}\n", []string{"device_id"}},
}

func TestAccInvalid(t *testing.T) {
	t.Parallel()
	cases := map[string]acctest.Case{}
	for _, table := range []map[string]refusal{invalidDevices, invalidFlows, invalidResources} {
		for name, test := range table {
			cases[name] = acctest.Case{Provider: nowhere, Config: test.config, Want: test.want}
		}
	}
	acctest.Judge(t, acctest.NewCLI(t), unknownSource, cases)
}

// Without a receiver nothing could be followed or stopped, which the plan says.
func TestAccMissingReceiver(t *testing.T) {
	t.Parallel()
	without := strings.Replace(nowhere, `receiver_url  = "http://127.0.0.1:1"`, "", 1)
	steps := []resource.TestStep{
		{Config: without + inDevice(), PlanOnly: true, ExpectError: acctest.Words("Unable to plan QoS subscription", "The provider has no receiver_url", "THINGSPACE_RECEIVER_URL")},
		{Config: without + "data \"thingspace_qos_subscriptions\" \"all\" {}\n", PlanOnly: true, ExpectError: acctest.Words("Unable to list QoS subscriptions", "The provider has no receiver_url")},
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: steps})
}

const unknownSource = `
resource "terraform_data" "source" {
  input = "known after apply"
}
`

// What is valid, or may turn out to be once it is known, is planned.
func TestAccValidEdges(t *testing.T) {
	t.Parallel()
	const later = "terraform_data.source.output"
	cases := map[string]acctest.Case{}
	for name, config := range map[string]string{
		"device_info unknown":           strings.Replace(subscription(nil), "device_info  = []", "device_info = toset(jsondecode("+later+"))", 1),
		"id unknown":                    inDevice(`"5551234567"`, later),
		"kind unknown":                  inDevice(`"MDN"`, later),
		"kind unknown beside another":   subscription([]string{device("5551234567"), device("5557654321", `"MDN"`, later)}),
		"device_id unknown":             inDevice(`{ id = "5551234567", kind = "MDN" }`, "jsondecode("+later+")"),
		"flow_info unknown":             subscription([]string{`{ device_id = { id = "5551234567", kind = "MDN" }, flow_info = toset(jsondecode(` + later + `)) }`}),
		"flow_server unknown":           inDevice(`"203.0.113.5:443"`, later),
		"direction unknown":             inDevice(`"UPLINK"`, later),
		"device address unknown":        inDevice("flow_info =", "device_ipv6_addr = "+later+"\n flow_info ="),
		"account unknown":               strings.Replace(inDevice(), fmt.Sprintf("%q", acctest.Account), later, 1),
		"policies unknown":              withPolicy("wait_for = " + later + "\n on_timeout = " + later + "\n on_existing = " + later),
		"timeout unknown":               withPolicy("timeouts = { create = " + later + " }"),
		"devices by for":                fmt.Sprintf("resource \"thingspace_qos_subscription\" \"test\" {\n  account_name = %q\n  device_info = [for id in [\"5551234567\", \"5557654321\"] : %s]\n}\n", acctest.Account, strings.Replace(device("x"), `"x"`, "id", 1)),
		"flows by for":                  inDevice("flow_info = [{", "flow_info = [for port in [443, 8443] : {", "203.0.113.5:443", "203.0.113.5:${port}"),
		"no ports":                      withEnds("203.0.113.5", "198.51.100.7"),
		"one port":                      withEnds("203.0.113.5:1", "198.51.100.7"),
		"highest port":                  withEnds("203.0.113.5:65535", "198.51.100.7:65535"),
		"IPv6 with ports":               withEnds("[2001:db8::5]:443", "[2001:db8::7]:5000"),
		"IPv6 without ports":            withEnds("2001:db8::5", "2001:db8::7"),
		"IPv6 device address":           inDevice("flow_info =", "device_ipv6_addr = \"2001:db8::7\"\n flow_info ="),
		"number with a plus":            inDevice("5551234567", "+15551234567", "MDN", "MSISDN"),
		"leading zeros":                 inDevice("5551234567", "0000000001"),
		"two directions of one flow":    inDevice("}]\n", strings.Replace(twice("203.0.113.5:443", "Premium"), "UPLINK", "DOWNLINK", 1)),
		"account without a dash":        onAccount("0000123456"),
		"every policy":                  withPolicy("wait_for = \"on\"\n on_timeout = \"keep\"\n on_existing = \"adopt\"\n timeouts = { create = \"1h30m\", delete = \"90s\" }"),
		"IMEI":                          inDevice("5551234567", "353921056789016", "MDN", "IMEI"),
		"ICCID":                         inDevice("5551234567", "89148000000800139708", "MDN", "ICCID"),
		"any protocol at low quality":   inDevice("UDP", "IP", "Premium", "Standard", "UPLINK", "BIDIRECTION"),
		"the same ends, other protocol": inDevice("}]\n", strings.Replace(twice("203.0.113.5:443", "Standard"), "UDP", "TCP", 1)),
	} {
		cases[name] = acctest.Case{Provider: nowhere, Config: config}
	}
	acctest.Judge(t, acctest.NewCLI(t), unknownSource, cases)
}
