package camara

import (
	"net/netip"
	"slices"
	"strings"
)

// Device is CAMARA's Device object. A subscriber's device may have all
// identifiers.
type Device struct {
	PhoneNumber             string       `json:"phoneNumber,omitempty"`
	NetworkAccessIdentifier string       `json:"networkAccessIdentifier,omitempty"`
	IPv4Address             *IPv4Address `json:"ipv4Address,omitempty"`
	IPv6Address             string       `json:"ipv6Address,omitempty"`
}

// IPv4Address is CAMARA's DeviceIpv4Addr object.
type IPv4Address struct {
	PublicAddress  string `json:"publicAddress,omitempty"`
	PrivateAddress string `json:"privateAddress,omitempty"`
	PublicPort     *int64 `json:"publicPort,omitempty"`
}

// parts splits a device into one device per identifier, in the order in which
// an operator that picks one prefers them.
func (d Device) parts() []Device {
	var parts []Device
	if d.PhoneNumber != "" {
		parts = append(parts, Device{PhoneNumber: d.PhoneNumber})
	}
	if d.IPv4Address != nil {
		parts = append(parts, Device{IPv4Address: d.IPv4Address})
	}
	if d.IPv6Address != "" {
		parts = append(parts, Device{IPv6Address: d.IPv6Address})
	}
	if d.NetworkAccessIdentifier != "" {
		parts = append(parts, Device{NetworkAccessIdentifier: d.NetworkAccessIdentifier})
	}
	return parts
}

// names lists every string that identifies the device.
func (d Device) names() []string {
	names := []string{d.PhoneNumber, d.NetworkAccessIdentifier, d.IPv6Address}
	if d.IPv4Address != nil {
		names = append(names, d.IPv4Address.PublicAddress, d.IPv4Address.PrivateAddress)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// same reports whether the two have an identifier in common.
func (d Device) same(o Device) bool {
	switch {
	case d.PhoneNumber != "" && strings.TrimPrefix(d.PhoneNumber, "+") == strings.TrimPrefix(o.PhoneNumber, "+"):
		return true
	case d.NetworkAccessIdentifier != "" && d.NetworkAccessIdentifier == o.NetworkAccessIdentifier:
		return true
	case d.IPv4Address != nil && o.IPv4Address != nil && d.IPv4Address.same(*o.IPv4Address):
		return true
	}
	return d.IPv6Address != "" && subnet(d.IPv6Address) == subnet(o.IPv6Address)
}

// same compares what both have: two devices behind one public address differ in
// their private address or public port.
func (a IPv4Address) same(o IPv4Address) bool {
	if a.PublicAddress != o.PublicAddress {
		return false
	}
	if a.PrivateAddress != "" && o.PrivateAddress != "" && a.PrivateAddress != o.PrivateAddress {
		return false
	}
	return a.PublicPort == nil || o.PublicPort == nil || *a.PublicPort == *o.PublicPort
}

// subnet is the /64 that an operator allocates to a device.
func subnet(address string) netip.Prefix {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(parsed, 64).Masked()
}

// normalized returns the device with its IPv6 address in canonical form.
func (d Device) normalized() Device {
	if parsed, err := netip.ParseAddr(d.IPv6Address); err == nil {
		d.IPv6Address = parsed.String()
	}
	return d
}

// deviceOfHint returns whom a login hint names: tel:+34…, ipport:192.0.2.1:80,
// ipport:192.0.2.1 and, in brackets, the same for IPv6.
func deviceOfHint(hint string) (Device, bool) {
	if number, isPhone := strings.CutPrefix(hint, "tel:"); isPhone {
		return Device{PhoneNumber: number}, hintPhone(number)
	}
	endpoint, isEndpoint := strings.CutPrefix(hint, "ipport:")
	if !isEndpoint {
		return Device{}, false
	}
	if pair, err := netip.ParseAddrPort(endpoint); err == nil {
		port := int64(pair.Port())
		return deviceOfAddress(pair.Addr(), &port), true
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(endpoint, "["), "]")
	address, err := netip.ParseAddr(bare)
	if err != nil || address.Is6() != (len(bare)+2 == len(endpoint)) {
		return Device{}, false
	}
	return deviceOfAddress(address, nil), true
}

func deviceOfAddress(address netip.Addr, port *int64) Device {
	if address.Is6() {
		return Device{IPv6Address: address.String()}
	}
	return Device{IPv4Address: &IPv4Address{PublicAddress: address.String(), PublicPort: port}}
}

// hintPhone checks that a number is in E.164 form with its plus sign.
func hintPhone(number string) bool {
	digits, plus := strings.CutPrefix(number, "+")
	return plus && len(digits) >= 5 && len(digits) <= 15 && digits[0] != '0' &&
		strings.Trim(digits, "0123456789") == ""
}
