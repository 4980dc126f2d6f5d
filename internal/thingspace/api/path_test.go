package api

import (
	"net/http"
	"strings"
	"testing"
)

const (
	singularPath = "/api/m2m/v1/device/actions/enhanceQoS"
	pluralPath   = "/api/m2m/v1/devices/actions/enhanceQoS"
)

// onlyAt accepts requests at path and gives all others unknown.
func onlyAt(path string, unknown http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			reply(w, http.StatusCreated, accepted)
			return
		}
		unknown(w, r)
	}
}

func TestOtherPathIsTriedWhereTheGatewayKnowsNone(t *testing.T) {
	t.Parallel()
	noResource := map[string]http.HandlerFunc{
		"900906":       always(http.StatusNotFound, fault("900906")),
		"900906 (403)": always(http.StatusForbidden, fault("900906")),
		"XML 404":      always(http.StatusNotFound, gatewayXML),
		"fault 404":    always(http.StatusNotFound, fault("404")),
		"405":          always(http.StatusMethodNotAllowed, ""),
	}
	for name, unknown := range noResource {
		for configured, other := range map[string]string{singularPath: pluralPath, pluralPath: singularPath} {
			t.Run(name+" at "+configured, func(t *testing.T) {
				t.Parallel()
				f := newFake(t, onlyAt(other, unknown))
				c := f.client(t, func(config *Config) { config.EnhanceQoSPath = configured })
				for range 2 {
					if err := enhance(enhanceRequest())(t.Context(), c); err != nil {
						t.Fatal(err)
					}
				}
				if id, err := c.StopQoS(t.Context(), testAccount, "sub"); err != nil || id != requestUUID {
					t.Fatalf("stop: %q, %v", id, err)
				}
				f.wantCounts(t, map[string]int{configured: 1, other: 3})
				if got := f.seen(other)[0].body; got != enhanceBody {
					t.Errorf("the body sent there was %q", got)
				}
			})
		}
	}
}

func TestOtherPathIsNotTried(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		path   string
		answer http.HandlerFunc
	}{
		"404 of the application": {singularPath, always(http.StatusNotFound, appError("S.REQUEST_FAILED.DeviceNotFound"))},
		"404 without a shape":    {singularPath, always(http.StatusNotFound, "")},
		"400":                    {singularPath, always(http.StatusBadRequest, fault("404"))},
		"500":                    {singularPath, always(http.StatusInternalServerError, gatewayXML)},
		"path of another form":   {"/custom/enhanceQoS", always(http.StatusNotFound, gatewayXML)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.answer)
			c := f.client(t, func(config *Config) { config.EnhanceQoSPath = test.path })
			if _, err := c.EnhanceQoS(t.Context(), enhanceRequest()); err == nil {
				t.Error("no error")
			}
			f.wantCounts(t, map[string]int{test.path: 1, pluralPath: 0})
		})
	}
}

func TestBothPathsUnknown(t *testing.T) {
	t.Parallel()
	f := newFake(t, always(http.StatusNotFound, gatewayXML))
	_, err := f.client(t, nil).EnhanceQoS(t.Context(), enhanceRequest())
	if err == nil || OutcomeUnknown(err) || NotSent(err) {
		t.Fatalf("err = %v, want a refusal", err)
	}
	for _, want := range []string{singularPath, pluralPath, "Not Found"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	f.wantCounts(t, map[string]int{singularPath: 1, pluralPath: 1})
}

func TestRefusalAtTheOtherPathIsRemembered(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == singularPath {
			reply(w, http.StatusNotFound, gatewayXML)
			return
		}
		reply(w, http.StatusBadRequest, appError("S.REQUEST_FAILED.DeviceNotFound"))
	})
	c := f.client(t, nil)
	for range 2 {
		if _, err := c.EnhanceQoS(t.Context(), enhanceRequest()); err == nil || !strings.Contains(err.Error(), "DeviceNotFound") {
			t.Errorf("err = %v", err)
		}
	}
	f.wantCounts(t, map[string]int{singularPath: 1, pluralPath: 2})
}
