package api

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

// refusal reads an answer to r, sent with these tokens, as the error it is.
func (c *Client) refusal(r request, held tokens, a answer.Answer) *Error {
	e := newError(r, a, c.config.Clock.Now(), c.scrubber(r, held))
	if e.StatusCode/100 == 3 && e.Message == "" {
		e.Message = "a redirect, which is not followed because the credentials would go along: check the base URL"
		e.Body = ""
	}
	return e
}

// scrubber replaces every secret that r can have carried.
func (c *Client) scrubber(r request, held tokens) *strings.Replacer {
	basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.config.ClientID) + ":" + url.QueryEscape(c.config.ClientSecret)))
	return answer.Scrubber(c.config.ClientSecret, basic, c.config.Password, held.bearer.value, held.session.value, r.secret)
}
