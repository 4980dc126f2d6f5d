package qosassignment

import (
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// What is listed after a lost answer is taken over only where nothing tells it
// from what was asked for.
func TestMadeSince(t *testing.T) {
	t.Parallel()
	operator, err := api.New(api.Config{BaseURL: "https://operator.example.com/quality-on-demand/v1"})
	if err != nil {
		t.Fatal(err)
	}
	sent := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	before, after := sent.Add(-time.Minute), sent.Add(time.Second)
	const sink = "https://n.example.com"
	for name, test := range map[string]struct {
		wanted     string
		listed     api.Assignment
		same, made bool
	}{
		"no more than that": {"", api.Assignment{}, true, true},
		"all told":          {sink, api.Assignment{Sink: sink, StartedAt: &after}, true, true},
		"begun before":      {"", api.Assignment{StartedAt: &before}, true, false},
		"sink untold":       {sink, api.Assignment{}, true, false},
		"another sink":      {sink, api.Assignment{Sink: sink + "/2"}, false, false},
	} {
		a := &assignments{operator: operator, wanted: api.CreateAssignment{Sink: test.wanted}}
		if same, made := a.Same(&test.listed), a.MadeSince(&test.listed, sent); same != test.same || made != test.made {
			t.Errorf("%s: the same is %v, made since is %v, want %v and %v", name, same, made, test.same, test.made)
		}
	}
}
