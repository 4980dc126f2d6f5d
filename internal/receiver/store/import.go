package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// copyLeap is how far a copy of a store is ahead of what it is a copy of. The
// original may have gone on: a place that it took after the copy was made must not
// be given out again, because whoever has seen it would miss what comes there.
const copyLeap = 1 << 40

// ErrNotEmpty means that an import would mix two stores.
var ErrNotEmpty = errors.New("the database is not empty: an import needs one in which nothing was ever journalled")

// errCutOff is of an export that is shorter than it was.
var errCutOff = errors.New("the export is cut off: its last line is missing")

// Import fills an empty database, which is made if it does not exist, with an
// export of another, in one transaction: all of it or nothing. The store's id goes
// along. No receiver may have the database open, because it would go on under the
// id that the store has had.
func Import(ctx context.Context, database string, from io.Reader, options Options) (moved *Moved, err error) {
	s, err := Open(ctx, database, options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	t, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Rollback() }() // does nothing after a commit
	if err := s.dialect.takeTime(ctx, t.Tx); err != nil {
		return nil, err
	}
	if err := t.expectEmpty(ctx); err != nil {
		return nil, err
	}
	i := newImporter(t, from)
	if err := i.run(ctx); err != nil {
		return nil, fmt.Errorf("import: line %d: %w", i.line, refused(err))
	}
	if err := t.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return &i.moved, nil
}

// expectEmpty refuses a store that has given out a place of its sequence: a
// Terraform state may know it.
func (t *tx) expectEmpty(ctx context.Context) error {
	var sequence int64
	if err := t.QueryRowContext(ctx, `SELECT sequence FROM meta`).Scan(&sequence); err != nil {
		return fmt.Errorf("read the sequence: %w", err)
	}
	if sequence != 0 {
		return ErrNotEmpty
	}
	return nil
}

// leap makes the store one that comes after all that the original may have become.
func (t *tx) leap(ctx context.Context, storeID string, sequence int64) error {
	return t.exec(ctx, `UPDATE meta SET store_id = $1, sequence = $2`, storeID, sequence+copyLeap)
}

// importer reads the lines of an export into a transaction.
type importer struct {
	t     *tx
	lines *bufio.Reader
	sum   hash.Hash // of the lines that were taken
	line  int
	moved Moved
	rows  inserter
}

func newImporter(t *tx, from io.Reader) *importer {
	return &importer{t: t, lines: bufio.NewReader(from), sum: sha256.New(), moved: Moved{Rows: map[string]int64{}}}
}

func (i *importer) run(ctx context.Context) error {
	defer func() { i.rows.close() }()
	text, err := i.next()
	if err != nil {
		return err
	}
	if err := i.header(ctx, text); err != nil {
		return err
	}
	for {
		_, _ = i.sum.Write(text) // a hash takes every write
		if text, err = i.next(); err != nil {
			return err
		}
		var line struct {
			exportRow
			End *exportSums `json:"end"`
		}
		if err := decodeLine(text, &line); err != nil {
			return err
		}
		if line.End != nil {
			return i.end(*line.End)
		}
		if err := i.row(ctx, line.exportRow); err != nil {
			return err
		}
	}
}

// next is the next line, which an export always ends.
func (i *importer) next() ([]byte, error) {
	i.line++
	text, err := i.lines.ReadBytes('\n')
	switch {
	case errors.Is(err, io.EOF):
		return nil, errCutOff
	case err != nil:
		return nil, fmt.Errorf("read: %w", err)
	}
	return text, nil
}

// decodeLine keeps numbers as they are written and refuses what it does not know.
func decodeLine(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("not a line of an export: %w", err)
	}
	return nil
}

func (i *importer) header(ctx context.Context, text []byte) error {
	var header exportHeader
	// What else a newer format says is not asked before its version is.
	if err := json.Unmarshal(text, &header); err != nil || header.Format != exportFormat {
		return errors.New("this is no export of a qos-receiver")
	}
	if header.Version != exportVersion {
		return fmt.Errorf("the export has format %d, this build knows only %d: use a newer qos-receiver", header.Version, exportVersion)
	}
	if header.StoreID == "" || header.Sequence < 0 {
		return errors.New("the export does not say which store it is of")
	}
	i.moved.StoreID = header.StoreID
	return i.t.leap(ctx, header.StoreID, header.Sequence)
}

func (i *importer) row(ctx context.Context, line exportRow) error {
	if !slices.ContainsFunc(movedTables(), func(t movedTable) bool { return t.name == line.Table }) {
		return fmt.Errorf("table %q is unknown: use a newer qos-receiver", line.Table)
	}
	columns := slices.Sorted(maps.Keys(line.Row))
	if line.Table != i.rows.table || !slices.Equal(columns, i.rows.columns) {
		i.rows.close()
		var err error
		if i.rows, err = i.t.newInserter(ctx, line.Table, columns); err != nil {
			return err
		}
	}
	if err := i.rows.insert(ctx, line.Row); err != nil {
		return err
	}
	i.moved.Rows[line.Table]++
	return nil
}

// end compares the last line with what came before it.
func (i *importer) end(said exportSums) error {
	if !maps.Equal(said.Rows, i.moved.Rows) {
		return fmt.Errorf("the export is damaged: it says that it has the rows %v, and has %v", said.Rows, i.moved.Rows)
	}
	if said.SHA256 != hex.EncodeToString(i.sum.Sum(nil)) {
		return errors.New("the export is damaged: it has another checksum than it says")
	}
	if _, err := i.lines.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("the export is damaged: it goes on after its last line")
	}
	return nil
}

// inserter adds rows that have the same columns.
type inserter struct {
	table     string
	columns   []string
	statement *sql.Stmt
}

// newInserter refuses columns that the table does not have. One that the rows lack
// gets its default.
func (t *tx) newInserter(ctx context.Context, table string, columns []string) (inserter, error) {
	known, err := t.columns(ctx, table)
	if err != nil {
		return inserter{}, err
	}
	marks := make([]string, 0, len(columns))
	for n, column := range columns {
		if !slices.Contains(known, column) {
			return inserter{}, fmt.Errorf("column %q of table %s is unknown: use a newer qos-receiver", column, table)
		}
		marks = append(marks, "$"+strconv.Itoa(n+1))
	}
	statement, err := t.PrepareContext(ctx, `INSERT INTO `+table+` (`+strings.Join(columns, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)`)
	if err != nil {
		return inserter{}, fmt.Errorf("table %s: %w", table, err)
	}
	return inserter{table, columns, statement}, nil
}

func (t *tx) columns(ctx context.Context, table string) (names []string, err error) {
	rows, err := t.QueryContext(ctx, `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", table, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if names, err = rows.Columns(); err != nil {
		return nil, err
	}
	return names, rows.Err()
}

func (n inserter) insert(ctx context.Context, row map[string]any) error {
	values := make([]any, 0, len(n.columns))
	for _, column := range n.columns {
		value, err := imported(row[column])
		if err != nil {
			return fmt.Errorf("column %s of table %s: %w", column, n.table, err)
		}
		values = append(values, value)
	}
	if _, err := n.statement.ExecContext(ctx, values...); err != nil {
		return fmt.Errorf("table %s: %w", n.table, err)
	}
	return nil
}

func (n inserter) close() {
	if n.statement != nil {
		_ = n.statement.Close() // the transaction's end frees it in any case
	}
}

// imported is a value of a line as databases take it.
func imported(value any) (any, error) {
	switch v := value.(type) {
	case nil, bool, string:
		return v, nil
	case json.Number:
		number, err := v.Int64()
		if err != nil {
			return nil, fmt.Errorf("%s is no whole number: %w", v, err)
		}
		return number, nil
	case map[string]any:
		text, isText := v[bytesMember].(string)
		if !isText || len(v) != 1 {
			return nil, errors.New("an object that is not bytes")
		}
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("bytes in base64: %w", err)
		}
		return decoded, nil
	default:
		return nil, errors.New("a list")
	}
}
