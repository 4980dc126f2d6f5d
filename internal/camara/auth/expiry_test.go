package auth

import (
	"context"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
)

func TestExpiry(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClockAt(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	end := clock.Now().Add(time.Hour)
	source := newCache(clock, true, func(_ context.Context, subject string) (grant, error) {
		if subject == "endless" {
			return grant{token: "token of endless"}, nil
		}
		return grant{token: "token of " + subject, expires: end}, nil
	})
	for _, subject := range []string{"one", "endless"} {
		wantToken(t, source, subject, "token of "+subject)
	}
	for name, test := range map[string]struct {
		source         Source
		subject, token string
		want           time.Time
	}{
		"held":                      {source, "one", "token of one", end},
		"replaced":                  {source, "one", "another token", time.Time{}},
		"of another subject":        {source, "two", "token of one", time.Time{}},
		"without an end":            {source, "endless", "token of endless", time.Time{}},
		"a token made elsewhere":    {fixed("token"), "", "token", time.Time{}},
		"where there are no tokens": {None(), "", "", time.Time{}},
	} {
		if got := Expiry(test.source, test.subject, test.token); !got.Equal(test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
