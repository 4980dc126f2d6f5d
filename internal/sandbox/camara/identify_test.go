package camara_test

import (
	"net/http"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func TestMissingDevice(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			a := w.create(session(`{"device":null}`))
			switch v {
			case camara.Version010, camara.HybridA, camara.HybridB:
				a.refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			case camara.Version011:
				a.refused(t, http.StatusUnprocessableEntity, "UNIDENTIFIABLE_DEVICE")
			case camara.Version10, camara.Version11, camara.Version12:
				a.refused(t, http.StatusUnprocessableEntity, "MISSING_IDENTIFIER")
				w.retrieve(`{}`).refused(t, http.StatusUnprocessableEntity, "MISSING_IDENTIFIER")
			}
		})
	}
}

// A three-legged token names the device, and each version has its own idea of a
// request that names one, too.
func TestThreeLegged(t *testing.T) {
	t.Parallel()
	for _, v := range withTokens() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			token := w.threeLegged(phoneHint)
			another := session(`{"device":{"phoneNumber":"+34666000002"}}`)
			switch v {
			case camara.Version010, camara.HybridB:
				w.create(session(`{"device":null}`), as(token)).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
				code := map[camara.Version]string{camara.Version010: "PERMISSION_DENIED", camara.HybridB: "FORBIDDEN"}[v]
				w.create(another, as(token)).refused(t, http.StatusForbidden, code)
				w.created(session(), as(token))
				return
			case camara.Version011:
				w.create(another, as(token)).refused(t, http.StatusForbidden, "INVALID_TOKEN_CONTEXT")
				w.remove(w.created(session(), as(token)))
			case camara.Version10, camara.Version11, camara.Version12:
				w.create(session(), as(token)).refused(t, http.StatusUnprocessableEntity, "UNNECESSARY_IDENTIFIER")
				w.retrieve(`{"device":{"phoneNumber":"`+phone+`"}}`, as(token)).
					refused(t, http.StatusUnprocessableEntity, "UNNECESSARY_IDENTIFIER")
			case camara.HybridA:
			}
			got := w.create(session(`{"device":null}`), as(token)).wants(t, http.StatusCreated)
			if device, shown := got.object(t)["device"]; shown {
				t.Errorf("got device %v", device)
			}
			// The same device, by its number and by its token.
			w.create(session()).refused(t, http.StatusConflict, "CONFLICT")
			if live := w.sandbox.Live(); len(live) != 1 || live[0].Device.PhoneNumber != phone {
				t.Errorf("got %+v", live)
			}
			id := got.text(t, "sessionId")
			if list := w.retrieve(`{}`, as(token)).wants(t, http.StatusOK).body; list == "[]" {
				t.Error("the session is not listed")
			}
			if list := w.retrieve(`{}`, as(w.threeLegged("tel:+34666000002"))).wants(t, http.StatusOK).body; list != "[]" {
				t.Errorf("got %s for another device", list)
			}
			w.remove(id, as(token)).wants(t, http.StatusNoContent)
		})
	}
}

func TestKnownDevices(t *testing.T) {
	t.Parallel()
	port := int64(40000)
	devices := []camara.Device{
		{PhoneNumber: phone, IPv6Address: "2001:db8:0:1::5", IPv4Address: &camara.IPv4Address{PublicAddress: "192.0.2.1", PublicPort: &port}},
		{PhoneNumber: "+34666000002", IPv6Address: "2001:db8:0:2::5"},
	}
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v, func(o *camara.Options) { o.Devices = devices })
			unknown := w.create(session(`{"device":{"phoneNumber":"+34666000009"}}`))
			mismatch := w.create(session(`{"device":{"phoneNumber":"` + phone + `","ipv6Address":"2001:db8:0:2::5"}}`))
			switch v {
			case camara.Version010, camara.HybridA:
				unknown.refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
				mismatch.refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			case camara.Version011:
				unknown.refused(t, http.StatusNotFound, "DEVICE_NOT_FOUND")
				mismatch.refused(t, http.StatusUnprocessableEntity, "DEVICE_IDENTIFIERS_MISMATCH")
			case camara.Version10:
				unknown.refused(t, http.StatusNotFound, "IDENTIFIER_NOT_FOUND")
				mismatch.refused(t, http.StatusUnprocessableEntity, "IDENTIFIER_MISMATCH")
			case camara.Version11, camara.Version12, camara.HybridB:
				if v == camara.HybridB {
					unknown.refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
				} else {
					unknown.refused(t, http.StatusNotFound, "IDENTIFIER_NOT_FOUND")
				}
				same(t, "picked", any(map[string]any{"phoneNumber": phone}), mismatch.wants(t, http.StatusCreated).object(t)["device"])
				w.remove(mismatch.text(t, "sessionId"))
			}
			// One device, whatever it is called by; any address of its /64 is its own.
			w.created(session())
			w.create(session(`{"device":{"ipv6Address":"2001:db8:0:1::77"}}`)).refused(t, http.StatusConflict, "CONFLICT")
			w.create(session(`{"device":{"ipv4Address":{"publicAddress":"192.0.2.1","publicPort":40000}}}`)).
				refused(t, http.StatusConflict, "CONFLICT")
			// Another port of the same public address is another device.
			if a := w.create(session(`{"device":{"ipv4Address":{"publicAddress":"192.0.2.1","publicPort":40001}}}`)); a.status/100 != 4 || a.status == http.StatusConflict {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if v == camara.HybridA || v == camara.Version010 || v == camara.HybridB {
				return
			}
			w.create(session(`{"device":null}`), as(w.threeLegged("ipport:[2001:db8:0:1::9]:443"))).
				refused(t, http.StatusConflict, "CONFLICT")
		})
	}
}

func TestUnauthenticated(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			code := "UNAUTHENTICATED"
			if v == camara.HybridB {
				code = "UNAUTHORIZED"
			}
			for _, change := range []header{
				func(h http.Header) { h.Del("Authorization"); h.Del(camara.DefaultAPIKeyHeader) },
				func(h http.Header) { h.Set("Authorization", "Bearer x"); h.Set(camara.DefaultAPIKeyHeader, "x") },
				func(h http.Header) { h.Set("Authorization", "Basic all"); h.Del(camara.DefaultAPIKeyHeader) },
			} {
				w.create(session(), change).refused(t, http.StatusUnauthorized, code)
				w.get(unknownID(), change).refused(t, http.StatusUnauthorized, code)
			}
			w.wantLive()
		})
	}
}
