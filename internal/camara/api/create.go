package api

import (
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// CreateSession asks for a session, in any version: see Check for what a
// version does not take. It prints without secrets.
type CreateSession struct {
	// Device is whose flows are meant. It is not sent where a device-bound token
	// says so already.
	Device                 *Device
	ApplicationServer      *ApplicationServer
	DevicePorts            *Ports
	ApplicationServerPorts *Ports
	QoSProfile             string
	// Duration is in seconds; 0 leaves it to the API's default.
	Duration int64
	// Webhook says where notifications go, on 0.10.
	Webhook *Webhook
	// Sink says where notifications go, from 0.11 on.
	Sink           string
	SinkCredential *SinkCredential
}

// Webhook is where 0.10 sends notifications. It prints without its token.
type Webhook struct {
	NotificationURL string `json:"notificationUrl"`
	// NotificationAuthToken comes back as the bearer of notifications. It has 20
	// to 256 characters.
	NotificationAuthToken string `json:"notificationAuthToken,omitempty"`
}

// String shows where notifications go and hides the token.
func (w Webhook) String() string { return "webhook at " + transport.HostOf(w.NotificationURL) }

// GoString is String, so that %#v prints no secret either.
func (w Webhook) GoString() string { return w.String() }

// LogValue implements slog.LogValuer like String.
func (w Webhook) LogValue() slog.Value { return slog.StringValue(w.String()) }

// Types of SinkCredential.
const (
	CredentialAccessToken   = "ACCESSTOKEN"
	CredentialPrivateKeyJWT = "PRIVATE_KEY_JWT" //nolint:gosec // the name of a kind of credential
)

// bearer is the only access token type that the schemas know.
const bearer = "bearer"

// SinkCredential authorizes notifications at their sink. It prints without its token.
type SinkCredential struct {
	// CredentialType is CredentialAccessToken, also if empty, or CredentialPrivateKeyJWT.
	CredentialType string `json:"credentialType"`
	AccessToken    string `json:"accessToken,omitempty"`
	// AccessTokenExpiresUTC is in RFC 3339. Notifications end with it.
	AccessTokenExpiresUTC string `json:"accessTokenExpiresUtc,omitempty"`
	// AccessTokenType is "bearer", also if empty.
	AccessTokenType string `json:"accessTokenType,omitempty"`
	// ClientID and TokenURI are CredentialPrivateKeyJWT's.
	ClientID string `json:"clientId,omitempty"`
	TokenURI string `json:"tokenUri,omitempty"`
}

// String shows the type and hides the rest.
func (s SinkCredential) String() string { return "sink credential " + s.kind() }

// GoString is String, so that %#v prints no secret either.
func (s SinkCredential) GoString() string { return s.String() }

// LogValue implements slog.LogValuer like String.
func (s SinkCredential) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s SinkCredential) kind() string {
	if s.CredentialType == "" {
		return CredentialAccessToken
	}
	return s.CredentialType
}

// createSessionBody is CreateSession as it is sent; its fields are those of all
// versions together.
type createSessionBody struct {
	Device                 *Device            `json:"device,omitempty"`
	ApplicationServer      *ApplicationServer `json:"applicationServer"`
	DevicePorts            *Ports             `json:"devicePorts,omitempty"`
	ApplicationServerPorts *Ports             `json:"applicationServerPorts,omitempty"`
	QoSProfile             string             `json:"qosProfile"`
	Duration               int64              `json:"duration,omitempty"`
	Webhook                *Webhook           `json:"webhook,omitempty"`
	Sink                   string             `json:"sink,omitempty"`
	SinkCredential         *SinkCredential    `json:"sinkCredential,omitempty"`
}

// Check reports everything in s that version v does not have or does not allow,
// as far as can be known without asking: profiles have limits of their own.
// Bound is whether the token is bound to the device.
func (s CreateSession) Check(v Version, bound bool) []*FieldError {
	c := newChecker(v)
	if s.Device != nil || c.features.DeviceRequired {
		c.checkDevice(s.Device)
	}
	c.note(s.Device == nil && bound, "device", "is needed to find the subscriber that the access token is for")
	c.checkApplicationServer(s.ApplicationServer)
	c.checkPorts("devicePorts", s.DevicePorts)
	c.checkPorts("applicationServerPorts", s.ApplicationServerPorts)
	c.checkProfileName("qosProfile", s.QoSProfile)
	c.note(s.Duration == 0 && c.features.DurationRequired, "duration", "is required")
	c.note(s.Duration < 0 || s.Duration > c.features.DurationMax, "duration", "must be between 1 and "+strconv.FormatInt(c.features.DurationMax, 10)+" seconds")
	c.checkWebhook(s.Webhook)
	if c.features.Webhook {
		c.checkNoSink(s.Sink, s.SinkCredential)
	} else {
		c.checkSink(s.Sink, s.SinkCredential)
	}
	return c.problems
}

// encode returns the body of the request; what Check has passed is all in it,
// but for a device that the token names.
func (s CreateSession) encode(v Version, bound bool) (createSessionBody, error) {
	if err := join(s.Check(v, bound)); err != nil {
		return createSessionBody{}, err
	}
	return createSessionBody{
		Device:                 sentDevice(v, bound, s.Device),
		ApplicationServer:      s.ApplicationServer,
		DevicePorts:            s.DevicePorts,
		ApplicationServerPorts: s.ApplicationServerPorts,
		QoSProfile:             s.QoSProfile,
		Duration:               s.Duration,
		Webhook:                s.Webhook,
		Sink:                   s.Sink,
		SinkCredential:         sentCredential(s.SinkCredential),
	}, nil
}

// sentDevice leaves out the device where the token is bound to it.
func sentDevice(v Version, bound bool, d *Device) *Device {
	if d.empty() || bound && !v.Features().DeviceWithBoundToken {
		return nil
	}
	return d
}

// sentCredential fills in what an empty field means.
func sentCredential(s *SinkCredential) *SinkCredential {
	if s == nil {
		return nil
	}
	sent := *s
	sent.CredentialType = s.kind()
	if sent.CredentialType == CredentialAccessToken && sent.AccessTokenType == "" {
		sent.AccessTokenType = bearer
	}
	return &sent
}

// profileName is the pattern of QosProfileName.
var profileName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,256}$`)

func (c *checker) checkProfileName(field, name string) {
	c.note(!profileName.MatchString(name), field, "must be 3 to 256 letters, digits, dots, dashes or underscores")
}

// Bounds of notificationAuthToken, in characters.
const (
	minAuthToken = 20
	maxAuthToken = 256
)

func (c *checker) checkWebhook(w *Webhook) {
	if w == nil {
		return
	}
	if !c.features.Webhook {
		c.absent("webhook", "give sink and sinkCredential instead")
		return
	}
	c.note(!validURL(w.NotificationURL), "webhook.notificationUrl", "must be an absolute URL")
	n := len([]rune(w.NotificationAuthToken))
	c.note(n > 0 && (n < minAuthToken || n > maxAuthToken), "webhook.notificationAuthToken", "must have 20 to 256 characters")
}

func (c *checker) checkNoSink(sink string, credential *SinkCredential) {
	if sink != "" {
		c.absent("sink", "give webhook instead")
	}
	if credential != nil {
		c.absent("sinkCredential", "give webhook instead")
	}
}

func (c *checker) checkSink(sink string, credential *SinkCredential) {
	c.note(sink != "" && !validURL(sink), "sink", "must be an absolute URL")
	c.note(sink != "" && c.features.HTTPSSink && !strings.HasPrefix(sink, "https://"), "sink", "must begin with https://")
	if credential == nil {
		return
	}
	c.note(sink == "", "sink", "is required with sinkCredential")
	switch credential.kind() {
	case CredentialAccessToken:
		c.checkAccessToken(credential)
	case CredentialPrivateKeyJWT:
		c.checkPrivateKeyJWT(credential)
	default:
		c.note(true, "sinkCredential.credentialType", "must be "+CredentialAccessToken+" (or, from 1.2 on, "+CredentialPrivateKeyJWT+")")
	}
}

func (c *checker) checkAccessToken(s *SinkCredential) {
	c.note(s.AccessToken == "", "sinkCredential.accessToken", "is required")
	_, err := time.Parse(time.RFC3339, s.AccessTokenExpiresUTC)
	c.note(err != nil, "sinkCredential.accessTokenExpiresUtc", "must be a time like 2030-01-31T12:00:00Z")
	c.note(s.AccessTokenType != "" && s.AccessTokenType != bearer, "sinkCredential.accessTokenType", "must be "+bearer)
	c.note(s.ClientID != "", "sinkCredential.clientId", "belongs to "+CredentialPrivateKeyJWT)
	c.note(s.TokenURI != "", "sinkCredential.tokenUri", "belongs to "+CredentialPrivateKeyJWT)
}

func (c *checker) checkPrivateKeyJWT(s *SinkCredential) {
	if !c.features.PrivateKeyJWT {
		c.note(true, "sinkCredential.credentialType", "must be "+CredentialAccessToken+": "+CredentialPrivateKeyJWT+" comes with 1.2")
		return
	}
	c.note(s.TokenURI != "" && (!validURL(s.TokenURI) || !strings.HasPrefix(s.TokenURI, "https://")), "sinkCredential.tokenUri", "must be an https:// URL")
	c.note(s.AccessToken != "", "sinkCredential.accessToken", "belongs to "+CredentialAccessToken)
	c.note(s.AccessTokenExpiresUTC != "", "sinkCredential.accessTokenExpiresUtc", "belongs to "+CredentialAccessToken)
	c.note(s.AccessTokenType != "", "sinkCredential.accessTokenType", "belongs to "+CredentialAccessToken)
}

func validURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && u.Host != ""
}
