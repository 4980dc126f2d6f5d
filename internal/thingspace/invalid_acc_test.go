package thingspace_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
)

// block is a valid provider block in which the attributes given replace those
// of the same name; an empty value takes one out.
func block(changes ...string) string {
	attributes := map[string]string{
		"base_url": `"http://127.0.0.1:1"`, "receiver_url": `"http://127.0.0.1:1"`, "receiver_token": `"token"`,
		"client_id": `"id"`, "client_secret": `"secret"`, "username": `"user"`, "password": `"password"`,
	}
	for i := 0; i+1 < len(changes); i += 2 {
		attributes[changes[i]] = changes[i+1]
	}
	var b strings.Builder
	b.WriteString("provider \"thingspace\" {\n")
	for name, value := range attributes {
		if value != "" {
			fmt.Fprintf(&b, "  %s = %s\n", name, value)
		}
	}
	return b.String() + "}\n"
}

// refusal is a provider block, and words of the error about it.
type refusal struct {
	block string
	want  []string
}

// judge plans something with each block, all at once; nothing is wanted of what
// is valid.
func judge(t *testing.T, refusals map[string]refusal) {
	t.Helper()
	cases := make(map[string]acctest.Case, len(refusals))
	for name, r := range refusals {
		cases[name] = acctest.Case{Provider: r.block, Config: subscription("test", "5551234567"), Want: r.want}
	}
	acctest.Judge(t, acctest.NewCLI(t), "", cases)
}

func TestAccInvalidProvider(t *testing.T) {
	t.Parallel()
	judge(t, map[string]refusal{
		"client_id alone":               {block("client_secret", ""), []string{"client_id is set and client_secret is not", "THINGSPACE_CLIENT_SECRET"}},
		"client_secret alone":           {block("client_id", ""), []string{"client_secret is set and client_id is not", "THINGSPACE_CLIENT_ID"}},
		"username alone":                {block("password", ""), []string{"username is set and password is not", "THINGSPACE_PASSWORD"}},
		"password alone":                {block("username", ""), []string{"password is set and username is not", "THINGSPACE_USERNAME"}},
		"no client":                     {block("client_id", "", "client_secret", ""), []string{"Set client_id and client_secret in the provider block", "or access_token in their place"}},
		"no login":                      {block("username", "", "password", ""), []string{"Set username and password in the provider block", "or session_token in their place"}},
		"two ways to be a client":       {block("access_token", `"hidden-token"`), []string{`"client_id" cannot be specified when "access_token" is specified`}},
		"two ways to be a user":         {block("session_token", `"hidden-token"`), []string{`"username" cannot be specified when "session_token" is specified`}},
		"empty client_id":               {block("client_id", `""`), []string{"client_id string length must be at least 1"}},
		"empty client_secret":           {block("client_secret", `""`), []string{"client_secret string length must be at least 1"}},
		"blank client_id":               {block("client_id", `" "`), []string{"a client id and client secret are needed"}},
		"client_secret over lines":      {block("client_secret", `"hidden\nsecret"`), []string{"client secret contains a line break"}},
		"empty username":                {block("username", `""`), []string{"username must not be empty"}},
		"password ends with a line":     {block("password", `"hidden-password\n"`), []string{"password must not be empty and must not contain a line break"}},
		"empty access_token":            {block("client_id", "", "client_secret", "", "access_token", `" "`), []string{"access_token must be one token"}},
		"access_token over lines":       {block("client_id", "", "client_secret", "", "access_token", `"hidden\ntoken"`), []string{"access_token must be one token, without blanks or line breaks"}},
		"session_token with a blank":    {block("username", "", "password", "", "session_token", `"hidden token"`), []string{"session_token must be one token"}},
		"receiver_token over lines":     {block("receiver_token", `"hidden\r\ntoken"`), []string{"receiver_token must be one token"}},
		"base_url without a scheme":     {block("base_url", `"thingspace.verizon.com"`), []string{"base_url must be an http or https URL with a host"}},
		"base_url of another scheme":    {block("base_url", `"ftp://thingspace.verizon.com"`), []string{"base_url must be an http or https URL"}},
		"base_url without a host":       {block("base_url", `"https://:8443"`), []string{"base_url must be an http or https URL"}},
		"base_url with a user":          {block("base_url", `"https://u:p@thingspace.verizon.com"`), []string{"base_url must not carry a user or password"}},
		"base_url with a query":         {block("base_url", `"https://thingspace.verizon.com?x=y"`), []string{"base_url must not have a query or a fragment"}},
		"empty base_url":                {block("base_url", `""`), []string{"base_url must be an http or https URL"}},
		"receiver_url without a scheme": {block("receiver_url", `"qos.example.com:8080"`), []string{"receiver_url must be an http or https URL"}},
		"receiver_url with a user":      {block("receiver_url", `"https://u:p@qos.example.com"`), []string{"receiver_url must not carry a user or password"}},
		"receiver_url with a fragment":  {block("receiver_url", `"https://qos.example.com/#x"`), []string{"receiver_url must not have a query or a fragment"}},
		"path without a slash":          {block("enhance_qos_path", `"api/enhanceQoS"`), []string{"enhance_qos_path must begin with /"}},
		"path with a query":             {block("enhance_qos_path", `"/api/enhanceQoS?x=y"`), []string{"enhance_qos_path must begin with / and have no query"}},
		"path over lines":               {block("enhance_qos_path", `"/api/enhanceQoS\n"`), []string{"enhance_qos_path must begin with /"}},
		"no requests at all":            {block("max_requests_per_second", "0"), []string{"max_requests_per_second value must be at least 0.01"}},
		"fewer than none":               {block("max_requests_per_second", "-1"), []string{"max_requests_per_second value must be at least 0.01"}},
		"a rate in words":               {block("max_requests_per_second", `"fast"`), []string{"max_requests_per_second", "number"}},
		"too many retries":              {block("max_retries", "101"), []string{"max_retries value must be between 0 and 100"}},
		"fewer retries than none":       {block("max_retries", "-1"), []string{"max_retries value must be between 0 and 100"}},
		"half a retry":                  {block("max_retries", "1.5"), []string{"max_retries", "1.5"}},
		"unknown attribute":             {block("region", `"us"`), []string{"region"}},
	})
}

func TestAccValidProvider(t *testing.T) {
	t.Parallel()
	judge(t, map[string]refusal{
		"blanks around what has none":    {block: block("base_url", `" https://thingspace.example.com "`, "receiver_url", `"https://qos.example.com\n"`, "receiver_token", `"token\n"`, "client_secret", `"secret\n"`)},
		"tokens":                         {block: block("client_id", "", "client_secret", "", "access_token", `"access\n"`, "username", "", "password", "", "session_token", `"session"`)},
		"a password with blanks":         {block: block("password", `" pass word "`)},
		"a path before the receiver's":   {block: block("receiver_url", `"https://example.com/qos/"`, "base_url", `"https://proxy.example.com/thingspace"`)},
		"the path of the SDKs":           {block: block("enhance_qos_path", `"/api/m2m/v1/devices/actions/enhanceQoS"`)},
		"the least and the most":         {block: block("max_requests_per_second", "0.01", "max_retries", "100")},
		"no retries":                     {block: block("max_retries", "0")},
		"no receiver token":              {block: block("receiver_token", "")},
		"numbers that arrive as strings": {block: block("max_requests_per_second", `"2.5"`, "max_retries", `"3"`)},
	})
}
