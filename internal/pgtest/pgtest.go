// Package pgtest gives tests a real PostgreSQL. It is for tests alone.
//
// A server is started from the programs of an installed PostgreSQL (on the PATH,
// or where distributions put them), in a temporary folder, on a Unix socket, as an
// unprivileged user when the tests run as root. It ends, and its folder goes, when
// the test process ends in whatever way. QOS_TEST_POSTGRES_URL names a server to
// use instead, whose user may create databases. Where there is neither, tests are
// skipped, or fail if CI is set.
package pgtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const urlVariable = "QOS_TEST_POSTGRES_URL"

// patience bounds what a test waits for its server.
const patience = time.Minute

// host is where databases are made.
type host struct {
	url string
	// server is the host's own, nil for one that is given. It ends when nothing
	// refers to it any more.
	server *Server

	mu   sync.Mutex
	free []string // databases of the own server that are empty again
}

// shared is the host that all tests of a process have in common: starting a server
// for each would take longer than the tests.
var shared = sync.OnceValues(func() (*host, error) {
	if given := os.Getenv(urlVariable); given != "" {
		return &host{url: given}, nil
	}
	server, err := newServer()
	if err != nil {
		return nil, err
	}
	return &host{url: server.URL(), server: server}, nil
})

// Database returns the URL of an empty database that the test has for itself.
func Database(tb testing.TB) string {
	tb.Helper()
	h, err := shared()
	if err != nil {
		unavailable(tb, err)
	}
	name := h.take()
	if name == "" {
		name = "test_" + strings.ToLower(rand.Text())
		Execute(tb, h.url, "CREATE DATABASE "+name)
	}
	location := parse(tb, h.url)
	location.Path = "/" + name
	tb.Cleanup(func() { h.giveBack(tb, name, location.String()) })
	return location.String()
}

// Parameter is the URL with one more parameter.
func Parameter(tb testing.TB, database, name, value string) string {
	tb.Helper()
	location := parse(tb, database)
	query := location.Query()
	query.Set(name, value)
	location.RawQuery = query.Encode()
	return location.String()
}

func parse(tb testing.TB, database string) *url.URL {
	tb.Helper()
	location, err := url.Parse(database)
	if err != nil {
		tb.Fatal("not the URL of a database") // its error may quote a password
	}
	return location
}

func (h *host) take() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.free) == 0 {
		return ""
	}
	name := h.free[len(h.free)-1]
	h.free = h.free[:len(h.free)-1]
	return name
}

// giveBack drops a database of a server that is not ours. Our own goes as a whole:
// its databases are emptied, which is cheaper, and used again.
func (h *host) giveBack(tb testing.TB, name, database string) {
	tb.Helper()
	if h.server == nil || tb.Failed() {
		Execute(tb, h.url, "DROP DATABASE "+name+" WITH (FORCE)")
		return
	}
	Execute(tb, database, `DO $$
		DECLARE name text;
		BEGIN
			PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
			FOR name IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' LOOP
				EXECUTE format('DROP SCHEMA %I CASCADE', name);
			END LOOP;
			CREATE SCHEMA public;
		END $$`)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free = append(h.free, name)
}

// unavailable ends a test that has no server.
func unavailable(tb testing.TB, err error) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatalf("PostgreSQL: %v", err)
	}
	tb.Skipf("PostgreSQL: %v (install it, or set %s)", err, urlVariable)
}

// Execute runs statements at a database, also after the test's context has ended.
func Execute(tb testing.TB, database, statements string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }() // the statements' own errors say what matters
	if _, err := conn.Exec(ctx, statements); err != nil {
		tb.Error(err)
	}
}
