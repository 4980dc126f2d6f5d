package store

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// PostgreSQL's errors of a server that is there and does not let this process in
// ("PostgreSQL Error Codes").
const (
	classAuthorization = "28"
	codeNoDatabase     = "3D000"
	codeNoPrivilege    = "42501"
)

// unusable marks the error of a database that is there and not for this build.
type unusable struct{ error }

func (u unusable) Unwrap() error { return u.error }

// Refuses reports whether an error of Open is that of a database which is there, and
// stays closed until somebody mends a setting, its rights or the version: not one that
// is away.
func Refuses(err error) bool {
	if _, is := errors.AsType[unusable](err); is {
		return true
	}
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (hasClass(failure, classAuthorization) || failure.Code == codeNoDatabase || failure.Code == codeNoPrivilege)
}
