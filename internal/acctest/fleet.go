package acctest

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// Fleet is several worlds in one configuration, by their names: what is to be tried
// with each of them costs as many runs of the engine as with one.
type Fleet[W any] map[string]Member[W]

// Member is a world in a fleet.
type Member[W any] struct {
	World W
	// Provider is its provider block, and Blocks are the resources and data sources
	// that it has in addition to those of the whole fleet. They refer to no others.
	Provider, Blocks string
}

// NewCamaraFleet starts an operator of each version; they end with the test. They
// are named after their versions.
func NewCamaraFleet(t *testing.T, options ...func(*sandbox.Options)) Fleet[*CamaraWorld] {
	t.Helper()
	f := Fleet[*CamaraWorld]{}
	for _, version := range sandbox.Versions() {
		w := NewCamara(t, version, options...)
		f[string(version)] = Member[*CamaraWorld]{World: w, Provider: w.ProviderConfig()}
	}
	return f
}

// Names are those of the worlds, sorted.
func (f Fleet[W]) Names() []string { return slices.Sorted(maps.Keys(f)) }

// Factories serves each world's provider under a name of its own, since
// terraform-plugin-testing has one server for all aliases of one name.
func (f Fleet[W]) Factories(serve map[string]func() (tfprotov6.ProviderServer, error)) map[string]func() (tfprotov6.ProviderServer, error) {
	factories := map[string]func() (tfprotov6.ProviderServer, error){}
	for name, member := range f {
		family, _ := member.provider(name)
		factories[suffixed(family, name)] = serve[family]
	}
	return factories
}

// blockHead is where a resource or data source begins.
var blockHead = regexp.MustCompile(`(?m)^((?:resource|data) "[^"]*") "([^"]*)" \{`)

// Config is a configuration in which each world has the resources and data sources
// in blocks, which refer to no others, and its own.
func (f Fleet[W]) Config(blocks string) string {
	var all strings.Builder
	for _, name := range f.Names() {
		family, block := f[name].provider(name)
		all.WriteString(block)
		for _, head := range []string{blocks, f[name].Blocks} {
			all.WriteString(blockHead.ReplaceAllString(head, `$1 "`+suffixed("$2", name)+"\" {\n  provider = "+suffixed(family, name)))
		}
	}
	return all.String()
}

// provider is the type of the member's provider, and the block that configures it
// under the name that it has in the fleet.
func (m Member[W]) provider(name string) (family, block string) {
	_, rest, _ := strings.Cut(m.Provider, `provider "`)
	family, rest, _ = strings.Cut(rest, `"`)
	return family, "\nprovider \"" + suffixed(family, name) + "\"" + rest
}

// Check is a check of every world, by the address that what has this one in the
// blocks of Config has in the configuration.
func (f Fleet[W]) Check(address string, of func(w W, address string) resource.TestCheckFunc) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		var all error
		for _, name := range f.Names() {
			if err := of(f[name].World, suffixed(address, name))(s); err != nil {
				all = errors.Join(all, fmt.Errorf("%s: %w", name, err))
			}
		}
		return all
	}
}

// Each collects what is to be done or checked in every world of a fleet, by the
// address that what has this one in the blocks of Config has in the configuration.
func Each[W, T any](f Fleet[W], address string, of func(address string) []T) []T {
	var all []T
	for _, name := range f.Names() {
		all = append(all, of(suffixed(address, name))...)
	}
	return all
}

// notInAName is what an identifier cannot have, and a provider's name not twice in
// a row.
var notInAName = regexp.MustCompile(`[^a-z0-9]+`)

// suffixed makes an identifier, or the end of an address, the world's own.
func suffixed(identifier, name string) string {
	return identifier + "-" + strings.Trim(notInAName.ReplaceAllString(strings.ToLower(name), "-"), "-")
}
