package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver/spool"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// spoolCommand is for callbacks that the spool could not hand on.
type spoolCommand struct {
	List    spoolListCommand    `cmd:"" help:"List the files that the spool has set aside: what the database refused, and what the disk has damaged."`
	Restore spoolRestoreCommand `cmd:"" help:"Store callbacks that were set aside, once the database takes them."`
	Drop    spoolDropCommand    `cmd:"" help:"Remove files that were set aside and are damaged."`
	Forget  spoolForgetCommand  `cmd:"" name:"forget-store" help:"Let the callbacks in the spool be for another database than until now: for whichever the server has that waits to open it."`
}

type spoolListCommand struct {
	Spool string `variable:"QOS_RECEIVER_SPOOL" required:"" placeholder:"FOLDER" help:"The server's spool."`
}

// Run lists files; a server may be using the folder.
func (c *spoolListCommand) Run(out streams) error {
	kept, err := spool.List(c.Spool)
	if err != nil {
		return fmt.Errorf("--spool: %w", err)
	}
	if len(kept) == 0 {
		_, err := fmt.Fprintln(out.out, "nothing was set aside")
		return err
	}
	return listKept(out.out, kept)
}

func listKept(w io.Writer, kept []spool.Kept) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	lines := []string{"FILE\tWRITTEN\tREQUESTS\tWHY"}
	for _, k := range kept {
		why := k.Reason
		if k.Damaged() {
			why = fmt.Sprintf("damaged: %d of %d callbacks are lost, the others are in the database", k.Callbacks-k.Readable, k.Callbacks)
		}
		lines = append(lines, strings.Join([]string{k.Name, k.At.UTC().Format(time.RFC3339), strings.Join(k.Requests, " "), why}, "\t"))
	}
	if _, err := fmt.Fprintln(table, strings.Join(lines, "\n")); err != nil {
		return err
	}
	return table.Flush()
}

type spoolRestoreCommand struct {
	File         []string `arg:"" optional:"" help:"Files as list names them; all that are not damaged, if none is named."`
	Spool        string   `variable:"QOS_RECEIVER_SPOOL" required:"" placeholder:"FOLDER" help:"The server's spool."`
	Database     *string  `variable:"QOS_RECEIVER_DATABASE" placeholder:"DATABASE" help:"The server's database (default qos-receiver.db)."`
	DatabaseFile string   `variable:"QOS_RECEIVER_DATABASE_FILE" placeholder:"FILE" help:"File that holds the database's URL."`
}

// Run stores what files hold; a server may be using the folder and the database.
func (c *spoolRestoreCommand) Run(ctx context.Context, out streams) (err error) {
	names, err := c.names()
	if err != nil {
		return err
	}
	database, err := databaseName(c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	journal, err := store.Open(ctx, database, besideServer())
	if err != nil {
		return fmt.Errorf("--database: %w", err)
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	var failures []error
	for _, name := range names {
		if err := spool.Restore(ctx, journal, c.Spool, name); err != nil {
			failures = append(failures, err)
			continue
		}
		if _, err := fmt.Fprintf(out.out, "%s is stored\n", name); err != nil {
			return err
		}
	}
	return errors.Join(failures...)
}

func (c *spoolRestoreCommand) names() ([]string, error) {
	if len(c.File) > 0 {
		return c.File, nil
	}
	kept, err := spool.List(c.Spool)
	if err != nil {
		return nil, fmt.Errorf("--spool: %w", err)
	}
	var names []string
	for _, k := range kept {
		if !k.Damaged() {
			names = append(names, k.Name)
		}
	}
	return names, nil
}

type spoolDropCommand struct {
	File  []string `arg:"" help:"Files as list names them."`
	Force bool     `help:"Also files that are not damaged. Their callbacks are lost."`
	Spool string   `variable:"QOS_RECEIVER_SPOOL" required:"" placeholder:"FOLDER" help:"The server's spool."`
}

// Run removes files; a server may be using the folder.
func (c *spoolDropCommand) Run(out streams) error {
	var failures []error
	for _, name := range c.File {
		if err := spool.Drop(c.Spool, name, c.Force); err != nil {
			failures = append(failures, err)
			continue
		}
		if _, err := fmt.Fprintf(out.out, "%s is dropped\n", name); err != nil {
			return err
		}
	}
	return errors.Join(failures...)
}

type spoolForgetCommand struct {
	Spool string `variable:"QOS_RECEIVER_SPOOL" required:"" placeholder:"FOLDER" help:"The server's spool."`
}

// Run lets the folder forget; a server may be using it.
func (c *spoolForgetCommand) Run(out streams) error {
	storeID, err := spool.ForgetStore(c.Spool)
	switch {
	case err != nil:
		return fmt.Errorf("--spool: %w", err)
	case storeID == "":
		_, err = fmt.Fprintln(out.out, "no store is remembered")
	default:
		_, err = fmt.Fprintf(out.out, "store %s is forgotten\n", storeID)
	}
	return err
}
