package callback

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type model struct {
	ID                types.String `tfsdk:"id"`
	AccountName       types.String `tfsdk:"account_name"`
	Name              types.String `tfsdk:"name"`
	URL               types.String `tfsdk:"url"`
	Username          types.String `tfsdk:"username"`
	Password          types.String `tfsdk:"password"`
	PasswordWO        types.String `tfsdk:"password_wo"`
	PasswordWOVersion types.Int64  `tfsdk:"password_wo_version"`
	OverwriteExisting types.Bool   `tfsdk:"overwrite_existing"`
	ForceDestroy      types.Bool   `tfsdk:"force_destroy"`
}

type identityModel struct {
	AccountName types.String `tfsdk:"account_name"`
	Name        types.String `tfsdk:"name"`
}

func (m *model) identity() identityModel {
	return identityModel{AccountName: m.AccountName, Name: m.Name}
}

func idOf(accountName, name string) string { return accountName + "/" + name }

// importedModel is the state of an imported registration before it is read: the
// policies, which nothing at ThingSpace keeps, have their defaults.
func importedModel(accountName, name string) model {
	return model{
		ID:                types.StringValue(idOf(accountName, name)),
		AccountName:       types.StringValue(accountName),
		Name:              types.StringValue(name),
		OverwriteExisting: types.BoolValue(false),
		ForceDestroy:      types.BoolValue(false),
	}
}

// registration is what is sent. A write-only password is in the configuration
// only, so it is passed separately.
func (m *model) registration(passwordWO types.String) api.CallbackRegistration {
	password := m.Password.ValueString()
	if !passwordWO.IsNull() {
		password = passwordWO.ValueString()
	}
	return api.CallbackRegistration{
		Name:     m.Name.ValueString(),
		URL:      m.URL.ValueString(),
		Username: m.Username.ValueString(),
		Password: password,
	}
}

// hasPassword reports whether a password was configured; nothing is known of one
// that was there before an import.
func (m *model) hasPassword() bool { return !m.Password.IsNull() || !m.PasswordWOVersion.IsNull() }

// registersSame reports whether two models are the same registration at
// ThingSpace; the policies never reach it.
func (m *model) registersSame(other *model) bool {
	return receiver.SameURL(m.URL.ValueString(), other.URL.ValueString()) && m.Username.Equal(other.Username) &&
		m.Password.Equal(other.Password) && m.PasswordWOVersion.Equal(other.PasswordWOVersion)
}

// refresh takes over what ThingSpace lists. A URL that the server merely
// normalised stays as it was written; a password is never read into state.
func (m *model) refresh(c *api.Callback) {
	if !receiver.SameURL(m.URL.ValueString(), c.URL) {
		m.URL = types.StringValue(c.URL)
	}
	m.Username = value.StringOrNull(c.Username)
}

// find returns the registration of a service, nil when there is none. Service
// names are compared without case, as ThingSpace's own documents vary it.
func find(callbacks []api.Callback, name string) *api.Callback {
	for i := range callbacks {
		if strings.EqualFold(callbacks[i].Name, name) {
			return &callbacks[i]
		}
	}
	return nil
}

// documentedPort reports whether ThingSpace calls a URL's port (ThingSpace,
// "Register Callback Listener"). Loopback is only ever a simulator.
func documentedPort(u *url.URL) bool {
	if addr, err := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || (err == nil && addr.IsLoopback()) {
		return true
	}
	switch port := u.Port(); {
	case port == "", port == "80", port == "443":
		return true
	case len(port) == 4:
		return port >= "9001" && port <= "9006"
	case len(port) == 5:
		return (port >= "50551" && port <= "50559") || (port >= "28200" && port <= "28220")
	default:
		return false
	}
}
