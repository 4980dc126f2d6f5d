package grant

import (
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// importGrace is how long an import may be completed from the configuration.
// Terraform tells a provider of no apply that changes nothing, so an import that
// was complete at once has no other end.
const importGrace = 24 * time.Hour

// Origin is what a state must remember, in private, of how it came to a grant.
type Origin struct {
	// BaseURL and ClientID are of the operator and of the application there that
	// the grant belongs to; empty is not known.
	BaseURL  string `json:"base_url,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	// Subject is the login hint of the subscriber whose token each request needs,
	// where tokens are bound to devices.
	Subject string `json:"subject,omitempty"`
	// CreatedAt is when this provider created the grant, by the operator's clock;
	// zero is not known.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Imported: nothing of the configuration has been applied yet, so what the
	// operator does not tell is taken from it, in place.
	Imported bool `json:"imported,omitempty"`
	// ImportedAt is zero unless nothing of the configuration has been applied
	// since an import.
	ImportedAt time.Time `json:"imported_at,omitzero"`
}

// Created is the origin of what has been created by now. The first time counts.
func (o Origin) Created(now time.Time) Origin {
	if o.CreatedAt.IsZero() {
		o.CreatedAt = now
	}
	return o
}

// Fresh reports whether the grant was created so recently that an operator may
// not find it yet where it is read: that it does not know it means nothing then.
func (o Origin) Fresh(now time.Time) bool {
	return !o.CreatedAt.IsZero() && fresh(o.CreatedAt, now)
}

// Import is the origin of what has just been imported.
func (o Origin) Import(now time.Time) Origin {
	o.Imported, o.ImportedAt = true, now
	return o
}

// Aged is the origin a while later: an import counts as one for a day.
func (o Origin) Aged(now time.Time) Origin {
	o.Imported = o.Imported && now.Sub(o.ImportedAt) < importGrace
	return o
}

// Applied is the origin of what a configuration has been applied to.
func (o Origin) Applied() Origin {
	o.Imported, o.ImportedAt = false, time.Time{}
	return o
}

// Settled reports whether an import has not been completed in time.
func (o Origin) Settled() bool { return !o.Imported && !o.ImportedAt.IsZero() }

// FillsIn reports whether an attribute of an imported grant is taken from the
// configuration, in place, because the operator did not tell it.
func (o Origin) FillsIn(untold bool) bool { return o.Imported && untold }

// CanBe reports whether what is known of the grant's device can be that one: no
// identifier differs, and it can be the subscriber that the grant was imported with.
func (o Origin) CanBe(told, device *api.Device) bool {
	if !Agrees(told, device) {
		return false
	}
	if device == nil || o.Subject == "" {
		return true
	}
	hint, ok := api.LoginHint(*device)
	return !ok || hint == o.Subject
}
