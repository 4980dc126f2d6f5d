package main

import (
	"context"
	"fmt"

	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

type backupCommand struct {
	File         string  `arg:"" help:"New file to copy the database to, for its owner only."`
	Database     *string `variable:"QOS_RECEIVER_DATABASE" placeholder:"FILE" help:"The server's SQLite file (default qos-receiver.db)."`
	DatabaseFile string  `variable:"QOS_RECEIVER_DATABASE_FILE" placeholder:"FILE" help:"File that holds the database's name."`
}

// Run copies the database, which a server may have open.
func (c *backupCommand) Run(ctx context.Context, out streams) error {
	database, err := databaseName(c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	if err := store.Backup(ctx, database, c.File); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.out, "the copy %s is whole and on disk\n", c.File)
	return err
}

type restoreCommand struct {
	File         string  `arg:"" help:"File that backup wrote."`
	Database     *string `variable:"QOS_RECEIVER_DATABASE" placeholder:"FILE" help:"The SQLite file to make, which must not exist (default qos-receiver.db)."`
	DatabaseFile string  `variable:"QOS_RECEIVER_DATABASE_FILE" placeholder:"FILE" help:"File that holds the database's name."`
}

// Run makes a database of a backup.
func (c *restoreCommand) Run(ctx context.Context, out streams) error {
	database, err := databaseName(c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	if err := store.Restore(ctx, c.File, database); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.out, "%s is restored; what came after the backup is not in it\n", database)
	return err
}
