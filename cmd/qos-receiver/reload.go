package main

import (
	"context"
	"log/slog"
	"os"
	"reflect"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// reloadInterval is how soon files that changed are noticed without a signal.
// Kubernetes replaces mounted secrets and signals nobody.
const reloadInterval = 30 * time.Second

// reloader reads again what comes from files, while the server runs.
type reloader struct {
	parts   []*reloadPart
	hangups <-chan os.Signal
	// tell shows whether anything failed.
	tell  func(failing bool)
	clock clockwork.Clock
	log   *slog.Logger
}

// reloadPart is what takes effect together.
type reloadPart struct {
	name   string
	reload func() (changed bool, err error)
	failed string // what was last said of a failure
}

// run reloads on every signal and every now and then, until ctx ends.
func (r *reloader) run(ctx context.Context) {
	ticker := r.clock.NewTicker(reloadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hangups:
			r.reload(ctx, true)
		case <-ticker.Chan():
			r.reload(ctx, false)
		}
	}
}

// reload keeps what was read before where a file cannot be used. It says so once,
// or whenever somebody asked for it.
func (r *reloader) reload(ctx context.Context, asked bool) {
	failing := false
	for _, part := range r.parts {
		changed, err := part.reload()
		if err != nil {
			if asked || err.Error() != part.failed {
				r.log.ErrorContext(ctx, "not reloaded: what was read before stays in force", "what", part.name, "error", err)
			}
			part.failed, failing = err.Error(), true
			continue
		}
		part.failed = ""
		if asked || changed {
			r.log.InfoContext(ctx, "reloaded", "what", part.name, "changed", changed)
		}
	}
	r.tell(failing)
}

// newReloader reloads the secrets of the command line into the server, and its
// certificates, if it has any.
func (c *serveCommand) newReloader(server *receiver.Server, current receiver.Secrets, pairs *certificates, hangups <-chan os.Signal, log *slog.Logger) *reloader {
	r := &reloader{hangups: hangups, tell: server.ReloadFailing, clock: clockwork.NewRealClock(), log: log}
	r.parts = append(r.parts, &reloadPart{name: "secrets", reload: func() (bool, error) {
		secrets, err := c.secrets()
		if err != nil || reflect.DeepEqual(secrets, current) {
			return false, err
		}
		if err := server.Rotate(secrets); err != nil {
			return false, err
		}
		current = secrets
		return true, nil
	}})
	if pairs != nil {
		r.parts = append(r.parts, &reloadPart{name: "certificate", reload: pairs.reload})
	}
	return r
}
