package check_test

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

const dockerfile = "deploy/container/Dockerfile"

// stages parses a Dockerfile. BuildKit's own remarks fail the test.
func stages(t *testing.T, content string) []instructions.Stage {
	t.Helper()
	parsed, err := parser.Parse(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range parsed.Warnings {
		t.Errorf("%s", warning.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		t.Errorf("%s: %s", rule, message)
	}})
	all, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no stages")
	}
	return all
}

// pinned reports whether an image is named with a digest, or with a tag that does
// not mean "the newest".
func pinned(image string) bool {
	if strings.Contains(image, "@sha256:") {
		return true
	}
	_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return tagged && tag != "latest"
}

func TestImageIsMadeOfPinnedImages(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, stage := range stages(t, read(t, dockerfile)) {
		if !names[stage.BaseName] && !pinned(stage.BaseName) {
			t.Errorf("the image %s has no version", stage.BaseName)
		}
		names[stage.Name] = true
	}
}

// TestImageCompilesWithTheProjectsGo fails when go.mod asks for a newer Go than
// the image has, which then has to download one.
func TestImageCompilesWithTheProjectsGo(t *testing.T) {
	t.Parallel()
	wanted := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "go.mod"))
	has := regexp.MustCompile(`^golang:([0-9.]+)-`).FindStringSubmatch(stages(t, read(t, dockerfile))[0].BaseName)
	if wanted == nil || has == nil {
		t.Fatalf("Go of go.mod %q, of the image %q", wanted, has)
	}
	if compareVersions(has[1], wanted[1]) < 0 {
		t.Errorf("the image has Go %s, go.mod wants %s", has[1], wanted[1])
	}
}

func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	})
}

func TestNothingIsDownloadedUnseen(t *testing.T) {
	t.Parallel()
	for _, stage := range stages(t, read(t, dockerfile)) {
		for _, command := range stage.Commands {
			switch c := command.(type) {
			case *instructions.AddCommand:
				t.Errorf("%s: COPY what is here", c)
			case *instructions.RunCommand:
				if strings.Contains(strings.Join(c.CmdLine, " "), "http") {
					t.Errorf("%s downloads what nobody has checked", c)
				}
			}
		}
	}
}

// TestImage looks at what is in the image itself: its last stage.
func TestImage(t *testing.T) {
	t.Parallel()
	all := stages(t, read(t, dockerfile))
	image := all[len(all)-1]
	if !strings.Contains(image.BaseName, "distroless/static") {
		t.Errorf("the image is based on %s, want one without a shell", image.BaseName)
	}
	var user, workdir, entrypoint, command string
	for _, c := range image.Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.WorkdirCommand:
			workdir = c.Path
		case *instructions.EntrypointCommand:
			entrypoint = marshal(t, c.CmdLine)
		case *instructions.CmdCommand:
			command = marshal(t, c.CmdLine)
		case *instructions.RunCommand:
			t.Errorf("%s: the image has nothing that could run it", c)
		}
	}
	if !regexp.MustCompile(`^[1-9][0-9]*(:[1-9][0-9]*)?$`).MatchString(user) {
		t.Errorf("USER %q, want a number other than 0", user)
	}
	if workdir != "/var/lib/qos-receiver" {
		t.Errorf("WORKDIR %q, where the default database would be", workdir)
	}
	if got := entrypoint + command; got != `["/usr/bin/qos-receiver"]["serve"]` {
		t.Errorf("the image runs %s", got)
	}
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestBuildContextHasTheSources fails when the receiver needs a package that
// .dockerignore or COPY leaves out.
func TestBuildContextHasTheSources(t *testing.T) {
	t.Parallel()
	ignore := read(t, dockerfile+".dockerignore")
	content := read(t, dockerfile)
	const module = "github.com/qosform/terraform-provider-qos/"
	for line := range strings.Lines(output(t, "go", "-C", root, "list", "-deps", "./cmd/qos-receiver")) {
		path, own := strings.CutPrefix(strings.TrimSpace(line), module)
		if !own {
			continue
		}
		folder, _, _ := strings.Cut(path, "/")
		if !strings.Contains(ignore, "\n!"+folder+"\n") || !strings.Contains(content, "\nCOPY "+folder+" ") {
			t.Errorf("the package %s is needed and its folder not copied", path)
		}
	}
}

func TestRulesOfPinning(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]bool{
		"postgres":                         false,
		"postgres:latest":                  false,
		"registry.example.com:5000/x":      false,
		"postgres:18.1":                    true,
		"registry.example.com:5000/x:1":    true,
		"registry.example.com/x@sha256:ab": true,
	} {
		if got := pinned(image); got != want {
			t.Errorf("pinned(%q) = %t", image, got)
		}
	}
}
