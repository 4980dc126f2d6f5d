package fault_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/fault"
)

func TestBook(t *testing.T) {
	t.Parallel()
	var b fault.Book[string]
	b.Add("skips one, strikes twice", 1, 2)
	b.Add("always", 0, 0)
	taken := func(fits bool) string {
		f, ok := b.Take(func(string) bool { return fits })
		if !ok {
			return ""
		}
		return f
	}
	got := []string{taken(false), taken(true), taken(true), taken(true), taken(true), taken(true)}
	b.Clear()
	got = append(got, taken(true))
	want := []string{"", "always", "skips one, strikes twice", "skips one, strikes twice", "always", "always", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("taken (-want +got):\n%s", diff)
	}
}
