package store

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// errUnreadable is that of a row which does not hold what was written.
var errUnreadable = errors.New("the row cannot be read")

// PostgreSQL's classes of errors, and single ones ("PostgreSQL Error Codes").
const (
	classCardinality  = "21"
	classData         = "22"
	classConstraint   = "23"
	classLimit        = "54"
	codeReadOnly      = "25006"
	codeCannotConnect = "57P03"
	codeLockTimeout   = "55P03"
)

// refused turns what the server says of a value that it can not keep, such as a
// text with a NUL, into a refusal: it would say so every time.
func refused(err error) error {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok && hasClass(failure, classData, classLimit) {
		return &receiver.InvalidError{Reason: "the database cannot keep that: " + failure.Message}
	}
	return err
}

// aboutContent reports whether an error is about what was to be written and not about
// the database. Who shared the transaction with that need not share its fate.
func aboutContent(err error) bool {
	if _, invalid := errors.AsType[*receiver.InvalidError](err); invalid || errors.Is(err, errUnreadable) {
		return true
	}
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return hasClass(failure, classCardinality, classData, classConstraint, classLimit)
	}
	if failure, ok := errors.AsType[*sqlite.Error](err); ok {
		code := sqlitePrimary(failure)
		return code == sqlite3.SQLITE_TOOBIG || code == sqlite3.SQLITE_CONSTRAINT || code == sqlite3.SQLITE_MISMATCH
	}
	return false
}

// startingUp marks the error of a server that will take connections in a moment.
func startingUp(err error) error {
	if hasCode(err, codeCannotConnect) {
		return contention{err}
	}
	return err
}

// contended marks an error of another process's lock. SQLite does not wait for it
// when it turns a new file to write-ahead logging.
func contended(err error) error {
	if failure, ok := errors.AsType[*sqlite.Error](err); ok && sqlitePrimary(failure) == sqlite3.SQLITE_BUSY {
		return contention{err}
	}
	return err
}

// readOnly reports whether the server takes no writes, as one does that is no longer
// the primary.
func readOnly(err error) bool { return hasCode(err, codeReadOnly) }

func hasCode(err error, code string) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failure.Code == code
}

func hasClass(failure *pgconn.PgError, classes ...string) bool {
	for _, class := range classes {
		if strings.HasPrefix(failure.Code, class) {
			return true
		}
	}
	return false
}

// sqlitePrimary is the error's code without its extension.
func sqlitePrimary(failure *sqlite.Error) int {
	const primary = 0xff
	return failure.Code() & primary
}
