package store

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// wire is between a store and its server.
type wire struct {
	network, address string // of the server
	url              string // to the wire

	mu    sync.Mutex
	muted []chan struct{} // closed when a connection goes silent
}

// wireTo makes a wire to a database that a test has for itself.
func wireTo(t *testing.T, database string) *wire {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	must(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{}
	w.network, w.address = pgconn.NetworkAddress(config.Host, config.Port)
	location := url.URL{
		Scheme: "postgres", User: url.User(config.User), Host: listener.Addr().String(), Path: "/" + config.Database,
		RawQuery: "sslmode=disable",
	}
	w.url = location.String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.connect(t, conn)
		}
	}()
	return w
}

func (w *wire) connect(t *testing.T, near net.Conn) {
	t.Helper()
	far, err := new(net.Dialer).DialContext(t.Context(), w.network, w.address)
	if err != nil {
		_ = near.Close()
		return
	}
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	muted := make(chan struct{})
	w.mu.Lock()
	w.muted = append(w.muted, muted)
	w.mu.Unlock()
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(silenceable{way[1], muted}, way[0])
			_ = way[1].Close()
		}()
	}
}

// silence lets all that is sent on the connections of now go nowhere.
func (w *wire) silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, muted := range w.muted {
		close(muted)
	}
	w.muted = nil
}

// silenceable takes everything, and passes it on until it is muted.
type silenceable struct {
	io.Writer
	muted <-chan struct{}
}

func (s silenceable) Write(p []byte) (int, error) {
	select {
	case <-s.muted:
		return len(p), nil
	default:
		return s.Writer.Write(p)
	}
}

// impatient are options of a store that soon notices silence.
func impatient() Options {
	return Options{Clock: clockwork.NewFakeClock(), look: 200 * time.Millisecond, attempt: 200 * time.Millisecond, Hold: receiver.StoreTimeout}
}

func acknowledgement(request string) []receiver.Event {
	return []receiver.Event{{
		RequestID: request, QoSEvent: "QoSChangeReqAck", AccountName: "account", QoSSubscriptionID: "s-" + request,
		DeviceIDs: []receiver.Device{{ID: "d-" + request}}, Authenticated: true, ReceivedAt: time.Unix(0, 0),
	}}
}

// A look for changes that a silent server does not answer is given up, and the next
// one finds the server that is there now.
func TestSilenceDoesNotEndLookingForChanges(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	w := wireTo(t, database)
	options := impatient()
	clock := clockwork.NewFakeClock()
	options.Clock = clock
	s, other := openInternal(t, w.url, options), openInternal(t, database, Options{Hold: receiver.StoreTimeout})
	heard := make(chan []string, 100)
	s.Watch(t.Context(), func(ids []string) { heard <- ids })
	go func() {
		for clock.BlockUntilContext(t.Context(), 1) == nil {
			clock.Advance(postgresPoll)
		}
	}()
	for _, request := range []string{"before", "after"} {
		must(t, other.Record(t.Context(), acknowledgement(request)))
		found, err := queryStrings(t.Context(), other.reader, `SELECT id FROM requests WHERE request_id = $1`, request)
		must(t, err)
		for !slices.Contains(<-heard, found[0]) {
			continue
		}
		w.silence()
	}
}

// Nothing that a silent server keeps waiting holds up the callbacks of its process.
func TestSilenceDoesNotHoldUpCallbacks(t *testing.T) {
	t.Parallel()
	for name, work := range map[string]func(ctx context.Context, s *Store) error{
		"a sweep":                func(ctx context.Context, s *Store) error { return s.Sweep(ctx) },
		"a write of the journal": func(ctx context.Context, s *Store) error { return s.write(ctx, func(*tx) error { return nil }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := wireTo(t, pgtest.Database(t))
			s := openInternal(t, w.url, impatient())
			must(t, work(t.Context(), s))
			w.silence()
			if err := work(t.Context(), s); err == nil {
				t.Error("nobody answered, and nothing failed")
			}
			must(t, s.Record(t.Context(), acknowledgement("r")))
			must(t, work(t.Context(), s))
		})
	}
}

// A server that has become a standby refuses to write on connections from before. The
// next attempt looks for the primary.
func TestReadOnlyConnectionIsLeft(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(ctx context.Context, s *Store) error{
		"a callback": func(ctx context.Context, s *Store) error { return s.Record(ctx, acknowledgement("r")) },
		"the second ping": func(ctx context.Context, s *Store) error {
			if err := s.Ping(ctx); err == nil {
				return nil
			}
			return s.Ping(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openInternal(t, pgtest.Database(t), Options{})
			_, err := s.writer.ExecContext(t.Context(), `SET default_transaction_read_only = on`)
			must(t, err)
			must(t, write(t.Context(), s))
		})
	}
}

// Whoever asks whether the store can write does not cost the connection to write with.
func TestPingWaitsBrieflyForOthers(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	s, other := openInternal(t, database, Options{}), openInternal(t, database, Options{})
	session := func() (pid int) {
		t.Helper()
		must(t, s.writer.QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid))
		return pid
	}
	before := session()
	busy, err := other.begin(t.Context())
	must(t, err)
	if err := s.Ping(t.Context()); !hasCode(err, "55P03") {
		t.Errorf("error = %v", err)
	}
	must(t, busy.Rollback())
	must(t, s.Ping(t.Context()))
	must(t, other.Record(t.Context(), acknowledgement("meanwhile")))
	busy, err = other.begin(t.Context())
	must(t, err)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("while others write: %v", err)
	}
	if err := s.Ping(t.Context()); !hasCode(err, "55P03") {
		t.Errorf("when they no longer do, error = %v", err)
	}
	must(t, busy.Rollback())
	if after := session(); after != before {
		t.Errorf("the connection was another one, %d, afterwards (%d before)", after, before)
	}
}

func TestClocksThatDifferAreTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		off  time.Duration
		want int // warnings of three pings, and one a minute later
	}{
		"same time": {0, 0}, "ahead": {time.Hour, 2}, "behind": {-time.Hour, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := pgtest.Database(t)
			clock := offClock{clockwork.NewRealClock(), &test.off}
			var told bytes.Buffer
			s := openInternal(t, database, Options{Clock: clock, Logger: slog.New(slog.NewTextHandler(&told, nil))})
			for range 3 {
				must(t, s.Ping(t.Context()))
			}
			if test.off != 0 {
				test.off += warningPause
			}
			must(t, s.Ping(t.Context()))
			if got := strings.Count(told.String(), "level=WARN"); got != test.want {
				t.Errorf("%d warnings, want %d:\n%s", got, test.want, &told)
			}
		})
	}
}

// offClock is one that goes wrong.
type offClock struct {
	clockwork.Clock
	off *time.Duration
}

func (c offClock) Now() time.Time { return c.Clock.Now().Add(*c.off) }

// What works beside a server leaves it the schema that it knows.
func TestOldSchemaIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]string{
		"SQLite": filepath.Join(t.TempDir(), "receiver.db"), "PostgreSQL": pgtest.Database(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openInternal(t, database, Options{})
			must(t, s.Close())
			beside := Options{MustExist: true, WithoutMigration: true}
			must(t, openInternal(t, database, beside).Close())
			s = openInternal(t, database, Options{})
			_, err := s.writer.ExecContext(t.Context(), `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
			must(t, err)
			must(t, s.Close())
			s, err = Open(t.Context(), database, beside)
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), "upgrade the servers first") {
				t.Errorf("error = %v", err)
			}
		})
	}
}
