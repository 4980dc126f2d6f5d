package receiver

import (
	"maps"
	"net/netip"
	"strings"
)

// Overlaps reports whether a live or open request would be elevated twice by
// one with the given devices: the same device (by DeviceKey, kind ignored) with
// a flow in common. Two flows are the same if both ends, direction and protocol
// are; the QCI option does not tell flows apart. A request whose flows are not
// known overlaps nothing. The account is the caller's to compare.
func (r *Request) Overlaps(devices []Device) bool {
	theirs := make(map[string]map[flowKey]struct{}, len(devices))
	for _, d := range devices {
		key := DeviceKey(d.ID)
		if theirs[key] == nil {
			theirs[key] = map[flowKey]struct{}{}
		}
		maps.Copy(theirs[key], flowKeys(d))
	}
	live := r.liveDevices()
	for _, mine := range r.Devices {
		key := DeviceKey(mine.ID)
		if _, is := live[key]; !is && !r.LacksRequestID() {
			continue
		}
		if intersects(flowKeys(mine), theirs[key]) {
			return true
		}
	}
	return false
}

// LacksRequestID reports whether the request may exist at ThingSpace, now or
// soon, while nobody knows its request id.
func (r *Request) LacksRequestID() bool {
	return r.State == StateOpen || r.State == StateSent || r.State == StateUnknown
}

// liveDevices are the keys of the devices with a subscription that has not ended.
func (r *Request) liveDevices() map[string]struct{} {
	live := map[string]struct{}{}
	if r.State != StateAccepted {
		return live
	}
	for _, s := range r.Subscriptions {
		if !s.Status.Ended() {
			live[DeviceKey(s.DeviceID)] = struct{}{}
		}
	}
	return live
}

type flowKey struct {
	server, device, direction, protocol string
}

func flowKeys(d Device) map[flowKey]struct{} {
	keys := make(map[flowKey]struct{}, len(d.Flows))
	for _, f := range d.Flows {
		keys[flowKey{
			server:    canonicalEndpoint(f.FlowServer),
			device:    canonicalEndpoint(f.FlowDevice),
			direction: strings.ToUpper(f.FlowDirection),
			protocol:  strings.ToUpper(f.FlowProtocol),
		}] = struct{}{}
	}
	return keys
}

func intersects(a, b map[flowKey]struct{}) bool {
	for key := range a {
		if _, found := b[key]; found {
			return true
		}
	}
	return false
}

// canonicalEndpoint gives every spelling of a flow end one form: an address, or
// an address and a port. What does not parse stands for itself, in lower case.
func canonicalEndpoint(s string) string {
	s = strings.TrimSpace(s)
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()).String()
	}
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return addr.Unmap().String()
	}
	return strings.ToLower(s)
}
