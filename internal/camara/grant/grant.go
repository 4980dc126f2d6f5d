// Package grant is what QoD sessions and QoS assignments have in common: how one
// is asked for so that nothing is lost, how the network's answer is waited for,
// and what is said when either goes wrong. It knows no schema.
package grant

import (
	"context"
	"time"

	"github.com/jonboulle/clockwork"
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

// Kind says what is granted, in words and as a resource.
type Kind struct {
	// Noun is like "QoD session".
	Noun string
	// Resource is like "camara_qod_session".
	Resource string
}

// Remote is one grant at an operator, that is to be or is. All of its methods
// but the last three make one request.
type Remote[T any] interface {
	Create(ctx context.Context) (*T, error)
	Read(ctx context.Context, id string) (*T, error)
	// Delete may return before the end of what it deletes; Read then tells.
	Delete(ctx context.Context, id string) (pending bool, err error)
	// List returns what the same device has.
	List(ctx context.Context) ([]T, error)

	View(*T) View
	// Same reports whether a listed one is what Create asks for.
	Same(*T) bool
	// Overlaps reports whether a listed one can stand in the way of Create.
	Overlaps(*T) bool
}

// Requester takes a Remote through its life. It knows no Terraform types.
type Requester[T any] struct {
	Kind   Kind
	Remote Remote[T]
	Clock  clockwork.Clock
	// Listed says that the operator's version can list, so that Create looks at
	// what there is before it asks for more.
	Listed bool
	// Longest is how long one can live whose answer was lost; 0 is without end.
	Longest time.Duration
}
