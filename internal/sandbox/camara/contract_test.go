package camara_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// specsVariable names the directory of the official OpenAPI files. If it is
// set, every answer that a simulator gives in the tests of this package, and
// every request that it accepts, must be as the file of its version says.
const specsVariable = "CAMARA_SPECS"

// document is an official file, and the path that its API is served at.
type document struct {
	file, path string
}

// documents lists those that describe a version. None is published for the
// profiles API beside 0.11, nor for HybridA but for its assignments.
func documents(v camara.Version, at camara.URLs) []document {
	provisioning := document{"r3.2-qos-provisioning.yaml", at.Provisioning}
	switch v {
	case camara.Version010:
		return []document{{"v0.10.1-qod-api.yaml", at.QoD}, provisioning}
	case camara.Version011:
		return []document{{"r1.3-quality-on-demand.yaml", at.QoD}, provisioning}
	case camara.Version10:
		return []document{{"r2.2-quality-on-demand.yaml", at.QoD}, {"r3.2-qos-profiles.yaml", at.Profiles}, provisioning}
	case camara.Version11:
		return []document{{"r3.2-quality-on-demand.yaml", at.QoD}, {"r3.2-qos-profiles.yaml", at.Profiles}, provisioning}
	case camara.Version12:
		return []document{
			{"r4.1-quality-on-demand.yaml", at.QoD},
			{"r4.1-qos-profiles.yaml", at.Profiles},
			{"r4.1-qos-provisioning.yaml", at.Provisioning},
		}
	case camara.HybridB:
		return []document{{"telefonica-qod_11_openapi.yaml", "/"}, provisioning}
	case camara.HybridA:
	}
	return []document{provisioning}
}

// contract checks exchanges against official files.
type contract struct {
	t         *testing.T
	documents []official
	stopped   atomic.Bool

	mu      sync.Mutex
	checked map[string]int // exchanges by file
}

// official is a document that was read, which takes long enough to do it once.
type official struct {
	file   string
	doc    *openapi3.T
	router routers.Router
}

// library has the documents that were read.
var library = struct {
	sync.Mutex

	documents map[document]official
}{documents: map[document]official{}}

var defineFormats = sync.OnceFunc(func() {
	openapi3.DefineIPv4Format()
	openapi3.DefineIPv6Format()
})

func (d document) read(t *testing.T, directory string) official {
	t.Helper()
	defineFormats()
	library.Lock()
	defer library.Unlock()
	if known, ok := library.documents[d]; ok {
		return known
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(directory, d.file))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: d.path}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatalf("%s: %v", d.file, err)
	}
	library.documents[d] = official{d.file, doc, router}
	return library.documents[d]
}

func newContract(t *testing.T, v camara.Version, at camara.URLs) *contract {
	t.Helper()
	c := &contract{t: t, checked: map[string]int{}}
	directory := os.Getenv(specsVariable)
	if directory == "" {
		return c
	}
	for _, d := range documents(v, at) {
		c.documents = append(c.documents, d.read(t, directory))
	}
	return c
}

// off stops checking, for tests of what no document describes.
func (c *contract) off() { c.stopped.Store(true) }

// checking is a handler between the client and the simulator.
func (c *contract) checking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.stopped.Load() || len(c.documents) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			c.t.Errorf("reading a request: %v", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		answer := recorder.Result()
		defer func() { _ = answer.Body.Close() }()
		c.check(r.Context(), r, sent, answer.StatusCode, answer.Header, recorder.Body.Bytes())
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		if _, err := w.Write(recorder.Body.Bytes()); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
			c.t.Errorf("sending an answer: %v", err)
		}
	})
}

func (c *contract) check(ctx context.Context, r *http.Request, sent []byte, status int, header http.Header, body []byte) {
	for _, d := range c.documents {
		route, parameters, err := d.router.FindRoute(r)
		if err != nil {
			continue
		}
		c.mu.Lock()
		c.checked[d.file]++
		c.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(sent))
		request := &openapi3filter.RequestValidationInput{
			Request: r, PathParams: parameters, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
		}
		if err := openapi3filter.ValidateRequest(ctx, request); err != nil && status/100 == 2 {
			c.t.Errorf("%s %s %s was accepted: %v", r.Method, r.URL.Path, sent, err)
		}
		if err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
			RequestValidationInput: request, Status: status, Header: header,
			Body:    io.NopCloser(bytes.NewReader(body)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true},
		}); err != nil {
			c.t.Errorf("%s %s was answered %d %s: %v", r.Method, r.URL.Path, status, body, err)
		}
	}
}

// event checks a notification against a schema of the documents.
func (c *contract) event(t *testing.T, schema, body string) {
	t.Helper()
	for _, d := range c.documents {
		ref := d.doc.Components.Schemas[schema]
		if ref == nil {
			continue
		}
		value, err := openapi3filter.RegisteredBodyDecoder("application/json")(strings.NewReader(body), nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := ref.Value.VisitJSON(value, openapi3.VisitAsRequest()); err != nil {
			t.Errorf("event %s: %v", body, err)
		}
	}
}

// TestContract goes through the life of a session and of an assignment, and
// what can be refused on the way. Without the files there is nothing to compare
// with; the other tests check the same exchanges only if they are there, too.
func TestContract(t *testing.T) {
	t.Parallel()
	if os.Getenv(specsVariable) == "" {
		t.Skipf("set %s to the directory of the official OpenAPI files to compare with them", specsVariable)
	}
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			id := w.available(session())
			w.create(session())
			w.get(id)
			w.get(unknownID())
			w.extend(id, "60")
			w.do(http.MethodGet, w.url.Profiles+"/qos-profiles/QOS_E", "")
			w.do(http.MethodGet, w.url.Profiles+"/qos-profiles/NONE", "")
			w.retrieve(`{"device":{"phoneNumber":"` + phone + `"}}`)
			w.remove(id)
			w.create(`{}`)
			w.create(session(), without("Authorization"), without(camara.DefaultAPIKeyHeader))
			w.do(http.MethodPost, w.url.Provisioning+"/qos-assignments", assignment())
			for _, d := range w.contract.documents {
				if w.contract.checked[d.file] == 0 {
					t.Errorf("nothing was checked against %s", d.file)
				}
			}
		})
	}
}
