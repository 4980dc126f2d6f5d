package qodsession_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

var update = flag.Bool("update", false, "write the requests that are sent to testdata")

// wantRequests compares what an operator was sent with the file of its kind in
// testdata. How often a session is read depends on how long it takes to be
// granted, so reads are left out; session ids are numbered.
func wantRequests(t *testing.T, w *acctest.CamaraWorld, kind sandbox.Version) {
	t.Helper()
	id := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	numbers := map[string]string{}
	numbered := func(found string) string {
		if numbers[found] == "" {
			numbers[found] = fmt.Sprintf("SESSION-%d", len(numbers)+1)
		}
		return numbers[found]
	}
	var got strings.Builder
	for _, r := range w.Operator.Requests() {
		if r.Method == http.MethodGet || r.Operation == sandbox.OpToken {
			continue
		}
		text := strings.TrimSpace(fmt.Sprintf("%s %s\n%s", r.Method, r.Path, r.Body))
		got.WriteString(id.ReplaceAllStringFunc(text, numbered) + "\n\n")
	}
	name := filepath.Join("testdata", string(kind)+".http")
	if *update {
		if err := os.WriteFile(name, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name) // #nosec G304 -- of this package
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("requests differ from %s (-want +got); go test -update writes them:\n%s", name, diff)
	}
}
