package thingspace

import (
	"strings"
	"time"
)

// The events of ThingSpace's QoS callbacks, spelled as in its examples, which
// differ from its tables for the third.
const (
	eventReqAck      = "QoSChangeReqAck"
	eventFailed      = "QoSChangeFailed"
	eventOn          = "QosChangeOn"
	eventOnTabulated = "QoSChangeOn"
	eventTerminated  = "QoSChangeTerminated"
)

const (
	statusSuccess = "SUCCESS"
	statusFailed  = "FAILED"
)

// The layouts of reportedTime in the documented examples: answers to a request
// have a T, network events a space, and neither has a zone.
const (
	answerTime = "2006-01-02T15:04:05.000"
	eventTime  = "2006-01-02 15:04:05.000"
)

// maxCallbackThreshold is the documented number of attempts. It is announced in
// every callback, and not kept: measured, there are only two.
const maxCallbackThreshold = 4

// notice is what a callback tells, apart from the attempt that delivers it.
type notice struct {
	requestID      string
	account        string
	subscriptionID string // empty for a failure that answers a request
	device         DeviceID
	namesDevice    bool // only the answers to a create name the device
	networkEvent   bool // not the answer to a request
	event          string
	status         string
	reason         string
	reported       time.Time
}

// acknowledged is the first callback of a create that succeeds.
func acknowledged(sub Subscription, now time.Time) notice {
	return notice{
		requestID: sub.RequestID, account: sub.AccountName, subscriptionID: sub.ID,
		device: sub.Device, namesDevice: true,
		event: eventReqAck, status: statusSuccess, reported: now,
	}
}

// createFailed is the only callback of a device whose create fails.
func createFailed(sub Subscription, now time.Time) notice {
	return notice{
		requestID: sub.RequestID, account: sub.AccountName,
		device: sub.Device, namesDevice: true,
		event: eventFailed, status: statusFailed, reason: sub.Reason, reported: now,
	}
}

// stopped answers a stop; requestID is normally the stop's own.
func stopped(sub Subscription, requestID string, now time.Time) notice {
	return notice{
		requestID: requestID, account: sub.AccountName, subscriptionID: sub.ID, device: sub.Device,
		event: eventTerminated, status: statusSuccess, reported: now,
	}
}

// stopFailed answers a stop under its own request id. The documented body
// names neither the subscription nor the device.
func stopFailed(account, requestID string, device DeviceID, reason string, now time.Time) notice {
	return notice{
		requestID: requestID, account: account, device: device,
		event: eventFailed, status: statusFailed, reason: reason, reported: now,
	}
}

// networkEvent tells what the network did unasked, in the body of ThingSpace's
// "QoS Event Callback".
func networkEvent(sub Subscription, event, reason string, now time.Time) notice {
	n := notice{
		requestID: sub.RequestID, account: sub.AccountName, subscriptionID: sub.ID, device: sub.Device,
		networkEvent: true, event: event, reported: now,
	}
	if reason != "" {
		n.status, n.reason = statusFailed, reason
	}
	return n
}

func (n notice) subject() subject {
	return subject{devices: []string{n.device.ID}, event: n.event}
}

// callbackBody has its members in the order of the documented examples.
type callbackBody struct {
	Username             string         `json:"username,omitempty"`
	Password             string         `json:"password,omitempty"`
	RequestID            string         `json:"requestId"`
	DeviceIDs            []DeviceID     `json:"deviceIds,omitempty"`
	DeviceResponse       deviceResponse `json:"deviceResponse"`
	CallbackCount        int            `json:"callbackCount"`
	MaxCallbackThreshold int            `json:"maxCallbackThreshold"`
}

type deviceResponse struct {
	QoS []qosEntry `json:"qoS"`
}

type qosEntry struct {
	AccountName       string `json:"accountName"`
	QoSSubscriptionID string `json:"qosSubscriptionId,omitempty"`
	ReportedTime      string `json:"reportedTime"`
	QoSEvent          string `json:"qosEvent"`
	Status            string `json:"status,omitempty"`
	Reason            string `json:"reason,omitempty"`
}

// body renders the notice for its attempt number count, to a listener with the
// given credentials.
func (n notice) body(count int, listener Callback, w Switches) callbackBody {
	b := callbackBody{
		RequestID: n.requestID,
		DeviceResponse: deviceResponse{QoS: []qosEntry{{
			AccountName:       n.account,
			QoSSubscriptionID: n.subscriptionID,
			ReportedTime:      n.reported.UTC().Format(answerTime),
			QoSEvent:          n.event,
			Status:            n.status,
			Reason:            n.reason,
		}}},
		CallbackCount:        count,
		MaxCallbackThreshold: maxCallbackThreshold,
	}
	if n.namesDevice {
		b.DeviceIDs = []DeviceID{n.device}
	}
	if n.networkEvent {
		b.DeviceResponse.QoS[0].ReportedTime = n.reported.UTC().Format(eventTime)
		if !w.BareEvents {
			b.Username, b.Password = listener.Username, listener.Password
		}
	}
	if w.VariantCasing {
		b.varyCase()
	}
	return b
}

func (b *callbackBody) varyCase() {
	for i := range b.DeviceIDs {
		b.DeviceIDs[i].Kind = strings.ToLower(b.DeviceIDs[i].Kind)
	}
	if entry := &b.DeviceResponse.QoS[0]; entry.QoSEvent == eventOn {
		entry.QoSEvent = eventOnTabulated
	}
}
