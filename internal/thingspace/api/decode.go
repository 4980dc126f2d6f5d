package api

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

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

// gatewayFault is the API gateway's fault, in JSON (with and without an
// enclosing "fault") and in XML.
type gatewayFault struct {
	XMLName     xml.Name    `json:"-"`
	Code        answer.Text `json:"code" xml:"code"`
	Message     answer.Text `json:"message" xml:"message"`
	Description answer.Text `json:"description" xml:"description"`
}

// jsonBody is every JSON error in one.
type jsonBody struct {
	ErrorCode        answer.Text     `json:"errorCode"`
	ErrorMessage     answer.Text     `json:"errorMessage"`
	Fault            json.RawMessage `json:"fault"`
	Error            answer.Text     `json:"error"`
	ErrorDescription answer.Text     `json:"error_description"`
	gatewayFault
}

// newError reads an answer into an Error. It never fails: what it cannot read
// becomes the Error's Body. Servers have been known to repeat in an error what
// they were sent, so clean takes the secrets out before any text is cut short.
func newError(r request, a answer.Answer, now time.Time, clean *strings.Replacer) *Error {
	e := &Error{
		Operation:     r.operation,
		Method:        r.method,
		Path:          r.path,
		StatusCode:    a.Status,
		CorrelationID: a.CorrelationID(),
		RetryAfter:    a.RetryAfter(now),
	}
	if !e.readJSON(a.Body) && !e.readXML(a.Body) {
		e.Body = a.PlainText()
	}
	for _, s := range []*string{&e.Code, &e.Message, &e.Description, &e.Body, &e.CorrelationID} {
		*s = answer.Readable(clean.Replace(*s))
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
