package attribute

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/inputs"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type credentialModel struct {
	CredentialType        types.String `tfsdk:"credential_type"`
	AccessToken           types.String `tfsdk:"access_token"`
	AccessTokenWO         types.String `tfsdk:"access_token_wo"`
	AccessTokenWOVersion  types.Int64  `tfsdk:"access_token_wo_version"`
	AccessTokenExpiresUTC types.String `tfsdk:"access_token_expires_utc"`
	AccessTokenType       types.String `tfsdk:"access_token_type"`
	ClientID              types.String `tfsdk:"client_id"`
	TokenURI              types.String `tfsdk:"token_uri"`
}

// CredentialType is the type of the sink_credential attribute.
func CredentialType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"credential_type": types.StringType,
		"access_token":    types.StringType, "access_token_wo": types.StringType, "access_token_wo_version": types.Int64Type,
		"access_token_expires_utc": types.StringType, "access_token_type": types.StringType,
		"client_id": types.StringType, "token_uri": types.StringType,
	}}
}

// CredentialToFillIn is a sink_credential of which the operator tells nothing: a
// configuration with it is not valid before someone has said what it is.
func CredentialToFillIn() types.Object {
	of := CredentialType().AttrTypes
	values := make(map[string]attr.Value, len(of))
	for name := range of {
		values[name] = types.StringNull()
	}
	values["access_token_wo_version"] = types.Int64Null()
	return types.ObjectValueMust(of, values)
}

// Sink is where an operator sends CloudEvents.
func Sink(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional:            true,
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		MarkdownDescription: description,
	}
}

// SinkCredential is what authorizes an operator at the sink.
func SinkCredential() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "What the operator authorizes itself with at the `sink`, which it needs (from 0.11 on). Secrets are sent when the resource is created and at no other time: " +
			"changing `access_token` or `access_token_expires_utc` alone sends nothing and says so, any other change replaces.",
		Attributes: map[string]schema.Attribute{
			"credential_type": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "`ACCESSTOKEN` (the same as leaving it out) or, from 1.2 and QoS provisioning 0.4 on, `PRIVATE_KEY_JWT`: the operator gets tokens for itself.",
			},
			"access_token": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "The bearer of notifications. With `ACCESSTOKEN`, this or `access_token_wo` is required. It is kept in the state; `access_token_wo` is not.",
				Validators: []validator.String{
					inputs.Token(), stringvalidator.ConflictsWith(inputs.Sibling("access_token_wo")),
					// It takes no expression that is relative.
					stringvalidator.PreferWriteOnlyAttribute(path.MatchRoot("sink_credential").AtName("access_token_wo")),
				},
			},
			"access_token_wo": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				WriteOnly: true,
				MarkdownDescription: "The same as `access_token`, kept in neither plan nor state (Terraform 1.11, OpenTofu 1.11). " +
					"Changing `access_token_wo_version` replaces the resource, which sends another one.",
				Validators: []validator.String{inputs.Token(), stringvalidator.AlsoRequires(inputs.Sibling("access_token_wo_version"))},
			},
			"access_token_wo_version": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Any number; changing it replaces the resource, so that the `access_token_wo` of the configuration is sent.",
				Validators:          []validator.Int64{int64validator.AtLeast(0), int64validator.AlsoRequires(inputs.Sibling("access_token_wo"))},
			},
			"access_token_expires_utc": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "When the token expires, and notifications with it, in RFC 3339, such as `2030-01-31T12:00:00Z`. Required with `ACCESSTOKEN`, not allowed otherwise.",
			},
			"access_token_type": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "`bearer`, the only type there is (the same as leaving it out). Only with `ACCESSTOKEN`.",
			},
			"client_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Id of the operator at the token endpoint of the sink's side. Only with `PRIVATE_KEY_JWT`.",
			},
			"token_uri": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "That token endpoint; `https` only. Only with `PRIVATE_KEY_JWT`.",
			},
		},
	}
}

// CredentialOf maps a configuration's sink_credential to what is sent; nil for
// null. Write-only values are in the configuration alone.
func CredentialOf(ctx context.Context, object types.Object) (*api.SinkCredential, diag.Diagnostics) {
	if !value.Known(object) {
		return nil, nil
	}
	var m credentialModel
	diags := object.As(ctx, &m, basetypes.ObjectAsOptions{})
	return &api.SinkCredential{
		CredentialType:        m.CredentialType.ValueString(),
		AccessToken:           Secret(m.AccessToken, m.AccessTokenWO),
		AccessTokenExpiresUTC: m.AccessTokenExpiresUTC.ValueString(),
		AccessTokenType:       m.AccessTokenType.ValueString(),
		ClientID:              m.ClientID.ValueString(),
		TokenURI:              m.TokenURI.ValueString(),
	}, diags
}

// Secret is the write-only value if there is one, else the one that is kept.
// Blanks around it, as a file may add them, are no part of it.
func Secret(kept, writeOnly types.String) string {
	if value.Known(writeOnly) {
		kept = writeOnly
	}
	return strings.TrimSpace(kept.ValueString())
}
