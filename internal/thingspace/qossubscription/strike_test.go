package qossubscription_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// peek reads a request's body and returns it with one that reads the same again.
func peek(r *http.Request) (string, io.ReadCloser) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return "", r.Body
	}
	return string(raw), io.NopCloser(bytes.NewReader(raw))
}

// discard is an answer that nobody gets.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// afterAccepted lets s strike only once a request was journalled as accepted.
func afterAccepted(gate *acctest.Gate, s *strike) {
	var accepted atomic.Bool
	gate.Interpose(func(next http.Handler) http.Handler {
		striking := s.wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, restored := peek(r)
			r.Body = restored
			if accepted.Load() {
				striking.ServeHTTP(w, r)
				return
			}
			if r.Method == http.MethodPatch && strings.Contains(text, `"accepted"`) {
				defer accepted.Store(true)
			}
			next.ServeHTTP(w, r)
		})
	})
}

func resolution(intent string) receiver.Resolution {
	return receiver.Resolution{Target: intent, NotCreated: true, Reason: "it was never sent"}
}
