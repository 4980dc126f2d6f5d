// Package auth gets the access tokens that a CAMARA operator asks for: none, a
// fixed one, or an OAuth2 token by client credentials, JWT bearer or CIBA in
// poll mode, as CAMARA's "Security and Interoperability Profile" describes them.
// It knows nothing of Terraform, nor of the APIs that the tokens are for.
package auth

import (
	"context"
	"errors"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// ErrNoSubject is the answer to a request for a device-bound token that does not
// say whose.
var ErrNoSubject = errors.New("an access token is bound to a device here, and there is no phone number or IP address to find its subscriber by")

// Source hands out access tokens. It is safe for concurrent use.
type Source interface {
	// Token returns a token to send now, "" where requests carry none. The
	// subject says on whose behalf, as a login hint; flows that are not bound to
	// a device ignore it.
	Token(ctx context.Context, subject string) (string, error)
	// Invalidate tells that token has been refused, so that it is not handed out
	// again. A token that has been replaced meanwhile stays replaced.
	Invalidate(subject, token string)
}

// None is for operators that want no token: keys in headers do their work.
func None() Source { return fixed("") }

// Static hands out one token obtained elsewhere, which is never renewed.
func Static(token string) (Source, error) {
	switch {
	case token == "":
		return nil, errors.New("the access token is empty")
	case !transport.ValidToken(token):
		return nil, errors.New("the access token contains a blank, a line break or another character that no token has")
	}
	return fixed(token), nil
}

// Fixed reports whether s never has another token than the one it has, or none.
func Fixed(s Source) bool {
	_, is := s.(fixed)
	return is
}

// Expiry returns when a token ends that s has handed out for subject; zero where
// that is not known, or the token has been replaced since.
func Expiry(s Source, subject, token string) time.Time {
	if c, is := s.(*cache); is {
		return c.expiry(subject, token)
	}
	return time.Time{}
}

// fixed is a Source of one token. It prints without it.
type fixed string

// Token implements Source.
func (f fixed) Token(context.Context, string) (string, error) { return string(f), nil }

// Invalidate implements Source; there is nothing to replace the token with.
func (fixed) Invalidate(string, string) {}

// String hides the token.
func (fixed) String() string { return "a fixed access token" }

// GoString is String, so that %#v prints no secret either.
func (f fixed) GoString() string { return f.String() }
