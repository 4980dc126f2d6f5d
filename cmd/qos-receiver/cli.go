package main

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const name = "qos-receiver"

// cli is the command line. Flags with an env tag are also read from the
// environment; the command line wins.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Receive callbacks and answer the provider."`
	Resolve resolveCommand `cmd:"" help:"Tell the journal what the network cannot. Works beside a running server."`
	OpenAPI openAPICommand `cmd:"" name:"openapi" help:"Print the OpenAPI document of the HTTP API."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// streams are where commands write: results to out, logs and errors to err.
type streams struct {
	out, err io.Writer
}

// run parses args and runs the command they name. It returns the exit code.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) int {
	answered := false
	parser, err := kong.New(&cli{},
		kong.Name(name),
		kong.Description("Receives ThingSpace QoS callbacks, keeps them, and answers the Terraform provider from what it knows."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { answered = true }),
		kong.Resolvers(environment(env)),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(streams{stdout, stderr}),
	)
	if err != nil {
		return fail(stderr, err)
	}
	command, err := parser.Parse(args)
	if answered {
		return 0
	}
	if err == nil {
		err = command.Run()
	}
	if err != nil {
		return fail(stderr, err)
	}
	return 0
}

func fail(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "%s: error: %v\n", name, err)
	return 1
}

// environment resolves flags from env, where repeatable ones are separated by
// commas. An empty variable is one that is not set, except for a secret: there
// it is more likely a mistake, and one that would open a door.
func environment(env []string) kong.Resolver {
	values := map[string]string{}
	for _, entry := range env {
		key, value, _ := strings.Cut(entry, "=")
		values[key] = value
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, key := range flag.Envs {
			value, set := values[key]
			if !set || value == "" && !flag.Tag.Has("secret") {
				continue
			}
			if flag.Target.Kind() == reflect.Slice {
				return list(value), nil
			}
			return value, nil
		}
		return nil, nil
	})
}

func list(value string) []any {
	var elements []any
	for element := range strings.SplitSeq(value, ",") {
		elements = append(elements, strings.TrimSpace(element))
	}
	return elements
}

type openAPICommand struct{}

// Run prints the document.
func (openAPICommand) Run(out streams) error {
	document, err := receiver.OpenAPI()
	if err != nil {
		return err
	}
	_, err = out.out.Write(document)
	return err
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(out streams) error {
	_, err := fmt.Fprintf(out.out, "%s %s\n", name, version)
	return err
}
