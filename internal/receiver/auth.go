package receiver

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// access is what a bearer token allows on /v1.
type access int

const (
	accessNone access = iota
	accessRead
	accessWrite
)

const (
	schemeRead    = "readToken"
	schemeJournal = "journalToken"
	schemeCAMARA  = "camaraToken"
)

// secret keeps the digest of a secret: equal lengths make comparing constant-time.
type secret [sha256.Size]byte

func newSecret(text string) secret { return sha256.Sum256([]byte(text)) }

func (s secret) equals(other secret) bool {
	return subtle.ConstantTimeCompare(s[:], other[:]) == 1
}

func anyEqual(secrets []secret, candidate secret) bool {
	found := 0
	for _, s := range secrets {
		found |= subtle.ConstantTimeCompare(s[:], candidate[:])
	}
	return found == 1
}

// tokens are the bearer tokens of /v1; nil where none is configured.
type tokens struct {
	read, journal *secret
}

func newTokens(read, journal string) tokens {
	var t tokens
	if read != "" {
		digest := newSecret(read)
		t.read = &digest
	}
	if journal != "" {
		digest := newSecret(journal)
		t.journal = &digest
	}
	return t
}

// grants says what a token allows. Without a journal token the read token also
// writes; without any token nothing is allowed.
func (t tokens) grants(token string) access {
	digest := newSecret(token)
	if t.journal != nil && t.journal.equals(digest) {
		return accessWrite
	}
	if t.read == nil || !t.read.equals(digest) {
		return accessNone
	}
	if t.journal == nil {
		return accessWrite
	}
	return accessRead
}

// check refuses a request whose token does not allow what the operation needs.
func (t tokens) check(authorization string, needed access) (access, *Problem) {
	if t.read == nil && t.journal == nil {
		return accessNone, unauthorized("this receiver was started without --read-token, so nobody may use /v1")
	}
	token, ok := bearer(authorization)
	if !ok {
		return accessNone, unauthorized("a bearer token is required")
	}
	granted := t.grants(token)
	if granted == accessNone {
		return accessNone, unauthorized("the bearer token is not one of this receiver's (--read-token, --journal-token)")
	}
	if granted < needed {
		return granted, newProblem(http.StatusForbidden, "the token may only read; the journal token is required")
	}
	return granted, nil
}

// bearer is the token of an Authorization header; false if it has none.
func bearer(authorization string) (token string, ok bool) {
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}

func unauthorized(detail string) *Problem {
	return newProblem(http.StatusUnauthorized, detail).
		withHeader("WWW-Authenticate", `Bearer realm="qos-receiver"`)
}

// accessKey is the context key of what the caller's token allows.
type accessKey struct{}

// authorize lets an operation run when the token allows it. The operation's
// security requirements, which the API document shows, say what it needs.
func (s *Server) authorize(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	granted, problem := s.admit(r, realmAPI, r.Header.Get("Authorization"), neededBy(ctx.Operation()))
	if problem != nil {
		problem.write(w)
		return
	}
	next(huma.WithValue(ctx, accessKey{}, granted))
}

func neededBy(op *huma.Operation) access {
	for _, requirement := range op.Security {
		if _, ok := requirement[schemeRead]; ok {
			return accessRead
		}
	}
	return accessWrite
}

// verdict is what a callback's credentials say of it.
type verdict int

const (
	credentialsRight verdict = iota
	credentialsAbsent
	credentialsWrong
)

// credentials are those that callbacks may carry. ThingSpace goes on sending the
// old password for some time after a new registration, so several are accepted.
type credentials struct {
	usernames, passwords []secret
}

func newCredentials(usernames, passwords []string) (credentials, error) {
	if (len(usernames) == 0) != (len(passwords) == 0) {
		return credentials{}, errors.New("callback usernames and passwords are only useful together: one of the two is missing")
	}
	var c credentials
	for _, username := range usernames {
		c.usernames = append(c.usernames, newSecret(username))
	}
	for _, password := range passwords {
		c.passwords = append(c.passwords, newSecret(password))
	}
	return c, nil
}

func (c credentials) configured() bool { return len(c.usernames) > 0 }

// judge compares a callback's credentials. A callback registered without any
// may carry them empty, which is as good as absent.
func (c credentials) judge(callback Callback) verdict {
	if !c.configured() {
		return credentialsRight
	}
	username, password := value(callback.Username), value(callback.Password)
	if username == "" && password == "" {
		return credentialsAbsent
	}
	knownUser := anyEqual(c.usernames, newSecret(username))
	knownPassword := anyEqual(c.passwords, newSecret(password))
	if knownUser && knownPassword {
		return credentialsRight
	}
	return credentialsWrong
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
