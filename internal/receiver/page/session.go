package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"time"
)

// sessionLifetime is how long a sign-in lasts. Whoever copies the cookie may read
// until then, or until the token is rotated.
const sessionLifetime = 12 * time.Hour

const (
	cookieName = "qos_receiver_session"
	// hostCookieName is refused by browsers unless it is Secure, for this host and
	// for all of it.
	hostCookieName = "__Host-" + cookieName
)

const expiryBytes = 8

// newSession is a cookie's value: when it ends, and a proof that somebody with
// the token signed in. It holds nothing of the token, and every receiver with the
// same token can check it.
func newSession(key []byte, ends time.Time) string {
	expiry := binary.BigEndian.AppendUint64(nil, uint64(max(ends.Unix(), 0)))
	return base64.RawURLEncoding.EncodeToString(append(expiry, proof(key, expiry)...))
}

// validSession reports whether one of the keys made the session and it has not
// ended.
func validSession(value string, keys [][]byte, now time.Time) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(raw) != expiryBytes+sha256.Size {
		return false
	}
	expiry, given := raw[:expiryBytes], raw[expiryBytes:]
	proven := false
	for _, key := range keys {
		proven = hmac.Equal(given, proof(key, expiry)) || proven
	}
	return proven && uint64(max(now.Unix(), 0)) < binary.BigEndian.Uint64(expiry)
}

func proof(key, expiry []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(expiry) // a hash takes every write
	return mac.Sum(nil)
}

// encrypted reports whether the reader's connection is, here or at a proxy in
// front. Nobody but the reader himself has a use for lying about it.
func encrypted(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

func sessionCookie(r *http.Request, value string, lifetime time.Duration) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure where the connection is: without TLS, browsers would drop it
		Name:     cookieName,
		Value:    value,
		Path:     "/",
		MaxAge:   int(lifetime / time.Second),
		HttpOnly: true,
		Secure:   encrypted(r),
		SameSite: http.SameSiteStrictMode,
	}
	if c.Secure {
		c.Name = hostCookieName
	}
	return c
}

// endedCookie makes the browser forget the session.
func endedCookie(r *http.Request) *http.Cookie {
	c := sessionCookie(r, "", 0) //nolint:gosec // as sessionCookie
	c.MaxAge = -1
	return c
}
