package api

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// maxErrorText caps, in bytes, each text that is taken from an answer into an error.
const maxErrorText = 1000

// shape tells which part of ThingSpace an error answer came from; 0 is something
// before it, such as a load balancer, or nothing readable.
type shape int

const (
	// shapeApplication: {"errorCode", "errorMessage"}; the request reached it.
	shapeApplication shape = iota + 1
	// shapeGateway: a fault of the API gateway; the request got no further.
	shapeGateway
	// shapeOAuth: {"error", "error_description"} of the token endpoint.
	shapeOAuth
)

// text is a JSON scalar as text. The documents show codes as strings and their
// examples speak of numbers, so both are read; anything else is empty.
type text string

// UnmarshalJSON implements json.Unmarshaler; it accepts every JSON value.
func (t *text) UnmarshalJSON(data []byte) error {
	*t = ""
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = text(s)
		return nil
	}
	var n json.Number
	if json.Unmarshal(data, &n) == nil {
		*t = text(n)
	}
	return nil
}

// gatewayFault is the API gateway's fault, in JSON (with and without an
// enclosing "fault") and in XML.
type gatewayFault struct {
	XMLName     xml.Name `json:"-"`
	Code        text     `json:"code" xml:"code"`
	Message     text     `json:"message" xml:"message"`
	Description text     `json:"description" xml:"description"`
}

// jsonBody is every JSON error in one.
type jsonBody struct {
	ErrorCode        text            `json:"errorCode"`
	ErrorMessage     text            `json:"errorMessage"`
	Fault            json.RawMessage `json:"fault"`
	Error            text            `json:"error"`
	ErrorDescription text            `json:"error_description"`
	gatewayFault
}

// newError reads an answer into an Error. It never fails: what it cannot read
// becomes the Error's Body. Servers have been known to repeat in an error what
// they were sent, so clean takes the secrets out before any text is cut short.
func newError(r request, a answer, now time.Time, clean *strings.Replacer) *Error {
	e := &Error{
		Operation:     r.operation,
		Method:        r.method,
		Path:          r.path,
		StatusCode:    a.status,
		CorrelationID: correlationID(a.header),
		RetryAfter:    retryAfter(a.header.Get("Retry-After"), now),
	}
	if !e.readJSON(a.body) && !e.readXML(a.body) {
		e.Body = plainText(a.header.Get("Content-Type"), a.body)
	}
	for _, s := range []*string{&e.Code, &e.Message, &e.Description, &e.Body, &e.CorrelationID} {
		*s = readable(clean.Replace(*s))
	}
	if e.Description == e.Message {
		e.Description = ""
	}
	return e
}

func (e *Error) readJSON(body []byte) bool {
	var b jsonBody
	if json.Unmarshal(body, &b) != nil {
		return false
	}
	fault := b.gatewayFault
	if len(b.Fault) > 0 {
		// A fault that is no object leaves what was read beside it.
		_ = json.Unmarshal(b.Fault, &fault)
	}
	switch {
	case b.ErrorCode != "" || b.ErrorMessage != "":
		e.shape, e.Code, e.Message = shapeApplication, string(b.ErrorCode), string(b.ErrorMessage)
	case fault.Code != "":
		e.readFault(fault)
	case b.Error != "" && fault.Message == "":
		e.shape, e.Code, e.Message = shapeOAuth, string(b.Error), string(b.ErrorDescription)
	case fault.Message != "" || fault.Description != "":
		e.Message, e.Description = string(fault.Message), string(fault.Description)
	default:
		return false
	}
	return true
}

func (e *Error) readXML(body []byte) bool {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	// Codes and messages are ASCII in whatever encoding the prologue claims.
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	var fault gatewayFault
	if decoder.Decode(&fault) != nil || (fault.Code == "" && fault.Message == "") {
		return false
	}
	e.readFault(fault)
	return true
}

func (e *Error) readFault(f gatewayFault) {
	e.shape, e.Code, e.Message, e.Description = shapeGateway, string(f.Code), string(f.Message), string(f.Description)
}

// correlationID finds the id under the names that gateways and operators use.
func correlationID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id", "X-Correlator", "Correlation-Id", "Activityid", "Vz-Correlation-Id"} {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// retryAfter reads the header's two forms, seconds and HTTP date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now).Round(time.Second))
	}
	return 0
}

// plainText takes the words out of an HTML page and leaves other bodies alone.
func plainText(contentType string, body []byte) string {
	isHTML := strings.Contains(contentType, "html") || strings.HasPrefix(http.DetectContentType(body), "text/html")
	if !isHTML {
		return string(body)
	}
	var words strings.Builder
	skip := false
	tokens := html.NewTokenizer(bytes.NewReader(body))
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

// readable makes one short line of valid UTF-8 out of a server's text.
func readable(s string) string {
	if len(s) > 4*maxErrorText {
		s = s[:4*maxErrorText]
	}
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || (r >= 0x7f && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxErrorText {
		s = strings.ToValidUTF8(s[:maxErrorText], "") + "…"
	}
	return s
}
