// Package answer reads what servers answer when they do not answer as asked:
// codes that are numbers one day and strings the next, HTML from a proxy, a wait
// in one of two forms. It makes short, clean, secret-free text of it.
package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// MaxText caps, in bytes, each text that Readable returns.
const MaxText = 1000

// Removed stands where a secret was.
const Removed = "(secret removed)"

// minSecret is the length below which a secret is not searched for: taking
// every "1" out of a message would help nobody.
const minSecret = 4

// Answer is a response whose body has been read.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Read takes the body out of resp and leaves a copy in it.
func Read(resp *http.Response) (Answer, error) {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return Answer{}, fmt.Errorf("close the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// OK reports whether the status is a 2xx.
func (a Answer) OK() bool { return a.Status/100 == 2 }

// CorrelationID finds the id of the request under the names that gateways and
// operators use; "" if there is none.
func (a Answer) CorrelationID() string {
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id", "X-Correlator", "Correlation-Id", "Activityid", "Vz-Correlation-Id"} {
		if id := a.Header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// RetryAfter reads the header's two forms, seconds and HTTP date; 0 if it asks
// for no wait, or for one that cannot be read.
func (a Answer) RetryAfter(now time.Time) time.Duration {
	value := a.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now).Round(time.Second))
	}
	return 0
}

// PlainText takes the words out of HTML and XML and leaves other bodies alone.
func (a Answer) PlainText() string {
	if !isMarkup(a.Header.Get("Content-Type")) && !isMarkup(http.DetectContentType(a.Body)) {
		return string(a.Body)
	}
	var words strings.Builder
	skip := false
	tokens := html.NewTokenizer(bytes.NewReader(a.Body))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return words.String()
		case html.StartTagToken:
			name, _ := tokens.TagName()
			skip = string(name) == "style" || string(name) == "script"
		case html.EndTagToken:
			skip = false
			words.WriteByte(' ')
		case html.TextToken:
			if !skip {
				words.WriteString(tokens.Token().Data)
			}
		case html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

func isMarkup(contentType string) bool {
	return strings.Contains(contentType, "html") || strings.Contains(contentType, "xml")
}

// Text is a JSON scalar as text: servers write the same code as a string and as
// a number. Anything else is empty.
type Text string

// UnmarshalJSON implements json.Unmarshaler; it accepts every JSON value.
func (t *Text) UnmarshalJSON(data []byte) error {
	*t = ""
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = Text(s)
		return nil
	}
	var n json.Number
	if json.Unmarshal(data, &n) == nil {
		*t = Text(n)
	}
	return nil
}

// Readable makes one short line of valid UTF-8 out of a server's text.
func Readable(s string) string {
	if len(s) > 4*MaxText {
		s = s[:4*MaxText]
	}
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || (r >= 0x7f && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > MaxText {
		s = strings.ToValidUTF8(s[:MaxText], "") + "…"
	}
	return s
}

// Scrubber replaces secrets by Removed. Servers have been known to repeat in an
// error what they were sent, so it goes over a text before that is cut short.
func Scrubber(secrets ...string) *strings.Replacer {
	var pairs []string
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			pairs = append(pairs, secret, Removed)
		}
	}
	return strings.NewReplacer(pairs...)
}
