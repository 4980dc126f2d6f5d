package api

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// SessionIdle is how long a VZ-M2M session lasts without use (ThingSpace,
// "Start Connectivity Management Session").
const SessionIdle = 20 * time.Minute

// Session is what authorizes a call, for a holder beside the Client. It prints
// without the tokens and never marshals them.
type Session struct {
	AccessToken  string `json:"-"`
	SessionToken string `json:"-"`
	// AccessTokenExpires is zero where the end is not known, as of a configured
	// token.
	AccessTokenExpires time.Time
	// Generation grows with each session that the Client opens: a holder of an
	// earlier one has a token that ThingSpace no longer accepts.
	Generation uint64
	// AccessTokenGeneration grows likewise with each access token.
	AccessTokenGeneration uint64
}

// String tells which session it is, and none of the tokens.
func (s Session) String() string { return fmt.Sprintf("ThingSpace session %d", s.Generation) }

// GoString is String, so that %#v prints no token either.
func (s Session) GoString() string { return s.String() }

// LogValue implements slog.LogValuer like String.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Session returns the access token and the session that the Client's own calls
// use, and obtains them where it has none. Its login counts towards the limit
// that keeps the user from being locked. A session that nothing has used for
// SessionIdle may have ended: only a call tells.
func (c *Client) Session(ctx context.Context) (Session, error) {
	r := request{operation: "open a session"}
	held, err := c.tokens(ctx, r)
	if err != nil {
		return Session{}, notSent(r.operation, err)
	}
	return Session{
		AccessToken:           held.bearer.value,
		SessionToken:          held.session.value,
		AccessTokenExpires:    held.bearer.expires,
		Generation:            held.session.generation,
		AccessTokenGeneration: held.bearer.generation,
	}, nil
}
