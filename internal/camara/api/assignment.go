package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

// CreateAssignment asks for a QoS profile to be assigned to a device without an
// end. It prints without secrets.
type CreateAssignment struct {
	// Device is not sent where a device-bound token says so already.
	Device         *Device
	QoSProfile     string
	Sink           string
	SinkCredential *SinkCredential
}

// Assignment is a QoS profile assigned to a device, as the operator tells it.
type Assignment struct {
	ID string
	// Status is StatusRequested, StatusAvailable or StatusUnavailable.
	Status string
	// StatusInfo is why an assignment is UNAVAILABLE.
	StatusInfo string
	// Device is nil where the operator does not repeat it.
	Device     *Device
	QoSProfile string
	Sink       string
	// StartedAt is in UTC, and nil where the operator tells none.
	StartedAt *time.Time
}

type createAssignmentBody struct {
	Device         *Device         `json:"device,omitempty"`
	QoSProfile     string          `json:"qosProfile"`
	Sink           string          `json:"sink,omitempty"`
	SinkCredential *SinkCredential `json:"sinkCredential,omitempty"`
}

// provisioningVersion is the sessions' version whose rules the provisioning API
// shares: 0.3 was released with 1.1, and 0.4 with 1.2. An older sessions' API may
// have a newer provisioning API beside it.
func provisioningVersion(v Version) Version {
	if v == V120 {
		return V120
	}
	return V110
}

// Check reports everything in a that the QoS provisioning API does not allow,
// beside a sessions' API of version v. Bound is whether the token is bound to the
// device.
func (a CreateAssignment) Check(v Version, bound bool) []*FieldError {
	c := newChecker(provisioningVersion(v))
	if a.Device != nil {
		c.checkDevice(a.Device)
	}
	c.note(a.Device == nil && bound, "device", "is needed to find the subscriber that the access token is for")
	c.checkProfileName("qosProfile", a.QoSProfile)
	c.checkSink(a.Sink, a.SinkCredential)
	return c.problems
}

// CreateAssignment asks for an assignment. Like CreateSession, it is repeated
// only while it certainly has not been carried out.
func (c *Client) CreateAssignment(ctx context.Context, subject string, a CreateAssignment) (*Assignment, error) {
	r, err := c.assignmentRequest("create the QoS assignment", subject, http.MethodPost, "/qos-assignments", toCreate)
	if err != nil {
		return nil, err
	}
	if err := join(a.Check(c.config.Version, c.config.DeviceBound)); err != nil {
		return nil, notSent(r, err)
	}
	r.body = createAssignmentBody{
		Device:         c.assignedDevice(a.Device),
		QoSProfile:     a.QoSProfile,
		Sink:           a.Sink,
		SinkCredential: sentCredential(a.SinkCredential),
	}
	if a.SinkCredential != nil {
		r.secrets = append(r.secrets, a.SinkCredential.AccessToken)
	}
	return c.callForAssignment(ctx, r, "")
}

// Assignment reads an assignment. Its error is Gone where it has ended, or never
// was.
func (c *Client) Assignment(ctx context.Context, subject, id string) (*Assignment, error) {
	r, err := c.oneAssignment("read the QoS assignment", subject, http.MethodGet, id, toRead)
	if err != nil {
		return nil, err
	}
	return c.callForAssignment(ctx, r, id)
}

// DeleteAssignment ends an assignment. It is pending where the operator has only
// accepted that; Assignment then tells when it is gone. Gone of its error means
// that there was none any more. A network that is busy with the assignment (HTTP
// 409) is asked again, like one that limits requests.
func (c *Client) DeleteAssignment(ctx context.Context, subject, id string) (pending bool, err error) {
	r, err := c.oneAssignment("delete the QoS assignment", subject, http.MethodDelete, id, toDelete)
	if err != nil {
		return false, err
	}
	a, err := c.call(ctx, r)
	return err == nil && a.Status == http.StatusAccepted, err
}

// RetrieveAssignment reads the one assignment that a device can have. Its error
// is NoneListed where it has none.
func (c *Client) RetrieveAssignment(ctx context.Context, subject string, device *Device) (*Assignment, error) {
	r, err := c.assignmentRequest("find the device's QoS assignment", subject, http.MethodPost, "/retrieve-qos-assignment", toList)
	if err != nil {
		return nil, err
	}
	if err := c.checkFilter(device); err != nil {
		return nil, notSent(r, err)
	}
	r.repeatable = true
	r.body = deviceBody{Device: c.assignedDevice(device)}
	return c.callForAssignment(ctx, r, "")
}

func (c *Client) assignedDevice(d *Device) *Device {
	return sentDevice(provisioningVersion(c.config.Version), c.config.DeviceBound, d)
}

func (c *Client) assignmentRequest(operation, subject, method, path string, right right) (request, error) {
	r := request{
		operation:  operation,
		subject:    subject,
		method:     method,
		root:       c.config.ProvisioningURL,
		path:       path,
		correlator: newCorrelator(provisioningVersion(c.config.Version).Features().Correlator),
		scope:      assignmentScope(right),
		setting:    "qos_provisioning_url or, where that is left out, base_url",
	}
	if r.root == "" {
		return r, notSent(r, fmt.Errorf("%w: the root of the QoS provisioning API cannot be told from the base URL and version", ErrNotInAPI))
	}
	return r, nil
}

// oneAssignment is a request about one assignment, and without a body.
func (c *Client) oneAssignment(operation, subject, method, id string, right right) (request, error) {
	r, err := c.assignmentRequest(operation, subject, method, "", right)
	if err != nil {
		return r, err
	}
	escaped, err := segment("assignment id", id)
	if err != nil {
		return r, notSent(r, err)
	}
	r.path, r.repeatable = "/qos-assignments/"+escaped, true
	return r, nil
}

// callForAssignment makes r and reads the assignment in its answer.
func (c *Client) callForAssignment(ctx context.Context, r request, id string) (*Assignment, error) {
	a, err := c.call(ctx, r)
	if err != nil {
		return nil, err
	}
	assignment, err := decodeAssignment(a.Body, id)
	if err != nil {
		return nil, c.unreadable(r, a, err)
	}
	return &assignment, nil
}

// assignmentBody is an assignment in the words of 0.3 and 0.4.
type assignmentBody struct {
	AssignmentID answer.Text     `json:"assignmentId"`
	ID           answer.Text     `json:"id"`
	Status       answer.Text     `json:"status"`
	StatusInfo   answer.Text     `json:"statusInfo"`
	QoSProfile   answer.Text     `json:"qosProfile"`
	Device       lenient[Device] `json:"device"`
	Sink         answer.Text     `json:"sink"`
	StartedAt    moment          `json:"startedAt"`
}

// decodeAssignment reads the answer to a request for the assignment of that id,
// or for a new one where id is empty.
func decodeAssignment(body []byte, id string) (Assignment, error) {
	var b assignmentBody
	if err := decode(body, &b); err != nil {
		return Assignment{}, err
	}
	for _, named := range []answer.Text{b.ID, b.AssignmentID} {
		if s := withoutPadding(named); s != "" {
			id = s
		}
	}
	if id == "" {
		return Assignment{}, errors.New("the answer has no assignment id")
	}
	return Assignment{
		ID:         id,
		Status:     constant(b.Status),
		StatusInfo: constant(b.StatusInfo),
		Device:     b.Device.value,
		QoSProfile: withoutPadding(b.QoSProfile),
		Sink:       withoutPadding(b.Sink),
		StartedAt:  b.StartedAt.pointer(),
	}, nil
}
