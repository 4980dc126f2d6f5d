package attribute

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	imported := grant.Origin{}.Import(now)
	settled := imported.Aged(now.Add(24 * time.Hour))
	secret := Change{Name: "sink_credential", Difference: Unsent, Untold: true, Secret: "sink_credential.access_token"}
	profile, sink := ChangeOf("qos_profile", false, false), ChangeOf("sink", false, true)
	for name, test := range map[string]struct {
		origin    grant.Origin
		changes   []Change
		replacing string
		// warns are words of each warning, in order.
		warns []string
	}{
		"none":                           {changes: []Change{ChangeOf("sink", true, true)}},
		"what the operator has":          {changes: []Change{sink}, replacing: "sink"},
		"a secret":                       {changes: []Change{secret}, warns: []string{"change of sink_credential.access_token changes the state alone"}},
		"a secret, sent by another":      {changes: []Change{profile, secret}, replacing: "qos_profile"},
		"of an import":                   {origin: imported, changes: []Change{sink, secret}, warns: []string{"says of sink and sink_credential is taken for what the operator has"}},
		"of an import that replaces":     {origin: imported, changes: []Change{sink, profile}, replacing: "qos_profile"},
		"of an old import":               {origin: settled, changes: []Change{sink, profile}, replacing: "sink qos_profile", warns: []string{"imported without sink, which"}},
		"of an old import, a secret":     {origin: settled, changes: []Change{secret}, warns: []string{"-replace=<address>"}},
		"after an import was applied to": {origin: imported.Applied(), changes: []Change{sink}, replacing: "sink"},
	} {
		c := ChangesOf(test.origin, test.changes...)
		var replacing []string
		for _, at := range c.Replacing {
			replacing = append(replacing, at.String())
		}
		var diags diag.Diagnostics
		c.Warn("session x", &diags)
		said := func(d diag.Diagnostic, words string) bool { return strings.Contains(d.Detail(), words) }
		if strings.Join(replacing, " ") != test.replacing || !slices.EqualFunc(diags, test.warns, said) {
			t.Errorf("%s: %+v, %v", name, c, diags)
		}
	}
}

func TestDeviceChange(t *testing.T) {
	t.Parallel()
	phone, other := DeviceValue(&api.Device{PhoneNumber: "+34666666666"}), DeviceValue(&api.Device{PhoneNumber: "+34777777777"})
	none := types.ObjectNull(DeviceType().AttrTypes)
	for name, test := range map[string]struct {
		before, after types.Object
		want          Change
	}{
		"the same":               {phone, phone, Change{Name: "device", Untold: true}},
		"written otherwise":      {DeviceValue(&api.Device{PhoneNumber: "34666666666"}), phone, Change{Name: "device", Untold: true}},
		"not told":               {none, phone, Change{Name: "device", Difference: Different, Untold: true}},
		"another":                {other, phone, Change{Name: "device", Difference: Different}},
		"another subscriber's":   {none, other, Change{Name: "device", Difference: Different}},
		"a device not known yet": {none, types.ObjectUnknown(DeviceType().AttrTypes), Change{Name: "device", Difference: Different}},
	} {
		got, diags := DeviceChange(t.Context(), grant.Origin{Subject: "tel:+34666666666"}, test.before, test.after)
		if got != test.want || diags.HasError() {
			t.Errorf("%s: %+v, %v", name, got, diags)
		}
	}
}
