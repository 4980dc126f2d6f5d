package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

const name = "qos-sandbox"

// cli is the command line. Every flag of serve can also be set in the
// environment, as QOS_SANDBOX_ and its name in upper case.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Serve a simulated ThingSpace and, if asked, simulated CAMARA operators."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// streams are where commands write: results to out, logs and errors to err.
type streams struct {
	out, err io.Writer
}

// run parses args and runs the command they name. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	answered := false
	parser, err := kong.New(&cli{},
		kong.Name(name),
		kong.Description("Serves simulated networks, for trying out and for tests."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { answered = true }),
		kong.DefaultEnvars("QOS_SANDBOX"),
		kong.Vars{
			"client_id": thingspace.DefaultClientID, "client_secret": thingspace.DefaultClientSecret,
			"username": thingspace.DefaultUsername, "password": thingspace.DefaultPassword,
			"account":        thingspace.DefaultAccount,
			"token_lifetime": thingspace.DefaultTokenLifetime.String(),
			"session_idle":   thingspace.DefaultSessionIdle.String(),
			"ack_delay":      thingspace.DefaultAckDelay.String(), "on_delay": thingspace.DefaultOnDelay.String(),
			"terminate_delay": thingspace.DefaultTerminateDelay.String(),

			"camara_client_id": camara.DefaultClientID, "camara_client_secret": camara.DefaultClientSecret,
			"camara_api_key": camara.DefaultAPIKey, "camara_api_key_header": camara.DefaultAPIKeyHeader,
			"camara_token_lifetime":  camara.DefaultTokenLifetime.String(),
			"camara_available_delay": camara.DefaultAvailableDelay.String(),
		},
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

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(out streams) error {
	_, err := fmt.Fprintf(out.out, "%s %s\n", name, version)
	return err
}
