package receiver

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

const (
	contentTypeJSON    = "application/json"
	contentTypeProblem = "application/problem+json"

	// typeUnknown sets a 404 about the store's content apart from one about a
	// route, which says nothing of any request.
	typeUnknown = "urn:qos-receiver:unknown"
)

// Problem is an error answer of the receiver: problem details as of RFC 9457.
// The server writes it and the client returns it.
type Problem struct {
	Type   string          `json:"type,omitempty"`
	Title  string          `json:"title"`
	Status int             `json:"status"`
	Detail string          `json:"detail,omitempty"`
	Errors []ProblemDetail `json:"errors,omitempty"`

	header http.Header
}

// ProblemDetail is one fault of a request body or parameter.
type ProblemDetail struct {
	Message  string `json:"message,omitempty"`
	Location string `json:"location,omitempty"`
}

func newProblem(status int, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// withHeader returns p with a header for its answer.
func (p *Problem) withHeader(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// Error gives the status, the detail and every fault.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString("HTTP " + strconv.Itoa(p.Status))
	if p.Title != "" {
		b.WriteString(" " + p.Title)
	}
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, e := range p.Errors {
		b.WriteString("; " + e.Message)
		if e.Location != "" {
			b.WriteString(" (" + e.Location + ")")
		}
	}
	return b.String()
}

// GetStatus makes a Problem an error that huma writes as it is.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders gives the headers that belong to the answer.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is that of problem details, whatever was negotiated.
func (p *Problem) ContentType(string) string { return contentTypeProblem }

// conflictProblem is a ConflictError over HTTP.
type conflictProblem struct {
	Problem
	Conflict ConflictKind `json:"conflict" enum:"overlap,pending,claim,state,revision" doc:"Why the write was refused."`
	Existing *Request     `json:"existing" doc:"The request that stands in its way."`
}

// problemOf says what an error of the store means to an HTTP client.
func problemOf(err error) error {
	var conflict *ConflictError
	var invalid *InvalidError
	switch {
	case errors.As(err, &conflict):
		return &conflictProblem{
			Problem:  *newProblem(http.StatusConflict, conflict.Error()),
			Conflict: conflict.Kind,
			Existing: &conflict.Existing,
		}
	case errors.Is(err, ErrNotFound):
		problem := newProblem(http.StatusNotFound, "the store does not know it")
		problem.Type = typeUnknown
		return problem
	case errors.As(err, &invalid):
		return newProblem(http.StatusBadRequest, invalid.Reason)
	default:
		return unavailable()
	}
}

// unavailable answers for a store that could not do its work. The cause is for
// the log, not for the caller.
func unavailable() *Problem {
	return newProblem(http.StatusServiceUnavailable, "the store is not available at the moment").
		withHeader("Retry-After", "1")
}

// busy answers when as much is being done as there is room for.
func busy() *Problem {
	return newProblem(http.StatusServiceUnavailable, "the receiver is busy").
		withHeader("Retry-After", "1")
}

// write answers with p. A client that has gone away gets nothing, which is all
// there is to do.
func (p *Problem) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.header)
	writeJSON(w, p.Status, contentTypeProblem, p)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
