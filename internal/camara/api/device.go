package api

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Device is an end user's equipment, by one identifier or several of the same
// device. Empty fields are not sent.
type Device struct {
	// PhoneNumber is in international format, with a leading + from 0.11 on.
	PhoneNumber string `json:"phoneNumber,omitempty"`
	// NetworkAccessIdentifier is a name@domain. From 1.1 on the specification
	// keeps it and says not to use it.
	NetworkAccessIdentifier string      `json:"networkAccessIdentifier,omitempty"`
	IPv4Address             *DeviceIPv4 `json:"ipv4Address,omitempty"`
	// IPv6Address is any one address of the device's subnet.
	IPv6Address string `json:"ipv6Address,omitempty"`
}

// DeviceIPv4 is an IPv4 address as seen from the application server, with what
// tells devices behind the same one apart: the private address, or the port.
type DeviceIPv4 struct {
	PublicAddress  string `json:"publicAddress,omitempty"`
	PrivateAddress string `json:"privateAddress,omitempty"`
	PublicPort     *int64 `json:"publicPort,omitempty"`
}

// ApplicationServer is the other end of the flows: up to one IPv4 and one IPv6
// address or subnet, or (1.2) a list of addresses.
type ApplicationServer struct {
	IPv4Address string   `json:"ipv4Address,omitempty"`
	IPv6Address string   `json:"ipv6Address,omitempty"`
	IPAddresses []string `json:"ipAddresses,omitempty"`
}

// Ports are ranges of ports and single ports.
type Ports struct {
	Ranges []PortRange `json:"ranges,omitempty"`
	Ports  []int64     `json:"ports,omitempty"`
}

// PortRange is a range of ports, both ends included.
type PortRange struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

func (d *Device) empty() bool { return d == nil || *d == Device{} }

// LoginHint names the device's subscriber to an authorization server, by the
// first of phone number, public IPv4 address and IPv6 address that there is:
// tel:+34666666666, ipport:203.0.113.7:59765, ipport:[2001:db8::1]. It reports
// false where there is none of them, or none that is valid. CAMARA, "Security and
// Interoperability Profile", login_hint.
func LoginHint(d Device) (string, bool) {
	if phoneOptionalPlus.MatchString(d.PhoneNumber) {
		return "tel:+" + strings.TrimPrefix(d.PhoneNumber, "+"), true
	}
	if d.IPv4Address != nil {
		if hint, ok := d.IPv4Address.loginHint(); ok {
			return hint, true
		}
	}
	if address, err := netip.ParseAddr(d.IPv6Address); err == nil && isIPv6(address) {
		return "ipport:[" + address.String() + "]", true
	}
	return "", false
}

func (a *DeviceIPv4) loginHint() (string, bool) {
	address, err := netip.ParseAddr(a.PublicAddress)
	if err != nil || !address.Is4() {
		return "", false
	}
	if a.PublicPort == nil {
		return "ipport:" + address.String(), true
	}
	if *a.PublicPort < 0 || *a.PublicPort > maxPort {
		return "", false
	}
	return "ipport:" + address.String() + ":" + strconv.FormatInt(*a.PublicPort, 10), true
}

// isIPv6 leaves out zones, which mean nothing to others.
func isIPv6(a netip.Addr) bool { return a.Is6() && a.Zone() == "" }

func (s *ApplicationServer) empty() bool {
	return s == nil || s.IPv4Address == "" && s.IPv6Address == "" && len(s.IPAddresses) == 0
}

func (p *Ports) empty() bool { return p == nil || len(p.Ranges) == 0 && len(p.Ports) == 0 }

// checkDevice reports what v refuses in d. Where it is not sent, it only serves
// to find the subscriber.
func (c *checker) checkDevice(d *Device) {
	c.note(d.empty(), "device", "must have at least one identifier")
	if d.empty() {
		return
	}
	c.note(d.PhoneNumber != "" && !c.features.PhoneNumber.MatchString(d.PhoneNumber), "device.phoneNumber",
		"must be in international format, such as +34666666666")
	c.note(d.IPv6Address != "" && !validAddress(d.IPv6Address, isIPv6), "device.ipv6Address", "must be one IPv6 address")
	if a := d.IPv4Address; a != nil {
		c.note(!validAddress(a.PublicAddress, netip.Addr.Is4), "device.ipv4Address.publicAddress", "must be one IPv4 address")
		c.note(a.PrivateAddress != "" && !validAddress(a.PrivateAddress, netip.Addr.Is4), "device.ipv4Address.privateAddress", "must be one IPv4 address")
		c.note(a.PrivateAddress == "" && a.PublicPort == nil, "device.ipv4Address", "needs a privateAddress or a publicPort besides the publicAddress")
		if a.PublicPort != nil {
			c.checkPort("device.ipv4Address.publicPort", *a.PublicPort)
		}
	}
}

func (c *checker) checkApplicationServer(s *ApplicationServer) {
	if s.empty() {
		c.note(true, "applicationServer", "must have at least one address")
		return
	}
	c.note(s.IPv4Address != "" && !validSubnet(s.IPv4Address, netip.Addr.Is4), "applicationServer.ipv4Address", "must be an IPv4 address or subnet (203.0.113.0/24)")
	c.note(s.IPv6Address != "" && !validSubnet(s.IPv6Address, isIPv6), "applicationServer.ipv6Address", "must be an IPv6 address or subnet (2001:db8::/64)")
	if len(s.IPAddresses) > 0 {
		c.checkAddresses(s)
	}
}

// maxAddresses is 1.2's limit of applicationServer.ipAddresses.
const maxAddresses = 16

func (c *checker) checkAddresses(s *ApplicationServer) {
	const field = "applicationServer.ipAddresses"
	if !c.features.IPAddresses {
		c.absent(field, "give ipv4Address and ipv6Address instead")
		return
	}
	c.note(s.IPv4Address != "" || s.IPv6Address != "", field, "cannot be combined with ipv4Address and ipv6Address")
	c.note(len(s.IPAddresses) > maxAddresses, field, "must have at most 16 addresses")
	for i, address := range s.IPAddresses {
		item := field + "[" + strconv.Itoa(i) + "]"
		valid := validAddress(address, func(a netip.Addr) bool { return a.Is4() || isIPv6(a) })
		c.note(!valid, item, "must be one IP address, without a mask")
		c.note(slices.Contains(s.IPAddresses[:i], address), item, "is there twice")
	}
}

const maxPort = 65535

func (c *checker) checkPorts(field string, p *Ports) {
	if p.empty() {
		c.note(p != nil, field, "must have at least one range or port")
		return
	}
	for i, r := range p.Ranges {
		item := field + ".ranges[" + strconv.Itoa(i) + "]"
		c.checkPort(item+".from", r.From)
		c.checkPort(item+".to", r.To)
		c.note(r.From > r.To, item, "must not end before it begins")
	}
	for i, port := range p.Ports {
		c.checkPort(field+".ports["+strconv.Itoa(i)+"]", port)
	}
}

func (c *checker) checkPort(field string, port int64) {
	c.note(port < c.features.PortMin || port > maxPort, field, "must be between "+strconv.FormatInt(c.features.PortMin, 10)+" and 65535")
}

func validAddress(s string, is func(netip.Addr) bool) bool {
	address, err := netip.ParseAddr(s)
	return err == nil && is(address)
}

func validSubnet(s string, is func(netip.Addr) bool) bool {
	subnet, err := netip.ParsePrefix(s)
	return err == nil && is(subnet.Addr()) || validAddress(s, is)
}
