// Command providerschema prints the schema of one of this program's providers,
// in the form of `terraform providers schema -json`, for tfplugindocs.
//
// It asks the provider itself. Terraform prints only what the installed version
// of it knows (resource identities since 1.12, actions since 1.14), and the
// documentation must not depend on that.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/qos"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// version is that of the providers asked; no schema depends on it.
const version = "dev"

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "providerschema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: providerschema NAME")
	}
	p, err := providerOf(args[0])
	if err != nil {
		return err
	}
	schema, err := schemaOf(ctx, providerserver.NewProtocol6(p)())
	if err != nil {
		return fmt.Errorf("provider %s: %w", args[0], err)
	}
	return json.NewEncoder(out).Encode(document{
		FormatVersion: "1.0",
		Schemas:       map[string]*providerSchema{args[0]: schema},
	})
}

func providerOf(name string) (provider.Provider, error) {
	switch name {
	case "thingspace":
		return thingspace.New(version), nil
	case "camara":
		return camara.New(version), nil
	case "qos":
		return qos.New(version, thingspace.New(version), camara.New(version)), nil
	default:
		return nil, fmt.Errorf("there is no provider %q", name)
	}
}

func schemaOf(ctx context.Context, server tfprotov6.ProviderServer) (*providerSchema, error) {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(errorOf(schemas.Diagnostics), errorOf(identities.Diagnostics)); err != nil {
		return nil, err
	}
	return newProviderSchema(schemas, identities), nil
}

func errorOf(diagnostics []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	return errors.Join(errs...)
}
