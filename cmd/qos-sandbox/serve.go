package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

const (
	headerTimeout   = 10 * time.Second
	shutdownTimeout = 5 * time.Second
)

type serveCommand struct {
	Listen      string `default:"127.0.0.1:0" placeholder:"ADDRESS" help:"Address to listen on (default: ${default}); port 0 takes a free one."`
	AllowRemote bool   `help:"Let --listen be an address that others can reach. The admin API under /sandbox/ has no authentication."`

	ClientID     string   `name:"client-id" default:"${client_id}" placeholder:"KEY" help:"Key of the OAuth2 application (default: ${default})."`
	ClientSecret string   `default:"${client_secret}" placeholder:"SECRET" help:"Secret of the OAuth2 application (default: ${default})."`
	Username     string   `default:"${username}" placeholder:"NAME" help:"User who may log in (default: ${default})."`
	Password     string   `default:"${password}" placeholder:"PASSWORD" help:"The user's password (default: ${default})."`
	Account      []string `default:"${account}" placeholder:"NAME" help:"Billing account of the user (default: ${default}). Repeatable."`
	Device       []string `placeholder:"ID" help:"Device that the network knows; every device, if none is given. Repeatable."`

	TokenLifetime  time.Duration `default:"${token_lifetime}" help:"How long a bearer token lives from its first issue (default: ${default})."`
	SessionIdle    time.Duration `default:"${session_idle}" help:"How long a session lives unused (default: ${default})."`
	AckDelay       time.Duration `default:"${ack_delay}" help:"Time from a create's answer to its first callback (default: ${default})."`
	OnDelay        time.Duration `default:"${on_delay}" help:"Time from the acknowledgement to QosChangeOn (default: ${default})."`
	TerminateDelay time.Duration `default:"${terminate_delay}" help:"Time from a stop's answer to its callback (default: ${default})."`

	AnyPort        bool `help:"Accept callback URLs on any port, not only on those that ThingSpace reaches."`
	PluralPathOnly bool `help:"Serve enhanceQoS at /devices/ instead of the documented /device/."`

	CAMARA      []string    `name:"camara" placeholder:"VERSION" help:"Simulate a CAMARA operator, too, below /camara/VERSION/: 0.10, 0.11, 1.0, 1.1, 1.2, hybrid-a or hybrid-b. Repeatable."`
	CAMARAFlags camaraFlags `embed:"" prefix:"camara-"`

	LogFormat string     `default:"text" enum:"text,json" help:"text or json."`
	LogLevel  slog.Level `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, out streams) error {
	if !c.AllowRemote && !isLoopback(c.Listen) {
		return fmt.Errorf("--listen: %q is not a loopback address such as 127.0.0.1:8081; others could reach it, which needs --allow-remote", c.Listen)
	}
	log := c.logger(out)
	operators, err := c.CAMARAFlags.operators(c.CAMARA, log)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	sandbox := thingspace.New(c.options(log))
	closeAll := func() {
		sandbox.Close()
		for _, o := range operators {
			o.sandbox.Close()
		}
	}
	defer closeAll()
	server := &http.Server{
		Handler:           handler(sandbox, operators),
		ReadHeaderTimeout: headerTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	address := listener.Addr().String()
	log.InfoContext(ctx, "listening", "address", address, "thingspace", "http://"+address, "version", version)
	for _, o := range operators {
		o.announce(ctx, log, "http://"+address)
	}
	select {
	case err := <-stopped:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "shutting down")
	// First, because it lets go of the requests that a fault holds back.
	closeAll()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("shut down: %w", errors.Join(err, server.Close()))
	}
	return nil
}

// handler serves ThingSpace from the root and the simulator's own side beside
// it, and each operator below its path.
func handler(sandbox *thingspace.Sandbox, operators []operator) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/sandbox/", sandbox.AdminHandler())
	mux.Handle("/", sandbox.Handler())
	for _, o := range operators {
		o.mount(mux)
	}
	return mux
}

func (c *serveCommand) options(log *slog.Logger) thingspace.Options {
	return thingspace.Options{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret,
		Username: c.Username, Password: c.Password,
		Accounts: c.Account, Devices: c.Device,
		TokenLifetime: c.TokenLifetime, SessionIdle: c.SessionIdle,
		AckDelay: orNone(c.AckDelay), OnDelay: orNone(c.OnDelay), TerminateDelay: orNone(c.TerminateDelay),
		Switches: thingspace.Switches{AnyPort: c.AnyPort, PluralPathOnly: c.PluralPathOnly},
		Logger:   log,
	}
}

// orNone keeps a delay of 0 from meaning the default.
func orNone(delay time.Duration) time.Duration {
	if delay == 0 {
		return -1
	}
	return delay
}

func (c *serveCommand) logger(out streams) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(out.err, options))
	}
	return slog.New(slog.NewTextHandler(out.err, options))
}

// isLoopback reports whether only this machine can reach the address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
