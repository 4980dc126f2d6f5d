package thingspace_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/probe"
)

// try invokes the test of the callback; progress comes as one text.
func (d *dialogue) try(more protocol.Object) (progress string, said protocol.Diagnostics) {
	config := protocol.Object{"account_name": acctest.Account}
	maps.Copy(config, more)
	messages, said := d.provider.Invoke(testType, config)
	return strings.Join(messages, "\n"), said
}

// listen registers another listener than the receiver.
func (d *dialogue) listen(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	d.ThingSpace.SetCallback(sandbox.Callback{AccountName: acctest.Account, ServiceName: "QoS", URL: server.URL + "/in?key=hidden-key", Username: acctest.CallbackUsername, Password: acctest.CallbackPassword})
	return server.URL
}

// The event arrives with the registered credentials, is kept, and changes nothing.
func TestCallbackTestArrives(t *testing.T) {
	t.Parallel()
	d := speak(t)
	d.Register()
	d.made(t, "5551111111")
	before := d.heard(t, receiver.Filter{})
	progress, said := d.try(nil)
	wantNothingSaid(t, said)
	wantWords(t, progress, "registered to "+d.CallbackURL(), "answered HTTP 200", "The receiver has the test event", "with accepted credentials")

	var kept []receiver.Event
	events, err := d.Journal(t).Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.QoSEvent == probe.EventName {
			kept = append(kept, e)
		}
	}
	if len(kept) != 1 || !kept[0].Authenticated || kept[0].AccountName != acctest.Account || !strings.HasPrefix(kept[0].RequestID, "callback-test-") {
		t.Errorf("the receiver has kept %+v", kept)
	}
	after := d.heard(t, receiver.Filter{IncludeUnauthenticated: true})
	if after == nil || after.Revision != before.Revision || len(after.Subscriptions) != 1 {
		t.Errorf("the journal has %+v, want the one request as it was", after)
	}
	if _, said := d.try(nil); len(said) > 0 {
		t.Errorf("it does not arrive twice: %v", said)
	}
}

func TestCallbackTestWithCredentials(t *testing.T) {
	t.Parallel()
	d := speak(t)
	for name, test := range map[string]struct {
		registered, sent string // passwords; empty for neither name nor password
		progress, fails  string
	}{
		"the registered ones are wrong": {registered: "wrong-password", fails: "HTTP 401: the callback's username or password is wrong. The receiver holds the event in quarantine"},
		"given ones are right":          {registered: "wrong-password", sent: acctest.CallbackPassword, progress: "with accepted credentials"},
		"given ones are wrong":          {registered: acctest.CallbackPassword, sent: "wrong-password", fails: "--callback-password"},
		"there are none":                {progress: "without credentials"},
	} {
		registered := sandbox.Callback{AccountName: acctest.Account, ServiceName: "QoS", URL: d.CallbackURL()}
		if test.registered != "" {
			registered.Username, registered.Password = acctest.CallbackUsername, test.registered
		}
		d.ThingSpace.SetCallback(registered)
		config := protocol.Object{}
		if test.sent != "" {
			config = protocol.Object{"username": acctest.CallbackUsername, "password": test.sent}
		}
		progress, said := d.try(config)
		if strings.Contains(progress+said.String(), "wrong-password") || strings.Contains(progress+said.String(), acctest.CallbackPassword) {
			t.Errorf("%s: the password is told: %s %s", name, progress, said)
		}
		if test.fails != "" {
			wantWords(t, said.Errors().String(), "Unable to test callback", test.fails)
			continue
		}
		wantNothingSaid(t, said)
		wantWords(t, progress, test.progress)
	}
}

// Each way not to arrive has its own explanation, and none tells a secret.
func TestCallbackTestDoesNotArrive(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   []string
	}{
		"another listener takes it": {
			func(http.ResponseWriter, *http.Request) {},
			[]string{"Timed out after 1s (timeouts.invoke)", "took the event, but it has not come to the receiver, whose public URL is", "another listener answers there"},
		},
		"a proxy wants credentials": {
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
			[]string{"answered HTTP 401. The receiver does not know of it", "a proxy in front"},
		},
		"not from here": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, []string{"HTTP 403", "--allow-source"}},
		"it redirects":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, []string{"HTTP 302", "register the URL that it redirects to"}},
		"nothing there": {http.NotFound, []string{"HTTP 404: 404 page not found. ThingSpace's own events are not taken there either"}},
		"it says it all": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.Copy(w, r.Body)
		}, []string{"HTTP 418", "(secret removed)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := speak(t)
			url := d.listen(t, test.answer)
			config := protocol.Object{}
			if strings.HasPrefix(test.want[0], "Timed out") {
				d.ask(callbackType, nil) // logs in, so that the time is for the test alone
				config["timeouts"] = protocol.Object{"invoke": "1s"}
			}
			progress, said := d.try(config)
			wantWords(t, said.Errors().String(), append(test.want, "Unable to test callback", url)...)
			for _, secret := range []string{acctest.CallbackPassword, "hidden-key"} {
				if strings.Contains(progress+said.String(), secret) {
					t.Errorf("%s is told: %s %s", secret, progress, said)
				}
			}
		})
	}
}

// Another listener is blamed only where the receiver says that it has no event.
func TestCallbackTestBlamesNobody(t *testing.T) {
	t.Parallel()
	blame := func(t *testing.T, said protocol.Diagnostics, wants ...string) {
		t.Helper()
		text := said.Errors().String()
		wantWords(t, text, append(wants, "took the event, but the receiver could not be asked for it")...)
		if strings.Contains(text, "another listener") {
			t.Error(text)
		}
	}
	t.Run("for an interrupt", func(t *testing.T) {
		t.Parallel()
		d := speak(t)
		d.listen(t, func(http.ResponseWriter, *http.Request) {})
		ctx, interrupt := context.WithCancel(t.Context())
		d.ReceiverGate.Interpose(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				interrupt()
				next.ServeHTTP(w, r)
			})
		})
		_, said := d.provider.InvokeIn(ctx, testType, protocol.Object{"account_name": acctest.Account})
		blame(t, said, "Interrupted")
	})
	t.Run("for a receiver that is away", func(t *testing.T) {
		t.Parallel()
		d := speak(t)
		d.listen(t, func(http.ResponseWriter, *http.Request) { d.ReceiverGate.Close() })
		d.ask(callbackType, nil) // logs in, so that the time is for the test alone
		_, said := d.try(protocol.Object{"timeouts": protocol.Object{"invoke": "1s"}})
		blame(t, said, "Timed out after 1s", "receiver unreachable")
	})
}

func TestCallbackTestRefusals(t *testing.T) {
	t.Parallel()
	d := speak(t)
	_, said := d.try(nil)
	wantWords(t, said.Errors().String(), "No QoS callback is registered on account "+acctest.Account, "thingspace_callback")
	_, said = d.try(protocol.Object{"name": "NiddService"})
	wantWords(t, said.Errors().String(), "No NiddService callback is registered")
	d.ThingSpace.SetCallback(sandbox.Callback{AccountName: acctest.Account, ServiceName: "QoS", URL: closedPort(t) + "/?key=hidden-key"})
	_, said = d.try(nil)
	wantWords(t, said.Errors().String(), "gives no answer to where Terraform runs", "refused")
	if strings.Contains(said.String(), "hidden-key") {
		t.Error(said)
	}
	for name, test := range map[string]struct {
		config protocol.Object
		want   string
	}{
		"no account name":       {protocol.Object{"account_name": "acme"}, "must be digits"},
		"name without password": {protocol.Object{"username": "x"}, `"password" must be specified`},
		"password without name": {protocol.Object{"password": "x"}, `"username" must be specified`},
		"an endless password":   {protocol.Object{"username": "x", "password": strings.Repeat("x", 41)}, "between 1 and 40"},
		"no time":               {protocol.Object{"timeouts": protocol.Object{"invoke": "-1s"}}, "timeouts.invoke must be"},
	} {
		if _, said := d.try(test.config); !strings.Contains(said.Errors().String(), test.want) {
			t.Errorf("%s: want %q in %s", name, test.want, said)
		}
	}
}
