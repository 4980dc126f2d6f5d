package qosassignment

import (
	"context"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

// requester takes the assignment of one device through its life. It knows no
// Terraform types.
type requester = grant.Requester[api.Assignment]

// assignments is the grant.Remote of one assignment.
type assignments struct {
	operator *api.Client
	subject  string
	wanted   api.CreateAssignment
}

func newRequester(b *backend.Backend, subject string, wanted api.CreateAssignment) (*requester, error) {
	operator, err := b.Operator()
	if err != nil {
		return nil, err
	}
	return &requester{
		Kind:     grant.Kind{Noun: "QoS assignment", Resource: "camara_qos_assignment"},
		Remote:   &assignments{operator: operator, subject: b.Subject(subject, wanted.Device), wanted: wanted},
		Clock:    b.Clock(),
		Listener: b.Listener(wanted.Sink),
		Listed:   true,
	}, nil
}

func (a *assignments) Authorize(ctx context.Context) error {
	return a.operator.Authorize(ctx, a.subject)
}

func (a *assignments) Create(ctx context.Context) (*api.Assignment, error) {
	return a.operator.CreateAssignment(ctx, a.subject, a.wanted)
}

func (a *assignments) Read(ctx context.Context, id string) (*api.Assignment, error) {
	return a.operator.Assignment(ctx, a.subject, id)
}

func (a *assignments) Delete(ctx context.Context, id string) (pending bool, err error) {
	return a.operator.DeleteAssignment(ctx, a.subject, id)
}

// List returns the one assignment that a device can have, or none.
func (a *assignments) List(ctx context.Context) ([]api.Assignment, error) {
	found, err := a.operator.RetrieveAssignment(ctx, a.subject, a.wanted.Device)
	switch {
	case api.NoneListed(err):
		return nil, nil
	case err != nil:
		return nil, err
	default:
		return []api.Assignment{*found}, nil
	}
}

func (a *assignments) View(assignment *api.Assignment) grant.View {
	return grant.View{ID: assignment.ID, Status: assignment.Status, StatusInfo: assignment.StatusInfo, ImportID: backend.ImportID(assignment.ID, a.subject)}
}

func (a *assignments) Same(found *api.Assignment) bool {
	return found.QoSProfile == a.wanted.QoSProfile && grant.Agrees(found.Device, a.wanted.Device) && (found.Sink == "" || found.Sink == a.wanted.Sink)
}

// MadeSince asks for the listener, by which two runs differ most.
func (a *assignments) MadeSince(found *api.Assignment, sent time.Time) bool {
	return found.Sink == a.wanted.Sink && grant.Begun(found.StartedAt, sent.Add(a.operator.Skew()))
}

// Overlaps is always so: a device has one assignment at most.
func (a *assignments) Overlaps(*api.Assignment) bool { return true }
