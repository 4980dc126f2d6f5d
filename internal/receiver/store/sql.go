package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strings"
)

const (
	// itemBatch bounds the placeholders of a statement's condition: SQLite's effort to
	// prepare it grows with their square.
	itemBatch = 128
	// maxBlock is how many rows one statement adds. It is a power of two.
	maxBlock = 32
)

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each runs a query and hands over all its rows.
func each(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("query the store: %w", refused(err))
	}
	defer func() { _ = rows.Close() }() // its error is in rows.Err
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("read from the store: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read from the store: %w", refused(err))
	}
	return nil
}

// collect runs a query and reads all its rows.
func collect[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) (found []T, err error) {
	err = each(ctx, q, func(rows *sql.Rows) error {
		one, err := scan(rows)
		found = append(found, one)
		return err
	}, query, args...)
	return found, err
}

// collectWithin runs a query and reads its rows until they weigh more than the
// budget, or all. It reports whether there are more.
func collectWithin[T any](ctx context.Context, q querier, budget int, weigh func(T) int, scan func(*sql.Rows) (T, error), query string, args ...any) (found []T, more bool, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, false, fmt.Errorf("query the store: %w", refused(err))
	}
	defer func() { _ = rows.Close() }() // its error is in rows.Err
	for weight := 0; rows.Next(); {
		if weight > budget {
			return found, true, nil
		}
		one, err := scan(rows)
		if err != nil {
			return nil, false, fmt.Errorf("read from the store: %w", err)
		}
		found = append(found, one)
		weight += weigh(one)
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("read from the store: %w", refused(err))
	}
	return found, false, nil
}

// exists reports whether a table has a row that a condition selects. A server that
// has silently gone does not keep the caller: what asks this has other work to do.
func (s *Store) exists(ctx context.Context, table, condition string, args ...any) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.look)
	defer cancel()
	err = s.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+table+` WHERE `+condition+`)`, args...).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", table, err)
	}
	return found, nil
}

func queryStrings(ctx context.Context, q querier, query string, args ...any) ([]string, error) {
	scan := func(rows *sql.Rows) (s string, err error) {
		err = rows.Scan(&s)
		return s, err
	}
	return collect(ctx, q, scan, query, args...)
}

// where collects the conditions of a statement and the values they stand on.
type where struct {
	clauses []string
	args    []any
}

// arg adds a value and returns its placeholder.
func (w *where) arg(value any) string {
	w.args = append(w.args, value)
	return numbered(len(w.args))
}

// in returns the condition that the column has one of the values. The first is there
// until they are a power of two, so that such conditions have few texts.
func (w *where) in(column string, values []string) string {
	if len(values) == 0 {
		return "1 = 0"
	}
	marks := make([]string, 0, len(values))
	for _, v := range values {
		marks = append(marks, w.arg(v))
	}
	for len(marks)&(len(marks)-1) != 0 {
		marks = append(marks, w.arg(values[0]))
	}
	return column + " IN (" + strings.Join(marks, ", ") + ")"
}

// values is a table of the values, one in each row.
func (w *where) values(values []string) string {
	rows := make([]string, 0, len(values))
	for _, v := range values {
		rows = append(rows, "("+w.arg(v)+")")
	}
	for len(rows)&(len(rows)-1) != 0 {
		rows = append(rows, "("+w.arg(values[0])+")")
	}
	return "VALUES " + strings.Join(rows, ", ")
}

// inBatches calls do with the values, as many at a time as a statement may have.
func inBatches(values []string, do func(batch []string) error) error {
	for batch := range slices.Chunk(values, itemBatch) {
		if err := do(batch); err != nil {
			return err
		}
	}
	return nil
}

// blocks are the rows in as few parts as there are ones in their number: statements
// for so many rows have few texts, which are prepared once.
func blocks(rows [][]any) iter.Seq[[][]any] {
	return func(yield func([][]any) bool) {
		for len(rows) > 0 {
			size := min(maxBlock, 1<<(bits.Len(uint(len(rows)))-1))
			if !yield(rows[:size]) {
				return
			}
			rows = rows[size:]
		}
	}
}

// insertion is the statement that adds the rows, and its values.
func (t *tx) insertion(into, rest string, rows [][]any) (text string, args []any) {
	var b strings.Builder
	b.WriteString("INSERT INTO " + into + " VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		marks := make([]string, 0, len(row))
		for _, value := range row {
			args = append(args, value)
			marks = append(marks, t.mark(len(args)))
		}
		b.WriteString("(" + strings.Join(marks, ", ") + ")")
	}
	b.WriteString(" " + rest)
	return b.String(), args
}

// insertRows adds rows to a table, which into names with its columns. None of them
// may be in conflict with another.
func (t *tx) insertRows(ctx context.Context, into, conflict string, rows [][]any) error {
	for block := range blocks(rows) {
		text, args := t.insertion(into, conflict, block)
		if err := t.exec(ctx, text, args...); err != nil {
			return err
		}
	}
	return nil
}

func (w *where) and(clause string) { w.clauses = append(w.clauses, clause) }

func (w *where) equal(column, value string) {
	if value != "" {
		w.and(column + " = " + w.arg(value))
	}
}

func (w *where) String() string {
	if len(w.clauses) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(w.clauses, " AND ")
}
