package camara

import (
	"math"
	"net/http"
	"regexp"
)

// dialect is what sets the versions of an API apart, as data.
type dialect struct {
	// What a request must be like.
	apiKey        bool // instead of a bearer token
	deviceAlways  bool // in the body, also beside a token that names it
	deviceNever   bool // in the body beside a token that names it
	refusesNAI    bool // as the only identifier
	phone         *regexp.Regexp
	minPort       int64
	duration      int64 // of a create that has none, in seconds; 0: it must have one
	maxDuration   int64 // that a create may have, in seconds
	maxExtension  int64 // that one extend may have, in seconds
	ipAddresses   bool  // as the other form of an application server
	webhook       bool  // instead of sink and sinkCredential
	httpsSink     bool
	privateKeyJWT bool           // as a sink credential
	declaredOnly  bool           // no property that is not in the specification
	correlator    *regexp.Regexp // nil: the version has no x-correlator
	openTwoLegged bool           // client credentials need no scope
	scopes        map[Operation][]string

	// What the operator does.
	lists            bool // has POST /retrieve-sessions
	emptyNotFound    bool // answers that with 404 if there are none
	profilesByGet    bool // not by POST /retrieve-qos-profiles
	extendsRemaining bool // caps what remains, not the overall duration

	// What an answer is like.
	epochTimes  bool // seconds, not RFC 3339
	timesAlways bool // also while REQUESTED
	statusInfo  bool
	messages    bool
	wholeDevice bool // not one identifier
	bareErrors  bool // without status
	eventType   string
	eventStatus []string // the members of an event that hold the status
	codes       codes
}

// problem is an error's HTTP status and code.
type problem struct {
	status int
	code   string
}

// codes are the errors that the versions name differently.
type codes struct {
	unauthenticated, forbidden string
	badID                      string  // an id that is not a UUID
	badSink                    string  // a notification URL
	missingDevice              problem // neither in the body nor in the token
	unknownDevice              problem
	mismatch                   problem // identifiers of different devices; zero: no error
	foreignDevice              problem // not the token's
	durationRange              string
	profileState               problem // an inactive or deprecated profile
	notAvailable               problem // extending what is not AVAILABLE
}

const (
	codeInvalidArgument   = "INVALID_ARGUMENT"
	codeOutOfRange        = "OUT_OF_RANGE"
	codeInvalidToken      = "INVALID_TOKEN"      // #nosec G101 -- an error code
	codeInvalidCredential = "INVALID_CREDENTIAL" // #nosec G101 -- an error code
	codeUnauthenticated   = "UNAUTHENTICATED"
	codeForbidden         = "PERMISSION_DENIED"
	codeNotFound          = "NOT_FOUND"
	codeConflict          = "CONFLICT"
	codeUnnecessary       = "UNNECESSARY_IDENTIFIER"
	codeUnsupported       = "UNSUPPORTED_IDENTIFIER"
	codeNoPrivateKeyJWT   = "PRIVATE_KEY_JWT_NOT_CONFIGURED"

	oldScope = "dpv:RequestedServiceProvision#qod"
	day      = 24 * 60 * 60
)

// dialect returns that of the version's QoD and profiles APIs. Each is the one
// before it, and what has changed.
func (v Version) dialect() dialect {
	switch v {
	case Version010:
		return dialect010()
	case Version011:
		return dialect011()
	case Version10:
		return dialect10()
	case Version12:
		return dialect12()
	case HybridA:
		return dialectA()
	case HybridB:
		return dialectB()
	case Version11:
	}
	return dialect11()
}

func dialect010() dialect {
	invalid := problem{http.StatusBadRequest, codeInvalidArgument}
	write := []string{"qod-sessions-write", oldScope}
	return dialect{
		deviceAlways:  true,
		phone:         regexp.MustCompile(`^\+?[0-9]{5,15}$`),
		duration:      day,
		maxDuration:   day,
		maxExtension:  day - 1,
		webhook:       true,
		openTwoLegged: true,
		scopes: map[Operation][]string{
			OpCreateSession: write, OpExtendSession: write,
			OpGetSession:    {"qod-sessions-read", oldScope},
			OpDeleteSession: {"qod-sessions-delete", oldScope},
			OpListProfiles:  {"qod-profiles-read", oldScope},
			OpGetProfile:    {"qod-profiles-read", oldScope},
		},
		profilesByGet:    true,
		extendsRemaining: true,
		epochTimes:       true,
		timesAlways:      true,
		messages:         true,
		wholeDevice:      true,
		eventType:        "org.camaraproject.qod.v0.qos-status-changed",
		eventStatus:      []string{"qosStatus"},
		codes: codes{
			unauthenticated: codeUnauthenticated, forbidden: codeForbidden, badID: codeInvalidArgument, badSink: codeInvalidArgument,
			missingDevice: invalid, unknownDevice: invalid, mismatch: invalid,
			foreignDevice: problem{http.StatusForbidden, codeForbidden},
			durationRange: codeOutOfRange,
			profileState:  invalid, notAvailable: invalid,
		},
	}
}

func dialect011() dialect {
	const scope = "quality-on-demand:sessions:"
	d := dialect010()
	d.deviceAlways, d.wholeDevice = false, false
	d.phone = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	d.duration, d.maxDuration, d.maxExtension = 0, math.MaxInt32, math.MaxInt32
	d.webhook = false
	d.correlator = regexp.MustCompile(``)
	d.openTwoLegged = false
	d.scopes = map[Operation][]string{
		OpCreateSession:    {scope + "create"},
		OpGetSession:       {scope + "read"},
		OpDeleteSession:    {scope + "delete"},
		OpExtendSession:    {scope + "update"},
		OpRetrieveSessions: {scope + "retrieve-by-device"},
		OpListProfiles:     {"qos-profiles:read"},
		OpGetProfile:       {"qos-profiles:read"},
	}
	d.lists, d.profilesByGet, d.extendsRemaining = true, false, false
	d.epochTimes, d.timesAlways, d.messages, d.statusInfo = false, false, false, true
	d.eventType = "org.camaraproject.quality-on-demand.v0.qos-status-changed"
	d.codes.missingDevice = problem{http.StatusUnprocessableEntity, "UNIDENTIFIABLE_DEVICE"}
	d.codes.unknownDevice = problem{http.StatusNotFound, "DEVICE_NOT_FOUND"}
	d.codes.mismatch = problem{http.StatusUnprocessableEntity, "DEVICE_IDENTIFIERS_MISMATCH"}
	d.codes.foreignDevice = problem{http.StatusForbidden, "INVALID_TOKEN_CONTEXT"}
	d.codes.durationRange = "QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE"
	d.codes.notAvailable = problem{http.StatusConflict, "QUALITY_ON_DEMAND.SESSION_EXTENSION_NOT_ALLOWED"}
	return d
}

func dialect10() dialect {
	d := dialect011()
	d.deviceNever, d.refusesNAI = true, true
	d.correlator = regexp.MustCompile(`^[a-zA-Z0-9-]{0,55}$`)
	d.eventType = "org.camaraproject.quality-on-demand.v1.qos-status-changed"
	d.codes.missingDevice.code = "MISSING_IDENTIFIER"
	d.codes.unknownDevice.code = "IDENTIFIER_NOT_FOUND"
	d.codes.mismatch.code = "IDENTIFIER_MISMATCH"
	return d
}

func dialect11() dialect {
	d := dialect10()
	d.httpsSink = true
	d.correlator = regexp.MustCompile(`^[a-zA-Z0-9-_:;./<>{}]{0,256}$`)
	d.codes.badSink = "INVALID_SINK"
	d.codes.mismatch = problem{} // the operator picks one
	d.codes.profileState = problem{http.StatusUnprocessableEntity, "QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE"}
	return d
}

func dialect12() dialect {
	d := dialect11()
	d.minPort = 1
	d.ipAddresses, d.privateKeyJWT, d.declaredOnly = true, true, true
	return d
}

func dialectA() dialect {
	d := dialect010()
	d.apiKey = true
	d.epochTimes, d.statusInfo = false, true
	d.lists, d.emptyNotFound = true, true
	return d
}

func dialectB() dialect {
	d := dialect11()
	old := dialect010()
	d.deviceAlways, d.deviceNever, d.refusesNAI = true, false, false
	d.phone, d.webhook, d.httpsSink = old.phone, true, false
	d.correlator = nil
	d.eventType = old.eventType
	d.bareErrors = true
	scopes := map[Operation][]string{}
	for op := range d.scopes {
		scopes[op] = []string{"qod", oldScope}
	}
	d.scopes = scopes
	d.codes.unauthenticated, d.codes.forbidden, d.codes.badID = "UNAUTHORIZED", "FORBIDDEN", "INVALID_INPUT"
	d.codes.missingDevice, d.codes.unknownDevice = old.codes.missingDevice, old.codes.unknownDevice
	d.codes.profileState = old.codes.profileState
	d.codes.foreignDevice = problem{http.StatusForbidden, "FORBIDDEN"}
	d.codes.durationRange = codeOutOfRange
	return d
}

// assignmentsDialect returns that of the version's qos-provisioning API, which
// is 0.4 beside QoD 1.2 and 0.3 beside the others.
func (v Version) assignmentsDialect() dialect {
	const scope = "qos-provisioning:qos-assignments:"
	d := dialect11()
	// 0.3 describes the event's status under one name and requires another.
	d.eventStatus = []string{"status", "qosStatus"}
	if v == Version12 {
		d = dialect12()
		d.eventStatus = []string{"status"}
	}
	d.apiKey = v == HybridA
	d.eventType = "org.camaraproject.qos-provisioning.v0.status-changed"
	d.scopes = map[Operation][]string{
		OpCreateAssignment:   {scope + "create"},
		OpGetAssignment:      {scope + "read"},
		OpDeleteAssignment:   {scope + "delete"},
		OpRetrieveAssignment: {scope + "read-by-device"},
	}
	d.codes.profileState.code = "QOS_PROVISIONING.QOS_PROFILE_NOT_APPLICABLE"
	return d
}
