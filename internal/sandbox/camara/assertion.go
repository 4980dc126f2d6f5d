package camara

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxAssertionLife is how long an assertion may be valid, from iat and from now.
const maxAssertionLife = 300 * time.Second

// assertion is a JWT that a client signed and that was found in order.
type assertion struct {
	client  Client
	subject string
	scope   string
}

// verify checks an assertion's signature, issuer, audience, life and uniqueness.
func (s *Sandbox) verify(c *call, token string) (assertion, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512,
	})
	if err != nil {
		return assertion{}, fmt.Errorf("not a signed JWT: %w", err)
	}
	var unverified jwt.Claims
	if err := parsed.UnsafeClaimsWithoutVerification(&unverified); err != nil {
		return assertion{}, fmt.Errorf("claims: %w", err)
	}
	client, known := s.client(unverified.Issuer)
	if !known {
		return assertion{}, errors.New("iss is not a client's id")
	}
	var claims struct {
		jwt.Claims

		Scope string `json:"scope"`
	}
	if err := verifySignature(parsed, client.Keys, &claims); err != nil {
		return assertion{}, err
	}
	if err := s.checkClaims(claims.Claims, c.endpoint()); err != nil {
		return assertion{}, err
	}
	return assertion{client, claims.Subject, claims.Scope}, nil
}

func verifySignature(token *jwt.JSONWebToken, keys []Key, claims any) error {
	kid := token.Headers[0].KeyID
	for _, key := range keys {
		if kid != "" && key.ID != "" && kid != key.ID {
			continue
		}
		if token.Claims(key.Public, claims) == nil {
			return nil
		}
	}
	return errors.New("no registered key verifies the signature")
}

// checkClaims needs a verified signature, lest somebody else use up a jti.
func (s *Sandbox) checkClaims(claims jwt.Claims, endpoint string) error {
	now := s.now()
	switch {
	case !slices.Equal(claims.Audience, jwt.Audience{endpoint}):
		return fmt.Errorf("aud must be %s, not %q", endpoint, []string(claims.Audience))
	case claims.Expiry == nil || claims.ID == "":
		return errors.New("exp and jti are required")
	case !now.Before(claims.Expiry.Time()):
		return errors.New("the assertion has expired")
	case claims.Expiry.Time().After(now.Add(maxAssertionLife)):
		return fmt.Errorf("exp is more than %s from now", maxAssertionLife)
	}
	if claims.IssuedAt != nil {
		issued := claims.IssuedAt.Time()
		switch {
		case issued.After(now):
			return errors.New("iat is in the future")
		case claims.Expiry.Time().Sub(issued) > maxAssertionLife:
			return fmt.Errorf("exp is more than %s after iat", maxAssertionLife)
		}
	}
	if claims.NotBefore != nil && now.Before(claims.NotBefore.Time()) {
		return errors.New("the assertion is not valid yet")
	}
	if !s.seen.first(claims.Issuer + "\x00" + claims.ID) {
		return errors.New("jti was used before")
	}
	return nil
}

// seen remembers what must be unique.
type seen struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (s *seen) first(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids[id] {
		return false
	}
	s.ids[id] = true
	return true
}
