package api

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// contract are the official files for a version's requests, by the root under
// which they are sent. Files of profiles older than 1.1 describe the same requests.
func contract(v Version) map[string]string {
	const profiles, provisioning = "r3.2-qos-profiles.yaml", "r3.2-qos-provisioning.yaml"
	switch v {
	case V010:
		return map[string]string{"/qod/v0": "v0.10.1-qod-api.yaml"}
	case V011:
		return map[string]string{"/quality-on-demand/v0.11": "r1.3-quality-on-demand.yaml", "/qos-profiles/v0.11": profiles}
	case V100:
		return map[string]string{"/quality-on-demand/v1": "r2.2-quality-on-demand.yaml", "/qos-profiles/v1": profiles}
	case V110:
		return map[string]string{
			"/quality-on-demand/v1": "r3.2-quality-on-demand.yaml", "/qos-profiles/v1": profiles, "/qos-provisioning/v0.3": provisioning,
		}
	default:
		return map[string]string{
			"/quality-on-demand/v1": "r4.1-quality-on-demand.yaml", "/qos-profiles/v1": "r4.1-qos-profiles.yaml",
			"/qos-provisioning/v0.4": "r4.1-qos-provisioning.yaml",
		}
	}
}

// TestContract validates every request that can be sent against CAMARA's own
// OpenAPI files.
func TestContract(t *testing.T) {
	t.Parallel()
	directory := os.Getenv("CAMARA_SPECS")
	if directory == "" {
		t.Skip("CAMARA_SPECS does not name a directory with CAMARA's OpenAPI files (r3.2-quality-on-demand.yaml and so on)")
	}
	openapi3.DefineIPv4Format()
	openapi3.DefineIPv6Format()
	for _, v := range Versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			routes := make(map[string]routers.Router)
			for root, file := range contract(v) {
				routes[root] = newRouter(t, filepath.Join(directory, file), root)
			}
			for _, bound := range []bool{false, true} {
				for _, call := range calls(v) {
					validate(t, routes, call.name, send(t, v, bound, call))
				}
			}
		})
	}
}

func newRouter(t *testing.T, file, root string) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: root}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

func validate(t *testing.T, routes map[string]routers.Router, name string, sent recorded) {
	t.Helper()
	for root, router := range routes {
		if !strings.HasPrefix(sent.uri, root+"/") {
			continue
		}
		r := httptest.NewRequestWithContext(t.Context(), sent.method, sent.uri, strings.NewReader(sent.body))
		r.Header = sent.header
		if sent.body == "" {
			r.Body = http.NoBody
		}
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Errorf("%s: %s %s: %v", name, sent.method, sent.uri, err)
			return
		}
		err = openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
		})
		if err != nil {
			t.Errorf("%s: %s %s\n%s\n%v", name, sent.method, sent.uri, sent.body, err)
		}
		return
	}
	t.Errorf("%s: no official file describes %s", name, sent.uri)
}
