package main

import (
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/forward"
)

// forwardTargets are the listeners that callbacks are passed on to.
func (c *serveCommand) forwardTargets() ([]forward.Target, error) {
	urls, err := secretList("forward-to", c.ForwardTo, c.ForwardToFile)
	if err != nil {
		return nil, err
	}
	targets, err := forward.ParseTargets(urls)
	if err != nil {
		return nil, fmt.Errorf("--forward-to: %w", err)
	}
	return targets, nil
}

// newForwarder makes what passes callbacks on, and puts it into the server's
// configuration. There is one even without targets: the outbox may hold what is
// left of former ones.
func newForwarder(journal storage, targets []forward.Target, cfg *receiver.ServerConfig, log *slog.Logger) (*forward.Forwarder, error) {
	cfg.Registry = prometheus.NewRegistry()
	forwarder, err := forward.New(journal, forward.Options{Targets: targets, Version: version, Registry: cfg.Registry, Logger: log})
	if err != nil {
		return nil, err
	}
	cfg.Forwarder = forwarder
	for _, t := range targets {
		log.Info("passing callbacks on", "target", t.Name())
		if t.Exposed() {
			log.Warn("credentials go to a listener as plain text: use https", "target", t.Name())
		}
	}
	return forwarder, nil
}

// reloadTargets lets the targets follow their files.
func (c *serveCommand) reloadTargets(forwarder *forward.Forwarder) *reloadPart {
	return &reloadPart{name: "targets", reload: func() (bool, error) {
		targets, err := c.forwardTargets()
		if err != nil {
			return false, err
		}
		return forwarder.Retarget(targets), nil
	}}
}
