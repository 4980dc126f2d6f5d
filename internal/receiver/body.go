package receiver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// limitBodyTime starts the clock on every request body. It is not the server's
// ReadTimeout, because that would also end long-polls: the connection is read
// for its whole life, to notice that the client has gone.
func (s *Server) limitBodyTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			// Set at once: what no handler reads, the HTTP server reads away.
			end := time.Now().Add(s.cfg.BodyTimeout)
			setReadDeadline(w, end)
			r.Body = &pacedBody{ReadCloser: r.Body, w: w, pause: s.cfg.BodyPause, end: end}
		}
		next.ServeHTTP(w, r)
	})
}

// pacedBody is a body whose sender may neither pause nor take for ever.
type pacedBody struct {
	io.ReadCloser
	w     http.ResponseWriter
	pause time.Duration
	end   time.Time
}

// Read implements io.Reader. At the end of the body, the clock stops.
func (b *pacedBody) Read(p []byte) (int, error) {
	deadline := time.Now().Add(b.pause)
	if deadline.After(b.end) {
		deadline = b.end
	}
	setReadDeadline(b.w, deadline)
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		setReadDeadline(b.w, time.Time{})
	}
	return n, err
}

// setReadDeadline does what the connection allows; a test's recorder has none.
func setReadDeadline(w http.ResponseWriter, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

// readBody reads a body of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *Problem) {
	tooLong := newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body exceeds %d bytes", limit))
	if r.ContentLength > limit {
		return nil, tooLong
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &tooLarge):
		return nil, tooLong
	case errors.Is(err, errNoRoom):
		return nil, busy()
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
	if problem == nil && !utf8.Valid(body) {
		problem = newProblem(http.StatusBadRequest, "the body is not valid UTF-8")
	}
	if problem != nil {
		problem.write(w)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(withoutNUL(body)))
	next(ctx)
}
