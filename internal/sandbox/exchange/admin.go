package exchange

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Duration is a time.Duration that people can write in JSON, such as "1.5s".
type Duration time.Duration

// UnmarshalText parses what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// ShownRequest is a [Request] without its secrets.
type ShownRequest[Op comparable] struct {
	Time      time.Time   `json:"time"`
	Operation Op          `json:"operation"`
	Method    string      `json:"method"`
	Path      string      `json:"path"`
	Query     url.Values  `json:"query,omitempty"`
	Header    http.Header `json:"header"`
	Body      any         `json:"body,omitempty"`
	Status    int         `json:"status"`
}

// Show masks the named header fields and body members of a request.
func (r Request[Op]) Show(headers, members []string) ShownRequest[Op] {
	return ShownRequest[Op]{
		Time: r.Time, Operation: r.Operation, Method: r.Method, Path: r.Path, Query: r.Query,
		Header: MaskHeader(r.Header, headers...), Body: MaskBody(r.Body, members...), Status: r.Status,
	}
}

// Desk answers the requests of an admin API.
type Desk struct {
	Logger *slog.Logger
}

// Read decodes the body strictly; if it cannot, it answers and returns false.
func (d Desk) Read(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		d.Fail(w, http.StatusBadRequest, fmt.Errorf("reading the body: %w", err))
		return false
	}
	return true
}

// Fail answers with an error.
func (d Desk) Fail(w http.ResponseWriter, status int, err error) {
	d.Reply(w, status, map[string]string{"error": err.Error()})
}

// Reply answers with a value.
func (d Desk) Reply(w http.ResponseWriter, status int, value any) {
	if err := JSON(status, value).Write(w); err != nil {
		d.Logger.Warn("answer not sent", "error", err)
	}
}
