package qodsession

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/attribute"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
)

type qodSessionList struct {
	backend *backend.Backend
}

var (
	_ list.ListResourceWithConfigure      = (*qodSessionList)(nil)
	_ list.ListResourceWithValidateConfig = (*qodSessionList)(nil)
)

const summaryList = "Unable to list QoD sessions"

// NewListResource returns camara_qod_session for queries.
func NewListResource() list.ListResource { return &qodSessionList{} }

func (l *qodSessionList) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "camara_qod_session"
}

func (l *qodSessionList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds the QoD sessions of a device that this application, and no other, has made and that have not ended (Terraform 1.14; API versions from 0.11 on, and some operators with 0.10), to import them or to see what an interrupted run has left. " +
			"The configuration that `terraform query -generate-config-out` writes plans no change after the import, where the operator tells all of a session. It never tells secrets: where a session has a `sink`, " +
			"a `sink_credential` is written that is to be filled in, or to be taken out if the session has none; where it has a `webhook`, " +
			"its `notification_auth_token_wo` is to be filled in, or its `notification_auth_token_wo_version` to be taken out if the session has no token.",
		Attributes: map[string]schema.Attribute{
			"device": attribute.DeviceToList("The device, by one identifier or several. Required with the flows of `oauth`; with the three-legged ones it says whose token is needed."),
		},
	}
}

func (l *qodSessionList) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.backend = backend.From(req.ProviderData, &resp.Diagnostics)
}

func (l *qodSessionList) ValidateListResourceConfig(ctx context.Context, req list.ValidateConfigRequest, resp *list.ValidateConfigResponse) {
	backend.ValidateQuery(ctx, req, resp)
}

func (l *qodSessionList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	l.backend.List(ctx, req, stream, summaryList, l.find)
}

// find returns the device's sessions that have not ended.
func (l *qodSessionList) find(ctx context.Context, search backend.Search) ([]backend.Found, error) {
	sessions, err := search.Operator.RetrieveSessions(ctx, search.Subject, search.Device)
	if err != nil {
		return nil, listError(err, search.Operator.Version())
	}
	now := l.backend.Now()
	var found []backend.Found
	for _, session := range sessions {
		if session.Device == nil {
			session.Device = search.Device
		}
		state := imported(&session, search.Operator.Version())
		if ended(state, now) == "" {
			found = append(found, backend.Found{Name: state.name(session.ApplicationServer), Identity: identity(session.ID), Subject: search.Subject, State: state})
		}
	}
	return found, nil
}

// listError says of a version that has no list what to do without.
func listError(err error, version api.Version) error {
	if !errors.Is(err, api.ErrNotInAPI) {
		return err
	}
	return fmt.Errorf("sessions can be listed from API version 0.11 on, and this is %s: import a session by its id, which whatever has created it knows. %w", version, err)
}

// imported is a session as it is after an import. Secrets that it may have been
// created with are there to be filled in.
func imported(s *api.Session, version api.Version) *model {
	m := unmanaged()
	m.fill(s, version)
	m.refresh(s)
	if s.NotificationURL != "" {
		m.Webhook = webhookToFillIn(s.NotificationURL)
	}
	if s.Sink != "" {
		m.SinkCredential = attribute.CredentialToFillIn()
	}
	return m
}

// name is what a person recognises a session by.
func (m *model) name(server *api.ApplicationServer) string {
	name := m.QoSProfile.ValueString()
	if server != nil {
		name += " to " + strings.Join(networksOf(server), " and ")
	}
	name += ", " + m.QoSStatus.ValueString()
	if !m.ExpiresAt.IsNull() {
		name += " until " + m.ExpiresAt.ValueString()
	}
	return name
}
