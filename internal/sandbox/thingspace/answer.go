package thingspace

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Error codes of ThingSpace's "Synchronous Error Messages", of its API gateway
// and, the short ones, of other ThingSpace services. Codes for quality of
// service alone are not published.
const (
	codeSessionExpired    = "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"
	codeSessionMissing    = "UnifiedWebService.REQUEST_FAILED.SessionToken.Format"
	codeSessionInvalid    = "UnifiedWebService.INPUT_INVALID.SessionToken.Invalid"
	codeLoginFailed       = "UnifiedWebService.REQUEST_FAILED.Login.Failed"
	codeLoginLocked       = "UnifiedWebService.REQUEST_FAILED.Login.Locked"
	codeAccountMissing    = "UnifiedWebService.INPUT_INVALID.Account.NotDefined"
	codeAccountNotFound   = "UnifiedWebService.REQUEST_FAILED.AccountNotFound"
	codeKindInvalid       = "UnifiedWebService.INPUT_INVALID.Device.Kind.Invalid"
	codeIdentifierInvalid = "UnifiedWebService.INPUT_INVALID.Device.Identifier.Invalid"
	codeInvalidCharacter  = "UnifiedWebService.INPUT_INVALID.Request.InvalidCharacter"
	codeRequestUndefined  = "UnifiedWebService.INPUT_INVALID.RequestUndefined"
	codeDeserialization   = "UnifiedWebService.DeserializationFailed"
	codeUnexpected        = "UnifiedWebService.REQUEST_FAILED.UnexpectedError"
	codeInvalidParameter  = "INVALID_PARAMETER"
	codeNoCallback        = "CALLBACK_NOT_REGISTERED"

	faultBadCredentials = "900901" // #nosec G101 -- an error code
	faultNoCredentials  = "900902" // #nosec G101 -- an error code
	faultNoResource     = "900906"
)

// answer is what a request gets.
type answer struct {
	status      int
	contentType string
	header      http.Header
	body        []byte
}

func (a answer) write(w http.ResponseWriter) error {
	maps.Copy(w.Header(), a.header)
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}

func answerJSON(status int, value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		return refused(http.StatusInternalServerError, codeUnexpected, err.Error())
	}
	return answer{status: status, contentType: "application/json", body: body}
}

// refused answers in the one form that the documents give for failures.
func refused(status int, code, message string) answer {
	return answerJSON(status, struct {
		Code    string `json:"errorCode"`
		Message string `json:"errorMessage"`
	}{code, message})
}

func refusedNumeric(status int, code json.Number, message string) answer {
	return answerJSON(status, struct {
		Code    json.Number `json:"errorCode"`
		Message string      `json:"errorMessage"`
	}{code, message})
}

func gatewayFault(status int, code, message, description string) answer {
	type fault struct {
		Code        string `json:"code"`
		Message     string `json:"message"`
		Description string `json:"description"`
	}
	return answerJSON(status, map[string]fault{"fault": {code, message, description}})
}

func oauthError(status int, code, description string) answer {
	return answerJSON(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
}

func xmlFault(status int, message, description string) answer {
	const form = `<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>%d</am:code>` +
		`<am:type>Status report</am:type><am:message>%s</am:message>` +
		`<am:description>%s</am:description></am:fault>`
	body := fmt.Appendf(nil, form, status, escaped(message), escaped(description))
	return answer{status: status, contentType: "application/xml; charset=UTF-8", body: body}
}

func htmlPage(status int, message string) answer {
	const form = "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n" +
		"<center><h1>%d %s</h1></center>\r\n</body>\r\n</html>\r\n"
	text := escaped(message)
	return answer{
		status: status, contentType: "text/html",
		body: fmt.Appendf(nil, form, status, text, status, text),
	}
}

func escaped(text string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return ""
	}
	return b.String()
}

// answer is FaultAnswer's.
func (f Fault) answer(now time.Time) answer {
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	a := f.shaped(status)
	if f.RetryAfter > 0 {
		a.header = http.Header{"Retry-After": {f.retryAfter(now)}}
	}
	return a
}

func (f Fault) shaped(status int) answer {
	message := f.Message
	if message == "" {
		message = http.StatusText(status)
	}
	code := func(fallback string) string {
		if f.Code == "" {
			return fallback
		}
		return f.Code
	}
	switch f.Shape {
	case ShapeNumeric:
		return refusedNumeric(status, json.Number(code("5001")), message)
	case ShapeGateway:
		return gatewayFault(status, code("900800"), message, message)
	case ShapeOAuth:
		return oauthError(status, code("invalid_request"), message)
	case ShapeXML:
		return xmlFault(status, message, message)
	case ShapeHTML:
		return htmlPage(status, message)
	case ShapeEmpty:
		return answer{status: status}
	case ShapeApplication:
	}
	return refused(status, code(codeUnexpected), message)
}

func (f Fault) retryAfter(now time.Time) string {
	seconds := (f.RetryAfter + time.Second - 1).Truncate(time.Second)
	if f.RetryAfterDate {
		return now.Add(seconds).UTC().Format(http.TimeFormat)
	}
	return strconv.Itoa(int(seconds / time.Second))
}

// refusal is an error that has a published code of its own.
type refusal struct {
	code    string
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(code, format string, args ...any) error {
	return &refusal{code: code, message: fmt.Sprintf(format, args...)}
}

// invalid answers a request that breaks a rule.
func invalid(err error) answer {
	if r, ok := errors.AsType[*refusal](err); ok {
		return refused(http.StatusBadRequest, r.code, r.message)
	}
	return refused(http.StatusBadRequest, codeInvalidParameter, err.Error())
}
