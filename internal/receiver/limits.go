package receiver

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jonboulle/clockwork"
)

const (
	// maxHeaders is how many header fields a request may have. The HTTP server
	// bounds their size, which leaves room for thousands of small ones.
	maxHeaders = 200
	// captureWait is how long a callback waits for others to be taken. It is worth
	// it: ThingSpace may not send again what was refused.
	captureWait = 2 * time.Second
)

// slots are the places of what may be done at the same time.
type slots chan struct{}

// take waits for a place; false when none became free in time.
func (s slots) take(ctx context.Context, clock clockwork.Clock) bool {
	select {
	case s <- struct{}{}:
		return true
	default:
	}
	timeout := clock.NewTimer(captureWait)
	defer timeout.Stop()
	select {
	case s <- struct{}{}:
		return true
	case <-timeout.Chan():
		return false
	case <-ctx.Done():
		return false
	}
}

func (s slots) leave() { <-s }

// refuseOdd turns away what no client of the receiver sends, before anything
// looks at it.
func refuseOdd(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if countHeaders(r.Header) > maxHeaders {
			newProblem(http.StatusRequestHeaderFieldsTooLarge, "the request has too many header fields").write(w)
			return
		}
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil || !isText(query) || !isText(r.URL.Path) {
			newProblem(http.StatusBadRequest, "the URL holds what is not text").write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func countHeaders(header http.Header) int {
	fields := 0
	for _, values := range header {
		fields += len(values)
	}
	return fields
}

// isText reports whether every database takes s as text.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// withoutNUL is the JSON without the NUL characters in its strings, where they
// can only stand as escapes. Not every database takes them.
func withoutNUL(body []byte) []byte {
	const nul = `\u0000`
	if !bytes.Contains(body, []byte(nul)) {
		return body
	}
	kept := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		if bytes.HasPrefix(body[i:], []byte(nul)) {
			i += len(nul)
			continue
		}
		end := i + 1
		if body[i] == '\\' {
			end++ // what a backslash escapes begins no escape
		}
		end = min(end, len(body))
		kept = append(kept, body[i:end]...)
		i = end
	}
	return kept
}
