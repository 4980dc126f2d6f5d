package main

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The types below are the JSON of `terraform providers schema -json`, as far as
// documentation is made of it (Terraform, "Command: providers schema").
type (
	document struct {
		FormatVersion string                     `json:"format_version"`
		Schemas       map[string]*providerSchema `json:"provider_schemas"`
	}
	providerSchema struct {
		Provider           *schema              `json:"provider,omitempty"`
		Resources          map[string]*schema   `json:"resource_schemas,omitempty"`
		DataSources        map[string]*schema   `json:"data_source_schemas,omitempty"`
		EphemeralResources map[string]*schema   `json:"ephemeral_resource_schemas,omitempty"`
		ListResources      map[string]*schema   `json:"list_resource_schemas,omitempty"`
		Actions            map[string]*action   `json:"action_schemas,omitempty"`
		Functions          map[string]*function `json:"functions,omitempty"`
		Identities         map[string]*identity `json:"resource_identity_schemas,omitempty"`
	}
	schema struct {
		Version int64  `json:"version"`
		Block   *block `json:"block,omitempty"`
	}
	// action has no version, as nothing of it is kept.
	action struct {
		Block *block `json:"block,omitempty"`
	}
	block struct {
		Attributes      map[string]*attribute `json:"attributes,omitempty"`
		Blocks          map[string]*nested    `json:"block_types,omitempty"`
		Description     string                `json:"description,omitempty"`
		DescriptionKind string                `json:"description_kind,omitempty"`
		Deprecated      bool                  `json:"deprecated,omitempty"`
	}
	attribute struct {
		Type            tftypes.Type `json:"type,omitempty"`
		NestedType      *nested      `json:"nested_type,omitempty"`
		Description     string       `json:"description,omitempty"`
		DescriptionKind string       `json:"description_kind,omitempty"`
		Deprecated      bool         `json:"deprecated,omitempty"`
		Required        bool         `json:"required,omitempty"`
		Optional        bool         `json:"optional,omitempty"`
		Computed        bool         `json:"computed,omitempty"`
		Sensitive       bool         `json:"sensitive,omitempty"`
		WriteOnly       bool         `json:"write_only,omitempty"`
	}
	// nested is a nested block, which has Block, or the type of a nested
	// attribute, which has Attributes.
	nested struct {
		Block       *block                `json:"block,omitempty"`
		Attributes  map[string]*attribute `json:"attributes,omitempty"`
		NestingMode string                `json:"nesting_mode,omitempty"`
		MinItems    int64                 `json:"min_items,omitempty"`
		MaxItems    int64                 `json:"max_items,omitempty"`
	}
	identity struct {
		Version    int64                         `json:"version"`
		Attributes map[string]*identityAttribute `json:"attributes,omitempty"`
	}
	identityAttribute struct {
		Type              tftypes.Type `json:"type,omitempty"`
		Description       string       `json:"description,omitempty"`
		RequiredForImport bool         `json:"required_for_import,omitempty"`
		OptionalForImport bool         `json:"optional_for_import,omitempty"`
	}
	function struct {
		Description        string       `json:"description,omitempty"`
		Summary            string       `json:"summary,omitempty"`
		DeprecationMessage string       `json:"deprecation_message,omitempty"`
		ReturnType         tftypes.Type `json:"return_type,omitempty"`
		Parameters         []*parameter `json:"parameters,omitempty"`
		VariadicParameter  *parameter   `json:"variadic_parameter,omitempty"`
	}
	parameter struct {
		Name        string       `json:"name,omitempty"`
		Description string       `json:"description,omitempty"`
		IsNullable  bool         `json:"is_nullable,omitempty"`
		Type        tftypes.Type `json:"type,omitempty"`
	}
)

func newProviderSchema(schemas *tfprotov6.GetProviderSchemaResponse, identities *tfprotov6.GetResourceIdentitySchemasResponse) *providerSchema {
	return &providerSchema{
		Provider:           newSchema(schemas.Provider),
		Resources:          mapped(schemas.ResourceSchemas, newSchema),
		DataSources:        mapped(schemas.DataSourceSchemas, newSchema),
		EphemeralResources: mapped(schemas.EphemeralResourceSchemas, newSchema),
		ListResources:      mapped(schemas.ListResourceSchemas, newSchema),
		Actions:            mapped(schemas.ActionSchemas, func(a *tfprotov6.ActionSchema) *action { return &action{Block: newBlock(a.Schema.Block)} }),
		Functions:          mapped(schemas.Functions, newFunction),
		Identities:         mapped(identities.IdentitySchemas, newIdentity),
	}
}

func newSchema(s *tfprotov6.Schema) *schema {
	return &schema{Version: s.Version, Block: newBlock(s.Block)}
}

func newBlock(b *tfprotov6.SchemaBlock) *block {
	blocks := make(map[string]*nested, len(b.BlockTypes))
	for _, n := range b.BlockTypes {
		blocks[n.TypeName] = &nested{
			Block:       newBlock(n.Block),
			NestingMode: strings.ToLower(n.Nesting.String()),
			MinItems:    n.MinItems,
			MaxItems:    n.MaxItems,
		}
	}
	return &block{
		Attributes:      newAttributes(b.Attributes),
		Blocks:          blocks,
		Description:     b.Description,
		DescriptionKind: strings.ToLower(b.DescriptionKind.String()),
		Deprecated:      b.Deprecated,
	}
}

func newAttributes(attributes []*tfprotov6.SchemaAttribute) map[string]*attribute {
	byName := make(map[string]*attribute, len(attributes))
	for _, a := range attributes {
		byName[a.Name] = newAttribute(a)
	}
	return byName
}

func newAttribute(a *tfprotov6.SchemaAttribute) *attribute {
	made := &attribute{
		Type:            a.Type,
		Description:     a.Description,
		DescriptionKind: strings.ToLower(a.DescriptionKind.String()),
		Deprecated:      a.Deprecated,
		Required:        a.Required,
		Optional:        a.Optional,
		Computed:        a.Computed,
		Sensitive:       a.Sensitive,
		WriteOnly:       a.WriteOnly,
	}
	if a.NestedType != nil {
		made.NestedType = &nested{
			Attributes:  newAttributes(a.NestedType.Attributes),
			NestingMode: strings.ToLower(a.NestedType.Nesting.String()),
		}
	}
	return made
}

func newIdentity(i *tfprotov6.ResourceIdentitySchema) *identity {
	made := &identity{Version: i.Version, Attributes: make(map[string]*identityAttribute, len(i.IdentityAttributes))}
	for _, a := range i.IdentityAttributes {
		made.Attributes[a.Name] = &identityAttribute{
			Type:              a.Type,
			Description:       a.Description,
			RequiredForImport: a.RequiredForImport,
			OptionalForImport: a.OptionalForImport,
		}
	}
	return made
}

func newFunction(f *tfprotov6.Function) *function {
	made := &function{
		Description:        f.Description,
		Summary:            f.Summary,
		DeprecationMessage: f.DeprecationMessage,
		ReturnType:         f.Return.Type,
	}
	for _, p := range f.Parameters {
		made.Parameters = append(made.Parameters, newParameter(p))
	}
	if f.VariadicParameter != nil {
		made.VariadicParameter = newParameter(f.VariadicParameter)
	}
	return made
}

func newParameter(p *tfprotov6.FunctionParameter) *parameter {
	return &parameter{Name: p.Name, Description: p.Description, IsNullable: p.AllowNullValue, Type: p.Type}
}

func mapped[From, To any](from map[string]From, convert func(From) To) map[string]To {
	to := make(map[string]To, len(from))
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}
