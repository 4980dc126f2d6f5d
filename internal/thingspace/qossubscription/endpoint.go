package qossubscription

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// endpoint is one end of a flow: an address, and a port unless every port is meant.
type endpoint struct {
	addr netip.Addr
	port uint16 // 0: any
}

// parseEndpoint reads a flow end as ThingSpace documents it: address or
// address:port, an IPv6 address in brackets when a port follows.
func parseEndpoint(text string) (endpoint, error) {
	if strings.HasPrefix(text, "[") {
		return parseBracketed(text)
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		return newEndpoint(addr, "")
	}
	host, port, found := strings.Cut(text, ":")
	if strings.Contains(port, ":") {
		return endpoint{}, errors.New("is not an IPv6 address; one with a port is written [address]:port")
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || !found || port == "" || !addr.Is4() {
		return endpoint{}, errors.New("must be an IP address, optionally with a port, such as 203.0.113.5:443 or [2001:db8::5]:443")
	}
	return newEndpoint(addr, port)
}

func parseBracketed(text string) (endpoint, error) {
	host, rest, closed := strings.Cut(text[1:], "]")
	addr, err := netip.ParseAddr(host)
	if !closed || err != nil || !addr.Is6() {
		return endpoint{}, errors.New("must have a complete IPv6 address in its brackets, such as [2001:db8::5]:443")
	}
	if rest == "" {
		return endpoint{}, errors.New("has brackets and no port: write [address]:port, or the address alone for every port")
	}
	port, found := strings.CutPrefix(rest, ":")
	if !found {
		return endpoint{}, errors.New("must be [address]:port, with nothing else after the bracket")
	}
	if port == "" {
		return endpoint{}, errors.New("has no port after the colon")
	}
	return newEndpoint(addr, port)
}

func newEndpoint(addr netip.Addr, port string) (endpoint, error) {
	if addr.Zone() != "" {
		return endpoint{}, errors.New("must not carry an IPv6 zone")
	}
	if port == "" {
		return endpoint{addr: addr}, nil
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || strings.HasPrefix(port, "0") {
		return endpoint{}, fmt.Errorf("has port %q, which must be a number from 1 to 65535", port)
	}
	return endpoint{addr: addr, port: uint16(number)}, nil
}

func (e endpoint) family() string {
	if e.addr.Is4() {
		return "IPv4"
	}
	return "IPv6"
}
