package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/qosform/terraform-provider-qos/tools/internal/mirror"
)

// schemaVersion is the version under which a provider is installed to be asked
// for its schema. It appears nowhere in the documentation.
const schemaVersion = "0.0.1"

// schema returns the provider's schema as `terraform providers schema -json`
// prints it, with the address changed to the one that tfplugindocs looks up.
func (g generator) schema(ctx context.Context, dir, plugins, name string) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	config := fmt.Sprintf("terraform {\n  required_providers {\n    %s = { source = %q }\n  }\n}\n", name, mirror.Address(name))
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	if err := runQuietly(command(ctx, dir, g.cli, "init", "-input=false", "-no-color", "-plugin-dir="+plugins)); err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := command(ctx, dir, g.cli, "providers", "schema", "-json")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return readdress(stdout.Bytes(), name)
}

// readdress moves the schema of the provider called name to the address
// registry.terraform.io/hashicorp/NAME, the only one besides the bare name that
// tfplugindocs looks for.
func readdress(schemas []byte, name string) ([]byte, error) {
	var document struct {
		FormatVersion   string                     `json:"format_version"`
		ProviderSchemas map[string]json.RawMessage `json:"provider_schemas"`
	}
	if err := json.Unmarshal(schemas, &document); err != nil {
		return nil, err
	}
	schema, ok := document.ProviderSchemas[mirror.Address(name)]
	if !ok {
		return nil, fmt.Errorf("the output has no schema for %s", mirror.Address(name))
	}
	document.ProviderSchemas = map[string]json.RawMessage{"registry.terraform.io/hashicorp/" + name: schema}
	return json.Marshal(document)
}
