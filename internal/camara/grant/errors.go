package grant

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// conflictError means that another grant stands in the way of a new one.
type conflictError struct {
	kind     Kind
	standing []View
	listErr  error // why standing is not known
	cause    error
}

func (e *conflictError) Unwrap() error { return e.cause }

func (e *conflictError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "another %s is in the way, so none was created", e.kind.Noun)
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	switch {
	case errors.Is(e.listErr, api.ErrNotInAPI):
		fmt.Fprintf(&b, ". The operator's API cannot list what a device has, so which one it is cannot be told: delete it where it was created, import it if you know its id, or wait for its end")
	case e.listErr != nil:
		fmt.Fprintf(&b, ". Which one it is cannot be told: %v", e.listErr)
	case len(e.standing) == 0:
		b.WriteString(". The operator lists none of yours for this device, so it is another application's")
	default:
		fmt.Fprintf(&b, ". For the same device there is %s.\n\nTo bring it under this configuration, import it:\n\n%s",
			describe(e.standing), importBlock(e.kind, e.standing[0]))
	}
	return b.String()
}

// unknownError means that a create was sent and nobody knows what came of it.
type unknownError struct {
	kind       Kind
	cause      error
	listErr    error
	before     bool // whether what was there before is known
	candidates []View
	until      time.Time // zero: without an end
}

func (e *unknownError) Unwrap() error { return e.cause }

func (e *unknownError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the outcome is unknown, and the request was not repeated, as it may have run: %v. If the operator has created the %s, it ", e.cause, e.kind.Noun)
	if e.until.IsZero() {
		b.WriteString("stays until it is deleted")
	} else {
		fmt.Fprintf(&b, "lives until %s at the latest", e.until.UTC().Format(time.RFC3339))
	}
	b.WriteString(". " + e.found())
	if len(e.candidates) > 0 {
		fmt.Fprintf(&b, "\n\nIf it is yours, import it:\n\n%s", importBlock(e.kind, e.candidates[0]))
	}
	return b.String()
}

func (e *unknownError) found() string {
	switch {
	case len(e.candidates) > 1:
		return "The operator lists several that are what was asked for: " + describe(e.candidates) + "."
	case len(e.candidates) == 1:
		return "The operator lists one that is what was asked for, but whether it was there before is not known: " + describe(e.candidates) + "."
	case errors.Is(e.listErr, api.ErrNotInAPI):
		return "Its API cannot list what a device has, so it cannot be looked for. Until then, the same request may be refused as a conflict."
	case e.listErr != nil:
		return fmt.Sprintf("It could not be looked for: %v.", e.listErr)
	default:
		return "The operator does not list it. If it still comes, the next apply is refused as a conflict and names it."
	}
}

func importBlock(kind Kind, v View) string {
	return fmt.Sprintf("  import {\n    to = %s.<name>\n    id = %q\n  }", kind.Resource, v.ImportID)
}

func describe(views []View) string {
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.describe()
	}
	return strings.Join(names, ", ")
}

func (v View) describe() string {
	text := v.ID + " (" + v.Status
	if v.StatusInfo != "" {
		text += ", " + v.StatusInfo
	}
	return text + ")"
}

// ReadError says what a failed read means for the state, where that may not be
// plain.
func ReadError(err error) error {
	if !api.Forbidden(err) {
		return err
	}
	return fmt.Errorf("%w. It may well exist, so the state is kept: check that the credentials are those of the application, and of the device, that it was created with", err)
}

// Ended says why what is UNAVAILABLE is over.
func Ended(statusInfo string) string {
	if statusInfo == "" {
		return "it is " + api.StatusUnavailable
	}
	return "it is " + api.StatusUnavailable + " (" + statusInfo + ")"
}
