package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update rewrites the golden files: go test ./internal/providerschema -update.
var update = flag.Bool("update", false, "rewrite the schemas in testdata")

// A release must not change an attribute by accident. What a schema says to
// people is left out: the documentation shows those changes.
func TestSchemasAreWhatTheyWere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"thingspace", "camara", "qos"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := contract(t, name)
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file) // #nosec G304 -- a file of testdata
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("the schema differs from %s; if that is meant, run `go test ./internal/providerschema -update` and say it in the changelog:\n%s", file, diff)
			}
		})
	}
}

// contract is a provider's schema without descriptions.
func contract(t *testing.T, name string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), []string{name}, &out); err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	withoutWords(document, false)
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// withoutWords takes descriptions out of a schema, but not attributes that are
// called so.
func withoutWords(node any, names bool) {
	switch n := node.(type) {
	case map[string]any:
		if !names {
			for _, word := range []string{"description", "description_kind", "summary"} {
				delete(n, word)
			}
		}
		for key, member := range n {
			withoutWords(member, !names && key == "attributes")
		}
	case []any:
		for _, element := range n {
			withoutWords(element, false)
		}
	}
}
