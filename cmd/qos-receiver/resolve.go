package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

type resolveCommand struct {
	Target       string  `arg:"" help:"The journal's id of a request, a ThingSpace request id, or a subscription id."`
	NotCreated   bool    `xor:"decision" required:"" help:"The unknown request never came to be."`
	RequestID    string  `xor:"decision" required:"" name:"request-id" placeholder:"ID" help:"The unknown request came to be under this ThingSpace request id."`
	Terminated   bool    `xor:"decision" required:"" help:"The subscription, or all of the request, has ended. Needs --reason."`
	Reason       string  `placeholder:"TEXT" help:"How you know."`
	Database     *string `variable:"QOS_RECEIVER_DATABASE" placeholder:"DATABASE" help:"The server's database (default qos-receiver.db)."`
	DatabaseFile string  `variable:"QOS_RECEIVER_DATABASE_FILE" placeholder:"FILE" help:"File that holds the database's URL."`
}

// Validate is called by the parser.
func (c *resolveCommand) Validate() error {
	if c.Terminated && strings.TrimSpace(c.Reason) == "" {
		return errors.New("--terminated needs --reason: say how you know")
	}
	return nil
}

// Run writes the decision into the database, which a server may have open.
func (c *resolveCommand) Run(ctx context.Context, out streams) error {
	database, err := databaseName(c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	journal, err := store.Open(ctx, database, besideServer())
	if err != nil {
		return fmt.Errorf("--database: %w", err)
	}
	request, err := journal.Resolve(ctx, receiver.Resolution{
		Target:     c.Target,
		NotCreated: c.NotCreated,
		RequestID:  c.RequestID,
		Terminated: c.Terminated,
		Reason:     c.Reason,
	})
	err = errors.Join(explain(c.Target, err), journal.Close())
	if err != nil {
		return err
	}
	return report(out.out, request)
}

func explain(target string, err error) error {
	var conflict *receiver.ConflictError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, receiver.ErrNotFound):
		return fmt.Errorf("the database knows no request or subscription %q", target)
	case errors.As(err, &conflict):
		return fmt.Errorf("that cannot be said of %q: it is in state %s with request id %q", target, conflict.Existing.State, conflict.Existing.RequestID)
	default:
		return fmt.Errorf("resolve %q: %w", target, err)
	}
}

// report prints what the journal now holds.
func report(w io.Writer, r *receiver.Request) error {
	if _, err := fmt.Fprintf(w, "request %s: state %s, status %s, request id %q\n", r.ID, r.State, r.Status, r.RequestID); err != nil {
		return err
	}
	for _, s := range r.Subscriptions {
		if _, err := fmt.Fprintf(w, "  device %s: %s, subscription id %q\n", s.DeviceID, s.Status, s.QoSSubscriptionID); err != nil {
			return err
		}
	}
	return nil
}
