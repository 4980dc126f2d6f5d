package attribute

import (
	action "github.com/hashicorp/terraform-plugin-framework/action/schema"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	ephemeral "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	list "github.com/hashicorp/terraform-plugin-framework/list/schema"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// What the attributes of a device say, in schemas of every kind.
const (
	phoneText   = "Phone number in international format, such as `+34666666666`: `+` and 5 to 15 digits, the first of them not 0. 0.10 takes it without the `+` too."
	naiText     = "Network access identifier, such as `123456789@example.com`. Operators may not support it (from 1.1 on CAMARA does not allow its use for now), and with the three-legged flows of `oauth` it does not tell whose token is needed."
	ipv4Text    = "IPv4 address as the application server sees it: `public_address`, with `private_address` or `public_port` to tell apart the devices behind it."
	publicText  = "The public address. Required."
	privateText = "The device's own address; where there is no address translation, the public one again."
	portText    = "The public port, as the operator's address translation has it: 0 (from 1.2 on: 1) to 65535."
	ipv6Text    = "Any one IPv6 address of the device's subnet; the whole subnet is meant."
)

// Device is the attribute of a resource; its changes are judged by the resource.
func Device(description string) resource.SingleNestedAttribute {
	return resource.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: kit[resource.Attribute]{
		text: func(d string) resource.Attribute {
			return resource.StringAttribute{Optional: true, MarkdownDescription: d}
		},
		port: func(d string) resource.Attribute {
			return resource.Int64Attribute{Optional: true, MarkdownDescription: d}
		},
		group: func(d string, in map[string]resource.Attribute) resource.Attribute {
			return resource.SingleNestedAttribute{Optional: true, MarkdownDescription: d, Attributes: in}
		},
	}.device()}
}

// DeviceFilter is the attribute of a data source.
func DeviceFilter(required bool, description string) datasource.SingleNestedAttribute {
	return datasource.SingleNestedAttribute{
		Required:            required,
		Optional:            !required,
		MarkdownDescription: description,
		Attributes:          deviceOfDataSource(false),
	}
}

// DeviceResult is the computed attribute of a data source.
func DeviceResult(description string) datasource.SingleNestedAttribute {
	return datasource.SingleNestedAttribute{Computed: true, MarkdownDescription: description, Attributes: deviceOfDataSource(true)}
}

func deviceOfDataSource(computed bool) map[string]datasource.Attribute {
	return kit[datasource.Attribute]{
		text: func(d string) datasource.Attribute {
			return datasource.StringAttribute{Computed: computed, Optional: !computed, MarkdownDescription: d}
		},
		port: func(d string) datasource.Attribute {
			return datasource.Int64Attribute{Computed: computed, Optional: !computed, MarkdownDescription: d}
		},
		group: func(d string, in map[string]datasource.Attribute) datasource.Attribute {
			return datasource.SingleNestedAttribute{Computed: computed, Optional: !computed, MarkdownDescription: d, Attributes: in}
		},
	}.device()
}

// DeviceToList is the attribute of a list resource.
func DeviceToList(description string) list.SingleNestedAttribute {
	return list.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: kit[list.Attribute]{
		text: func(d string) list.Attribute { return list.StringAttribute{Optional: true, MarkdownDescription: d} },
		port: func(d string) list.Attribute { return list.Int64Attribute{Optional: true, MarkdownDescription: d} },
		group: func(d string, in map[string]list.Attribute) list.Attribute {
			return list.SingleNestedAttribute{Optional: true, MarkdownDescription: d, Attributes: in}
		},
	}.device()}
}

// DeviceOfAction is the attribute of an action.
func DeviceOfAction(description string) action.SingleNestedAttribute {
	return action.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: kit[action.Attribute]{
		text: func(d string) action.Attribute { return action.StringAttribute{Optional: true, MarkdownDescription: d} },
		port: func(d string) action.Attribute { return action.Int64Attribute{Optional: true, MarkdownDescription: d} },
		group: func(d string, in map[string]action.Attribute) action.Attribute {
			return action.SingleNestedAttribute{Optional: true, MarkdownDescription: d, Attributes: in}
		},
	}.device()}
}

// DeviceOfEphemeral is the attribute of an ephemeral resource.
func DeviceOfEphemeral(description string) ephemeral.SingleNestedAttribute {
	return ephemeral.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: kit[ephemeral.Attribute]{
		text: func(d string) ephemeral.Attribute {
			return ephemeral.StringAttribute{Optional: true, MarkdownDescription: d}
		},
		port: func(d string) ephemeral.Attribute {
			return ephemeral.Int64Attribute{Optional: true, MarkdownDescription: d}
		},
		group: func(d string, in map[string]ephemeral.Attribute) ephemeral.Attribute {
			return ephemeral.SingleNestedAttribute{Optional: true, MarkdownDescription: d, Attributes: in}
		},
	}.device()}
}

// kit makes attributes for schemas of one kind. The framework has a type of its
// own for each.
type kit[A any] struct {
	text, port func(description string) A
	group      func(description string, in map[string]A) A
}

// device are the attributes of a device.
func (k kit[A]) device() map[string]A {
	return map[string]A{
		"phone_number":              k.text(phoneText),
		"network_access_identifier": k.text(naiText),
		"ipv4_address": k.group(ipv4Text, map[string]A{
			"public_address":  k.text(publicText),
			"private_address": k.text(privateText),
			"public_port":     k.port(portText),
		}),
		"ipv6_address": k.text(ipv6Text),
	}
}
