package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const name = "qos-receiver"

// variableTag names the environment variable of a flag. It is not kong's own tag
// env, with which kong would read the process's environment, empty ones included.
const variableTag = "variable"

// cli is the command line. Flags with a variable are also read from the
// environment; the command line wins.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Receive callbacks and answer the provider."`
	Resolve resolveCommand `cmd:"" help:"Tell the journal what the network cannot. Works beside a running server."`
	Export  exportCommand  `cmd:"" help:"Write all that the database holds as lines of JSON. Works beside a running server."`
	Import  importCommand  `cmd:"" help:"Fill an empty database with an export."`
	Backup  backupCommand  `cmd:"" help:"Copy a SQLite database. Works beside a running server."`
	Restore restoreCommand `cmd:"" help:"Make a SQLite database of a backup."`
	Spool   spoolCommand   `cmd:"" help:"Look after callbacks that the spool could not hand on."`
	OpenAPI openAPICommand `cmd:"" name:"openapi" help:"Print the OpenAPI document of the HTTP API."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// streams are where commands read and write: results to out, logs and errors to err.
type streams struct {
	in       io.Reader
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
		kong.ValueFormatter(helpWithVariable),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(streams{os.Stdin, stdout, stderr}),
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
		value, set := values[flag.Tag.Get(variableTag)]
		switch {
		case !flag.Tag.Has(variableTag) || !set || value == "" && !flag.Tag.Has("secret"):
			return nil, nil
		case flag.Target.Kind() == reflect.Slice:
			return list(value), nil
		default:
			return value, nil
		}
	})
}

// helpWithVariable names a flag's variable behind its help.
func helpWithVariable(value *kong.Value) string {
	if !value.Tag.Has(variableTag) {
		return value.Help
	}
	return strings.TrimSuffix(value.Help, ".") + " ($" + value.Tag.Get(variableTag) + ")."
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
