package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

func TestServesTheProviderItIsNamedAfter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args   []string
		served string // the address that is served, if any
		code   int
		says   string
	}{
		"thingspace":            {[]string{"/plugins/terraform-provider-thingspace"}, "registry.terraform.io/qosform/thingspace", 0, ""},
		"with a version":        {[]string{"./terraform-provider-thingspace_v1.2.3_x5"}, "registry.terraform.io/qosform/thingspace", 0, ""},
		"on Windows":            {[]string{"terraform-provider-thingspace_v1.2.3.exe"}, "registry.terraform.io/qosform/thingspace", 0, ""},
		"flag overrides":        {[]string{"anything", "-provider", "thingspace"}, "registry.terraform.io/qosform/thingspace", 0, ""},
		"flag overrides a name": {[]string{"terraform-provider-qos", "-provider=thingspace", "-debug"}, "registry.terraform.io/qosform/thingspace", 0, ""},
		"camara":                {[]string{"terraform-provider-camara"}, "registry.terraform.io/qosform/camara", 0, ""},
		"both at one address":   {[]string{"terraform-provider-qos_v1.0.0"}, "registry.terraform.io/qosform/qos", 0, ""},
		"another provider":      {[]string{"terraform-provider-aws"}, "", 1, `no provider "aws"`},
		"another name":          {[]string{"provider"}, "", 1, "named after"},
		"no name":               {[]string{"terraform-provider-"}, "", 1, "named after"},
		"another by flag":       {[]string{"terraform-provider-qos", "-provider", "aws"}, "", 1, "thingspace and camara, and both at one address as qos"},
		"unknown flag":          {[]string{"terraform-provider-thingspace", "-frobnicate"}, "", 2, "frobnicate"},
		"version":               {[]string{"terraform-provider-qos", "-version"}, "", 0, "dev"},
		"version by any name":   {[]string{"provider", "-version"}, "", 0, "dev"},
		"help":                  {[]string{"terraform-provider-thingspace", "-help"}, "", 0, "-provider"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var served string
			var debug bool
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), test.args, &stdout, &stderr, func(ctx context.Context, factory func() provider.Provider, o providerserver.ServeOpts) error {
				served, debug = o.Address, o.Debug
				var metadata provider.MetadataResponse
				factory().Metadata(ctx, provider.MetadataRequest{}, &metadata)
				if !strings.HasSuffix(o.Address, "/"+metadata.TypeName) || metadata.Version != version {
					t.Errorf("%s is served as %s, version %s", metadata.TypeName, o.Address, metadata.Version)
				}
				return nil
			})
			if said := stdout.String() + stderr.String(); code != test.code || served != test.served || !strings.Contains(said, test.says) {
				t.Errorf("run(%q) = %d, served %q, said %q", test.args, code, served, said)
			}
			// Engines read the handshake from standard output.
			if code != 0 && stdout.Len() > 0 {
				t.Errorf("run(%q) printed %q", test.args, &stdout)
			}
			if want := strings.Contains(strings.Join(test.args, " "), "-debug"); debug != want {
				t.Errorf("debug = %v", debug)
			}
		})
	}
}

func TestServeFailure(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	code := run(t.Context(), []string{"terraform-provider-thingspace"}, &out, &out, func(context.Context, func() provider.Provider, providerserver.ServeOpts) error {
		return errors.New("no socket")
	})
	if code != 1 || !strings.Contains(out.String(), "Unable to serve provider thingspace: no socket") {
		t.Errorf("run = %d, said %q", code, out.String())
	}
}
