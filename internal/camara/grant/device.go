package grant

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// SameDevice reports whether two devices are written with the same identifiers,
// whatever their form. Neither is the same as the other where one is nil.
func SameDevice(a, b *api.Device) bool {
	if a == nil || b == nil {
		return a == b
	}
	return identifiersOf(a) == identifiersOf(b)
}

// Agrees reports whether what an operator tells of a device can be the device
// that was asked for. Operators leave it out, or tell one identifier of several.
func Agrees(told, asked *api.Device) bool {
	if told == nil || asked == nil {
		return true
	}
	t, a := identifiersOf(told), identifiersOf(asked)
	common, contrary := false, false
	for i := range t {
		if t[i] == "" || a[i] == "" {
			continue
		}
		common = true
		contrary = contrary || t[i] != a[i]
	}
	return common && !contrary
}

// identifiersOf are phone number, network access identifier, public and private
// IPv4 address, port and IPv6 address in canonical form; "" where there is none.
func identifiersOf(d *api.Device) [6]string {
	ids := [6]string{
		strings.TrimPrefix(d.PhoneNumber, "+"),
		d.NetworkAccessIdentifier,
		5: Canonical(d.IPv6Address),
	}
	if a := d.IPv4Address; a != nil {
		ids[2], ids[3] = Canonical(a.PublicAddress), Canonical(a.PrivateAddress)
		if a.PublicPort != nil {
			ids[4] = strconv.FormatInt(*a.PublicPort, 10)
		}
	}
	return ids
}

// Canonical is an IP address or subnet as the network sees it: in its shortest
// form, in lower case, without host bits. Other text stays as it is.
func Canonical(text string) string {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.String()
	}
	subnet, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return text
	case subnet.IsSingleIP():
		return subnet.Addr().String()
	default:
		return subnet.Masked().String()
	}
}
