package grant

import "github.com/qosform/terraform-provider-qos/internal/camara/api"

// Origin is what a state must remember, in private, of how it came to a grant.
type Origin struct {
	// Subject is the login hint of the subscriber whose token each request needs,
	// where tokens are bound to devices.
	Subject string `json:"subject,omitempty"`
	// Imported: nothing of the configuration has been applied yet, so what the
	// operator does not tell is taken from it, in place.
	Imported bool `json:"imported,omitempty"`
}

// FillsIn reports whether an attribute of an imported grant is taken from the
// configuration, in place, because the operator did not tell it.
func (o Origin) FillsIn(untold bool) bool { return o.Imported && untold }

// Replaces reports whether a change of device needs another grant.
func (o Origin) Replaces(before, after *api.Device) bool {
	return !SameDevice(before, after) && !o.FillsIn(Agrees(before, after) && o.isSubject(after))
}

// isSubject reports whether a device can be that of the subscriber whose token
// the grant was imported with.
func (o Origin) isSubject(d *api.Device) bool {
	if d == nil || o.Subject == "" {
		return true
	}
	hint, ok := api.LoginHint(*d)
	return !ok || hint == o.Subject
}
