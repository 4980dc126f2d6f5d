package attempt

import "errors"

// Outcome is what a failed request can have done at the server.
type Outcome int

const (
	// NotSent: it never left.
	NotSent Outcome = iota + 1
	// Refused: it was answered with a certain no.
	Refused
	// Unknown: it may have left, and no certain no came back.
	Unknown
)

// Error is what went wrong, and what that means for the request. It reads like
// the error in it.
type Error struct {
	Outcome Outcome
	Err     error
}

// Error is the text of the cause.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// IsNotSent reports whether err means that no byte of the request left: there
// was no connection, nothing to authorize it with, or the context had ended.
func IsNotSent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Outcome == NotSent
}

// IsUnknown reports whether the request that failed with err may still have
// taken effect. An error that no Call made is unknown too; nil is not.
func IsUnknown(err error) bool {
	if err == nil {
		return false
	}
	var e *Error
	return !errors.As(err, &e) || e.Outcome == Unknown
}
