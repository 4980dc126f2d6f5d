package callback_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
)

// refusal is a configuration, and words of the error about it.
type refusal struct {
	config string
	want   []string
}

// nowhere is a provider block whose host nobody could reach: what is refused is
// refused before anything is asked.
const nowhere = `
provider "thingspace" {
  base_url      = "http://127.0.0.1:1"
  access_token  = "access"
  session_token = "session"
}
`

func onAccount(name string) string {
	return strings.Replace(listener(ours), acctest.Account, name, 1)
}

func listing(account string) string {
	return fmt.Sprintf("data \"thingspace_callbacks\" \"all\" {\n  account_name = %q\n}\n", account)
}

func TestAccInvalid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 41)
	judge(t, acctest.NewCLI(t), map[string]refusal{
		"no url":                       {strings.Replace(listener(ours), "url =", "# url =", 1), []string{`"url" is required`}},
		"no account":                   {strings.Replace(listener(ours), "account_name =", "# account_name =", 1), []string{`"account_name" is required`}},
		"account with letters":         {onAccount("acme"), []string{"account_name must be digits, with a dash between its parts"}},
		"empty account":                {onAccount(""), []string{"account_name must be digits"}},
		"name with a slash":            {listener(ours, `name = "QoS/x"`), []string{"name must be letters and digits, such as QoS"}},
		"empty name":                   {listener(ours, `name = ""`), []string{"name must be letters and digits"}},
		"url without a scheme":         {listener("qos.example.com/callbacks"), []string{"url must be an http or https URL with a host"}},
		"url of another scheme":        {listener("ftp://qos.example.com"), []string{"url must be an http or https URL"}},
		"url without a host":           {listener("https:///callbacks"), []string{"url must be an http or https URL"}},
		"url with a port alone":        {listener("https://:443/callbacks"), []string{"url must be an http or https URL"}},
		"url with a blank":             {listener("https://qos.example.com/a b"), []string{"url must be an http or https URL"}},
		"url with a quote":             {listener("https://qos.example.com/o'neill"), []string{"url must be an http or https URL"}},
		"url with a user":              {listener("https://user:pass@qos.example.com"), []string{"url must not carry a user or password"}},
		"empty url":                    {listener(""), []string{"url must be an http or https URL"}},
		"empty username":               {listener(ours, `username = ""`), []string{"username UTF-8 character count must be between 1 and 40"}},
		"long username":                {listener(ours, credentials(long, "p")), []string{"username UTF-8 character count must be between 1 and 40"}},
		"long password":                {listener(ours, credentials("u", long)), []string{"password UTF-8 character count must be between 1 and 40"}},
		"password without a username":  {listener(ours, `password = "p"`), []string{`"username" must be specified when "password" is specified`}},
		"overwrite_existing as a word": {listener(ours, `overwrite_existing = "sometimes"`), []string{"overwrite_existing", "bool"}},
		"computed attribute":           {listener(ours, `id = "mine"`), []string{`id = "mine"`}},
		"listed account":               {listing("acme"), []string{"account_name must be digits"}},
		"listing without an account":   {"data \"thingspace_callbacks\" \"test\" {}\n", []string{`"account_name" is required`}},
	})
}

func TestAccInvalidWriteOnly(t *testing.T) {
	t.Parallel()
	c := acctest.NewCLI(t)
	acctest.NeedsWriteOnly(t)
	judge(t, c, map[string]refusal{
		"password_wo without a version":  {listener(ours, `username = "u"`, `password_wo = "p"`), []string{`"password_wo_version" must be specified when "password_wo" is specified`}},
		"password_wo without a username": {listener(ours, `password_wo = "p"`, "password_wo_version = 1"), []string{`"username" must be specified when "password_wo" is specified`}},
		"version without password_wo":    {listener(ours, `username = "u"`, "password_wo_version = 1"), []string{`"password_wo" must be specified when "password_wo_version" is specified`}},
		"both passwords":                 {listener(ours, credentials("u", "p"), `password_wo = "p"`, "password_wo_version = 1"), []string{`"password_wo" cannot be specified when "password" is specified`}},
		"negative version":               {listener(ours, `username = "u"`, `password_wo = "p"`, "password_wo_version = -1"), []string{"password_wo_version value must be at least 0"}},
		"long password_wo":               {listener(ours, `username = "u"`, fmt.Sprintf("password_wo = %q", strings.Repeat("x", 41)), "password_wo_version = 1"), []string{"password_wo UTF-8 character count must be between 1 and 40"}},
	})
}

// judge plans all at once; nothing is wanted of what is valid.
func judge(t *testing.T, c *acctest.CLI, refusals map[string]refusal) {
	t.Helper()
	cases := make(map[string]acctest.Case, len(refusals))
	for name, r := range refusals {
		config := strings.NewReplacer(`"qos" {`, `"test" {`, `"all" {`, `"test" {`).Replace(r.config)
		cases[name] = acctest.Case{Provider: nowhere, Config: config, Want: r.want}
	}
	acctest.Judge(t, c, unknown, cases)
}

const unknown = "resource \"terraform_data\" \"source\" {\n  input = \"known after apply\"\n}\n"

func TestAccValidEdges(t *testing.T) {
	t.Parallel()
	const later = "terraform_data.source.output"
	forty := strings.Repeat("ü", 40)
	judge(t, acctest.NewCLI(t), map[string]refusal{
		"url unknown":         {config: strings.Replace(listener(ours), fmt.Sprintf("%q", ours), later, 1)},
		"account unknown":     {config: strings.Replace(listener(ours), fmt.Sprintf("%q", acctest.Account), later, 1)},
		"credentials unknown": {config: listener(ours, "username = "+later, "password = "+later)},
		"forty characters":    {config: listener(ours, credentials(forty, forty))},
		"username alone":      {config: listener(ours, `username = "listener"`)},
		"IPv6 host":           {config: listener("https://[2001:db8::5]:443/callbacks")},
		"query":               {config: listener("https://qos.example.com/callbacks?tenant=a")},
		"undocumented port":   {config: listener("https://qos.example.com:8443/callbacks")},
		"another service":     {config: listener(ours, `name = "NiddService"`)},
	})
}

// A port that ThingSpace's documents do not list is planned with a warning:
// they may have changed.
func TestAccUndocumentedPortWarns(t *testing.T) {
	t.Parallel()
	c := acctest.NewCLI(t)
	c.Write(nowhere + listener("https://qos.example.com:8443/callbacks"))
	if out, _ := c.Plan(); !acctest.Words("Warning: ThingSpace may not call this port", "url has port 8443").MatchString(out) {
		t.Errorf("want a warning:\n%s", out)
	}
}
