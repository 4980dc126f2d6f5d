package grant

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// oneAtATime is what to do where the other one is the one that is to be replaced.
const oneAtATime = "If that is what this resource replaces, do without create_before_destroy: the operator cannot have both."

// twinError means that exactly what is wanted is there, so that nothing was asked
// for.
type twinError struct {
	kind  Kind
	twins []View
}

func (e *twinError) Error() string {
	return fmt.Sprintf("another %s is in the way, so none was created: it is live, and exactly what is asked for. For the same device there is %s. "+
		"Where another resource has it, in another configuration or in this one (this run may have just created it, if two blocks ask for the same), leave one of the two out. %s "+
		"Where no resource has it, because an apply was killed, import it:\n\n%s", e.kind.Noun, describe(e.twins), oneAtATime, importBlock(e.kind, e.twins[0]))
}

// conflictError means that the operator refuses a new grant because of another.
type conflictError struct {
	kind  Kind
	found obstacles
	cause error
	until time.Time // by when any has ended by itself; zero is not known
}

func (e *conflictError) Unwrap() error { return e.cause }

func (e *conflictError) Error() string {
	return fmt.Sprintf("another %s is in the way, so none was created: %v. %s", e.kind.Noun, e.cause, e.which())
}

// which says which one it is, as far as that can be told. Only what overlaps and
// lives is offered for import: the rest is another resource's, or of no use.
func (e *conflictError) which() string {
	f := e.found
	switch {
	case errors.Is(f.err, api.ErrNotInAPI):
		return "The operator's API cannot list what a device has, so which one it is cannot be told: delete it where it was created, import it if you know its id, or wait for its end" + e.end()
	case f.err != nil:
		return fmt.Sprintf("Which one it is cannot be told: %v", f.err)
	case len(f.live) > 0:
		return fmt.Sprintf("For the same device there is %s. %s\n\nTo bring it under this configuration, import it:\n\n%s", describe(f.live), oneAtATime, importBlock(e.kind, f.live[0]))
	case len(f.ended) > 0:
		return fmt.Sprintf("For the same device there is %s, which has ended, but the network has not released it yet: apply again later", describe(f.ended))
	case len(f.apart) > 0:
		return fmt.Sprintf("What the operator lists of yours for this device does not overlap with what is asked for: %s. So it is another application's, or the operator allows a device only one", describe(f.apart))
	default:
		return "The operator lists none of yours for this device, so it is another application's, or the network has not released yet what was just deleted: then apply again later"
	}
}

func (e *conflictError) end() string {
	if e.until.IsZero() {
		return ""
	}
	return fmt.Sprintf(". If the network provides it by now, it lives until %s at the latest, unless it is extended", e.until.UTC().Format(time.RFC3339))
}

// unknownError means that a create was sent and nobody knows what came of it.
type unknownError struct {
	kind       Kind
	cause      error
	listErr    error
	before     bool // whether what was there before is known
	heard      bool // whether notifications would have told of it
	candidates []View
	until      time.Time     // if it was granted at once; zero: without an end
	longest    time.Duration // how long it lives once it is granted
}

func (e *unknownError) Unwrap() error { return e.cause }

func (e *unknownError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the outcome is unknown, and the request was not repeated, as it may have run: %v. If the operator has created the %s, it ", e.cause, e.kind.Noun)
	if e.until.IsZero() {
		b.WriteString("stays until it is deleted")
	} else {
		fmt.Fprintf(&b, "lives until %s at the latest, or for %s from when the network provides it, if that is later", e.until.UTC().Format(time.RFC3339), e.longest)
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
	case len(e.candidates) == 1 && e.before:
		return "The operator lists one that can be it, but does not tell enough of it to rule out that another run has asked for the same: " + describe(e.candidates) + "."
	case len(e.candidates) == 1:
		return "The operator lists one that is what was asked for, but whether it was there before is not known: " + describe(e.candidates) + "."
	case errors.Is(e.listErr, api.ErrNotInAPI) && e.heard:
		return "Its API cannot list what a device has, and the receiver has got no notification of it. Until then, the same request may be refused as a conflict."
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

// WarnUnseen says that what has just been created is not found where it is read.
func WarnUnseen(kind Kind, id string, cause error, diags *diag.Diagnostics) {
	diags.AddWarning(kind.Noun+" is not found yet", fmt.Sprintf("The %s %s was created less than %s ago, and the operator does not find it where it is read: %v. "+
		"That is no sign that it has ended, so the state is kept; a later plan shows whether it is there.", kind.Noun, id, freshness, cause))
}
