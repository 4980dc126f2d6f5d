package qossubscription

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

var (
	kinds      = []string{"IMEI", "MDN", "MSISDN", "ICCID"}
	directions = []string{"UPLINK", "DOWNLINK", "BIDIRECTION"}
	protocols  = []string{"UDP", "TCP", "IP"}
	qciOptions = []string{"Premium", "Standard"}

	deviceIdentifier = regexp.MustCompile(`^\+?[0-9A-Za-z._-]+$`)
)

const invalidDeviceInfo = "Invalid device_info"

// validation collects what is wrong with device_info. A path into a set would
// print the element's whole value, so its errors carry the path of device_info
// and name device, flow and attribute in words.
type validation struct {
	diags *diag.Diagnostics
	kinds map[string]string // kind → a device of that kind
	seen  map[string]bool   // device ids
}

// validateDeviceInfo checks everything that is known already; Required does
// not mean known.
func validateDeviceInfo(ctx context.Context, set types.Set, diags *diag.Diagnostics) {
	if set.IsNull() || set.IsUnknown() {
		return
	}
	v := &validation{diags: diags, kinds: map[string]string{}, seen: map[string]bool{}}
	for _, element := range set.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsNull() || object.IsUnknown() {
			continue
		}
		var info deviceInfoModel
		diags.Append(object.As(ctx, &info, basetypes.ObjectAsOptions{})...)
		v.device(ctx, info)
	}
	if len(v.kinds) > 1 {
		names := make([]string, 0, len(v.kinds))
		for kind, device := range v.kinds {
			names = append(names, fmt.Sprintf("%s (device %s)", kind, device))
		}
		slices.Sort(names)
		v.fail("all devices of one request must have the same device_id.kind, got %s. Make a resource for each kind", strings.Join(names, " and "))
	}
}

func (v *validation) fail(format string, args ...any) {
	v.diags.AddAttributeError(path.Root("device_info"), invalidDeviceInfo, "device_info: "+fmt.Sprintf(format, args...)+".")
}

func (v *validation) device(ctx context.Context, info deviceInfoModel) {
	name := "a device whose id is not known yet"
	if !info.DeviceID.IsNull() && !info.DeviceID.IsUnknown() {
		var id deviceIDModel
		v.diags.Append(info.DeviceID.As(ctx, &id, basetypes.ObjectAsOptions{})...)
		name = v.deviceID(id, name)
	}
	v.deviceAddress(name, info.DeviceIPv6Addr)
	if info.FlowInfo.IsNull() || info.FlowInfo.IsUnknown() {
		return
	}
	if len(info.FlowInfo.Elements()) == 0 {
		v.fail("%s: flow_info must have at least one flow", name)
	}
	quality := map[string]string{}
	for _, element := range info.FlowInfo.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsNull() || object.IsUnknown() {
			continue
		}
		var flow flowInfoModel
		v.diags.Append(object.As(ctx, &flow, basetypes.ObjectAsOptions{})...)
		v.flow(name, flow, quality)
	}
}

func (v *validation) deviceID(id deviceIDModel, name string) string {
	if known(id.ID) {
		name = "device " + id.ID.ValueString()
		if !deviceIdentifier.MatchString(id.ID.ValueString()) {
			v.fail("device_id.id must be the identifier alone, without spaces or other characters, got %q", id.ID.ValueString())
		}
		if key := strings.ToLower(id.ID.ValueString()); v.seen[key] {
			v.fail("%s is listed twice in device_id.id. List all its flows in one flow_info", name)
		} else {
			v.seen[key] = true
		}
	}
	v.oneOf(name, "device_id.kind", id.Kind, kinds)
	if known(id.Kind) {
		v.kinds[id.Kind.ValueString()] = strings.TrimPrefix(name, "device ")
	}
	return name
}

func (v *validation) deviceAddress(name string, value types.String) {
	if !known(value) {
		return
	}
	addr, err := netip.ParseAddr(value.ValueString())
	switch {
	case err == nil && addr.Is6() && addr.Zone() == "":
	case strings.HasPrefix(value.ValueString(), "["):
		v.fail("%s: device_ipv6_addr must be an IPv6 address alone, without brackets or a port, got %q", name, value.ValueString())
	default:
		v.fail("%s: device_ipv6_addr must be an IPv6 address without a port, got %q", name, value.ValueString())
	}
}

func (v *validation) flow(name string, flow flowInfoModel, quality map[string]string) {
	v.oneOf(name, "flow_direction", flow.FlowDirection, directions)
	v.oneOf(name, "flow_protocol", flow.FlowProtocol, protocols)
	v.oneOf(name, "qci_option", flow.QCIOption, qciOptions)
	server, serverOK := v.endpoint(name, "flow_server", flow.FlowServer)
	device, deviceOK := v.endpoint(name, "flow_device", flow.FlowDevice)
	if !serverOK || !deviceOK {
		return
	}
	if server.family() != device.family() {
		v.fail("%s: flow_server and flow_device must be of one IP family, got %s (%s) and %s (%s)", name,
			flow.FlowServer.ValueString(), server.family(), flow.FlowDevice.ValueString(), device.family())
	}
	if !known(flow.FlowDirection) || !known(flow.FlowProtocol) || !known(flow.QCIOption) {
		return
	}
	key := fmt.Sprint(server, device, flow.FlowDirection.ValueString(), flow.FlowProtocol.ValueString())
	if other, twice := quality[key]; twice {
		v.fail("%s: the flow from flow_server %s to flow_device %s is listed twice, with qci_option %s and %s", name,
			flow.FlowServer.ValueString(), flow.FlowDevice.ValueString(), other, flow.QCIOption.ValueString())
	}
	quality[key] = flow.QCIOption.ValueString()
}

func (v *validation) endpoint(name, attribute string, value types.String) (endpoint, bool) {
	if !known(value) {
		return endpoint{}, false
	}
	e, err := parseEndpoint(value.ValueString())
	if err != nil {
		v.fail("%s: %s %q %v", name, attribute, value.ValueString(), err)
		return endpoint{}, false
	}
	return e, true
}

func (v *validation) oneOf(name, attribute string, value types.String, allowed []string) {
	if known(value) && !slices.Contains(allowed, value.ValueString()) {
		v.fail("%s: %s must be one of %s, got %q", name, attribute, strings.Join(allowed, ", "), value.ValueString())
	}
}

func known(s types.String) bool { return !s.IsNull() && !s.IsUnknown() }
