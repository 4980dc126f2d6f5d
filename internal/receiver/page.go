package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strings"

	"github.com/jonboulle/clockwork"
)

// PageHost is what a page for people stands on.
type PageHost struct {
	Store   Store
	Readers Readers
	Clock   clockwork.Clock
	Logger  *slog.Logger
}

// Readers says who may read: whoever may read /v1.
type Readers interface {
	// Admit checks a bearer token that the request brought. It returns the key for
	// sessions that stand on this token, or a *Problem.
	Admit(r *http.Request, token string) (key []byte, err error)
	// SessionKeys are the keys of all tokens that may read at the moment. They are
	// the same at every receiver with the same tokens.
	SessionKeys() [][]byte
}

// sessionKey sets the keys of sessions apart from other uses of a token.
func (s secret) sessionKey() []byte {
	derived := hmac.New(sha256.New, s[:])
	_, _ = derived.Write([]byte("qos-receiver page session")) // a hash takes every write
	return derived.Sum(nil)
}

func (t tokens) sessionKeys() [][]byte {
	var keys [][]byte
	for _, digest := range []*secret{t.read, t.journal} {
		if digest != nil {
			keys = append(keys, digest.sessionKey())
		}
	}
	return keys
}

// readers are those whom the server's tokens admit.
type readers struct{ server *Server }

// Admit implements Readers.
func (r readers) Admit(req *http.Request, token string) ([]byte, error) {
	if _, problem := r.server.admit(req, realmAPI, "Bearer "+token, accessRead); problem != nil {
		return nil, problem
	}
	return newSecret(strings.TrimSpace(token)).sessionKey(), nil
}

// SessionKeys implements Readers.
func (r readers) SessionKeys() [][]byte { return r.server.keys.Load().tokens.sessionKeys() }

// mountPage adds the configured page's routes.
func (s *Server) mountPage(mux *http.ServeMux) {
	if s.cfg.Page != nil {
		s.cfg.Page(mux, PageHost{Store: s.store, Readers: readers{s}, Clock: s.cfg.Clock, Logger: s.log})
	}
}
