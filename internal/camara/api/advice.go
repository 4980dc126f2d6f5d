package api

import (
	"net/http"
	"strings"
)

// notTheAPIs introduces where the root of the API is configured.
const notTheAPIs = "This is not how the API says that something does not exist, so a gateway before it may not know the path, " +
	"or not let this application use the API: check "

// advice is what to do about an answer to r, in the provider's words; "" where
// there is nothing to add to the server's.
func (e *Error) advice(r request) string {
	if strings.HasSuffix(e.Code, codeProfileNotApplicable) {
		return "The QoS profile cannot be used here now: choose one whose status is ACTIVE and that is meant for this device; the data source camara_qos_profiles lists them"
	}
	switch e.Code {
	case CodeMissingIdentifier, CodeUnidentifiableDevice:
		return "Neither the request nor its access token names a device: set device"
	case CodeUnnecessaryIdentifier:
		return "The access token names the device already, so the request must not: leave out device"
	case CodeUnsupportedIdentifier:
		return "The operator does not take this kind of identifier: give device another one, such as phone_number or ipv4_address"
	case CodeIdentifierNotFound, CodeDeviceNotFound:
		return "The operator does not know the device: check that it is a subscriber of this operator and that an address is the one it has now"
	case CodeInvalidTokenContext:
		return "The access token is for another device than the one that the request names: check device, and whose token it is"
	case CodeServiceNotApplicable:
		return "The operator does not offer this for the device, such as for its tariff: ask the operator, or use another device"
	case CodeQuotaExceeded:
		return "Waiting does not help before the quota is renewed: ask the operator when that is, or for more"
	}
	switch {
	case e.StatusCode == http.StatusTooManyRequests:
		return "The operator limits requests: set max_requests_per_second to what it allows, or longer timeouts"
	case e.StatusCode == http.StatusForbidden && r.scope != "":
		return "In CAMARA's words, this needs the scope " + r.scope + ": check that it is agreed with the operator and that the access token has it (oauth.scopes)"
	case e.StatusCode == http.StatusNotFound && !strings.HasSuffix(e.Code, CodeNotFound) && !e.says("session", "assignment", "profile", "device"):
		return notTheAPIs + r.setting
	default:
		return ""
	}
}
