package thingspace

import (
	"crypto/subtle"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"
)

// maxLoginFailures in a row lock the user until support unlocks it.
const maxLoginFailures = 5

// identity issues and checks bearer tokens and sessions.
type identity struct {
	clock                  clockwork.Clock
	clientID, clientSecret string
	username, password     string
	tokenLifetime          time.Duration
	sessionIdle            time.Duration

	mu            sync.Mutex
	token         string
	tokenExpires  time.Time
	sessions      map[string]time.Time // by token, the time of expiry
	loginFailures int
}

func newIdentity(o Options) *identity {
	return &identity{
		clock:    o.Clock,
		clientID: o.ClientID, clientSecret: o.ClientSecret,
		username: o.Username, password: o.Password,
		tokenLifetime: o.TokenLifetime, sessionIdle: o.SessionIdle,
		sessions: map[string]time.Time{},
	}
}

func (id *identity) knowsClient(clientID, secret string) bool {
	return same(clientID, id.clientID) && same(secret, id.clientSecret)
}

// issue returns the present token and what is left of its life, or a new one.
func (id *identity) issue() (string, time.Duration) {
	id.mu.Lock()
	defer id.mu.Unlock()
	now := id.clock.Now()
	if !now.Before(id.tokenExpires) {
		id.token = uuid.NewString()
		id.tokenExpires = now.Add(id.tokenLifetime)
	}
	return id.token, id.tokenExpires.Sub(now)
}

func (id *identity) validToken(token string) bool {
	id.mu.Lock()
	defer id.mu.Unlock()
	return same(token, id.token) && id.clock.Now().Before(id.tokenExpires)
}

func (id *identity) expireTokens() {
	id.mu.Lock()
	defer id.mu.Unlock()
	id.tokenExpires = time.Time{}
}

// loginResult says how a login went.
type loginResult int

const (
	loginRefused loginResult = iota
	loginLocked
	loginGranted
)

// login counts the user's failures in a row; only a login that is granted
// forgives them. single ends the sessions of earlier logins.
func (id *identity) login(username, password string, single bool) (string, loginResult) {
	id.mu.Lock()
	defer id.mu.Unlock()
	if !same(username, id.username) {
		return "", loginRefused
	}
	if id.loginFailures >= maxLoginFailures {
		return "", loginLocked
	}
	if !same(password, id.password) {
		id.loginFailures++
		return "", loginRefused
	}
	id.loginFailures = 0
	if single {
		clear(id.sessions)
	}
	session := uuid.NewString()
	id.sessions[session] = id.clock.Now().Add(id.sessionIdle)
	return session, loginGranted
}

// sessionState says what a session token is worth.
type sessionState int

const (
	sessionUnknown sessionState = iota
	sessionExpired
	sessionValid
)

// use checks a session and, while it is valid, starts its idle time again.
func (id *identity) use(session string) sessionState {
	id.mu.Lock()
	defer id.mu.Unlock()
	expires, known := id.sessions[session]
	if !known {
		return sessionUnknown
	}
	now := id.clock.Now()
	if !now.Before(expires) {
		return sessionExpired
	}
	id.sessions[session] = now.Add(id.sessionIdle)
	return sessionValid
}

func (id *identity) expireSessions() {
	id.mu.Lock()
	defer id.mu.Unlock()
	for session := range id.sessions {
		id.sessions[session] = time.Time{}
	}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
