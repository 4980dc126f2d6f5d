package qodsession

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
		wanted     api.CreateSession
		listed     api.Session
		same, made bool
	}{
		"no more than that":        {api.CreateSession{Duration: 600}, api.Session{}, true, true},
		"all told":                 {api.CreateSession{Duration: 600, Sink: sink}, api.Session{Duration: 600, Sink: sink, StartedAt: &after}, true, true},
		"less granted":             {api.CreateSession{Duration: 600}, api.Session{Duration: 500}, true, true},
		"longer":                   {api.CreateSession{Duration: 600}, api.Session{Duration: 601}, true, false},
		"longer than the default":  {api.CreateSession{}, api.Session{Duration: 86401}, true, false},
		"begun before":             {api.CreateSession{Duration: 600}, api.Session{StartedAt: &before}, true, false},
		"sink untold":              {api.CreateSession{Duration: 600, Sink: sink}, api.Session{}, true, false},
		"another sink":             {api.CreateSession{Duration: 600, Sink: sink}, api.Session{Sink: sink + "/2"}, false, false},
		"webhook":                  {api.CreateSession{Webhook: &api.Webhook{NotificationURL: sink}}, api.Session{NotificationURL: sink}, true, true},
		"webhook untold":           {api.CreateSession{Webhook: &api.Webhook{NotificationURL: sink}}, api.Session{}, true, false},
		"a webhook, and none here": {api.CreateSession{}, api.Session{NotificationURL: sink}, false, true},
	} {
		s := &sessions{operator: operator, wanted: test.wanted}
		server := &api.ApplicationServer{IPv4Address: "203.0.113.5"}
		s.wanted.ApplicationServer, test.listed.ApplicationServer = server, server
		if same, made := s.Same(&test.listed), s.MadeSince(&test.listed, sent); same != test.same || made != test.made {
			t.Errorf("%s: the same is %v, made since is %v, want %v and %v", name, same, made, test.same, test.made)
		}
	}
}
