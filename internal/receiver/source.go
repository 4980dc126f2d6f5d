package receiver

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// sources decides by address who may send callbacks.
type sources struct {
	// allowed is empty when everybody may.
	allowed []netip.Prefix
	// proxies are believed when they say for whom they forward.
	proxies []netip.Prefix
}

func (s sources) allows(addr netip.Addr) bool {
	return len(s.allowed) == 0 || contains(s.allowed, addr)
}

// client is the address that a request came from: the connection's peer or, as
// far as trusted proxies vouch for it, the address in X-Forwarded-For.
func (s sources) client(r *http.Request) (netip.Addr, error) {
	addr, err := parseAddr(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, err
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if hop == "" || !contains(s.proxies, addr) {
			break
		}
		if addr, err = parseAddr(hop); err != nil {
			return netip.Addr{}, fmt.Errorf("X-Forwarded-For: %w", err)
		}
	}
	return addr, nil
}

// unheeded returns the peer that says for whom it forwards without being trusted, so
// that all whom it forwards for count as that peer.
func (s sources) unheeded(r *http.Request) (peer netip.Addr, is bool) {
	if r.Header.Get("X-Forwarded-For") == "" {
		return netip.Addr{}, false
	}
	peer, err := parseAddr(r.RemoteAddr)
	return peer, err == nil && !contains(s.proxies, peer)
}

// parseAddr reads an address with or without a port.
func parseAddr(text string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone(""), nil
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%q is not an IP address", text)
	}
	return addr.Unmap().WithZone(""), nil
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}
