package store_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// A database that is there and is not to be had is told from one that is away.
func TestRefuses(t *testing.T) {
	t.Parallel()
	database := func() *url.URL {
		t.Helper()
		u, err := url.Parse(pgtest.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	missing, stranger, away := database(), database(), database()
	missing.Path = "/no_such_database"
	stranger.User = url.UserPassword("nobody", "knows")
	query := away.Query()
	query.Set("host", "127.0.0.1")
	query.Set("port", "1")
	away.RawQuery = query.Encode()
	for name, test := range map[string]struct {
		database *url.URL
		want     bool
	}{
		"no such database": {missing, true},
		"no such user":     {stranger, true},
		"away":             {away, false},
	} {
		s, err := store.Open(t.Context(), test.database.String(), store.Options{})
		if err == nil {
			t.Errorf("%s: it opens: %v", name, s.Close())
			continue
		}
		if got := store.Refuses(err); got != test.want {
			t.Errorf("%s: refuses = %t for %v", name, got, err)
		}
	}
	if store.Refuses(nil) || store.Refuses(errors.New("x")) {
		t.Error("anything refuses")
	}
}
