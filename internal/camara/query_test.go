package camara_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const (
	sessionType    = "camara_qod_session"
	assignmentType = "camara_qos_assignment"
)

// ask lists all that a type has for a device.
func (d *dialogue) ask(typeName string, device protocol.Object) []protocol.Listed {
	return slices.Collect(d.provider.List(typeName, protocol.Query{Config: protocol.Object{"device": device}, Limit: 100, IncludeResource: true}))
}

// wantOneListed is the one result of a list that works.
func wantOneListed(t *testing.T, listed []protocol.Listed) protocol.Listed {
	t.Helper()
	if len(listed) != 1 {
		t.Fatalf("%d results, want 1: %v", len(listed), listed)
	}
	wantNothingSaid(t, listed[0].Diagnostics)
	return listed[0]
}

// wantSaidInstead is the error of a list that does not.
func wantSaidInstead(t *testing.T, listed []protocol.Listed, wants ...string) {
	t.Helper()
	if len(listed) != 1 {
		t.Fatalf("%d results, want an error alone", len(listed))
	}
	wantErrorSaid(t, listed[0].Diagnostics, wants...)
}

// wantPlannedEmpty checks that the configuration made of an import changes
// nothing about it.
func wantPlannedEmpty(t *testing.T, i *protocol.Instance) {
	t.Helper()
	config := i.GeneratedConfig()
	plan := i.Plan(config)
	if len(plan.Diagnostics.Errors())+len(plan.Changes)+len(plan.Replaces) > 0 {
		t.Errorf("the plan of %v: %+v", config, plan)
	}
}

// What the operator tells whole is listed as an import has it, and the
// configuration made of that is what there is.
func TestQueriedSessionsAreWhole(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version011, sandbox.Version10, sandbox.Version11, sandbox.Version12, sandbox.HybridA} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			d := speak(t, version, atOnce)
			one := d.session(t, "203.0.113.5", func(c *api.CreateSession) {
				c.DevicePorts = &api.Ports{Ports: []int64{5060}, Ranges: []api.PortRange{{From: 5010, To: 5020}}}
			})
			other := d.session(t, "203.0.113.6")
			listed := d.ask(sessionType, thePhone())
			names := map[string]string{}
			for _, l := range listed {
				wantNothingSaid(t, l.Diagnostics)
				id, _ := l.Identity["session_id"].(string)
				names[id] = l.DisplayName
				want := protocol.Object{"session_id": id, "base_url": d.URLs().QoD}
				if diff := cmp.Diff(want, l.Identity); diff != "" {
					t.Errorf("identity (-want +got):\n%s", diff)
				}
				imported, said := d.provider.ImportByIdentity(sessionType, l.Identity)
				wantNothingSaid(t, said)
				if diff := cmp.Diff(imported.State(), l.Resource); diff != "" {
					t.Errorf("imported (-) and listed (+):\n%s", diff)
				}
				wantPlannedEmpty(t, imported)
			}
			until := one.ExpiresAt.UTC().Format("2006-01-02T15:04:05Z")
			if len(names) != 2 || names[one.ID] != "QOS_E to 203.0.113.5, AVAILABLE until "+until || !strings.HasPrefix(names[other.ID], "QOS_E to 203.0.113.6, ") {
				t.Errorf("the names are %v", names)
			}
		})
	}
}

func TestQueriedAssignmentIsWhole(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version11, sandbox.Version12} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			d := speak(t, version, atOnce)
			if listed := d.ask(assignmentType, thePhone()); len(listed) != 0 {
				t.Errorf("there is none, but %v", listed)
			}
			made := d.assignment(t)
			listed := wantOneListed(t, d.ask(assignmentType, thePhone()))
			if diff := cmp.Diff(protocol.Object{"assignment_id": made.ID, "base_url": d.URLs().QoD}, listed.Identity); diff != "" {
				t.Errorf("identity (-want +got):\n%s", diff)
			}
			if !strings.HasPrefix(listed.DisplayName, "QOS_E, AVAILABLE since 20") {
				t.Errorf("it is called %q", listed.DisplayName)
			}
			imported, said := d.provider.ImportByIdentity(assignmentType, listed.Identity)
			wantNothingSaid(t, said)
			if diff := cmp.Diff(imported.State(), listed.Resource); diff != "" {
				t.Errorf("imported (-) and listed (+):\n%s", diff)
			}
			wantPlannedEmpty(t, imported)
		})
	}
}

// What is over cannot be brought in.
func TestWhatHasEndedIsNotListed(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce)
	for typeName, id := range map[string]string{sessionType: d.session(t, "203.0.113.5").ID, assignmentType: d.assignment(t).ID} {
		if err := d.Operator.TerminateByNetwork(id); err != nil {
			t.Fatal(err)
		}
		if listed := d.ask(typeName, thePhone()); len(listed) != 0 {
			t.Errorf("%s: %v", typeName, listed)
		}
	}
}

func TestQueryWithoutResources(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce)
	for _, server := range []string{"203.0.113.5", "203.0.113.6", "203.0.113.7"} {
		d.session(t, server)
	}
	got := slices.Collect(d.provider.List(sessionType, protocol.Query{Config: protocol.Object{"device": thePhone()}, Limit: 2}))
	if len(got) != 2 || got[0].Resource != nil || got[0].Identity["session_id"] == got[1].Identity["session_id"] {
		t.Errorf("want two identities alone, got %v", got)
	}
}

// The device that was asked for is written where the operator does not tell it.
// The import takes it from there, in place.
func TestQueryKnowsTheDevice(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce, func(o *sandbox.Options) { o.Switches.OmitDevice = true })
	d.session(t, "203.0.113.5")
	d.assignment(t)
	for _, typeName := range []string{sessionType, assignmentType} {
		listed := wantOneListed(t, d.ask(typeName, thePhone()))
		device, _ := listed.Resource["device"].(protocol.Object)
		if device["phone_number"] != phone {
			t.Errorf("%s: the device is %v", typeName, device)
		}
		imported, said := d.provider.ImportByIdentity(typeName, listed.Identity)
		wantNothingSaid(t, said)
		config := imported.GeneratedConfig()
		config["device"] = thePhone()
		plan := imported.Plan(config)
		if len(plan.Diagnostics.Errors())+len(plan.Replaces) > 0 || !slices.Equal(plan.Changes, []string{"device"}) {
			t.Errorf("%s: %+v", typeName, plan)
		}
	}
}

// The operator tells no secret, and not even whether there is one: whoever takes
// the configuration has to say.
func TestQueryAsksForSecrets(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce)
	d.session(t, "203.0.113.5", func(c *api.CreateSession) {
		c.Sink = "https://n.example.com"
		c.SinkCredential = &api.SinkCredential{AccessToken: "a-token", AccessTokenExpiresUTC: "2040-01-31T12:00:00Z"}
	})
	listed := wantOneListed(t, d.ask(sessionType, thePhone()))
	said := d.provider.Validate(sessionType, configOf(listed.Resource))
	wantErrorSaid(t, said, "sink_credential.access_token is required", "sink_credential.access_token_expires_utc")

	filled := configOf(listed.Resource)
	filled["sink_credential"] = protocol.Object{"access_token": "a-token", "access_token_expires_utc": "2040-01-31T12:00:00Z"}
	imported, said := d.provider.ImportByIdentity(sessionType, listed.Identity)
	wantNothingSaid(t, said)
	plan := imported.Plan(filled)
	if len(plan.Diagnostics.Errors())+len(plan.Replaces) > 0 || !slices.Equal(plan.Changes, []string{"sink_credential"}) {
		t.Errorf("%+v", plan)
	}
}

// The same goes for the token of a webhook, where operators with 0.10 list. An
// import by hand needs none.
func TestQueryAsksForTheTokenOfAWebhook(t *testing.T) {
	t.Parallel()
	for name, filled := range map[string]protocol.Object{
		"write-only": {"notification_auth_token_wo": "a-token-of-20-letters", "notification_auth_token_wo_version": 1},
		"kept":       {"notification_auth_token": "a-token-of-20-letters"},
		"none":       {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := speak(t, sandbox.HybridA, atOnce)
			const listener = "https://n.example.com"
			d.session(t, "203.0.113.5", func(c *api.CreateSession) {
				c.Webhook = &api.Webhook{NotificationURL: listener, NotificationAuthToken: "a-token-of-20-letters"}
			})
			listed := wantOneListed(t, d.ask(sessionType, thePhone()))
			config := configOf(listed.Resource)
			wantErrorSaid(t, d.provider.Validate(sessionType, config), "webhook.notification_auth_token_wo")

			filled["notification_url"] = listener
			config["webhook"] = filled
			if said := d.provider.Validate(sessionType, config); len(said.Errors()) > 0 {
				t.Error(said)
			}
			imported, said := d.provider.ImportByIdentity(sessionType, listed.Identity)
			wantNothingSaid(t, said)
			wantNothingSaid(t, d.provider.Validate(sessionType, imported.GeneratedConfig()))
			wantPlannedEmpty(t, imported)
			if plan := imported.Plan(config); len(plan.Diagnostics.Errors())+len(plan.Replaces) > 0 {
				t.Errorf("%+v", plan)
			}
		})
	}
}

// configOf is what an engine writes of a listed session: what is not computed.
func configOf(listed protocol.Object) protocol.Object {
	config := protocol.Object{}
	for _, name := range []string{"device", "application_server", "device_ports", "application_server_ports", "qos_profile", "duration", "webhook", "sink", "sink_credential", "wait_for", "on_timeout", "on_expiry"} {
		config[name] = listed[name]
	}
	return config
}

// Each result says whose token it takes, and an import with that works.
func TestQueryWithTokensOfDevices(t *testing.T) {
	t.Parallel()
	for _, flow := range []auth.Flow{auth.JWTBearer, auth.CIBA} {
		for _, version := range []sandbox.Version{sandbox.Version011, sandbox.Version12} {
			t.Run(string(flow)+" "+string(version), func(t *testing.T) {
				t.Parallel()
				d := speakBound(t, version, flow, atOnce)
				id := d.session(t, "203.0.113.5").ID
				listed := wantOneListed(t, d.ask(sessionType, thePhone()))
				if listed.Identity["session_id"] != id+","+phoneHint {
					t.Fatalf("the identity is %v", listed.Identity)
				}
				imported, said := d.provider.ImportByIdentity(sessionType, listed.Identity)
				wantNothingSaid(t, said)
				if diff := cmp.Diff(protocol.Object{"session_id": id, "base_url": d.URLs().QoD}, imported.Identity()); diff != "" {
					t.Errorf("identity imported (-want +got):\n%s", diff)
				}
				plan := imported.Plan(configOf(listed.Resource))
				if len(plan.Diagnostics.Errors())+len(plan.Replaces) > 0 || !slices.Equal(plan.Changes, []string{"device"}) {
					t.Errorf("%+v", plan)
				}
				nobodys := protocol.Object{"session_id": id}
				_, said = d.provider.ImportByIdentity(sessionType, nobodys)
				wantErrorSaid(t, said, "Each access token is bound to a device here", "login_hint")
				wantSaidInstead(t, d.ask(sessionType, nil), "device is required", "whose is needed", `AttributeName("device")`)
				wantSaidInstead(t, d.ask(sessionType, protocol.Object{"network_access_identifier": "x@example.com"}), "a three-legged token is asked for its subscriber")
			})
		}
	}
}

func TestQueryRefused(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version010)
	wantSaidInstead(t, d.ask(sessionType, thePhone()), "Unable to list QoD sessions", "from API version 0.11 on, and this is 0.10", "by its id")

	two := speak(t, sandbox.Version11)
	two.provider = two.serve(t, protocol.Object{"oauth": protocol.Object{
		"flow": "client_credentials", "token_url": two.URLs().Token, "client_id": "c", "client_secret": "s",
	}})
	for _, typeName := range []string{sessionType, assignmentType} {
		wantSaidInstead(t, two.ask(typeName, nil), "device is required", `AttributeName("device")`)
		wantSaidInstead(t, two.ask(typeName, protocol.Object{"ipv6_address": "203.0.113.5"}), "device.ipv6_address must be one IPv6 address")
	}
	nowhere := speak(t, sandbox.Version11)
	nowhere.provider = spoken(t).Configure(protocol.Object{"base_url": nowhere.URLs().QoD + "/elsewhere", "api_version": "1.0", "access_token": "t"})
	wantSaidInstead(t, nowhere.ask(assignmentType, thePhone()), "Unable to list QoS assignments", "QoS provisioning API cannot be told")
}

// What fails at the operator reaches who asks.
func TestQueryFails(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11)
	d.Gate.Interpose(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"status": 403, "code": "PERMISSION_DENIED", "message": "not you"}`))
		})
	})
	wantSaidInstead(t, d.ask(sessionType, thePhone()), "Unable to list QoD sessions", "PERMISSION_DENIED", "not you")
	wantSaidInstead(t, d.ask(assignmentType, thePhone()), "Unable to list QoS assignments", "PERMISSION_DENIED", "not you")
}
