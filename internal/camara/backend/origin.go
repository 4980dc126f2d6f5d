package backend

import (
	"fmt"

	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

// Origin is that of a grant which this provider makes or imports, for a subscriber.
func (b *Backend) Origin(subject string) grant.Origin {
	o := grant.Origin{ClientID: b.application.ClientID, Subject: subject}
	if b.operator != nil {
		o.BaseURL = b.operator.BaseURL()
	}
	return o
}

// CheckOrigin returns an error where a grant, in words like "QoD session x", is
// not of the operator, or of the application there, that the provider is
// configured for: what that one answers says nothing of it, be it a 404.
func (b *Backend) CheckOrigin(subject string, o grant.Origin) error {
	here := b.Origin("")
	var made, now, attribute string
	switch {
	case differ(o.BaseURL, here.BaseURL):
		made, now, attribute = "at "+o.BaseURL, here.BaseURL, "base_url"
	case differ(o.ClientID, here.ClientID):
		made, now, attribute = "by the application "+o.ClientID, "the application "+here.ClientID, "oauth.client_id"
	default:
		return nil
	}
	return fmt.Errorf("the %s was made %s, and the provider is configured for %s, so nothing was sent. To change or destroy it, set %s back, or give the resource a provider block with an alias that has it. "+
		"If what it was made with has only been moved or renamed, take the resource out of the state (terraform state rm <address>) and import it again", subject, made, now, attribute)
}

// differ reports whether both are known, and not the same.
func differ(a, b string) bool { return a != "" && b != "" && a != b }
