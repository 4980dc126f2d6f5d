package camara_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

func names(t *testing.T, a answer) []string {
	t.Helper()
	var profiles []camara.Profile
	if err := json.Unmarshal([]byte(a.wants(t, http.StatusOK).body), &profiles); err != nil {
		t.Fatal(err)
	}
	found := make([]string, len(profiles))
	for i, p := range profiles {
		found[i] = p.Name
	}
	return found
}

func TestProfilesOf010(t *testing.T) {
	t.Parallel()
	for _, v := range versions(camara.Version010, camara.HybridA) {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			list := func(query string) answer {
				return w.do(http.MethodGet, w.url.QoD+"/qos-profiles"+query, "")
			}
			same(t, "all", []string{"QOS_E", "QOS_S", "QOS_M", "QOS_L", "QOS_PLANNED", "QOS_OLD"}, names(t, list("")))
			same(t, "by name", []string{"QOS_M"}, names(t, list("?name=QOS_M")))
			same(t, "by status", []string{"QOS_OLD"}, names(t, list("?status=DEPRECATED")))
			list("?name=QOS_X").refused(t, http.StatusNotFound, "NOT_FOUND")
		})
	}
}

func TestProfilesSince011(t *testing.T) {
	t.Parallel()
	for _, v := range versions(camara.Version011, camara.Version10, camara.Version11, camara.Version12, camara.HybridB) {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			list := func(body string, changes ...header) answer {
				return w.do(http.MethodPost, w.url.Profiles+"/retrieve-qos-profiles", body, changes...)
			}
			same(t, "all", []string{"QOS_E", "QOS_S", "QOS_M", "QOS_L", "QOS_PLANNED", "QOS_OLD"}, names(t, list(`{}`)))
			same(t, "by name and device", []string{"QOS_M"},
				names(t, list(`{"name":"QOS_M","device":{"phoneNumber":"`+phone+`"}}`)))
			same(t, "by status", []string{"QOS_OLD"}, names(t, list(`{"status":"DEPRECATED"}`)))
			same(t, "none", []string{}, names(t, list(`{"name":"QOS_X"}`)))
			list(`{"status":"NEW"}`).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			list(`{"name":""}`).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			list(``).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			if oneOf(v, camara.Version10, camara.Version11, camara.Version12) {
				list(`{"device":{"phoneNumber":"`+phone+`"}}`, as(w.threeLegged(phoneHint))).
					refused(t, http.StatusUnprocessableEntity, "UNNECESSARY_IDENTIFIER")
			}
		})
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			get := func(name string) answer { return w.do(http.MethodGet, w.url.Profiles+"/qos-profiles/"+name, "") }
			got := get("QOS_S").wants(t, http.StatusOK).object(t)
			same(t, "longest duration", any(map[string]any{"value": 1.0, "unit": "Hours"}), got["maxDuration"])
			get("QOS_X").refused(t, http.StatusNotFound, "NOT_FOUND")
			if a := get("a%20b"); a.status != http.StatusBadRequest {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
}

func TestOwnProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version11, func(o *camara.Options) {
		o.Profiles = []camara.Profile{
			{Name: "voice", Status: camara.ProfileActive, MaxDuration: &camara.Quantity{Value: 90_500, Unit: "Milliseconds"}},
			{Name: "endless", Status: camara.ProfileActive},
		}
	})
	w.create(session(`{"qosProfile":"voice","duration":91}`)).
		refused(t, http.StatusBadRequest, "QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE")
	w.remove(w.created(session(`{"qosProfile":"voice","duration":90}`)))
	id := w.available(session(`{"qosProfile":"endless","duration":1000000}`))
	if got := w.extend(id, "1000000").wants(t, http.StatusOK).object(t)["duration"]; got != 2000000.0 {
		t.Errorf("got %v", got)
	}
}
