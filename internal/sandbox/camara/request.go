package camara

import (
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The rules of this file are those of the CAMARA specifications of
// quality-on-demand, qos-profiles and qos-provisioning.

var profileForm = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,256}$`)

const (
	maxElements        = 65536 // of an array of ports or ranges
	maxServerAddresses = 16
	maxText            = 2048
	maxToken           = 4096
)

// sessionRequest is what a session is created with.
type sessionRequest struct {
	device                 *Device
	server                 applicationServer
	devicePorts            *Ports
	applicationServerPorts *Ports
	profile                string
	duration               int64
	notify                 *listener
}

// assignmentRequest is what an assignment is created with.
type assignmentRequest struct {
	device  *Device
	profile string
	notify  *listener
}

// applicationServer is CAMARA's object of that name.
type applicationServer struct {
	IPv4Address string   `json:"ipv4Address,omitempty"`
	IPv6Address string   `json:"ipv6Address,omitempty"`
	IPAddresses []string `json:"ipAddresses,omitempty"`
}

// Ports is CAMARA's PortsSpec object.
type Ports struct {
	Ranges []PortRange `json:"ranges,omitempty"`
	Ports  []int64     `json:"ports,omitempty"`
}

// PortRange is an element of Ports; both ends belong to it.
type PortRange struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// parseSession reads and checks the body of createSession.
func (d dialect) parseSession(raw []byte, w Switches) (sessionRequest, error) {
	b, o := readBody(raw)
	o.require("applicationServer", "qosProfile")
	r := sessionRequest{
		device:                 d.device(o),
		server:                 d.applicationServer(o.object("applicationServer")),
		devicePorts:            d.ports(o.object("devicePorts")),
		applicationServerPorts: d.ports(o.object("applicationServerPorts")),
		profile:                profileName(o, "qosProfile"),
		duration:               d.duration,
		notify:                 d.listener(o, w),
	}
	if d.duration == 0 {
		o.require("duration")
	}
	if asked := o.integer("duration", 1, d.maxDuration); asked != nil {
		r.duration = *asked
	}
	return r, b.finish(d.declaredOnly)
}

// parseAssignment reads and checks the body of createQosAssignment.
func (d dialect) parseAssignment(raw []byte, w Switches) (assignmentRequest, error) {
	b, o := readBody(raw)
	o.require("qosProfile")
	r := assignmentRequest{device: d.device(o), profile: profileName(o, "qosProfile"), notify: d.listener(o, w)}
	return r, b.finish(d.declaredOnly)
}

// parseRetrieval reads and checks a body that has nothing but a device.
func (d dialect) parseRetrieval(raw []byte) (*Device, error) {
	b, o := readBody(raw)
	device := d.device(o)
	return device, b.finish(d.declaredOnly)
}

// parseExtension reads and checks the body of extendQosSessionDuration.
func (d dialect) parseExtension(raw []byte) (int64, error) {
	b, o := readBody(raw)
	o.require("requestedAdditionalDuration")
	var additional int64
	if asked := o.integer("requestedAdditionalDuration", 1, d.maxExtension); asked != nil {
		additional = *asked
	}
	return additional, b.finish(d.declaredOnly)
}

func profileName(o *object, name string) string {
	value := o.text(name)
	if o != nil && o.members[name] != nil && !profileForm.MatchString(value) {
		o.body.fail(codeInvalidArgument, "%s must match %s", o.at(name), profileForm)
	}
	return value
}

// device reads the member of that name; nil if it is absent.
func (d dialect) device(in *object) *Device {
	o := in.object("device")
	if o == nil {
		return nil
	}
	device := Device{
		PhoneNumber:             o.text("phoneNumber"),
		NetworkAccessIdentifier: o.filled("networkAccessIdentifier"),
		IPv4Address:             d.deviceIPv4(o.object("ipv4Address")),
		IPv6Address:             address(o, "ipv6Address", netip.Addr.Is6),
	}
	if len(o.members) == 0 || len(device.names()) == 0 {
		o.body.fail(codeInvalidArgument, "Insufficient properties specified: device")
	}
	if _, given := o.members["phoneNumber"]; given && !d.phone.MatchString(device.PhoneNumber) {
		o.body.fail(codeInvalidArgument, "%s must match %s", o.at("phoneNumber"), d.phone)
	}
	if d.refusesNAI && device.NetworkAccessIdentifier != "" && len(device.names()) == 1 {
		o.body.refuse(problem{http.StatusUnprocessableEntity, codeUnsupported}, "The identifier provided is not supported.")
	}
	return &device
}

func (d dialect) deviceIPv4(o *object) *IPv4Address {
	if o == nil {
		return nil
	}
	o.require("publicAddress")
	a := &IPv4Address{
		PublicAddress:  address(o, "publicAddress", netip.Addr.Is4),
		PrivateAddress: address(o, "privateAddress", netip.Addr.Is4),
		PublicPort:     o.integer("publicPort", d.minPort, math.MaxUint16),
	}
	if a.PrivateAddress == "" && a.PublicPort == nil {
		o.body.fail(codeInvalidArgument, "%s must have privateAddress or publicPort beside publicAddress", o.where)
	}
	return a
}

// address reads a single address of one family; "" if it is absent.
func address(o *object, name string, family func(netip.Addr) bool) string {
	value := o.filled(name)
	if value == "" {
		return ""
	}
	if parsed, err := netip.ParseAddr(value); err != nil || !family(parsed) || parsed.Zone() != "" {
		o.body.fail(codeInvalidArgument, "%s is not a single address of its family: %q", o.at(name), value)
	}
	return value
}

func (d dialect) applicationServer(o *object) applicationServer {
	if o == nil {
		return applicationServer{}
	}
	if d.ipAddresses && o.members["ipAddresses"] != nil {
		return applicationServer{IPAddresses: serverAddresses(o)}
	}
	a := applicationServer{
		IPv4Address: network(o, "ipv4Address", netip.Addr.Is4),
		IPv6Address: network(o, "ipv6Address", netip.Addr.Is6),
	}
	if a.IPv4Address == "" && a.IPv6Address == "" {
		o.body.fail(codeInvalidArgument, "Insufficient properties specified: applicationServer")
	}
	return a
}

// serverAddresses reads the form of an application server that has nothing but
// a list of single addresses.
func serverAddresses(o *object) []string {
	var addresses []string
	for _, e := range o.list("ipAddresses", maxServerAddresses) {
		value := o.body.text(e.raw, e.where)
		if parsed, err := netip.ParseAddr(value); err != nil || parsed.Zone() != "" {
			o.body.fail(codeInvalidArgument, "%s is not a single address: %q", e.where, value)
		}
		if slices.Contains(addresses, value) {
			o.body.fail(codeInvalidArgument, "%s is given twice: %q", e.where, value)
		}
		addresses = append(addresses, value)
	}
	if len(o.members) > 1 {
		o.body.fail(codeInvalidArgument, "%s must have either ipAddresses or the other properties", o.where)
	}
	return addresses
}

// network reads an address or a network of one family; "" if it is absent.
func network(o *object, name string, family func(netip.Addr) bool) string {
	value := o.filled(name)
	if value == "" {
		return ""
	}
	if parsed, err := parseNetwork(value); err != nil || !family(parsed.Addr()) {
		o.body.fail(codeInvalidArgument, "%s is not an address or network of its family: %q", o.at(name), value)
	}
	return value
}

// parseNetwork takes a single address for a network of its own.
func parseNetwork(value string) (netip.Prefix, error) {
	if strings.Contains(value, "/") {
		return netip.ParsePrefix(value)
	}
	address, err := netip.ParseAddr(value)
	if err != nil {
		return netip.Prefix{}, err
	}
	return address.WithZone("").Prefix(address.BitLen())
}

func (d dialect) ports(o *object) *Ports {
	if o == nil {
		return nil
	}
	p := &Ports{}
	for _, e := range o.list("ranges", maxElements) {
		element := o.body.object(e.raw, e.where)
		element.require("from", "to")
		from, to := element.integer("from", d.minPort, math.MaxUint16), element.integer("to", d.minPort, math.MaxUint16)
		if from == nil || to == nil {
			continue
		}
		if *from > *to {
			o.body.fail(codeOutOfRange, "Invalid port ranges specified: %s", o.where)
		}
		p.Ranges = append(p.Ranges, PortRange{*from, *to})
	}
	for _, e := range o.list("ports", maxElements) {
		p.Ports = append(p.Ports, o.body.integer(e.raw, e.where, d.minPort, math.MaxUint16))
	}
	if len(p.Ranges)+len(p.Ports) == 0 {
		o.body.fail(codeInvalidArgument, "Insufficient properties specified: %s", o.where)
	}
	return p
}

// listener reads where notifications go; nil if nowhere.
func (d dialect) listener(o *object, w Switches) *listener {
	if d.webhook {
		return webhook(o.object("webhook"))
	}
	target := notificationURL(o, "sink", d.codes.badSink, d.httpsSink && !w.AnySink)
	l := d.sinkCredential(o.object("sinkCredential"), w)
	if target == "" {
		return nil
	}
	l.url = target
	return &l
}

func webhook(o *object) *listener {
	if o == nil {
		return nil
	}
	o.require("notificationUrl")
	l := &listener{webhook: true, url: notificationURL(o, "notificationUrl", codeInvalidArgument, false)}
	l.token = o.text("notificationAuthToken")
	if _, given := o.members["notificationAuthToken"]; given && (len(l.token) < 20 || len(l.token) > 256) {
		o.body.fail(codeInvalidArgument, "%s must have between 20 and 256 characters", o.at("notificationAuthToken"))
	}
	return l
}

func notificationURL(o *object, name, code string, https bool) string {
	value := o.filled(name)
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || len(value) > maxText {
		o.body.fail(code, "%s must be an absolute URL", o.at(name))
		return ""
	}
	if https && u.Scheme != "https" {
		o.body.fail(code, "%s must be an https URL", o.at(name))
	}
	return value
}

func (d dialect) sinkCredential(o *object, w Switches) listener {
	if o == nil {
		return listener{}
	}
	o.require("credentialType")
	kind := o.text("credentialType")
	switch {
	case kind == "ACCESSTOKEN":
		return accessToken(o)
	case kind == "PRIVATE_KEY_JWT" && d.privateKeyJWT:
		return privateKeyJWT(o, w)
	case kind != "":
		o.body.fail(codeInvalidCredential, "Only Access token is supported")
	}
	return listener{}
}

func accessToken(o *object) listener {
	o.require("accessToken", "accessTokenExpiresUtc", "accessTokenType")
	l := listener{kind: "ACCESSTOKEN", token: o.filled("accessToken")}
	expires := o.text("accessTokenExpiresUtc")
	parsed, err := time.Parse(time.RFC3339, expires)
	if err != nil {
		o.body.fail(codeInvalidArgument, "%s must be an RFC 3339 time with its zone", o.at("accessTokenExpiresUtc"))
	}
	l.expires = &parsed
	l.expiresText = expires
	if o.text("accessTokenType") != "bearer" {
		o.body.fail(codeInvalidToken, "Only bearer tokens are supported")
	}
	if len(l.token) > maxToken {
		o.body.fail(codeInvalidArgument, "%s must have at most %d characters", o.at("accessToken"), maxToken)
	}
	return l
}

func privateKeyJWT(o *object, w Switches) listener {
	if w.NoPrivateKeyJWT {
		o.body.refuse(problem{http.StatusUnprocessableEntity, codeNoPrivateKeyJWT},
			"PRIVATE_KEY_JWT is not configured for this client.")
	}
	o.filled("clientId")
	notificationURL(o, "tokenUri", codeInvalidCredential, true)
	return listener{kind: "PRIVATE_KEY_JWT"}
}
