package qos_test

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/camara"
	"github.com/qosform/terraform-provider-qos/internal/qos"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// Whatever the two families serve is served at the one address, each with its own
// part of the provider block.
func TestTheWholeLanguageAtOneAddress(t *testing.T) {
	t.Parallel()
	w, operator := acctest.New(t), acctest.NewCamara(t, sandbox.Version11)
	w.Register()
	empty := func(string) string { return "" }
	s := protocol.Serve(t, qos.New("test", thingspace.New("test", thingspace.WithEnvironment(empty)), camara.New("test", camara.WithEnvironment(empty))))
	s.Configure(protocol.Object{
		"thingspace": protocol.Object{
			"base_url": w.ThingSpaceURL(), "client_id": acctest.ClientID, "client_secret": acctest.ClientSecret, "username": acctest.Username, "password": acctest.Password,
			"receiver_url": w.ReceiverURL(), "receiver_token": acctest.ReceiverToken,
		},
		"camara": protocol.Object{"base_url": operator.URLs().QoD, "api_version": operator.APIVersion(), "access_token": acctest.OperatorAccessToken},
	})
	account := protocol.Object{"account_name": acctest.Account}
	phone := protocol.Object{"device": protocol.Object{"phone_number": "+34666666666"}}

	if listed := slices.Collect(s.List("thingspace_callback", protocol.Query{Config: account})); len(listed) != 1 || len(listed[0].Diagnostics) > 0 {
		t.Errorf("the list of callbacks: %v", listed)
	}
	if listed := slices.Collect(s.List("camara_qod_session", protocol.Query{Config: phone})); len(listed) != 0 {
		t.Errorf("the list of sessions: %v", listed)
	}
	if _, said := s.Invoke("thingspace_callback_test", account); len(said) > 0 {
		t.Errorf("the action: %s", said)
	}
	for name, e := range map[string]*protocol.Ephemeral{
		"thingspace_session": s.Open("thingspace_session", account), "camara_access_token": s.Open("camara_access_token", protocol.Object{}),
	} {
		if len(e.Diagnostics) > 0 || e.Result["access_token"] == nil {
			t.Errorf("%s: %s", name, e.Diagnostics)
		}
	}
	if text, failed := s.Call("flow_endpoint", "::1", 443); failed != nil || text != "[::1]:443" {
		t.Errorf("flow_endpoint: %v, %v", text, failed)
	}
	if seconds, failed := s.Call("seconds", tftypes.NewValue(tftypes.String, "1m")); failed != nil || seconds != 60.0 {
		t.Errorf("seconds: %v, %v", seconds, failed)
	}
}
