package camara_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// The whole life of a session as each version writes it.
func TestSessionLife(t *testing.T) {
	t.Parallel()
	epoch := func(at time.Time) any { return float64(at.Unix()) }
	text := func(at time.Time) any { return at.Format("2006-01-02T15:04:05.000Z") }
	for version, test := range map[camara.Version]struct {
		time        func(time.Time) any
		timesAlways bool
		statusInfo  bool
	}{
		camara.Version010: {epoch, true, false},
		camara.Version011: {text, false, true},
		camara.Version10:  {text, false, true},
		camara.Version11:  {text, false, true},
		camara.Version12:  {text, false, true},
		camara.HybridA:    {text, true, true},
		camara.HybridB:    {text, false, true},
	} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, version)
			got := w.create(session(`{"devicePorts":{"ranges":[{"from":5010,"to":5020}],"ports":[5060]}}`)).
				wants(t, http.StatusCreated).object(t)
			id, _ := got["sessionId"].(string)
			want := map[string]any{
				"sessionId": id, "qosStatus": "REQUESTED", "duration": 3600.0, "qosProfile": "QOS_E",
				"device":            map[string]any{"phoneNumber": phone},
				"applicationServer": map[string]any{"ipv4Address": "198.51.100.0/24"},
				"devicePorts": map[string]any{
					"ranges": []any{map[string]any{"from": 5010.0, "to": 5020.0}}, "ports": []any{5060.0},
				},
			}
			if test.timesAlways {
				want["startedAt"], want["expiresAt"] = test.time(start), test.time(start.Add(time.Hour))
			}
			same(t, "requested", want, got)

			w.clock.Advance(time.Second)
			started := start.Add(time.Second)
			want["qosStatus"] = "AVAILABLE"
			want["startedAt"], want["expiresAt"] = test.time(started), test.time(started.Add(time.Hour))
			same(t, "available", want, w.get(id).wants(t, http.StatusOK).object(t))

			w.clock.Advance(10 * time.Minute)
			want["duration"], want["expiresAt"] = 3900.0, test.time(started.Add(3900*time.Second))
			same(t, "extended", want, w.extend(id, "300").wants(t, http.StatusOK).object(t))

			if err := w.sandbox.TerminateByNetwork(id); err != nil {
				t.Fatal(err)
			}
			want["qosStatus"], want["duration"] = "UNAVAILABLE", 600.0
			want["expiresAt"] = test.time(started.Add(10 * time.Minute))
			if test.statusInfo {
				want["statusInfo"] = "NETWORK_TERMINATED"
			}
			same(t, "terminated", want, w.get(id).wants(t, http.StatusOK).object(t))
			w.wantLive()

			if a := w.remove(id).wants(t, http.StatusNoContent); a.body != "" {
				t.Errorf("got %q with 204", a.body)
			}
			w.get(id).refused(t, http.StatusNotFound, "NOT_FOUND")
			w.remove(id).refused(t, http.StatusNotFound, "NOT_FOUND")
		})
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAvailableAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, func(o *camara.Options) { o.AvailableDelay = -1 })
	if got := w.create(session()).wants(t, http.StatusCreated).text(t, "qosStatus"); got != "AVAILABLE" {
		t.Errorf("got %s", got)
	}
}

func TestDefaultDuration(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			a := w.create(session(`{"duration":null}`))
			if oneOf(v, camara.Version010, camara.HybridA) {
				if got := a.wants(t, http.StatusCreated).object(t)["duration"]; got != 86400.0 {
					t.Errorf("got %v", got)
				}
				return
			}
			a.refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
		})
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			id := w.available(session(`{"duration":60}`))
			w.clock.Advance(59 * time.Second)
			w.get(id).wants(t, http.StatusOK)
			w.wantLive(camara.StatusAvailable)
			w.clock.Advance(time.Second)
			w.get(id).refused(t, http.StatusNotFound, "NOT_FOUND")
			w.wantLive()
			w.created(session())
		})
	}
}

func TestExpiryThatIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, switched(camara.Switches{KeepExpired: true}))
	id := w.available(session(`{"duration":60}`))
	w.clock.Advance(time.Minute)
	got := w.get(id).wants(t, http.StatusOK).object(t)
	if got["qosStatus"] != "UNAVAILABLE" || got["statusInfo"] != "DURATION_EXPIRED" || got["duration"] != 60.0 {
		t.Errorf("got %v", got)
	}
	w.clock.Advance(360 * time.Second)
	w.get(id).refused(t, http.StatusNotFound, "NOT_FOUND")
}

// A session that the network never provides is given up in the end.
func TestRequestedForever(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			w.sandbox.Inject(camara.Fault{Kind: camara.FaultStayRequested, Times: 1})
			id := w.created(session())
			w.clock.Advance(59 * time.Minute)
			if got := w.get(id).wants(t, http.StatusOK).text(t, "qosStatus"); got != "REQUESTED" {
				t.Fatalf("got %s", got)
			}
			w.clock.Advance(24 * time.Hour)
			w.get(id).refused(t, http.StatusNotFound, "NOT_FOUND")
		})
	}
}

func TestMakeAvailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	w.sandbox.Inject(camara.Fault{Kind: camara.FaultStayRequested, Times: 1})
	id := w.created(session())
	w.clock.Advance(time.Hour)
	if err := w.sandbox.MakeAvailable(id); err != nil {
		t.Fatal(err)
	}
	got := w.get(id).wants(t, http.StatusOK).object(t)
	if got["qosStatus"] != "AVAILABLE" || got["startedAt"] != "2026-03-01T13:00:00.000Z" {
		t.Errorf("got %v", got)
	}
	if err := w.sandbox.MakeAvailable(id); err == nil {
		t.Error("an AVAILABLE session was made available")
	}
}

// "Before a client can attempt to create a new QoD session for the same device
// and flow period they must release the session resources with an explicit
// delete operation if not yet automatically deleted."
func TestTheNetworkTerminatedLinger(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			first := w.available(session())
			if err := w.sandbox.TerminateByNetwork(first); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(359 * time.Second)
			w.create(session()).refused(t, http.StatusConflict, "CONFLICT")
			w.get(first).wants(t, http.StatusOK)
			w.clock.Advance(time.Second)
			w.get(first).refused(t, http.StatusNotFound, "NOT_FOUND")

			second := w.available(session())
			if err := w.sandbox.TerminateByNetwork(second); err != nil {
				t.Fatal(err)
			}
			w.create(session()).refused(t, http.StatusConflict, "CONFLICT")
			w.remove(second).wants(t, http.StatusNoContent)
			w.created(session())
			if err := w.sandbox.TerminateByNetwork(second); err == nil {
				t.Error("a session ended twice")
			}
		})
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	const first = `{"applicationServer":{"ipv4Address":"198.51.100.0/24","ipv6Address":"2001:db8:1::/48"},` +
		`"devicePorts":{"ranges":[{"from":5000,"to":5010}]},"applicationServerPorts":{"ports":[443,8443]}}`
	for name, test := range map[string]struct {
		second string
		status int
	}{
		"the same":               {first, http.StatusConflict},
		"another device":         {`{"device":{"phoneNumber":"+34666000002"}}`, http.StatusCreated},
		"another network":        {`{"applicationServer":{"ipv4Address":"198.51.101.0/24"}}`, http.StatusCreated},
		"an address within":      {`{"applicationServer":{"ipv4Address":"198.51.100.7"}}`, http.StatusConflict},
		"a network around":       {`{"applicationServer":{"ipv4Address":"198.51.0.0/16"}}`, http.StatusConflict},
		"the other family":       {`{"applicationServer":{"ipv6Address":"2001:db8:1::1"}}`, http.StatusConflict},
		"other device ports":     {`{"devicePorts":{"ranges":[{"from":5011,"to":5020}]}}`, http.StatusCreated},
		"a common device port":   {`{"devicePorts":{"ranges":[{"from":5010,"to":5020}]}}`, http.StatusConflict},
		"other server ports":     {`{"applicationServerPorts":{"ports":[444]}}`, http.StatusCreated},
		"a range with a port":    {`{"applicationServerPorts":{"ranges":[{"from":8000,"to":9000}]}}`, http.StatusConflict},
		"no ports mean all":      {`{"devicePorts":null,"applicationServerPorts":null}`, http.StatusConflict},
		"the same device, again": {`{"device":{"phoneNumber":"` + phone + `","ipv6Address":"2001:db8::1"}}`, http.StatusConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, camara.Version11)
			w.created(session(first))
			w.create(session(first, test.second)).wants(t, test.status)
		})
	}
}

func TestOneSessionPerDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, switched(camara.Switches{OneSessionPerDevice: true}))
	w.created(session())
	w.create(session(`{"applicationServer":{"ipv4Address":"203.0.113.1"}}`)).refused(t, http.StatusConflict, "CONFLICT")
}

func TestExtendIsCapped(t *testing.T) {
	t.Parallel()
	for version, test := range map[camara.Version]struct{ asked, want float64 }{
		// What remains may be a day, however long the session has been.
		camara.Version010: {20000, 96400}, camara.HybridA: {20000, 96400},
		// The session may be a day in all, as its profile says.
		camara.Version011: {20000, 86400}, camara.Version10: {20000, 86400}, camara.Version11: {20000, 86400},
		camara.Version12: {20000, 86400}, camara.HybridB: {20000, 86400},
	} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, version)
			id := w.available(session(`{"duration":80000}`))
			w.clock.Advance(10000 * time.Second)
			asked := strconv.FormatFloat(test.asked, 'f', -1, 64)
			for range 2 {
				if got := w.extend(id, asked).wants(t, http.StatusOK).object(t)["duration"]; got != test.want {
					t.Fatalf("got %v, want %v", got, test.want)
				}
			}
			w.sandbox.SetSwitches(camara.Switches{RefuseExtendAtMax: true})
			w.extend(id, asked).refused(t, http.StatusBadRequest, "OUT_OF_RANGE")
		})
	}
}

func TestExtendNeedsAvailable(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			id := w.created(session())
			refused := func() {
				t.Helper()
				if oneOf(v, camara.Version010, camara.HybridA) {
					w.extend(id, "60").refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
					return
				}
				w.extend(id, "60").refused(t, http.StatusConflict, "QUALITY_ON_DEMAND.SESSION_EXTENSION_NOT_ALLOWED")
			}
			refused()
			w.clock.Advance(time.Second)
			w.extend(id, "60").wants(t, http.StatusOK)
			if err := w.sandbox.TerminateByNetwork(id); err != nil {
				t.Fatal(err)
			}
			refused()
			w.extend(unknownID(), "60").refused(t, http.StatusNotFound, "NOT_FOUND")
		})
	}
}

// An extended session expires when its answer said, and not when it would have.
func TestExtendedExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11)
	id := w.available(session(`{"duration":60}`))
	w.extend(id, "60").wants(t, http.StatusOK)
	w.advance(119 * time.Second)
	w.get(id).wants(t, http.StatusOK)
	w.advance(time.Second)
	w.get(id).refused(t, http.StatusNotFound, "NOT_FOUND")
}

func TestRetrieveSessions(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			const device = `{"device":{"phoneNumber":"` + phone + `"}}`
			if v == camara.Version010 {
				w.retrieve(device).refused(t, http.StatusNotFound, "NOT_FOUND")
				return
			}
			if v == camara.HybridA {
				w.retrieve(device).refused(t, http.StatusNotFound, "NOT_FOUND")
			} else if got := w.retrieve(device).wants(t, http.StatusOK).body; got != "[]" {
				t.Fatalf("got %s", got)
			}
			one := w.created(session())
			two := w.created(session(`{"applicationServer":{"ipv4Address":"203.0.113.1"}}`))
			w.created(session(`{"device":{"phoneNumber":"+34666000002"}}`))
			if v != camara.HybridA {
				w.created(session(`{"applicationServer":{"ipv4Address":"203.0.113.2"}}`), as(w.token("another", "")))
			}
			var got []struct{ SessionID string }
			if err := json.Unmarshal([]byte(w.retrieve(device).wants(t, http.StatusOK).body), &got); err != nil {
				t.Fatal(err)
			}
			same(t, "sessions", []struct{ SessionID string }{{one}, {two}}, got)
		})
	}
}

func TestOwnership(t *testing.T) {
	t.Parallel()
	for _, v := range withTokens() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			code := "PERMISSION_DENIED"
			if v == camara.HybridB {
				code = "FORBIDDEN"
			}
			id := w.available(session())
			for name, token := range map[string]string{
				"another client": w.token("another", ""), "another device": w.threeLegged("tel:+34666000002"),
			} {
				for _, a := range []answer{w.get(id, as(token)), w.extend(id, "60", as(token)), w.remove(id, as(token))} {
					a.refused(t, http.StatusForbidden, code)
				}
				w.sandbox.SetSwitches(camara.Switches{HideForeign: true})
				w.get(id, as(token)).refused(t, http.StatusNotFound, "NOT_FOUND")
				w.sandbox.SetSwitches(camara.Switches{})
				if t.Failed() {
					t.Log(name)
				}
			}
			w.get(id, as(w.threeLegged(phoneHint))).wants(t, http.StatusOK)
			w.wantLive(camara.StatusAvailable)
		})
	}
}
