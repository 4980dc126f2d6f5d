package camara

import (
	"fmt"
	"slices"
	"strings"
)

// Version is what an operator speaks: a public version of the QoD API, or a
// mixture of two as some operators serve.
type Version string

// The versions of the simulator.
const (
	Version010 Version = "0.10"
	Version011 Version = "0.11"
	Version10  Version = "1.0"
	Version11  Version = "1.1"
	Version12  Version = "1.2"
	// HybridA serves 0.10 at its path, with API keys instead of tokens, RFC 3339
	// times and retrieve-sessions (404 if there are none), as a marketplace
	// gateway does.
	HybridA Version = "hybrid-a"
	// HybridB serves 1.1 at its path, with webhook instead of sink, a device
	// that must be in the body whatever the token, no x-correlator and errors
	// without a status, as an operator's developer sandbox does.
	HybridB Version = "hybrid-b"
)

// Versions lists all versions.
func Versions() []Version {
	return []Version{Version010, Version011, Version10, Version11, Version12, HybridA, HybridB}
}

// ParseVersion returns the version of that name.
func ParseVersion(name string) (Version, error) {
	if v := Version(name); slices.Contains(Versions(), v) {
		return v, nil
	}
	names := make([]string, len(Versions()))
	for i, v := range Versions() {
		names[i] = string(v)
	}
	return "", fmt.Errorf("unknown version %q; known are %s", name, strings.Join(names, ", "))
}

// paths are those of an operator's APIs, from its root.
type paths struct {
	sessions, profiles, assignments string
}

func (v Version) paths() paths {
	switch v {
	case Version010, HybridA:
		return paths{"/qod/v0", "/qod/v0", "/qos-provisioning/v0.3"}
	case Version011:
		return paths{"/quality-on-demand/v0.11", "/qos-profiles/v0.11", "/qos-provisioning/v0.3"}
	case Version12:
		return paths{"/quality-on-demand/v1", "/qos-profiles/v1", "/qos-provisioning/v0.4"}
	case Version10, Version11, HybridB:
	}
	return paths{"/quality-on-demand/v1", "/qos-profiles/v1", "/qos-provisioning/v0.3"}
}
