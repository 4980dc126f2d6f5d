package receiver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// bodyTimeout is how long a client may take to send its body.
const bodyTimeout = 10 * time.Second

// limitBodyTime starts the clock on every request body. It is not the server's
// ReadTimeout, because that would also end long-polls: the connection is read
// for its whole life, to notice that the client has gone.
func limitBodyTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			setReadDeadline(w, time.Now().Add(bodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}

// setReadDeadline does what the connection allows; a test's recorder has none.
func setReadDeadline(w http.ResponseWriter, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

// readBody reads a body of at most limit bytes and stops its clock.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *Problem) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		setReadDeadline(w, time.Time{})
		return body, nil
	case errors.As(err, &tooLarge):
		return nil, newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body exceeds %d bytes", limit))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, newProblem(http.StatusRequestTimeout, "the body did not arrive in time")
	default:
		return nil, newProblem(http.StatusBadRequest, "the body broke off")
	}
}

// bufferBody reads an operation's body under this package's limits, before huma
// would under its own.
func (s *Server) bufferBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if r.Body == nil || r.Body == http.NoBody {
		next(ctx)
		return
	}
	body, problem := readBody(w, r, s.cfg.MaxJournalBody)
	if problem != nil {
		problem.write(w)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	next(ctx)
}
