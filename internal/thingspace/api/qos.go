package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/answer"
	"github.com/qosform/terraform-provider-qos/internal/attempt"
)

// EnhanceQoSRequest starts a QoS subscription. Field by field it is the body of
// ThingSpace, "Create the ThingSpace Quality of Service API Subscription".
type EnhanceQoSRequest struct {
	// AccountName is the billing account: digits and a dash, with leading zeroes.
	AccountName string `json:"accountName"`
	// DeviceInfo lists the devices; all of one kind.
	DeviceInfo []DeviceInfo `json:"deviceInfo"`
}

// DeviceInfo is one device and the flows to elevate for it.
type DeviceInfo struct {
	DeviceID DeviceID `json:"deviceId"`
	// DeviceIPv6Addr is optional, and without a port.
	DeviceIPv6Addr string     `json:"deviceIPv6Addr,omitempty"`
	FlowInfo       []FlowInfo `json:"flowInfo"`
}

// DeviceID names a device.
type DeviceID struct {
	ID string `json:"id"`
	// Kind is IMEI, MDN, MSISDN or ICCID.
	Kind string `json:"kind"`
}

// FlowInfo is one traffic flow and the quality it is to get.
type FlowInfo struct {
	// FlowServer and FlowDevice are addresses with an optional port, both of one
	// IP family; an IPv6 address is in brackets when a port follows.
	FlowServer string `json:"flowServer"`
	FlowDevice string `json:"flowDevice"`
	// FlowDirection is UPLINK, DOWNLINK or BIDIRECTION.
	FlowDirection string `json:"flowDirection"`
	// FlowProtocol is UDP, TCP or IP.
	FlowProtocol string `json:"flowProtocol"`
	// QCIOption is Premium or Standard.
	QCIOption string `json:"qciOption"`
}

// EnhanceQoS asks for a QoS subscription and returns the request id under which
// its callbacks will come. ThingSpace does not know idempotency, so the request
// is repeated only while it certainly has not run; ask NotSent and
// OutcomeUnknown what an error means. ThingSpace, "Create the ThingSpace Quality
// of Service API Subscription".
func (c *Client) EnhanceQoS(ctx context.Context, enhance EnhanceQoSRequest) (requestID string, err error) {
	r := request{operation: "create the QoS subscription", method: http.MethodPost, body: enhance}
	if enhance.AccountName == "" {
		return "", notSent(r.operation, errNoAccount)
	}
	r, a, err := c.callQoS(ctx, r)
	if err != nil {
		return "", err
	}
	if requestID = decodeRequestID(a.Body); requestID == "" {
		return "", c.unreadable(r, a, "the answer has no request id")
	}
	return requestID, nil
}

// StopQoS asks for the end of a subscription and returns the stop's own request
// id, which is empty where ThingSpace accepted without one. Its success only
// means that the stop was accepted; a callback tells how it ended. Stopping
// twice does no harm, so it is repeated like a read. ThingSpace, "Stop the
// ThingSpace Quality of Service API Subscription".
func (c *Client) StopQoS(ctx context.Context, accountName, qosSubscriptionID string) (requestID string, err error) {
	r := request{
		operation:  "stop the QoS subscription",
		method:     http.MethodDelete,
		query:      url.Values{"accountName": {accountName}, "qosSubscriptionId": {qosSubscriptionID}},
		repeatable: true,
	}
	if accountName == "" {
		return "", notSent(r.operation, errNoAccount)
	}
	if qosSubscriptionID == "" {
		return "", notSent(r.operation, errors.New("the QoS subscription id is empty"))
	}
	_, a, err := c.callQoS(ctx, r)
	if err != nil {
		return "", err
	}
	return decodeRequestID(a.Body), nil
}

// decodeRequestID returns "" where there is no request id to read.
func decodeRequestID(body []byte) string {
	var accepted struct {
		RequestID answer.Text `json:"requestId"`
	}
	if json.Unmarshal(body, &accepted) != nil {
		return ""
	}
	return strings.TrimSpace(string(accepted.RequestID))
}

// callQoS makes r at the path that is known to work. Verizon's documents write
// /device/actions/enhanceQoS and its SDKs /devices/actions/enhanceQoS; where the
// gateway does not know the one, the other is tried. That cannot create twice:
// what the gateway cannot route is not executed.
func (c *Client) callQoS(ctx context.Context, r request) (request, answer.Answer, error) {
	r.path = *c.qosPath.Load()
	a, err := c.call(ctx, r)
	other, ok := otherQoSPath(r.path)
	if !ok || !noSuchResource(err) {
		return r, a, err
	}
	first := err
	r.path = other
	a, err = c.call(ctx, r)
	if noSuchResource(err) {
		return r, a, &attempt.Error{Outcome: attempt.Refused, Err: fmt.Errorf("%w; nor does ThingSpace's gateway know %s: "+
			"check the base URL and the enhanceQoS path", first, other)}
	}
	if answered(err) {
		c.qosPath.Store(&other)
	}
	return r, a, err
}

// otherQoSPath swaps /device/actions/ and /devices/actions/.
func otherQoSPath(path string) (string, bool) {
	const singular, plural = "/device/actions/", "/devices/actions/"
	switch {
	case strings.Contains(path, singular):
		return strings.Replace(path, singular, plural, 1), true
	case strings.Contains(path, plural):
		return strings.Replace(path, plural, singular, 1), true
	default:
		return "", false
	}
}

// noSuchResource reports whether the gateway found nothing at the path. A 404
// with the application's errorCode is about a device or account, not the path.
func noSuchResource(err error) bool {
	var e *Error
	if NotSent(err) || !errors.As(err, &e) || e.shape == shapeApplication {
		return false
	}
	return e.Code == codeNoResource ||
		e.StatusCode == http.StatusMethodNotAllowed ||
		e.StatusCode == http.StatusNotFound && e.shape == shapeGateway
}

// answered reports whether err shows that the request got past the gateway: it
// succeeded, or the application itself refused it.
func answered(err error) bool {
	var e *Error
	return err == nil || !NotSent(err) && errors.As(err, &e) && e.shape == shapeApplication
}
