package thingspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
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

// refused answers in the one form that the documents give for failures.
func refused(status int, code, message string) exchange.Answer {
	return exchange.JSON(status, struct {
		Code    string `json:"errorCode"`
		Message string `json:"errorMessage"`
	}{code, message})
}

func refusedNumeric(status int, code json.Number, message string) exchange.Answer {
	return exchange.JSON(status, struct {
		Code    json.Number `json:"errorCode"`
		Message string      `json:"errorMessage"`
	}{code, message})
}

func gatewayFault(status int, code, message, description string) exchange.Answer {
	type fault struct {
		Code        string `json:"code"`
		Message     string `json:"message"`
		Description string `json:"description"`
	}
	return exchange.JSON(status, map[string]fault{"fault": {code, message, description}})
}

func xmlFault(status int, message, description string) exchange.Answer {
	const form = `<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>%d</am:code>` +
		`<am:type>Status report</am:type><am:message>%s</am:message>` +
		`<am:description>%s</am:description></am:fault>`
	body := fmt.Appendf(nil, form, status, exchange.Escaped(message), exchange.Escaped(description))
	return exchange.Answer{Status: status, ContentType: "application/xml; charset=UTF-8", Body: body}
}

// answer is FaultAnswer's.
func (f Fault) answer(now time.Time) exchange.Answer {
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	a := f.shaped(status)
	if f.RetryAfter > 0 {
		a.Header = exchange.RetryAfter(f.RetryAfter, now, f.RetryAfterDate)
	}
	return a
}

func (f Fault) shaped(status int) exchange.Answer {
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
		return exchange.OAuthError(status, code("invalid_request"), message)
	case ShapeXML:
		return xmlFault(status, message, message)
	case ShapeHTML:
		return exchange.HTML(status, message)
	case ShapeEmpty:
		return exchange.Answer{Status: status}
	case ShapeApplication:
	}
	return refused(status, code(codeUnexpected), message)
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
func invalid(err error) exchange.Answer {
	if r, ok := errors.AsType[*refusal](err); ok {
		return refused(http.StatusBadRequest, r.code, r.message)
	}
	return refused(http.StatusBadRequest, codeInvalidParameter, err.Error())
}
