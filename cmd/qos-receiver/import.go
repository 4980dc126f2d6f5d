package main

import (
	"context"
	"os"

	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

type importCommand struct {
	File         string  `arg:"" optional:"" default:"-" help:"File that export wrote; - is standard input."`
	Database     *string `variable:"QOS_RECEIVER_DATABASE" placeholder:"DATABASE" help:"An empty database, which no server has open (default qos-receiver.db)."`
	DatabaseFile string  `variable:"QOS_RECEIVER_DATABASE_FILE" placeholder:"FILE" help:"File that holds the database's URL."`
}

// Run fills an empty database.
func (c *importCommand) Run(ctx context.Context, out streams) error {
	database, err := databaseName(c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	from := out.in
	if c.File != standardStream {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // was only read
		from = file
	}
	moved, err := store.Import(ctx, database, from, store.Options{})
	if err != nil {
		return err
	}
	return reportMoved(out.out, "imported", moved)
}
