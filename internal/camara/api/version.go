package api

import (
	"fmt"
	"math"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Version is one of the public versions of CAMARA's Quality-on-Demand API.
type Version string

const (
	// V010 is 0.10, at /qod/v0.
	V010 Version = "0.10"
	// V011 is 0.11, at /quality-on-demand/v0.11.
	V011 Version = "0.11"
	// V100 is 1.0, at /quality-on-demand/v1.
	V100 Version = "1.0"
	// V110 is 1.1, at /quality-on-demand/v1.
	V110 Version = "1.1"
	// V120 is 1.2, at /quality-on-demand/v1.
	V120 Version = "1.2"
)

// Versions returns all versions, oldest first.
func Versions() []Version { return []Version{V010, V011, V100, V110, V120} }

// ParseVersion reads a version by its major and minor number: "0.10", "1.1".
func ParseVersion(s string) (Version, error) {
	if v := Version(s); slices.Contains(Versions(), v) {
		return v, nil
	}
	return "", fmt.Errorf("the API version must be one of %s", strings.Join(versionNames(), ", "))
}

func versionNames() []string {
	names := make([]string, 0, len(Versions()))
	for _, v := range Versions() {
		names = append(names, string(v))
	}
	return names
}

// InferVersion guesses the version from the path of the API's root. /v1 serves
// 1.0, 1.1 and 1.2 alike; it is taken for 1.1, whose requests the neighbours
// understand. It reports false where the path says nothing.
func InferVersion(baseURL string) (Version, bool) {
	u, err := url.Parse(strings.TrimSpace(baseURL))
	if err != nil {
		return "", false
	}
	root := strings.TrimRight(u.Path, "/")
	switch path.Base(root) {
	case "v0":
		return V010, path.Base(path.Dir(root)) == "qod"
	case "v0.11":
		return V011, true
	case "v1":
		return V110, true
	default:
		return "", false
	}
}

// ExtendCap is what limits a session's length beyond the first request.
type ExtendCap int

const (
	// CapRemaining: from now, a session can live for DurationMax at most.
	CapRemaining ExtendCap = iota + 1
	// CapProfile: over all, a session can live for its profile's maxDuration.
	CapProfile
)

// secondsPerDay is 0.10's longest duration.
const secondsPerDay = 86400

// Features tell what a version has and asks for. CAMARA's QualityOnDemand
// repository, files of the tags v0.10.1, r1.3, r2.2, r3.2 and r4.1.
type Features struct {
	// DeviceRequired: a session is created for a device in the request, whatever
	// the token says.
	DeviceRequired bool
	// DeviceWithBoundToken: the device is sent although the token is bound to it.
	// Later versions refuse that.
	DeviceWithBoundToken bool
	// PhoneNumber is the pattern of phone numbers.
	PhoneNumber *regexp.Regexp

	// DurationRequired: without, the API's default is DurationMax.
	DurationRequired bool
	// DurationMax and ExtensionMax are the most seconds a create and an extend may
	// ask for. From 0.11 it is the QoS profile that really limits.
	DurationMax, ExtensionMax int64
	ExtendCap                 ExtendCap

	// Webhook: notifications are configured by webhook; else by sink and sinkCredential.
	Webhook bool
	// HTTPSSink: the sink's address must begin with https://.
	HTTPSSink bool
	// PrivateKeyJWT: sinkCredential may be of that type.
	PrivateKeyJWT bool
	// IPAddresses: an application server may be a list of addresses.
	IPAddresses bool
	// PortMin is the lowest port, of flows and of devices.
	PortMin int64

	// Correlator: requests carry an x-correlator.
	Correlator bool
	// RetrieveSessions: a device's sessions can be listed.
	RetrieveSessions bool
	// ProfilesInSameAPI: QoS profiles are listed by GET at the sessions' root;
	// else by POST at a root of their own.
	ProfilesInSameAPI bool
	// Provisioning is the version, as in the URL, of the qos-provisioning API of
	// the same release; "" where it was another API.
	Provisioning string
	// Scopes are those of all operations on sessions, ProfileScope is that of
	// reading profiles. A client may ask for what it has agreed with its operator
	// only, so these are for a default.
	Scopes       []string
	ProfileScope string
}

// Features returns v's, and the zero value for what is no version.
func (v Version) Features() Features {
	i := slices.Index(Versions(), v)
	if i < 0 {
		return Features{}
	}
	return table[i]
}

var (
	phoneOptionalPlus = regexp.MustCompile(`^\+?[0-9]{5,15}$`)
	phoneE164         = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)

	// table has a row for each of Versions, in their order.
	table = [...]Features{
		{
			DeviceRequired: true, DeviceWithBoundToken: true, PhoneNumber: phoneOptionalPlus,
			DurationMax: secondsPerDay, ExtensionMax: secondsPerDay - 1, ExtendCap: CapRemaining,
			Webhook: true, ProfilesInSameAPI: true,
			Scopes: []string{"qod-sessions-write", "qod-sessions-read", "qod-sessions-delete"}, ProfileScope: "qod-profiles-read",
		},
		{
			PhoneNumber:      phoneE164,
			DurationRequired: true, DurationMax: math.MaxInt32, ExtensionMax: math.MaxInt32, ExtendCap: CapProfile,
			Correlator: true, RetrieveSessions: true,
			Scopes: sessionScopes(), ProfileScope: scopeProfiles,
		},
		{
			PhoneNumber:      phoneE164,
			DurationRequired: true, DurationMax: math.MaxInt32, ExtensionMax: math.MaxInt32, ExtendCap: CapProfile,
			Correlator: true, RetrieveSessions: true,
			Scopes: sessionScopes(), ProfileScope: scopeProfiles,
		},
		{
			PhoneNumber:      phoneE164,
			DurationRequired: true, DurationMax: math.MaxInt32, ExtensionMax: math.MaxInt32, ExtendCap: CapProfile,
			HTTPSSink:  true,
			Correlator: true, RetrieveSessions: true, Provisioning: "v0.3",
			Scopes: sessionScopes(), ProfileScope: scopeProfiles,
		},
		{
			PhoneNumber:      phoneE164,
			DurationRequired: true, DurationMax: math.MaxInt32, ExtensionMax: math.MaxInt32, ExtendCap: CapProfile,
			HTTPSSink: true, PrivateKeyJWT: true, IPAddresses: true, PortMin: 1,
			Correlator: true, RetrieveSessions: true, Provisioning: "v0.4",
			Scopes: sessionScopes(), ProfileScope: scopeProfiles,
		},
	}
)

const scopeProfiles = "qos-profiles:read"

// right is what a request needs to be allowed, as CAMARA's scopes name it.
type right string

const (
	toCreate right = "create"
	toRead   right = "read"
	toDelete right = "delete"
	toExtend right = "update"
	toList   right = "retrieve-by-device"
)

func sessionScopes() []string {
	var scopes []string
	for _, r := range []right{toCreate, toRead, toDelete, toExtend, toList} {
		scopes = append(scopes, sessionScope(V110, r))
	}
	return scopes
}

// sessionScope is the scope that an operation on sessions needs.
func sessionScope(v Version, r right) string {
	switch {
	case v != V010:
		return "quality-on-demand:sessions:" + string(r)
	case r == toCreate || r == toExtend:
		return "qod-sessions-write"
	case r == toDelete:
		return "qod-sessions-delete"
	default:
		return "qod-sessions-read"
	}
}

// assignmentScope is the scope that an operation on assignments needs.
func assignmentScope(r right) string {
	if r == toList {
		return "qos-provisioning:qos-assignments:read-by-device"
	}
	return "qos-provisioning:qos-assignments:" + string(r)
}
