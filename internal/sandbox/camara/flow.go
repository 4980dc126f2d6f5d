package camara

import (
	"math"
	"net/netip"
)

// flow is what a session raises: packets between the device and these networks
// and ports.
type flow struct {
	networks                []netip.Prefix
	devicePorts, appServers []PortRange
}

func (r sessionRequest) flow() flow {
	return flow{
		networks:    r.server.networks(),
		devicePorts: r.devicePorts.ranges(),
		appServers:  r.applicationServerPorts.ranges(),
	}
}

func (a applicationServer) networks() []netip.Prefix {
	var networks []netip.Prefix
	for _, value := range append([]string{a.IPv4Address, a.IPv6Address}, a.IPAddresses...) {
		if network, err := parseNetwork(value); err == nil {
			networks = append(networks, network.Masked())
		}
	}
	return networks
}

// normalized returns the addresses in canonical form, networks without host
// bits.
func (a applicationServer) normalized() applicationServer {
	canonical := func(value string) string {
		network, err := parseNetwork(value)
		switch {
		case err != nil:
			return value
		case network.IsSingleIP():
			return network.Addr().String()
		}
		return network.Masked().String()
	}
	n := applicationServer{IPv4Address: canonical(a.IPv4Address), IPv6Address: canonical(a.IPv6Address)}
	for _, value := range a.IPAddresses {
		n.IPAddresses = append(n.IPAddresses, canonical(value))
	}
	return n
}

// ranges takes single ports for ranges, and absent ports for all.
func (p *Ports) ranges() []PortRange {
	if p == nil {
		return []PortRange{{0, math.MaxUint16}}
	}
	ranges := append([]PortRange{}, p.Ranges...)
	for _, port := range p.Ports {
		ranges = append(ranges, PortRange{port, port})
	}
	return ranges
}

// overlaps reports whether a packet could belong to both flows.
func (f flow) overlaps(o flow) bool {
	return anyPair(f.networks, o.networks, netip.Prefix.Overlaps) &&
		anyPair(f.devicePorts, o.devicePorts, PortRange.overlaps) &&
		anyPair(f.appServers, o.appServers, PortRange.overlaps)
}

func (r PortRange) overlaps(o PortRange) bool { return r.From <= o.To && o.From <= r.To }

func anyPair[T any](as, bs []T, fits func(T, T) bool) bool {
	for _, a := range as {
		for _, b := range bs {
			if fits(a, b) {
				return true
			}
		}
	}
	return false
}
