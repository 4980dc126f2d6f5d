package qodsession

import (
	"net/netip"
	"slices"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
)

// sameServer reports whether two application servers are the same addresses,
// however they are written.
func sameServer(a, b *api.ApplicationServer) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.Equal(networksOf(a), networksOf(b))
}

// networksOf are the server's addresses and subnets in canonical form, sorted.
func networksOf(s *api.ApplicationServer) []string {
	var networks []string
	for _, text := range append([]string{s.IPv4Address, s.IPv6Address}, s.IPAddresses...) {
		if text != "" {
			networks = append(networks, grant.Canonical(text))
		}
	}
	slices.Sort(networks)
	return slices.Compact(networks)
}

// samePorts reports whether two are the same ports, whatever the order and
// however they are put into ranges. None is all.
func samePorts(a, b *api.Ports) bool { return slices.Equal(spansOf(a), spansOf(b)) }

const lastPort = 65535

// spansOf are the ports as ranges that are sorted and do not touch.
func spansOf(p *api.Ports) []api.PortRange {
	if p == nil || len(p.Ranges)+len(p.Ports) == 0 {
		return []api.PortRange{{From: 0, To: lastPort}}
	}
	all := &api.Ports{Ranges: slices.Clone(p.Ranges)}
	for _, port := range p.Ports {
		all.Ranges = append(all.Ranges, api.PortRange{From: port, To: port})
	}
	sortPorts(all)
	spans := all.Ranges[:1]
	for _, next := range all.Ranges[1:] {
		last := &spans[len(spans)-1]
		if next.From <= last.To+1 {
			last.To = max(last.To, next.To)
			continue
		}
		spans = append(spans, next)
	}
	return spans
}

// portsMeet reports whether two have a port in common.
func portsMeet(a, b *api.Ports) bool {
	for _, x := range spansOf(a) {
		for _, y := range spansOf(b) {
			if x.From <= y.To && y.From <= x.To {
				return true
			}
		}
	}
	return false
}

// serversMeet reports whether two have an address in common, or may have: an
// operator may not tell.
func serversMeet(a, b *api.ApplicationServer) bool {
	if a == nil || b == nil {
		return true
	}
	for _, x := range prefixesOf(a) {
		if slices.ContainsFunc(prefixesOf(b), x.Overlaps) {
			return true
		}
	}
	return false
}

func prefixesOf(s *api.ApplicationServer) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range networksOf(s) {
		if address, err := netip.ParseAddr(text); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(address, address.BitLen()))
		} else if prefix, err := netip.ParsePrefix(text); err == nil {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}
