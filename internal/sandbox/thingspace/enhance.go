package thingspace

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// The rules of this file are those of ThingSpace's "Create the ThingSpace
// Quality of Service API Subscription".

type createRequest struct {
	accountName string
	devices     []deviceInfo
}

type deviceInfo struct {
	id       DeviceID
	ipv6Addr string
	flows    []Flow
}

var (
	accountForm = regexp.MustCompile(`^[0-9]+(-[0-9]+)*$`)
	mdnForm     = regexp.MustCompile(`^[0-9]{10}$`)
	portForm    = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)
)

// parseCreate reads and checks the body of a create.
func parseCreate(body []byte) (createRequest, error) {
	raw, err := document(body)
	if err != nil {
		return createRequest{}, err
	}
	members, err := object(raw, "", []string{"deviceInfo"}, []string{"accountName"})
	if err != nil {
		return createRequest{}, err
	}
	account, err := optionalText(members, "accountName")
	if err != nil {
		return createRequest{}, err
	}
	if err := checkAccountName(account); err != nil {
		return createRequest{}, err
	}
	devices, err := parseDevices(members["deviceInfo"])
	if err != nil {
		return createRequest{}, err
	}
	return createRequest{accountName: account, devices: devices}, nil
}

func checkAccountName(account string) error {
	if account == "" {
		return refuse(codeAccountMissing, "accountName is required")
	}
	if !accountForm.MatchString(account) {
		return fmt.Errorf("accountName %q must be numeric, with its leading zeroes", account)
	}
	return nil
}

func parseDevices(raw json.RawMessage) ([]deviceInfo, error) {
	elements, err := array(raw, "deviceInfo")
	if err != nil {
		return nil, err
	}
	devices := make([]deviceInfo, len(elements))
	for i, element := range elements {
		where := fmt.Sprintf("deviceInfo[%d]", i)
		if devices[i], err = parseDevice(element, where); err != nil {
			return nil, err
		}
		if devices[i].id.Kind != devices[0].id.Kind {
			return nil, refuse(codeKindInvalid, "%s.deviceId.kind must be %s as in the other elements of deviceInfo",
				where, devices[0].id.Kind)
		}
	}
	return devices, nil
}

func parseDevice(raw json.RawMessage, where string) (deviceInfo, error) {
	members, err := object(raw, where, []string{"deviceId", "flowInfo"}, []string{"deviceIPv6Addr"})
	if err != nil {
		return deviceInfo{}, err
	}
	var d deviceInfo
	if d.id, err = parseDeviceID(members["deviceId"], where+".deviceId"); err != nil {
		return deviceInfo{}, err
	}
	if address, present := members["deviceIPv6Addr"]; present {
		if d.ipv6Addr, err = parseIPv6(address, where+".deviceIPv6Addr"); err != nil {
			return deviceInfo{}, err
		}
	}
	if d.flows, err = parseFlows(members["flowInfo"], where+".flowInfo"); err != nil {
		return deviceInfo{}, err
	}
	return d, nil
}

func parseDeviceID(raw json.RawMessage, where string) (DeviceID, error) {
	members, err := object(raw, where, []string{"id", "kind"}, nil)
	if err != nil {
		return DeviceID{}, err
	}
	id, err := filled(members["id"], where+".id")
	if err != nil {
		return DeviceID{}, err
	}
	if strings.ContainsAny(id, `'<\`) {
		return DeviceID{}, refuse(codeInvalidCharacter, "%s.id has an illegal character", where)
	}
	kind, err := choice(members["kind"], where+".kind", "IMEI", "MDN", "MSISDN", "ICCID")
	if err != nil {
		return DeviceID{}, refuse(codeKindInvalid, "%s", err)
	}
	if kind == "MDN" && !mdnForm.MatchString(id) {
		return DeviceID{}, refuse(codeIdentifierInvalid, "%s.id must be a 10-digit phone number, as its kind is MDN", where)
	}
	return DeviceID{ID: id, Kind: kind}, nil
}

func parseIPv6(raw json.RawMessage, where string) (string, error) {
	value, err := filled(raw, where)
	if err != nil {
		return "", err
	}
	address, err := netip.ParseAddr(value)
	if err != nil || !address.Is6() || address.Zone() != "" {
		return "", fmt.Errorf("%s must be an IPv6 address without a port, not %q", where, value)
	}
	return value, nil
}

func parseFlows(raw json.RawMessage, where string) ([]Flow, error) {
	elements, err := array(raw, where)
	if err != nil {
		return nil, err
	}
	flows := make([]Flow, len(elements))
	for i, element := range elements {
		if flows[i], err = parseFlow(element, fmt.Sprintf("%s[%d]", where, i)); err != nil {
			return nil, err
		}
	}
	return flows, nil
}

func parseFlow(raw json.RawMessage, where string) (Flow, error) {
	required := []string{"flowServer", "flowDevice", "flowDirection", "flowProtocol", "qciOption"}
	members, err := object(raw, where, required, nil)
	if err != nil {
		return Flow{}, err
	}
	var f Flow
	if f.FlowDirection, err = choice(members["flowDirection"], where+".flowDirection", "UPLINK", "DOWNLINK", "BIDIRECTION"); err != nil {
		return Flow{}, err
	}
	if f.FlowProtocol, err = choice(members["flowProtocol"], where+".flowProtocol", "UDP", "TCP", "IP"); err != nil {
		return Flow{}, err
	}
	if f.QCIOption, err = choice(members["qciOption"], where+".qciOption", "Premium", "Standard"); err != nil {
		return Flow{}, err
	}
	if f.FlowServer, f.FlowDevice, err = parseEnds(members, where); err != nil {
		return Flow{}, err
	}
	return f, nil
}

func parseEnds(members map[string]json.RawMessage, where string) (server, device string, err error) {
	if server, err = filled(members["flowServer"], where+".flowServer"); err != nil {
		return "", "", err
	}
	if device, err = filled(members["flowDevice"], where+".flowDevice"); err != nil {
		return "", "", err
	}
	serverIsIPv6, err := checkEndpoint(server)
	if err != nil {
		return "", "", fmt.Errorf("%s.flowServer: %w", where, err)
	}
	deviceIsIPv6, err := checkEndpoint(device)
	if err != nil {
		return "", "", fmt.Errorf("%s.flowDevice: %w", where, err)
	}
	if serverIsIPv6 != deviceIsIPv6 {
		return "", "", fmt.Errorf("%s: flowServer and flowDevice must both be IPv4 or both be IPv6", where)
	}
	return server, device, nil
}

// checkEndpoint accepts an IPv4 address, IPv4:port, an IPv6 address and
// [IPv6]:port, and reports the family.
func checkEndpoint(endpoint string) (isIPv6 bool, err error) {
	if address, err := netip.ParseAddr(endpoint); err == nil {
		return address.Is6(), checkZone(address, endpoint)
	}
	host, port, found := cutPort(endpoint)
	if !found {
		return false, fmt.Errorf("%q is not an IP address with an optional port; an IPv6 address is in brackets exactly if a port follows", endpoint)
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	bracketed := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
	if err != nil || address.Is6() != bracketed {
		return false, fmt.Errorf("%q is not an IP address with a port; only an IPv6 address is in brackets", endpoint)
	}
	if number, err := strconv.Atoi(port); err != nil || !portForm.MatchString(port) || number > 65535 {
		return false, fmt.Errorf("port of %q must be between 1 and 65535", endpoint)
	}
	return bracketed, checkZone(address, endpoint)
}

func cutPort(endpoint string) (host, port string, found bool) {
	i := strings.LastIndexByte(endpoint, ':')
	if i < 0 || strings.HasSuffix(endpoint, "]") {
		return "", "", false
	}
	return endpoint[:i], endpoint[i+1:], true
}

func checkZone(address netip.Addr, endpoint string) error {
	if address.Zone() != "" {
		return fmt.Errorf("%q must not have a zone", endpoint)
	}
	return nil
}
