package receiver

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// describeNotifications describes the endpoint that huma does not serve, because a
// notification of a type that is not known is kept as well.
func describeNotifications(document *huma.OpenAPI) {
	event := map[string]*huma.MediaType{}
	for _, contentType := range []string{"application/cloudevents+json", contentTypeJSON} {
		event[contentType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject}}
	}
	op := &huma.Operation{
		OperationID: "captureNotification",
		Method:      http.MethodPost,
		Path:        NotificationPath,
		Summary:     "Take one notification of a CAMARA operator",
		Description: "A structured CloudEvent of CAMARA Quality on Demand or QoS Provisioning. With a public URL, notifications are also taken at this path below that; a slash at the end makes no difference.",
		RequestBody: &huma.RequestBody{Required: true, Content: event},
		Security:    []map[string][]string{{schemeCAMARA: {}}},
		Responses:   map[string]*huma.Response{"204": {Description: "The notification is on disk."}},
	}
	describeProblems(op, document.Components.Schemas, map[int]string{
		http.StatusBadRequest:            "Not a notification; the detail says why.",
		http.StatusUnauthorized:          "Wrong or missing bearer token; nothing is kept.",
		http.StatusNotFound:              "The receiver has no --camara-token, so it takes no notifications.",
		http.StatusRequestEntityTooLarge: "The body is too large.",
		http.StatusUnsupportedMediaType:  "The content type is not JSON.",
		http.StatusRequestTimeout:        "The body did not arrive in time.",
		http.StatusTooManyRequests:       "Too many wrong tokens from this address.",
		http.StatusServiceUnavailable:    "The store is not available, or the receiver is busy; send it again.",
	})
	document.AddOperation(op)
}
