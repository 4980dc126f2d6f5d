package qosassignment

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
)

type qosAssignmentList struct {
	backend *backend.Backend
}

var (
	_ list.ListResourceWithConfigure      = (*qosAssignmentList)(nil)
	_ list.ListResourceWithValidateConfig = (*qosAssignmentList)(nil)
)

const summaryList = "Unable to list QoS assignments"

// NewListResource returns camara_qos_assignment for queries.
func NewListResource() list.ListResource { return &qosAssignmentList{} }

func (l *qosAssignmentList) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "camara_qos_assignment"
}

func (l *qosAssignmentList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds the QoS assignment of a device, which has one at most, unless that has ended (Terraform 1.14), to import it or to see what an interrupted run has left. " +
			"The configuration that `terraform query -generate-config-out` writes plans no change after the import, where the operator tells all of it. It never tells secrets: where an assignment has a `sink`, " +
			"a `sink_credential` is written that is to be filled in, or to be taken out if the assignment has none.",
		Attributes: map[string]schema.Attribute{
			"device": attribute.DeviceToList("The device, by one identifier or several. Required with the flows of `oauth`; with the three-legged ones it says whose token is needed."),
		},
	}
}

func (l *qosAssignmentList) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (l *qosAssignmentList) ValidateListResourceConfig(ctx context.Context, req list.ValidateConfigRequest, resp *list.ValidateConfigResponse) {
	backend.ValidateQuery(ctx, req, resp)
}

func (l *qosAssignmentList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	l.backend.List(ctx, req, stream, summaryList, find)
}

// find returns the device's assignment, or none.
func find(ctx context.Context, search backend.Search) ([]backend.Found, error) {
	assignment, err := search.Operator.RetrieveAssignment(ctx, search.Subject, search.Device)
	switch {
	case api.NoneListed(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if assignment.Device == nil {
		assignment.Device = search.Device
	}
	state := imported(assignment)
	if state.ended() != "" {
		return nil, nil
	}
	return []backend.Found{{Name: state.name(), Identity: identity(assignment.ID), Subject: search.Subject, State: state}}, nil
}

// imported is an assignment as it is after an import. Secrets that it may have
// been created with are there to be filled in.
func imported(a *api.Assignment) *model {
	m := unmanaged()
	m.fill(a)
	m.refresh(a)
	if a.Sink != "" {
		m.SinkCredential = attribute.CredentialToFillIn()
	}
	return m
}

// name is what a person recognises an assignment by.
func (m *model) name() string {
	name := m.QoSProfile.ValueString() + ", " + m.Status.ValueString()
	if !m.StartedAt.IsNull() {
		name += " since " + m.StartedAt.ValueString()
	}
	return name
}
