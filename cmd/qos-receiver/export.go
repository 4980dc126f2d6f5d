package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
	"github.com/qosform/terraform-provider-qos/internal/receiver/wholefile"
)

// standardStream is the name that stands for standard input or output.
const standardStream = "-"

type exportCommand struct {
	File         string  `arg:"" optional:"" default:"-" help:"New file to write to, for its owner only; - is standard output."`
	Database     *string `variable:"QOS_RECEIVER_DATABASE" placeholder:"DATABASE" help:"The server's database (default qos-receiver.db)."`
	DatabaseFile string  `variable:"QOS_RECEIVER_DATABASE_FILE" placeholder:"FILE" help:"File that holds the database's URL."`
}

// Run writes what the database holds, which a server may have open.
func (c *exportCommand) Run(ctx context.Context, out streams) error {
	database, err := databaseName(c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	var moved *store.Moved
	export := func(to io.Writer) error {
		moved, err = store.Export(ctx, database, to, besideServer())
		return err
	}
	if c.File == standardStream {
		err = export(out.out)
	} else {
		err = writeFile(c.File, export)
	}
	if err != nil {
		return err
	}
	// Standard output may be the export.
	return reportMoved(out.err, "exported", moved)
}

// writeFile makes a file of what write writes, which appears when it is whole.
func writeFile(path string, write func(io.Writer) error) error {
	return wholefile.Write(path, func(partial string) (err error) {
		file, err := os.OpenFile(partial, os.O_WRONLY, 0) //nolint:gosec // The operator names the file.
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		return write(file)
	})
}

// reportMoved says what was moved in a line.
func reportMoved(w io.Writer, verb string, moved *store.Moved) error {
	rows := make([]string, 0, len(moved.Rows))
	for _, table := range slices.Sorted(maps.Keys(moved.Rows)) {
		rows = append(rows, fmt.Sprintf("%s %d", table, moved.Rows[table]))
	}
	_, err := fmt.Fprintf(w, "%s store %s: %s\n", verb, moved.StoreID, strings.Join(rows, ", "))
	return err
}
