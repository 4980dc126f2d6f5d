package api

import "strings"

// minSecret is the length below which a secret is not searched for: taking
// every "1" out of a message would help nobody.
const minSecret = 4

// scrubMark stands where a secret was.
const scrubMark = "(secret removed)"

// refusal reads an answer to r, sent with these tokens, as the error it is.
func (c *Client) refusal(r request, held tokens, a answer) *Error {
	e := newError(r, a, c.config.Clock.Now(), c.scrubber(r, held))
	if e.StatusCode/100 == 3 && e.Message == "" {
		e.Message = "a redirect, which is not followed because the credentials would go along: check the base URL"
		e.Body = ""
	}
	return e
}

// scrubber replaces every secret that r can have carried.
func (c *Client) scrubber(r request, held tokens) *strings.Replacer {
	var pairs []string
	for _, secret := range []string{c.config.ClientSecret, c.config.Password, held.bearer.value, held.session.value, r.secret} {
		if len(secret) >= minSecret {
			pairs = append(pairs, secret, scrubMark)
		}
	}
	return strings.NewReplacer(pairs...)
}
