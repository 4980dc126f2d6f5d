package camara_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func TestGrantedDuration(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v, switched(camara.Switches{GrantAtMost: 1800}))
			got := w.create(session()).wants(t, http.StatusCreated).object(t)
			if got["duration"] != 1800.0 {
				t.Errorf("got %v", got)
			}
			if _, warned := got["messages"]; warned != oneOf(v, camara.Version010, camara.HybridA) {
				t.Errorf("got messages %v", got["messages"])
			}
			w.clock.Advance(time.Second + 30*time.Minute)
			w.wantLive()
		})
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	const sent = `{"device":{"ipv6Address":"2001:DB8:0:0::1"},` +
		`"applicationServer":{"ipv4Address":"198.51.100.7/24","ipv6Address":"2001:0DB8::0001/128"}}`
	w := newWorld(t, camara.Version11)
	echoed := w.create(session(sent)).wants(t, http.StatusCreated)
	same(t, "echoed", map[string]any{"ipv6Address": "2001:DB8:0:0::1"}, echoed.object(t)["device"])
	w.sandbox.SetSwitches(camara.Switches{Normalize: true})
	got := w.get(echoed.text(t, "sessionId")).wants(t, http.StatusOK).object(t)
	same(t, "device", map[string]any{"ipv6Address": "2001:db8::1"}, got["device"])
	same(t, "server", map[string]any{"ipv4Address": "198.51.100.0/24", "ipv6Address": "2001:db8::1"}, got["applicationServer"])
}

func TestDeviceEcho(t *testing.T) {
	t.Parallel()
	both := map[string]any{"phoneNumber": phone, "networkAccessIdentifier": "device@example.com"}
	one := map[string]any{"phoneNumber": phone}
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			body := session(`{"device":{"phoneNumber":"` + phone + `","networkAccessIdentifier":"device@example.com"}}`)
			want := one
			if oneOf(v, camara.Version010, camara.HybridA) {
				want = both
			}
			a := w.create(body).wants(t, http.StatusCreated)
			same(t, "device", any(want), a.object(t)["device"])
			w.sandbox.SetSwitches(camara.Switches{OmitDevice: true})
			_, shown := w.get(a.text(t, "sessionId")).wants(t, http.StatusOK).object(t)["device"]
			if shown != oneOf(v, camara.Version010, camara.HybridA, camara.HybridB) {
				t.Errorf("device shown: %v", shown)
			}
		})
	}
}

func TestCorrelator(t *testing.T) {
	t.Parallel()
	long := make([]byte, 56)
	for i := range long {
		long[i] = 'a'
	}
	for version, refused := range map[camara.Version][]string{
		camara.Version011: {},
		camara.Version10:  {string(long), "a_b"},
		camara.Version11:  {"a b", "a,b"},
		camara.Version12:  {"a b", "a,b"},
	} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, version)
			for _, value := range refused {
				w.get(unknownID(), with("x-correlator", value)).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			}
			id := unknownID()
			if got := w.get(id, with("x-correlator", id)).wants(t, http.StatusNotFound).header.Get("x-correlator"); got != id {
				t.Errorf("got %q, want it echoed", got)
			}
			if got := w.create(session(), with("x-correlator", id)).wants(t, http.StatusCreated).header.Get("x-correlator"); got != id {
				t.Errorf("got %q, want it echoed", got)
			}
		})
	}
	for _, version := range []camara.Version{camara.Version010, camara.HybridA, camara.HybridB} {
		w := newWorld(t, version)
		if got := w.create(session(), with("x-correlator", "x")).header.Values("x-correlator"); got != nil {
			t.Errorf("%s: got %q, which the version does not have", version, got)
		}
	}
}

func TestBasePath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, func(o *camara.Options) { o.BasePath = "/operator/qod/v0" })
	if want := w.api.URL + "/operator/qod/v0"; w.url.QoD != want {
		t.Fatalf("got %s, want %s", w.url.QoD, want)
	}
	w.created(session())
	w.do(http.MethodPost, w.api.URL+"/quality-on-demand/v1/sessions", session()).refused(t, http.StatusNotFound, "NOT_FOUND")
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for _, want := range camara.Versions() {
		if got, err := camara.ParseVersion(string(want)); err != nil || got != want {
			t.Errorf("got %s, %v", got, err)
		}
	}
	if _, err := camara.ParseVersion("0.9"); err == nil {
		t.Error("0.9 is a version")
	}
}
