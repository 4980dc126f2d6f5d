// Package grant is what QoD sessions and QoS assignments have in common: how one
// is asked for so that nothing is lost, how the network's answer is waited for,
// and what is said when either goes wrong. It knows no schema.
package grant

import (
	"context"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
)

// Values of the policy attributes.
const (
	WaitForAvailable = "AVAILABLE"
	WaitForRequested = "REQUESTED"
	OnTimeoutFail    = "fail"
	OnTimeoutKeep    = "keep"
)

// View is what is the same in every grant.
type View struct {
	ID string
	// Status and StatusInfo are the operator's words.
	Status, StatusInfo string
	// ImportID is what a resource is imported by.
	ImportID string
}

// Ending reports whether the grant is over, or is being deleted: until an
// operator has carried that out, it may well call the grant AVAILABLE (CAMARA QoS
// Provisioning, "DELETE /qos-assignments/{assignmentId}", 202).
func (v View) Ending() bool { return Ended(v.Status, v.StatusInfo) != "" }

// Ended says why what has this status is over, or is about to be; "" if it is not.
func Ended(status, statusInfo string) string {
	switch {
	case status == api.StatusUnavailable && statusInfo == "":
		return "it is " + status
	case status == api.StatusUnavailable, statusInfo == api.InfoDeleteRequested:
		return "it is " + status + " (" + statusInfo + ")"
	default:
		return ""
	}
}

// Kind says what is granted, in words and as a resource.
type Kind struct {
	// Noun is like "QoD session".
	Noun string
	// Resource is like "camara_qod_session".
	Resource string
}

// Remote is one grant at an operator, that is to be or is. All of its methods
// but the last four make one request at most.
type Remote[T any] interface {
	// Authorize gets what the other requests need to be let in, if there is none
	// yet. A subscriber may have to consent first.
	Authorize(ctx context.Context) error
	Create(ctx context.Context) (*T, error)
	Read(ctx context.Context, id string) (*T, error)
	// Delete may return before the end of what it deletes; Read then tells.
	Delete(ctx context.Context, id string) (pending bool, err error)
	// List returns what the same device has.
	List(ctx context.Context) ([]T, error)

	View(*T) View
	// Same reports whether a listed one is what Create asks for. What the operator
	// does not tell makes no difference.
	Same(*T) bool
	// MadeSince reports whether one that is the same can be what a Create sent at
	// that time has made, by all that tells two requests apart. Where the operator
	// does not tell that, it is not.
	MadeSince(*T, time.Time) bool
	// Overlaps reports whether a listed one can stand in the way of Create.
	Overlaps(*T) bool
}

// Requester takes a Remote through its life. It knows no Terraform types.
type Requester[T any] struct {
	Kind   Kind
	Remote Remote[T]
	Clock  clockwork.Clock
	// Listener hears what the operator notifies of; nil where it notifies nobody, or
	// nobody that can be asked.
	Listener Listener
	// Listed says that the operator's version can list, so that Create looks at
	// what there is before it asks for more.
	Listed bool
	// Longest is how long one can live, once the network provides it, whose answer
	// was lost; 0 is without end. CAMARA bounds no time before that.
	Longest time.Duration
	// LongestRest is how long any one can live from now, whatever it was created
	// with; 0 is not known.
	LongestRest time.Duration
}
