package attribute

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

// Difference is what the operator would see of a change.
type Difference int

const (
	// Same: nothing.
	Same Difference = iota
	// Unsent: only what is sent at creation alone, so it does not reach the operator.
	Unsent
	// Different: the operator would have to be told.
	Different
)

// Change is what a plan makes of one attribute.
type Change struct {
	Name       string
	Difference Difference
	// Untold: the operator has not told the attribute as it was, so what is
	// planned may be what it has.
	Untold bool
	// Secret names what is Unsent, with its place in the attribute.
	Secret string
}

// ChangeOf is the change of an attribute without secrets.
func ChangeOf(name string, same, untold bool) Change {
	change := Change{Name: name, Untold: untold}
	if !same {
		change.Difference = Different
	}
	return change
}

// DeviceChange compares two device attributes. What is not known yet counts as
// different.
func DeviceChange(ctx context.Context, origin grant.Origin, before, after types.Object) (Change, diag.Diagnostics) {
	if !WhollyKnown(after) {
		return ChangeOf("device", false, false), nil
	}
	was, diags := DeviceOf(ctx, before)
	is, more := DeviceOf(ctx, after)
	diags.Append(more...)
	return ChangeOf("device", grant.SameDevice(was, is), origin.CanBe(was, is)), diags
}

// CredentialChange compares two sink_credential attributes. What is not known
// yet counts as different.
func CredentialChange(ctx context.Context, before, after types.Object) (Change, diag.Diagnostics) {
	change := Change{Name: "sink_credential", Untold: before.IsNull(), Secret: "sink_credential.access_token or its expiry"} // #nosec G101 -- the name of an attribute
	switch {
	case after.Equal(before):
		return change, nil
	case before.IsNull() || after.IsNull() || after.IsUnknown():
		change.Difference = Different
		return change, nil
	}
	var a, b credentialModel
	diags := before.As(ctx, &a, basetypes.ObjectAsOptions{})
	diags.Append(after.As(ctx, &b, basetypes.ObjectAsOptions{})...)
	change.Difference = a.differs(b)
	return change, diags
}

func (m credentialModel) differs(from credentialModel) Difference {
	kind := func(m credentialModel) types.String {
		return value.StringOr(m.CredentialType.ValueString(), api.CredentialAccessToken)
	}
	switch {
	case from.CredentialType.IsUnknown() || !kind(m).Equal(kind(from)) || !m.AccessTokenWOVersion.Equal(from.AccessTokenWOVersion) ||
		!m.ClientID.Equal(from.ClientID) || !m.TokenURI.Equal(from.TokenURI):
		return Different
	case m.AccessToken.Equal(from.AccessToken) && m.AccessTokenExpiresUTC.Equal(from.AccessTokenExpiresUTC):
		return Same
	default:
		return Unsent
	}
}

// Changes are what a plan comes to for a grant that there is.
type Changes struct {
	// Replacing are the attributes whose change needs another grant.
	Replacing path.Paths
	// Unsent are the secrets whose change the operator does not see.
	Unsent []string
	// Recorded are the attributes that an import takes from the configuration.
	Recorded []string
	// Late are those of Replacing that would have been Recorded soon after the import.
	Late []string
}

// ChangesOf sorts changes by what is to be done, given how the state came to
// its grant.
func ChangesOf(origin grant.Origin, all ...Change) Changes {
	var c Changes
	for _, change := range all {
		switch {
		case change.Difference == Same:
		case change.Difference == Unsent && !origin.Imported:
			c.Unsent = append(c.Unsent, change.Secret)
		case change.Difference == Unsent || origin.FillsIn(change.Untold):
			c.Recorded = append(c.Recorded, change.Name)
		default:
			c.Replacing = append(c.Replacing, path.Root(change.Name))
			if change.Untold && origin.Settled() {
				c.Late = append(c.Late, change.Name)
			}
		}
	}
	return c
}

// Warn says of what is planned for the grant called subject what its attributes
// do not show.
func (c Changes) Warn(subject string, diags *diag.Diagnostics) {
	if len(c.Late) > 0 {
		diags.AddWarning("The import was a while ago", "The "+subject+" was imported without "+listed(c.Late)+", which the operator does not tell. That is taken from the configuration as it is for "+
			"a day after the import; it replaces from then on, as the operator may not have it. If it does, take the resource out of the state (terraform state rm <address>) and import it again.")
	}
	if len(c.Replacing) > 0 {
		return
	}
	if len(c.Unsent) > 0 {
		diags.AddWarning("The operator is not told", "A secret and its expiry are sent when the resource is created and at no other time, so the change of "+listed(c.Unsent)+" changes the state alone. "+
			"To send another secret, replace the resource: terraform apply -replace=<address>.")
	}
	if len(c.Recorded) > 0 {
		diags.AddWarning("Taken from the configuration, and not sent", "The "+subject+" was imported, so what the configuration says of "+listed(c.Recorded)+" is taken for what the operator has: "+
			"it is recorded in the state, and nothing is sent. Where the operator has something else, replace the resource, which sends it: terraform apply -replace=<address>.")
	}
}

func listed(names []string) string { return strings.Join(names, " and ") }
