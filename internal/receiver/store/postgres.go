package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	postgresReaders = 8
	// postgresPoll is how soon a change is noticed whose announcement was lost.
	postgresPoll = 2 * time.Second
	// postgresConnect is how long a connection may take to be made, unless the URL
	// says something else. It is short of what a callback is held.
	postgresConnect = 2 * time.Second
	// postgresIdleWriter is when the server ends a transaction whose process has
	// fallen silent: all others wait for it.
	postgresIdleWriter = 5 * time.Second
	// postgresLifetime lets connections follow a server that has moved.
	postgresLifetime = 30 * time.Minute
	// postgresEncoding is the only one that can keep whatever a callback may hold.
	postgresEncoding = "UTF8"
	// postgresMark is the comment on the table meta that tells it from another
	// program's.
	postgresMark = "qos-receiver"
	// postgresMigration is the advisory lock of whoever migrates ("qosrecvr").
	postgresMigration = 0x716f737265637672
	// waitForWriters locks the one row that every writing transaction changes.
	waitForWriters = `SELECT sequence FROM meta FOR UPDATE`
	// waitBriefly is shorter than whoever asks whether the store is ready waits.
	waitBriefly = `SET LOCAL lock_timeout = '1s'`
	theirClock  = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`
	// takeYourTime lifts what postgresConfig limits, until the transaction ends.
	takeYourTime = `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`
)

// postgres is a database on a server. Several processes have it open.
type postgres struct {
	config *pgx.ConnConfig
	// instance tells this process's announcements from others'.
	instance string
}

func postgresDialect(database string) (dialect, error) {
	config, err := postgresConfig(database)
	if err != nil {
		return dialect{}, err
	}
	p := &postgres{config: config, instance: uuid.NewString()}
	return dialect{
		name:       fmt.Sprintf("database %s at %s", config.Database, config.Host),
		goose:      goose.DialectPostgres,
		migrations: "migrations/postgres",
		options:    []goose.ProviderOption{goose.WithSessionLocker(migrationLock{})},
		open:       p.open,
		exclusive:  waitForWriters,
		unlimited:  takeYourTime,
		brief:      waitBriefly,
		clock:      theirClock,
		announce:   p.announce,
		listen:     p.listen,
		poll:       postgresPoll,
		mark:       numbered,
		prepares:   true,
		remote:     true,
	}, nil
}

// postgresConfig reads the URL. What it does not say is what a receiver needs.
func postgresConfig(database string) (*pgx.ConnConfig, error) {
	parsed, err := url.Parse(database)
	if err != nil {
		// Its error may quote a part of the password.
		return nil, errors.New("not a postgres:// URL that can be read: characters of the password that mean something in a URL must be percent-encoded")
	}
	config, err := pgx.ParseConfig(database)
	if err != nil {
		return nil, fmt.Errorf("not a usable postgres:// URL: %s", withoutPasswords(errors.Unwrap(err), parsed))
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = postgresConnect
	}
	if config.ValidateConnect == nil {
		// Of several hosts, only the primary takes writes.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
	config.DialFunc = (&net.Dialer{Control: noticeSilence, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}).DialContext
	for name, value := range map[string]string{
		"application_name":                    "qos-receiver",
		"synchronous_commit":                  "on",
		"statement_timeout":                   milliseconds(receiver.StoreTimeout),
		"idle_in_transaction_session_timeout": milliseconds(postgresIdleWriter),
	} {
		if _, said := config.RuntimeParams[name]; !said {
			config.RuntimeParams[name] = value
		}
	}
	return config, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// withoutPasswords is the error's text, where it quotes no password of the URL.
func withoutPasswords(err error, database *url.URL) string {
	if err == nil {
		return "its parameters cannot be read"
	}
	secrets := database.Query()["password"]
	if password, set := database.User.Password(); set {
		secrets = append(secrets, password, url.QueryEscape(password), url.PathEscape(password))
	}
	text := err.Error()
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}

// open returns one connection to write with, so that writers of this process
// queue in it and not at the server.
func (p *postgres) open(ctx context.Context, create bool) (writer, reader *sql.DB, err error) {
	writer = stdlib.OpenDB(*p.config)
	limitPool(writer, 1)
	if err := p.check(ctx, writer, create); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	readOnly := p.config.Copy()
	readOnly.RuntimeParams["default_transaction_read_only"] = "on"
	reader = stdlib.OpenDB(*readOnly)
	limitPool(reader, postgresReaders)
	return writer, reader, nil
}

func limitPool(db *sql.DB, connections int) {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxLifetime(postgresLifetime)
}

// check refuses a database that another program has tables in, one that cannot keep
// every text, and one that has to be there and is not.
func (p *postgres) check(ctx context.Context, db *sql.DB, create bool) error {
	var mark sql.NullString
	var tables int
	var encoding string
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_encoding'), obj_description(to_regclass('meta'), 'pg_class'),
		(SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename <> 'goose_db_version')`).
		Scan(&encoding, &mark, &tables)
	switch {
	case err != nil:
		return startingUp(fmt.Errorf("connect: %w", err))
	case encoding != postgresEncoding:
		return unusable{fmt.Errorf("the database has the encoding %s, in which not every callback can be kept: make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and move with export and import what the old one holds", encoding)}
	case mark.String == postgresMark:
		return nil
	case tables > 0:
		return unusable{errors.New("the database has tables of another program: give the receiver a database of its own, or a schema (search_path in the URL)")}
	case !create:
		return errors.New("the database holds no receiver's journal")
	}
	return nil
}

// migrationLock lets the processes that start at the same time migrate one after
// the other. The server frees it when the session ends, however that comes.
type migrationLock struct{}

// SessionLock waits for the lock. Neither that nor a migration has a time limit:
// making an index takes as long as it takes.
func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `SET statement_timeout = 0`); err != nil {
		return fmt.Errorf("begin the migration: %w", err)
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(postgresMigration)); err != nil {
		return fmt.Errorf("wait for another process's migration: %w", err)
	}
	return nil
}

// SessionUnlock frees it.
func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1)`, int64(postgresMigration)); err != nil {
		return fmt.Errorf("end the migration: %w", err)
	}
	if _, err := conn.ExecContext(ctx, `RESET statement_timeout`); err != nil {
		return fmt.Errorf("end the migration: %w", err)
	}
	return nil
}
