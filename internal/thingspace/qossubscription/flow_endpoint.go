package qossubscription

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const mostPort = 65535

type flowEndpoint struct{}

// NewFlowEndpoint returns the function flow_endpoint.
func NewFlowEndpoint() function.Function { return flowEndpoint{} }

func (flowEndpoint) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "flow_endpoint"
}

func (flowEndpoint) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Write one end of a flow",
		MarkdownDescription: "Writes an address and a port as `flow_server` and `flow_device` of `thingspace_qos_subscription` want them: `203.0.113.5:443`, and for IPv6, " +
			"where a port follows, `[2001:db8::5]:443`. The address stays as it is written.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "address", MarkdownDescription: "IPv4 or IPv6 address, without brackets."},
			function.Int64Parameter{Name: "port", AllowNullValue: true, MarkdownDescription: "Port, 1 to 65535; null for every port. OpenTofu cannot hand null to a provider's function yet: " +
				"there, write the address alone in place of the call."},
		},
		Return: function.StringReturn{},
	}
}

func (flowEndpoint) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var address string
	var port *int64
	if resp.Error = req.Arguments.Get(ctx, &address, &port); resp.Error != nil {
		return
	}
	text, failed := formatEndpoint(address, port)
	if failed != nil {
		resp.Error = failed
		return
	}
	resp.Error = resp.Result.Set(ctx, text)
}

// formatEndpoint's errors go on where the engine has named the parameter.
func formatEndpoint(address string, port *int64) (string, *function.FuncError) {
	addr, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		return "", function.NewArgumentFuncError(0, "must be an IPv4 or IPv6 address without brackets or port, such as 203.0.113.5 or 2001:db8::5")
	case addr.Zone() != "":
		return "", function.NewArgumentFuncError(0, "must not carry an IPv6 zone")
	case port == nil:
		return address, nil
	case *port < 1 || *port > mostPort:
		return "", function.NewArgumentFuncError(1, "must be a number from 1 to 65535, or null for every port")
	default:
		return net.JoinHostPort(address, strconv.FormatInt(*port, 10)), nil
	}
}

type parseFlowEndpoint struct{}

// NewParseFlowEndpoint returns the function parse_flow_endpoint, the inverse of
// flow_endpoint.
func NewParseFlowEndpoint() function.Function { return parseFlowEndpoint{} }

type endpointModel struct {
	Address string `tfsdk:"address"`
	Port    *int64 `tfsdk:"port"`
}

func (parseFlowEndpoint) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_flow_endpoint"
}

func (parseFlowEndpoint) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Read one end of a flow",
		MarkdownDescription: "Takes one end of a flow, such as `203.0.113.5:443` or `[2001:db8::5]:443`, apart into an object of `address`, without brackets, and `port`, " +
			"null where every port is meant. The inverse of `flow_endpoint`.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "endpoint", MarkdownDescription: "Address, or address and port; an IPv6 address is in brackets when a port follows."},
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{"address": types.StringType, "port": types.Int64Type}},
	}
}

func (parseFlowEndpoint) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	parsed, err := splitEndpoint(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, parsed)
}

// splitEndpoint leaves the address as it is written.
func splitEndpoint(text string) (endpointModel, error) {
	parsed, err := parseEndpoint(text)
	if err != nil || parsed.port == 0 {
		return endpointModel{Address: text}, err
	}
	address, _, err := net.SplitHostPort(text)
	port := int64(parsed.port)
	return endpointModel{Address: address, Port: &port}, err
}
