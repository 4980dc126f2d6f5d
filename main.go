// Terraform-provider-qos serves declarative network quality of service to
// Terraform. One program holds several providers and serves the one it is named
// after: terraform-provider-thingspace, terraform-provider-camara, or, under its
// own name, both at one address.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/qos"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// version is set when a release is linked.
var version = "dev"

const (
	namePrefix    = "terraform-provider-"
	addressPrefix = "registry.terraform.io/qosform/"
)

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr, serveEngine))
}

// serveEngine serves the engine that started the program. Only the engine says
// when to stop: pipelines that are cancelled often send SIGTERM to every process,
// and a provider that obeyed would lose the answer to a request under way.
func serveEngine(ctx context.Context, factory func() provider.Provider, opts providerserver.ServeOpts) error {
	if !opts.Debug {
		signal.Ignore(syscall.SIGTERM)
	}
	return providerserver.Serve(ctx, factory, opts)
}

type serveFunc func(context.Context, func() provider.Provider, providerserver.ServeOpts) error

func run(ctx context.Context, args []string, stdout, stderr io.Writer, serve serveFunc) int {
	flags := flag.NewFlagSet(filepath.Base(args[0]), flag.ContinueOnError)
	flags.SetOutput(stderr)
	name := flags.String("provider", nameOf(args[0]), "the provider to serve: thingspace, camara or qos")
	debug := flags.Bool("debug", false, "wait for a debugger and print how Terraform reattaches")
	showVersion := flags.Bool("version", false, "print the version and exit")
	if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *showVersion {
		_, _ = fmt.Fprintln(stdout, version)
		return 0
	}
	factory, err := factoryOf(*name)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	opts := providerserver.ServeOpts{Address: addressPrefix + *name, Debug: *debug, ProtocolVersion: 6}
	if err := serve(ctx, factory, opts); err != nil {
		_, _ = fmt.Fprintf(stderr, "Unable to serve provider %s: %v\n", *name, err)
		return 1
	}
	return 0
}

// nameOf gives the provider's name in an executable's path:
// …/terraform-provider-thingspace_v1.2.3 is thingspace.
func nameOf(executable string) string {
	base := strings.TrimSuffix(filepath.Base(executable), ".exe")
	base, _, _ = strings.Cut(base, "_v")
	name, ok := strings.CutPrefix(base, namePrefix)
	if !ok {
		return ""
	}
	return name
}

func factoryOf(name string) (func() provider.Provider, error) {
	switch name {
	case "thingspace":
		return func() provider.Provider { return thingspace.New(version) }, nil
	case "camara":
		return func() provider.Provider { return camara.New(version) }, nil
	case "qos":
		return func() provider.Provider { return qos.New(version, thingspace.New(version), camara.New(version)) }, nil
	case "":
		return nil, errors.New("the program serves the provider it is named after, and its name is not of the form " +
			"terraform-provider-<name>: " + waysOut)
	default:
		return nil, fmt.Errorf("there is no provider %q in this program: it serves thingspace and camara, and both at one address as qos; "+waysOut, name)
	}
}

const waysOut = "name it terraform-provider-thingspace, terraform-provider-camara or terraform-provider-qos, or start it with -provider thingspace, camara or qos"
