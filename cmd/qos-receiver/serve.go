package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/page"
)

const (
	headerTimeout = 10 * time.Second
	// answerTimeout is longer than the longest long-poll.
	answerTimeout = time.Minute
	idleTimeout   = 2 * time.Minute
	// shutdownTimeout is what callbacks in flight get to be stored.
	shutdownTimeout = 10 * time.Second
	maxHeaderBytes  = 64 << 10
	// guessable is the length, in characters, under which a token draws a warning.
	guessable = 16
)

type serveCommand struct {
	Listen               string         `variable:"QOS_RECEIVER_LISTEN" default:":8080" placeholder:"ADDRESS" help:"Address to listen on; port 0 takes a free one."`
	PublicURL            string         `variable:"QOS_RECEIVER_PUBLIC_URL" name:"public-url" placeholder:"URL" help:"Where ThingSpace reaches this receiver. The provider then insists that the QoS callback is registered to it."`
	Database             *string        `variable:"QOS_RECEIVER_DATABASE" placeholder:"DATABASE" help:"Path of a SQLite file, made if it does not exist (default qos-receiver.db), or postgres:// URL of a database that any number of receivers share."`
	DatabaseFile         string         `variable:"QOS_RECEIVER_DATABASE_FILE" placeholder:"FILE" help:"File that holds the database's URL, and with it its password."`
	Spool                string         `variable:"QOS_RECEIVER_SPOOL" placeholder:"FOLDER" help:"Folder that keeps callbacks, up to 1 GiB, while the database is away, also if the receiver is started again meanwhile. It must outlive the process, and belong to it alone."`
	ReadToken            *string        `variable:"QOS_RECEIVER_READ_TOKEN" secret:"" placeholder:"TOKEN" help:"Bearer token that may read /v1; without a journal token it may also write."`
	ReadTokenFile        string         `variable:"QOS_RECEIVER_READ_TOKEN_FILE" placeholder:"FILE" help:"File that holds the read token."`
	JournalToken         *string        `variable:"QOS_RECEIVER_JOURNAL_TOKEN" secret:"" placeholder:"TOKEN" help:"Bearer token that may read and write /v1."`
	JournalTokenFile     string         `variable:"QOS_RECEIVER_JOURNAL_TOKEN_FILE" placeholder:"FILE" help:"File that holds the journal token."`
	CallbackUsername     []string       `variable:"QOS_RECEIVER_CALLBACK_USERNAME" secret:"" sep:"none" placeholder:"NAME" help:"Username that callbacks carry. Repeatable."`
	CallbackPassword     []string       `variable:"QOS_RECEIVER_CALLBACK_PASSWORD" secret:"" sep:"none" placeholder:"PASSWORD" help:"Password that callbacks carry. Repeatable: during a rotation both are accepted."`
	CallbackPasswordFile []string       `variable:"QOS_RECEIVER_CALLBACK_PASSWORD_FILE" placeholder:"FILE" help:"File that holds one callback password. Repeatable."`
	RequireCredentials   bool           `variable:"QOS_RECEIVER_REQUIRE_CREDENTIALS" help:"Refuse callbacks without credentials. ThingSpace documents credentials for some events only."`
	CAMARAToken          []string       `variable:"QOS_RECEIVER_CAMARA_TOKEN" name:"camara-token" secret:"" sep:"none" placeholder:"TOKEN" help:"Bearer token that CAMARA operators bring with their notifications, which are refused without one. Repeatable: during a rotation all are accepted."`
	CAMARATokenFile      []string       `variable:"QOS_RECEIVER_CAMARA_TOKEN_FILE" name:"camara-token-file" placeholder:"FILE" help:"File that holds one such token. Repeatable."`
	Account              []string       `variable:"QOS_RECEIVER_ACCOUNT" placeholder:"NAME" help:"Billing account whose callbacks are taken; all, if none is given. Repeatable."`
	AllowSource          []netip.Prefix `variable:"QOS_RECEIVER_ALLOW_SOURCE" placeholder:"CIDR" help:"Network that ThingSpace's callbacks may come from; any, if none is given. Repeatable."`
	ForwardTo            []string       `variable:"QOS_RECEIVER_FORWARD_TO" sep:"none" placeholder:"URL" help:"Listener that every callback is passed on to. The user name and password in the URL, if any, take the place of those in the callback. Repeatable."`
	ForwardToFile        []string       `variable:"QOS_RECEIVER_FORWARD_TO_FILE" placeholder:"FILE" help:"File that holds the URL of one such listener. Repeatable."`
	TrustedProxy         []netip.Prefix `variable:"QOS_RECEIVER_TRUSTED_PROXY" placeholder:"CIDR" help:"Network of proxies whose X-Forwarded-For is believed. Repeatable."`
	TLSCertificate       string         `variable:"QOS_RECEIVER_TLS_CERTIFICATE" name:"tls-certificate" placeholder:"FILE" help:"Certificate chain, PEM."`
	TLSKey               string         `variable:"QOS_RECEIVER_TLS_KEY" name:"tls-key" placeholder:"FILE" help:"Private key of the certificate, PEM."`
	Retention            retention      `variable:"QOS_RECEIVER_RETENTION" default:"400d" placeholder:"DURATION" help:"How long the bodies of callbacks are kept, such as 400d or 48h. What they said of a request is kept for good, unless only callbacks without credentials ever told of it and it is over for 400 days."`
	LogFormat            string         `variable:"QOS_RECEIVER_LOG_FORMAT" default:"text" enum:"text,json" help:"text or json."`
	LogLevel             slog.Level     `variable:"QOS_RECEIVER_LOG_LEVEL" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
}

// Run serves until ctx ends, then lets callbacks in flight finish.
func (c *serveCommand) Run(ctx context.Context, out streams) error {
	log := c.logger(out)
	// From now on, a signal to read the files again is not one to end.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	cfg, err := c.serverConfig(log)
	if err != nil {
		return err
	}
	targets, err := c.forwardTargets()
	if err != nil {
		return err
	}
	pairs, err := loadCertificates(c.TLSCertificate, c.TLSKey)
	if err != nil {
		return err
	}
	cfg.CertificateEnds = pairs.ends()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
	journal, err := c.openStorage(ctx, log)
	if err != nil {
		return err
	}
	cfg.Spool = journal.spooled
	forwarder, err := newForwarder(journal, targets, &cfg, log)
	if err != nil {
		return errors.Join(err, journal.Close())
	}
	server, err := receiver.NewServer(journal, cfg)
	if err != nil {
		return errors.Join(err, journal.Close())
	}
	// Before anything can change, so that long-polls miss none of it.
	server.Watch(ctx)
	reloader := c.newReloader(server, cfg.Secrets(), pairs, hangups, log)
	reloader.parts = append(reloader.parts, c.reloadTargets(forwarder))
	background := []func(context.Context){server.Run, reloader.run, forwarder.Run}
	err = serve(ctx, service{server.Handler(), background}, listener, pairs.config(), log)
	return errors.Join(err, journal.Close())
}

// service is what answers requests, and what has to run meanwhile.
type service struct {
	handler    http.Handler
	background []func(context.Context)
}

// serve returns once the listener is closed, everything in flight is answered
// and the work in the background is over, so that the store may be closed.
func serve(ctx context.Context, what service, listener net.Listener, certificates *tls.Config, log *slog.Logger) error {
	traces, err := startTracing(ctx, log)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	for _, work := range what.background {
		background.Go(func() { work(ctx) })
	}
	defer background.Wait()
	defer stop()
	httpServer := newHTTPServer(traces.wrap(what.handler), certificates, log)
	stopped := make(chan error, 1)
	go func() { stopped <- serveListener(httpServer, listener) }()
	log.InfoContext(ctx, "listening", "address", listener.Addr().String(), "tls", certificates != nil, "version", version)
	select {
	case err := <-stopped:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err = shutDown(grace, httpServer, log)
	if err := traces.stop(grace); err != nil {
		log.WarnContext(grace, "tracing failed", "error", err)
	}
	return err
}

// shutDown lets requests in flight end until grace is over. Those that have not ended
// then are not answered: a sender that takes its time cannot keep the process.
func shutDown(grace context.Context, server *http.Server, log *slog.Logger) error {
	log.InfoContext(grace, "shutting down", "grace", shutdownTimeout)
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		log.WarnContext(grace, "requests that have not ended are cut off")
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

func newHTTPServer(handler http.Handler, certificates *tls.Config, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		TLSConfig:         certificates,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

func serveListener(server *http.Server, listener net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

func (c *serveCommand) logger(out streams) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(tracedLog{slog.NewJSONHandler(out.err, options)})
	}
	return slog.New(tracedLog{slog.NewTextHandler(out.err, options)})
}

// secrets reads those of the command line and their files.
func (c *serveCommand) secrets() (receiver.Secrets, error) {
	read, readErr := token("read-token", c.ReadToken, c.ReadTokenFile)
	journal, journalErr := token("journal-token", c.JournalToken, c.JournalTokenFile)
	usernames, usernameErr := secretList("callback-username", c.CallbackUsername, nil)
	passwords, passwordErr := secretList("callback-password", c.CallbackPassword, c.CallbackPasswordFile)
	operators, operatorsErr := tokenList("camara-token", c.CAMARAToken, c.CAMARATokenFile)
	if err := errors.Join(readErr, journalErr, usernameErr, passwordErr, operatorsErr); err != nil {
		return receiver.Secrets{}, err
	}
	if (len(usernames) == 0) != (len(passwords) == 0) {
		return receiver.Secrets{}, errors.New("--callback-username and --callback-password must be given together")
	}
	if c.RequireCredentials && len(passwords) == 0 {
		return receiver.Secrets{}, errors.New("--require-credentials needs --callback-username and --callback-password")
	}
	return receiver.Secrets{ReadToken: read, JournalToken: journal, CallbackUsernames: usernames, CallbackPasswords: passwords, CAMARATokens: operators}, nil
}

// serverConfig checks what the flags say and reads the secrets.
func (c *serveCommand) serverConfig(log *slog.Logger) (receiver.ServerConfig, error) {
	secrets, err := c.secrets()
	if err := errors.Join(err, c.checkPublicURL()); err != nil {
		return receiver.ServerConfig{}, err
	}
	if secrets.ReadToken == "" && secrets.JournalToken == "" {
		log.Warn("no --read-token is given: /v1 refuses everybody")
	}
	for _, t := range append([]string{secrets.ReadToken, secrets.JournalToken}, secrets.CAMARATokens...) {
		if t != "" && len(t) < guessable {
			log.Warn("a token is so short that it may be guessed", "characters", len(t), "wanted", guessable)
		}
	}
	return receiver.ServerConfig{
		Version:            version,
		PublicURL:          c.PublicURL,
		ReadToken:          secrets.ReadToken,
		JournalToken:       secrets.JournalToken,
		CallbackUsernames:  secrets.CallbackUsernames,
		CallbackPasswords:  secrets.CallbackPasswords,
		RequireCredentials: c.RequireCredentials,
		CAMARATokens:       secrets.CAMARATokens,
		Accounts:           c.Account,
		AllowSources:       c.AllowSource,
		TrustedProxies:     c.TrustedProxy,
		Page:               page.Mount,
		Logger:             log,
	}, nil
}

func (c *serveCommand) checkPublicURL() error {
	if c.PublicURL == "" {
		return nil
	}
	public, err := url.Parse(c.PublicURL)
	if err != nil || public.Host == "" || public.Scheme != "http" && public.Scheme != "https" {
		return errors.New("--public-url must be an absolute http or https URL")
	}
	if public.User != nil {
		return errors.New("--public-url is shown to readers of /v1 and must not contain credentials")
	}
	return nil
}
