package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// An export is lines of JSON: what it is, every row of every moved table, and how
// many there were.
const (
	exportFormat = "qos-receiver export"
	// exportVersion is that of the lines. Tables and columns may be added without
	// another one; a migration that gives a column another meaning needs one.
	exportVersion = 1
	// bytesMember is of the object that tells bytes, in base64, from text.
	bytesMember = "bytes"
)

// movedTable is a table that goes along when a store moves.
type movedTable struct {
	name string
	// order is the columns by which its rows are unique.
	order string
}

// movedTables are all but meta, whose content is in the first line. A table comes
// after those that it refers to.
func movedTables() []movedTable {
	return []movedTable{
		{"requests", "created_seq"},
		{"request_devices", "request, device_key"},
		{"request_subscriptions", "request, qos_subscription_id"},
		{"stops", "id"},
		{"events", "seq"},
		{"acknowledgements", "account_name, device_key, request_id"},
		{"quarantine", "seq"},
		{"outbox", "seq, id"},
		{"repeats", "digest"},
		{"camara_notifications", "seq"},
	}
}

type exportHeader struct {
	Format     string    `json:"format"`
	Version    int       `json:"version"`
	StoreID    string    `json:"store_id"`
	Sequence   int64     `json:"sequence"`
	ExportedAt time.Time `json:"exported_at"`
}

type exportRow struct {
	Table string         `json:"table"`
	Row   map[string]any `json:"row"`
}

type exportEnd struct {
	End exportSums `json:"end"`
}

type exportSums struct {
	Rows   map[string]int64 `json:"rows"`
	SHA256 string           `json:"sha256"` // of all lines before
}

// Moved is what an export holds.
type Moved struct {
	StoreID string
	// Rows is how many rows there are of each table that has any.
	Rows map[string]int64
}

// Export writes the database as lines of JSON that Import reads, of one moment,
// while receivers go on to use it. The claims are among it, which are what lets a
// Terraform state stop a request.
func Export(ctx context.Context, database string, to io.Writer, options Options) (moved *Moved, err error) {
	options.MustExist = true
	s, err := Open(ctx, database, options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	snapshot, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = snapshot.Rollback() }() // nothing was written
	e := newExporter(to)
	if err := e.export(ctx, snapshot, s.now()); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return &e.moved, nil
}

// snapshot is a transaction in which nothing changes, however long it takes.
func (s *Store) snapshot(ctx context.Context) (*sql.Tx, error) {
	// Every transaction of SQLite is one.
	t, err := s.reader.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	if err := s.dialect.takeTime(ctx, t); err != nil {
		return nil, errors.Join(err, t.Rollback())
	}
	return t, nil
}

// takeTime lifts the database's limits on how long a transaction may take.
func (d dialect) takeTime(ctx context.Context, t *sql.Tx) error {
	if d.unlimited == "" {
		return nil
	}
	if _, err := t.ExecContext(ctx, d.unlimited); err != nil {
		return fmt.Errorf("lift the limits on time: %w", err)
	}
	return nil
}

// exporter writes lines, and keeps account of them for the last one.
type exporter struct {
	buffer *bufio.Writer
	sum    hash.Hash
	lines  *json.Encoder
	moved  Moved
}

func newExporter(to io.Writer) *exporter {
	e := &exporter{buffer: bufio.NewWriter(to), sum: sha256.New(), moved: Moved{Rows: map[string]int64{}}}
	e.lines = json.NewEncoder(io.MultiWriter(e.buffer, e.sum))
	e.lines.SetEscapeHTML(false)
	return e
}

func (e *exporter) export(ctx context.Context, snapshot *sql.Tx, now time.Time) error {
	header := exportHeader{Format: exportFormat, Version: exportVersion, ExportedAt: now}
	err := snapshot.QueryRowContext(ctx, `SELECT store_id, sequence FROM meta`).Scan(&header.StoreID, &header.Sequence)
	if err != nil {
		return fmt.Errorf("read the store's id: %w", err)
	}
	e.moved.StoreID = header.StoreID
	if err := e.lines.Encode(header); err != nil {
		return err
	}
	for _, table := range movedTables() {
		if err := e.table(ctx, snapshot, table); err != nil {
			return fmt.Errorf("table %s: %w", table.name, err)
		}
	}
	end := exportEnd{exportSums{Rows: e.moved.Rows, SHA256: hex.EncodeToString(e.sum.Sum(nil))}}
	if err := e.lines.Encode(end); err != nil {
		return err
	}
	return e.buffer.Flush()
}

func (e *exporter) table(ctx context.Context, snapshot *sql.Tx, table movedTable) error {
	//nolint:gosec // The names are constants.
	rows, err := snapshot.QueryContext(ctx, `SELECT * FROM `+table.name+` ORDER BY `+table.order)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is in rows.Err
	columns, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make(map[string]any, len(columns))
		for i, column := range columns {
			if row[column.Name()], err = exported(column, values[i]); err != nil {
				return fmt.Errorf("column %s: %w", column.Name(), err)
			}
		}
		if err := e.lines.Encode(exportRow{table.name, row}); err != nil {
			return err
		}
		e.moved.Rows[table.name]++
	}
	return rows.Err()
}

// exported is a value as the lines have it, whatever the database calls it.
func exported(column *sql.ColumnType, value any) (any, error) {
	switch v := value.(type) {
	case nil, bool:
		return v, nil
	case int64:
		if strings.HasPrefix(strings.ToUpper(column.DatabaseTypeName()), "BOOL") {
			return v != 0, nil
		}
		return v, nil
	case string:
		if !utf8.ValidString(v) {
			return nil, errors.New("text that is not UTF-8")
		}
		return v, nil
	case []byte:
		return map[string]any{bytesMember: v}, nil
	default:
		return nil, fmt.Errorf("a value of type %T", value)
	}
}
