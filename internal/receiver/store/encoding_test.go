package store_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// A database that cannot keep every text is refused before it gets a callback.
func TestPostgresOfAnotherEncodingIsRefused(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	pgtest.Execute(t, server.URL(), `CREATE DATABASE western ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	location, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal("not the URL of a database")
	}
	location.Path = "/western"
	s, err := store.Open(t.Context(), location.String(), store.Options{})
	if err == nil {
		_ = s.Close()
		t.Fatal("opened")
	}
	for _, said := range []string{"LATIN1", "ENCODING 'UTF8'"} {
		if !strings.Contains(err.Error(), said) {
			t.Errorf("error %q does not say %s", err, said)
		}
	}
}
