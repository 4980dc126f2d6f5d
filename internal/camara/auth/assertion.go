package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

// assertionLifetime is well below the 300 s that CAMARA's profile allows,
// because the server counts them from its own clock's now.
const assertionLifetime = 2 * time.Minute

// minRSABits is what RFC 7518, section 3.3, demands for RS256.
const minRSABits = 2048

// claims are those of both kinds of assertion. The audience is one string,
// because some servers refuse a list.
type claims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  string           `json:"aud"`
	ID        string           `json:"jti"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
	ExpiresAt *jwt.NumericDate `json:"exp"`
	Scope     string           `json:"scope,omitempty"`
}

// assertion signs that the client speaks of subject to audience. Each is for one
// request: servers refuse an id that they have seen. It is dated by the server's
// clock, as the server judges it by that.
func (s *server) assertion(subject, audience, scope string) (string, error) {
	algorithm, err := algorithmOf(s.key)
	if err != nil {
		return "", err
	}
	key := jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: s.key, KeyID: s.config.KeyID}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("prepare the signature: %w", err)
	}
	now := s.clock.Now()
	signed, err := jwt.Signed(signer).Claims(claims{
		Issuer:    s.config.ClientID,
		Subject:   subject,
		Audience:  audience,
		ID:        uuid.NewString(),
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(assertionLifetime)),
		Scope:     scope,
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign the assertion: %w", err)
	}
	return signed, nil
}

// parseKey reads the first private key in text. Its errors never quote it.
func parseKey(text string) (crypto.Signer, error) {
	rest := []byte(text)
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		switch {
		case block == nil:
			return nil, errors.New("the private key is not in PEM: it begins with -----BEGIN PRIVATE KEY----- or similar, and has line breaks")
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"):
			// Tools write the parameters of a curve before the key.
			continue
		case strings.Contains(block.Type, "ENCRYPTED"), block.Headers["DEK-Info"] != "":
			return nil, errors.New("the private key is encrypted: decrypt it first")
		}
		return parseBlock(block)
	}
}

func parseBlock(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("the private key cannot be read: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key cannot sign")
	}
	_, err = algorithmOf(signer)
	return signer, err
}

// algorithmOf returns the signature algorithm that the key is for.
func algorithmOf(key crypto.Signer) (jose.SignatureAlgorithm, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < minRSABits {
			return "", fmt.Errorf("the RSA key has %d bits, and %d are needed", key.N.BitLen(), minRSABits)
		}
		return jose.RS256, nil
	case *ecdsa.PrivateKey:
		switch key.Curve.Params().BitSize {
		case 256:
			return jose.ES256, nil
		case 384:
			return jose.ES384, nil
		case 521:
			return jose.ES512, nil
		}
		return "", fmt.Errorf("the EC key is on the curve %s, and P-256, P-384 or P-521 is needed", key.Curve.Params().Name)
	default:
		return "", errors.New("the private key is neither RSA nor EC")
	}
}
