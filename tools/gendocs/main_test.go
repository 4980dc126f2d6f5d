//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stub makes a generator over a repository with a template and an example of
// provider p, and with script for tfplugindocs.
func stub(t *testing.T, script string) generator {
	t.Helper()
	root := t.TempDir()
	for _, file := range []string{"templates/p/index.md.tmpl", "templates/other/index.md.tmpl", "examples/p/provider/provider.tf"} {
		path := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(root, "tfplugindocs")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return generator{root: root, tfplugindocs: program}
}

func TestRenderLaysOutOneProvider(t *testing.T) {
	t.Parallel()
	g := stub(t, `find . -type f | sort >> seen; echo "$@" >> args`)
	site := t.TempDir()
	if err := g.render(t.Context(), site, []byte("{}"), documented{name: "p", title: "Title"}); err != nil {
		t.Fatal(err)
	}
	seen := read(t, filepath.Join(site, "seen"))
	for _, want := range []string{"./templates/index.md.tmpl", "./examples/provider/provider.tf", "./schema.json"} {
		if !strings.Contains(seen, want) {
			t.Errorf("tfplugindocs does not see %s, only:\n%s", want, seen)
		}
	}
	args := strings.SplitN(read(t, filepath.Join(site, "args")), "\n", 2)
	if !strings.HasPrefix(args[0], "generate ") || !strings.HasPrefix(args[1], "validate ") {
		t.Errorf("tfplugindocs was called with %q, want generate and then validate", args)
	}
}

func TestRenderShowsWhatWentWrong(t *testing.T) {
	t.Parallel()
	g := stub(t, `echo "no such template"; exit 1`)
	err := g.render(t.Context(), t.TempDir(), []byte("{}"), documented{name: "p", title: "Title"})
	if err == nil || !strings.Contains(err.Error(), "no such template") {
		t.Errorf("error = %v, want one with tfplugindocs's output", err)
	}
}

func TestWithoutResourcesKeepsTheProviderBlock(t *testing.T) {
	t.Parallel()
	const document = `{"format_version":"1.0","provider_schemas":{"p":{"provider":{"version":0},"resource_schemas":{"q_r":{}},"resource_identity_schemas":{}}}}`
	got, err := withoutResources([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"format_version":"1.0","provider_schemas":{"p":{"provider":{"version":0}}}}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := withoutResources([]byte("oops")); err == nil {
		t.Error("want an error of what is no document")
	}
}

func TestDocumentKeepsTheOldPagesOnFailure(t *testing.T) {
	t.Parallel()
	g := stub(t, "exit 0") // the repository has no module, so there is no schema
	page := filepath.Join(g.root, "docs", "p", "index.md")
	if err := os.MkdirAll(filepath.Dir(page), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(page, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.document(t.Context(), documented{name: "p", title: "Title"}); err == nil {
		t.Fatal("want an error")
	}
	if got := read(t, page); got != "old" {
		t.Errorf("the page now reads %q", got)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
