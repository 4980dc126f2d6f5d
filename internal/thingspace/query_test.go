package thingspace_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// ask lists what a type has on the account, with the resources.
func (d *dialogue) ask(typeName string, more protocol.Object) []protocol.Listed {
	config := protocol.Object{"account_name": acctest.Account}
	maps.Copy(config, more)
	return slices.Collect(d.provider.List(typeName, protocol.Query{Config: config, Limit: 100, IncludeResource: true}))
}

// names are the display names of results that are all right, by what the identity
// has beside the account.
func names(t *testing.T, key string, listed []protocol.Listed) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, l := range listed {
		wantNothingSaid(t, l.Diagnostics)
		if l.Identity["account_name"] != acctest.Account {
			t.Errorf("the identity is %v", l.Identity)
		}
		found[fmt.Sprint(l.Identity[key])] = l.DisplayName
	}
	return found
}

// wantImported imports what was listed, which must be as listed.
func (d *dialogue) wantImported(t *testing.T, typeName string, l protocol.Listed) *protocol.Instance {
	t.Helper()
	imported, said := d.provider.ImportByIdentity(typeName, l.Identity)
	wantNothingSaid(t, said)
	if diff := cmp.Diff(l.Resource, imported.State()); diff != "" {
		t.Errorf("listed (-) and imported (+):\n%s", diff)
	}
	if diff := cmp.Diff(l.Identity, imported.Identity()); diff != "" {
		t.Errorf("identity listed (-) and imported (+):\n%s", diff)
	}
	return imported
}

func flowOf(server string) receiver.Flow {
	return receiver.Flow{FlowServer: server, FlowDevice: "198.51.100.7:5000", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium"}
}

// What the journal knows whole is listed as an import has it, and the
// configuration made of that is what there is.
func TestQueriedSubscriptionIsWhole(t *testing.T) {
	t.Parallel()
	d := speak(t)
	policies := receiver.Policies{WaitFor: "on", OnTimeout: "keep", TimeoutCreate: "20m"}
	d.journalled(t, "whole", policies,
		receiver.Device{ID: "5551234567", Kind: "MDN", Flows: []receiver.Flow{flowOf("203.0.113.5:443"), flowOf("203.0.113.6")}},
		receiver.Device{ID: "5557654321", Kind: "MDN", IPv6Address: "2001:db8::7", Flows: []receiver.Flow{flowOf("203.0.113.5:443")}},
		receiver.Device{ID: "5559999999", Kind: "MDN", Flows: []receiver.Flow{flowOf("203.0.113.5:443")}})
	d.journalled(t, "plain", receiver.Policies{}, receiver.Device{ID: "5550000000", Kind: "MDN", Flows: []receiver.Flow{flowOf("203.0.113.5:443")}})
	listed := d.ask(subscriptionType, nil)
	want := map[string]string{"whole": "MDN 5551234567, MDN 5557654321 and 1 more, ON, in a Terraform state", "plain": "MDN 5550000000, ON, in a Terraform state"}
	if diff := cmp.Diff(want, names(t, "request_id", listed)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for _, l := range listed {
		imported := d.wantImported(t, subscriptionType, l)
		config := imported.GeneratedConfig()
		wantNothingSaid(t, d.provider.Validate(subscriptionType, config))
		if plan := imported.Plan(config); len(plan.Diagnostics)+len(plan.Changes)+len(plan.Replaces) > 0 {
			t.Errorf("the plan of %v: %+v", config, plan)
		}
	}
}

// The flows of what a script made are to be filled in, and the first apply takes
// them over in place. A query claims nothing; an import does.
func TestQueriedScriptIsToBeFilledIn(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	made := d.made(t, "5551234567")[0]
	listed := d.ask(subscriptionType, protocol.Object{"unclaimed": true})
	if diff := cmp.Diff(map[string]string{made.RequestID: "MDN 5551234567, ON, unclaimed"}, names(t, "request_id", listed)); diff != "" {
		t.Fatalf("names (-want +got):\n%s", diff)
	}
	before := d.heard(t, receiver.Filter{RequestID: made.RequestID})
	if !before.Unclaimed || before.Claim != "" {
		t.Errorf("the query has claimed it: %+v", before)
	}

	imported := d.wantImported(t, subscriptionType, listed[0])
	if listed := d.ask(subscriptionType, protocol.Object{"unclaimed": true}); len(listed) > 0 {
		t.Errorf("what was imported is listed as unclaimed: %v", listed)
	}
	config := imported.GeneratedConfig()
	flow := protocol.Object{"flow_server": "203.0.113.5:443", "flow_device": "198.51.100.7:5000", "flow_direction": "UPLINK", "flow_protocol": "UDP", "qci_option": "Premium"}
	device := protocol.Object{"device_id": protocol.Object{"id": "5551234567", "kind": "MDN"}, "device_ipv6_addr": nil, "flow_info": nil}
	if diff := cmp.Diff([]any{device}, config["device_info"]); diff != "" {
		t.Errorf("generated device_info (-want +got):\n%s", diff)
	}
	device["flow_info"] = []any{flow}
	config["device_info"] = []any{device}
	wantNothingSaid(t, d.provider.Validate(subscriptionType, config))
	if plan := imported.Plan(config); len(plan.Diagnostics)+len(plan.Replaces) > 0 || !slices.Equal(plan.Changes, []string{"device_info"}) {
		t.Errorf("the plan: %+v", plan)
	}
}

// Where no callback names the device, it is to be filled in as well, and taken over
// as the flows are.
func TestQueriedScriptWithoutDevicesIsToBeFilledIn(t *testing.T) {
	t.Parallel()
	d := speak(t)
	on := receiver.Event{RequestID: "left", AccountName: acctest.Account, QoSSubscriptionID: "left-subscription", QoSEvent: "QoSChangeOn", ReceivedAt: time.Now(), Authenticated: true}
	if err := d.Store.Record(t.Context(), []receiver.Event{on}); err != nil {
		t.Fatal(err)
	}
	listed := d.ask(subscriptionType, nil)
	if diff := cmp.Diff(map[string]string{"left": "request left, ON, unclaimed"}, names(t, "request_id", listed)); diff != "" {
		t.Fatalf("names (-want +got):\n%s", diff)
	}
	imported := d.wantImported(t, subscriptionType, listed[0])
	config := imported.GeneratedConfig()
	wantWords(t, d.provider.Validate(subscriptionType, config).Errors().String(), "device_info", "at least 1")
	flow := protocol.Object{"flow_server": "203.0.113.5:443", "flow_device": "198.51.100.7:5000", "flow_direction": "UPLINK", "flow_protocol": "UDP", "qci_option": "Premium"}
	config["device_info"] = []any{protocol.Object{"device_id": protocol.Object{"id": "5551234567", "kind": "MDN"}, "device_ipv6_addr": nil, "flow_info": []any{flow}}}
	wantNothingSaid(t, d.provider.Validate(subscriptionType, config))
	if plan := imported.Plan(config); len(plan.Diagnostics)+len(plan.Replaces) > 0 || !slices.Equal(plan.Changes, []string{"device_info"}) {
		t.Errorf("the plan: %+v", plan)
	}
}

// What anybody may have made up is listed for an intent whose answer was lost, and
// said to be such.
func TestQueryDoubtsRumours(t *testing.T) {
	t.Parallel()
	d := speak(t)
	device := receiver.Device{ID: "5551111111", Kind: "MDN", Flows: []receiver.Flow{flowOf("203.0.113.5:443")}}
	journal := d.Journal(t)
	intent, err := journal.CreateRequest(t.Context(), receiver.NewRequest{AccountName: acctest.Account, Devices: []receiver.Device{device}, Claim: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []receiver.Change{{Kind: receiver.ChangeSent, Claim: "dead"}, {Kind: receiver.ChangeUnknown, Claim: "dead"}} {
		if _, err := journal.ChangeRequest(t.Context(), intent.ID, change); err != nil {
			t.Fatal(err)
		}
	}
	rumour := receiver.Event{RequestID: "rumour", AccountName: acctest.Account, QoSSubscriptionID: "made-up", QoSEvent: "QoSChangeOn", DeviceIDs: []receiver.Device{{ID: device.ID, Kind: "MDN"}}}
	if err := d.Store.Record(t.Context(), []receiver.Event{rumour}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"rumour": "MDN 5551111111, ON, not vouched for, unclaimed"}
	if diff := cmp.Diff(want, names(t, "request_id", d.ask(subscriptionType, nil))); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestQueryOfSubscriptionsSelects(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	d.made(t, "5551111111")
	d.held(t, "5552222222")
	half := d.held(t, "5553333333", "5554444444")[0]
	over := d.made(t, "5555555555")[0]
	for _, s := range []sandbox.Subscription{half, over} {
		if err := d.ThingSpace.Terminate(s.ID); err != nil {
			t.Fatal(err)
		}
		acctest.Eventually(t, "the receiver has heard of an end", func() bool {
			return d.heard(t, receiver.Filter{RequestID: s.RequestID}).Status == receiver.StatusTerminated
		})
	}
	_, err := d.Journal(t).CreateRequest(t.Context(), receiver.NewRequest{AccountName: acctest.Account, Claim: "open", Devices: []receiver.Device{{ID: "5556666666", Kind: "MDN", Flows: []receiver.Flow{flowOf("203.0.113.5")}}}})
	if err != nil {
		t.Fatal(err)
	}
	const whole, part = "MDN 5552222222, ON, in a Terraform state", "MDN 5553333333, MDN 5554444444, TERMINATED, part has ended, in a Terraform state"
	for name, test := range map[string]struct {
		config protocol.Object
		want   []string
	}{
		"all that is live": {nil, []string{"MDN 5551111111, ON, unclaimed", whole, part}},
		"on":               {protocol.Object{"status": []string{"ON", "ACKNOWLEDGED"}}, []string{"MDN 5551111111, ON, unclaimed", whole}},
		"ended in part":    {protocol.Object{"status": []string{"TERMINATED"}}, []string{part}},
		"of a device":      {protocol.Object{"device_id": "5554444444"}, []string{part}},
		"unclaimed":        {protocol.Object{"unclaimed": true}, []string{"MDN 5551111111, ON, unclaimed"}},
		"not unclaimed":    {protocol.Object{"unclaimed": false, "device_id": "5551111111"}, []string{"MDN 5551111111, ON, unclaimed"}},
		"another account":  {protocol.Object{"account_name": "0000999999-00001"}, nil},
	} {
		got := slices.Sorted(maps.Values(names(t, "request_id", d.ask(subscriptionType, test.config))))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// hearOf lets the receiver hear of so many requests that are on.
func (d *dialogue) hearOf(t *testing.T, requests int) {
	t.Helper()
	events := make([]receiver.Event, requests)
	for i := range events {
		events[i] = receiver.Event{
			RequestID: fmt.Sprintf("request-%04d", i), AccountName: acctest.Account, QoSSubscriptionID: fmt.Sprintf("subscription-%04d", i), QoSEvent: "QoSChangeOn",
			DeviceIDs: []receiver.Device{{ID: fmt.Sprintf("555000%04d", i), Kind: "MDN"}}, ReceivedAt: time.Now(), Authenticated: true,
		}
	}
	if err := d.Store.Record(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

// Pages are asked for when their results are wanted, and no sooner.
func TestQueryPagesThroughTheReceiver(t *testing.T) {
	t.Parallel()
	const requests = 1000
	d := speak(t)
	d.hearOf(t, requests)
	// A slow machine may have a page asked for again, which is the same page.
	var pages sync.Map
	d.ReceiverGate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pages.Store(r.URL.RawQuery, nil)
			next.ServeHTTP(w, r)
		})
	})
	for _, test := range []struct {
		limit int64
		taken int // by an engine that stops then; 0: what there is
		want  int
		pages int
	}{
		{limit: 0, want: requests, pages: 10},
		{limit: 5000, want: requests, pages: 10},
		{limit: 250, want: 250, pages: 3},
		{limit: 200, want: 200, pages: 2},
		{limit: 100, want: 100, pages: 1},
		{limit: 7, want: 7, pages: 1},
		{limit: 1000, taken: 150, want: 150, pages: 2},
	} {
		pages.Clear()
		found := map[any]bool{}
		for l := range d.provider.List(subscriptionType, protocol.Query{Config: protocol.Object{"account_name": acctest.Account}, Limit: test.limit}) {
			wantNothingSaid(t, l.Diagnostics)
			if l.Resource != nil {
				t.Fatal("a resource that was not asked for")
			}
			found[l.Identity["request_id"]] = true
			if len(found) == test.taken {
				break
			}
		}
		asked := 0
		pages.Range(func(any, any) bool { asked++; return true })
		if len(found) != test.want || asked != test.pages {
			t.Errorf("limit %d: %d results of %d pages, want %d of %d", test.limit, len(found), asked, test.want, test.pages)
		}
	}
}

// What fails on a later page is said after the results of those before.
func TestQueryTellsOfAFailedPage(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.hearOf(t, 150)
	d.ReceiverGate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("cursor") != "" {
				http.Error(w, "the second page is lost", http.StatusInternalServerError)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	listed := slices.Collect(d.provider.List(subscriptionType, protocol.Query{Config: protocol.Object{"account_name": acctest.Account}}))
	if len(listed) != 101 {
		t.Fatalf("%d results, want a page and the error", len(listed))
	}
	wantWords(t, listed[100].Diagnostics.Errors().String(), "Unable to list QoS subscriptions", "the second page is lost")
}

// wantPasswordGap wants what is listed to ask for the password, and to be right
// once it is filled in. It takes the gap out again.
func (d *dialogue) wantPasswordGap(t *testing.T, l protocol.Listed) {
	t.Helper()
	wantWords(t, d.provider.Validate(callbackType, l.Resource).Errors().String(), "password_wo")
	filled := maps.Clone(l.Resource)
	filled["id"], filled["password_wo"] = nil, acctest.CallbackPassword
	wantNothingSaid(t, d.provider.Validate(callbackType, filled))
	imported, said := d.provider.ImportByIdentity(callbackType, l.Identity)
	wantNothingSaid(t, said)
	if plan := imported.Plan(filled); len(plan.Diagnostics)+len(plan.Replaces) > 0 || !slices.Equal(plan.Changes, []string{"password_wo_version"}) {
		t.Errorf("the plan with a password: %+v", plan)
	}
	l.Resource["password_wo_version"] = nil
}

// The name in the state is ThingSpace's, whatever the case of the one imported.
func TestImportOfACallbackInAnotherCase(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	imported, said := d.provider.ImportByIdentity(callbackType, protocol.Object{"account_name": acctest.Account, "name": "qos"})
	wantNothingSaid(t, said)
	want := protocol.Object{"account_name": acctest.Account, "name": "QoS"}
	if diff := cmp.Diff(want, imported.Identity()); diff != "" || imported.State()["name"] != "QoS" {
		t.Errorf("the state is %v, the identity (-want +got):\n%s", imported.State(), diff)
	}
}

func TestQueryOfCallbacks(t *testing.T) {
	t.Parallel()
	d := speak(t)
	if listed := d.ask(callbackType, nil); len(listed) != 0 {
		t.Errorf("there is none, but %v", listed)
	}
	d.Register()
	d.ThingSpace.SetCallback(sandbox.Callback{AccountName: acctest.Account, ServiceName: "NiddService", URL: "https://nidd.example.com/in?key=hidden-key"})
	listed := d.ask(callbackType, nil)
	want := map[string]string{"QoS": "QoS to " + d.CallbackURL(), "NiddService": "NiddService to https://nidd.example.com/in?…"}
	if diff := cmp.Diff(want, names(t, "name", listed)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for _, l := range listed {
		if l.Resource["username"] != nil {
			d.wantPasswordGap(t, l)
		}
		imported := d.wantImported(t, callbackType, l)
		config := imported.GeneratedConfig()
		if errs := d.provider.Validate(callbackType, config).Errors(); len(errs) > 0 {
			t.Error(errs)
		}
		if plan := imported.Plan(config); len(plan.Diagnostics)+len(plan.Changes)+len(plan.Replaces) > 0 {
			t.Errorf("the plan of %v: %+v", config, plan)
		}
		if strings.Contains(fmt.Sprint(l, config), acctest.CallbackPassword) {
			t.Error("the password is listed")
		}
	}
	limited := slices.Collect(d.provider.List(callbackType, protocol.Query{Config: protocol.Object{"account_name": acctest.Account}, Limit: 1}))
	if len(limited) != 1 || limited[0].Resource != nil {
		t.Errorf("want one identity alone, got %v", limited)
	}
}

func TestQueryFailures(t *testing.T) {
	t.Parallel()
	d := speak(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	without := func(change protocol.Object) *dialogue {
		block := blockOf(d.World)
		maps.Copy(block, change)
		return &dialogue{World: d.World, provider: spoken(t).Configure(block)}
	}
	for name, test := range map[string]struct {
		of       *dialogue
		typeName string
		config   protocol.Object
		want     []string
	}{
		"no receiver":          {without(protocol.Object{"receiver_url": nil, "receiver_token": nil}), subscriptionType, nil, []string{"Unable to list QoS subscriptions", "no receiver_url"}},
		"not the receiver":     {without(protocol.Object{"receiver_url": refusing.URL}), subscriptionType, nil, []string{"Unable to list QoS subscriptions", "403"}},
		"not ThingSpace":       {without(protocol.Object{"base_url": refusing.URL}), callbackType, nil, []string{"Unable to list callbacks", "403"}},
		"no status":            {d, subscriptionType, protocol.Object{"status": []string{"on"}}, []string{"status", `"ON"`}},
		"no statuses":          {d, subscriptionType, protocol.Object{"status": []string{}}, []string{"status", "at least 1"}},
		"no account name":      {d, subscriptionType, protocol.Object{"account_name": "acme"}, []string{"must be digits"}},
		"no callbacks' either": {d, callbackType, protocol.Object{"account_name": "acme"}, []string{"must be digits"}},
	} {
		listed := test.of.ask(test.typeName, test.config)
		if len(listed) != 1 {
			t.Errorf("%s: %d results, want an error alone", name, len(listed))
			continue
		}
		wantWords(t, listed[0].Diagnostics.Errors().String(), test.want...)
	}
}
