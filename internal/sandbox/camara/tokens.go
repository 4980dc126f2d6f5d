package camara

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"
)

// permit is what a token, or an API key, allows.
type permit struct {
	client string
	// device is the token's subject; nil if it is two-legged.
	device *Device
	scopes []string
	all    bool // every scope
}

// allows reports whether any of the scopes is granted. None needed is enough.
func (p permit) allows(needed []string) bool {
	return p.all || len(needed) == 0 ||
		slices.ContainsFunc(needed, func(scope string) bool { return slices.Contains(p.scopes, scope) })
}

// tokens issues and checks access tokens.
type tokens struct {
	clock    clockwork.Clock
	lifetime time.Duration
	static   map[string]permit

	mu     sync.Mutex
	issued map[string]issuedToken
}

type issuedToken struct {
	permit

	expires time.Time
}

func newTokens(o Options) *tokens {
	t := &tokens{
		clock: o.Clock, lifetime: o.TokenLifetime,
		static: map[string]permit{}, issued: map[string]issuedToken{},
	}
	if o.AccessToken != "" {
		t.static[o.AccessToken] = permit{client: o.Clients[0].ID, all: true}
	}
	return t
}

func (t *tokens) issue(p permit) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	token := uuid.NewString()
	t.issued[token] = issuedToken{p, t.clock.Now().Add(t.lifetime)}
	return token
}

func (t *tokens) check(token string) (permit, bool) {
	if p, ok := t.static[token]; ok {
		return p, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	issued, known := t.issued[token]
	return issued.permit, known && t.clock.Now().Before(issued.expires)
}

func (t *tokens) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.issued)
}

// purposeForm is dpv:<dpvValue>, or with the #<technicalParameter> of the
// profile's first version.
var purposeForm = regexp.MustCompile(`^dpv:[A-Za-z]+(#[A-Za-z-]+)?$`)

// parseScope splits a scope parameter and checks it: "exactly one purpose" for a
// three-legged token and at most one otherwise, and no scope that the operator
// does not know or the client may not have.
func (s *Sandbox) parseScope(client Client, parameter string, threeLegged bool) ([]string, error) {
	scopes := strings.Fields(parameter)
	purposes := 0
	for _, scope := range scopes {
		switch {
		case purposeForm.MatchString(scope):
			purposes++
		case scope == "openid" || scope == "offline_access":
		case !s.knowsScope(scope):
			return nil, badRequest("invalid_scope", "unknown scope %q", scope)
		case len(client.Scopes) > 0 && !slices.Contains(client.Scopes, scope):
			return nil, badRequest("invalid_scope", "the client may not have scope %q", scope)
		}
	}
	switch {
	case purposes > 1:
		return nil, badRequest("invalid_scope", "the scope must not have more than one purpose (dpv:…)")
	case threeLegged && purposes == 0:
		return nil, badRequest("invalid_scope", "the scope must have a purpose (dpv:…)")
	}
	return scopes, nil
}

func (s *Sandbox) knowsScope(scope string) bool {
	for _, d := range []dialect{s.dialect, s.assignmentsDialect} {
		for _, scopes := range d.scopes {
			if slices.Contains(scopes, scope) {
				return true
			}
		}
	}
	return false
}
