package receiver

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// apiVersion is that of the HTTP API, not of the program.
const apiVersion = "1"

// OpenAPI returns the description of the HTTP API, as YAML. It is the same for
// every configuration.
func OpenAPI() ([]byte, error) {
	document, err := (&Server{}).describe(http.NewServeMux()).OpenAPI().YAML()
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return document, nil
}

// describe routes /v1 and describes it, with the capture endpoint beside it.
func (s *Server) describe(mux *http.ServeMux) huma.API {
	api := humago.New(mux, apiConfig())
	api.UseMiddleware(s.authorize, s.whileAway, s.bufferBody)
	huma.Register(api, reading("info", http.MethodGet, "/v1/info", "What this receiver is and which callbacks it takes"), s.info)
	huma.Register(api, writing("createRequest", http.MethodPost, "/v1/requests", "Journal an intent, or record what a Terraform state knows", http.StatusConflict), s.createRequest)
	huma.Register(api, writing("changeRequest", http.MethodPatch, "/v1/requests/{id}", "Journal what became of a request", http.StatusNotFound, http.StatusConflict), s.changeRequest)
	huma.Register(api, reading("listRequests", http.MethodGet, "/v1/requests", "List requests, oldest first"), s.listRequests)
	huma.Register(api, reading("wait", http.MethodPost, "/v1/requests/wait", "Wait until one of many requests changes; with the journal token it keeps their leases alive"), s.wait)
	huma.Register(api, reading("listSubscriptions", http.MethodGet, "/v1/subscriptions", "List subscriptions, one per device"), s.listSubscriptions)
	huma.Register(api, reading("listEvents", http.MethodGet, "/v1/events", "List received events, oldest first"), s.listEvents)
	huma.Register(api, reading("listNotifications", http.MethodGet, "/v1/camara/notifications", "List notifications of CAMARA operators, oldest first, or wait for one"), s.listNotifications)
	huma.Register(api, writing("resolve", http.MethodPost, "/v1/resolve", "Record an operator's word on what the network cannot say", http.StatusNotFound, http.StatusConflict), s.resolve)
	huma.Register(api, reading("listQuarantine", http.MethodGet, "/v1/quarantine", "List callbacks that were refused for their credentials"), s.listQuarantine)
	huma.Register(api, writing("release", http.MethodPost, "/v1/quarantine/{id}/release", "Accept a quarantined callback after all", http.StatusNotFound), s.release)
	huma.Register(api, reading("listDeliveries", http.MethodGet, "/v1/deliveries", "List callbacks that other listeners do not have yet, dead letters among them"), s.listDeliveries)
	huma.Register(api, writing("retryDeliveries", http.MethodPost, "/v1/deliveries/retry", "Pass callbacks on to other listeners now, dead letters among them"), s.retryDeliveries)
	huma.Register(api, writing("dropDeliveries", http.MethodPost, "/v1/deliveries/drop", "Give up passing callbacks on"), s.dropDeliveries)
	describeConflicts(api.OpenAPI())
	describeCapture(api.OpenAPI())
	describeNotifications(api.OpenAPI())
	return api
}

func apiConfig() huma.Config {
	config := huma.DefaultConfig("qos-receiver", apiVersion)
	config.Info.Description = "Receives ThingSpace QoS callbacks, keeps them, and keeps the journal of the Terraform provider."
	config.Info.License = &huma.License{Name: "MPL-2.0", Identifier: "MPL-2.0"}
	// The document is printed by `qos-receiver openapi`; nothing is served unasked.
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	// Without the hooks, answers carry no $schema member.
	config.CreateHooks = nil
	config.Transformers = append(config.Transformers, withoutValues)
	// A misspelt filter must not select everything.
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		schemeRead:    {Type: "http", Scheme: "bearer", Description: "--read-token: reads. It also writes when there is no journal token."},
		schemeJournal: {Type: "http", Scheme: "bearer", Description: "--journal-token: reads and writes."},
		schemeCAMARA:  {Type: "http", Scheme: "bearer", Description: "--camara-token: brings notifications."},
	}
	return config
}

// withoutValues keeps what a client sent out of the answer that refuses it: it
// may be megabytes, and end in somebody's log.
func withoutValues(_ huma.Context, _ string, answer any) (any, error) {
	if model, refused := answer.(*huma.ErrorModel); refused {
		for _, fault := range model.Errors {
			fault.Value = nil
		}
	}
	return answer, nil
}

func reading(id, method, path, summary string) huma.Operation {
	return operation(id, method, path, summary, nil, schemeRead, schemeJournal)
}

func writing(id, method, path, summary string, failures ...int) huma.Operation {
	return operation(id, method, path, summary, append(failures, http.StatusForbidden), schemeJournal)
}

func operation(id, method, path, summary string, failures []int, schemes ...string) huma.Operation {
	op := huma.Operation{
		OperationID: id,
		Method:      method,
		Path:        path,
		Summary:     summary,
		Errors:      append(failures, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable),
		// bufferBody has its own limits.
		BodyReadTimeout: -1,
		MaxBodyBytes:    -1,
	}
	for _, scheme := range schemes {
		op.Security = append(op.Security, map[string][]string{scheme: {}})
	}
	return op
}

// describeConflicts gives every 409 its extension members.
func describeConflicts(document *huma.OpenAPI) {
	schema := document.Components.Schemas.Schema(reflect.TypeFor[conflictProblem](), true, "Conflict")
	for _, path := range document.Paths {
		for _, op := range []*huma.Operation{path.Post, path.Patch} {
			if op == nil || op.Responses[strconv.Itoa(http.StatusConflict)] == nil {
				continue
			}
			op.Responses[strconv.Itoa(http.StatusConflict)].Content = map[string]*huma.MediaType{contentTypeProblem: {Schema: schema}}
		}
	}
}

// describeCapture describes the endpoint that huma does not serve, because a
// callback is kept as it came, whatever it holds.
func describeCapture(document *huma.OpenAPI) {
	schemas := document.Components.Schemas
	op := &huma.Operation{
		OperationID: "capture",
		Method:      http.MethodPost,
		Path:        CapturePath,
		Summary:     "Take one ThingSpace QoS callback",
		Description: "Credentials, if any, are members of the body: username and password. With a public URL, callbacks are also taken at its path, and at this path below that; a slash at the end makes no difference.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{contentTypeJSON: {Schema: &huma.Schema{Type: huma.TypeObject}}}},
		Responses: map[string]*huma.Response{
			"200": {
				Description: "The events are on disk.",
				Content:     map[string]*huma.MediaType{contentTypeJSON: {Schema: schemas.Schema(reflect.TypeFor[captured](), true, "Captured")}},
			},
		},
	}
	describeProblems(op, schemas, map[int]string{
		http.StatusBadRequest:            "Not a QoS callback; the detail says why.",
		http.StatusUnauthorized:          "Wrong or missing credentials; the callback is in quarantine.",
		http.StatusForbidden:             "Address or account not accepted.",
		http.StatusRequestEntityTooLarge: "The body is too large.",
		http.StatusUnsupportedMediaType:  "The content type is not JSON.",
		http.StatusRequestTimeout:        "The body did not arrive in time.",
		http.StatusTooManyRequests:       "Too many callbacks with wrong or missing credentials from this address, or about unknown requests; nothing is kept.",
		http.StatusServiceUnavailable:    "The store is not available, or the receiver is busy; send it again.",
	})
	document.AddOperation(op)
}

// describeProblems gives an operation its refusals, as problem details.
func describeProblems(op *huma.Operation, schemas huma.Registry, meanings map[int]string) {
	problem := map[string]*huma.MediaType{contentTypeProblem: {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")}}
	for status, meaning := range meanings {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: meaning, Content: problem}
	}
}
