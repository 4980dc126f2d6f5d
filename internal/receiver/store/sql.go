package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// itemBatch bounds a statement's placeholders: SQLite's effort grows with their
// square.
const itemBatch = 100

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect runs a query and reads all its rows.
func collect[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	weightless := func(T) int { return 0 }
	found, _, err := collectWithin(ctx, q, 0, weightless, scan, query, args...)
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
	return "$" + strconv.Itoa(len(w.args))
}

// in returns the condition that the column has one of the values.
func (w *where) in(column string, values []string) string {
	if len(values) == 0 {
		return "1 = 0"
	}
	marks := make([]string, 0, len(values))
	for _, v := range values {
		marks = append(marks, w.arg(v))
	}
	return column + " IN (" + strings.Join(marks, ", ") + ")"
}

// insertEach adds one row for each key, many with one statement. Columns are the
// shared ones, whose values follow the keys, and then the key's own.
func (t *tx) insertEach(ctx context.Context, table, columns, conflict string, keys []string, shared ...any) error {
	for batch := range slices.Chunk(keys, itemBatch) {
		var w where
		var common strings.Builder
		for _, value := range shared {
			common.WriteString(w.arg(value) + ", ")
		}
		rows := make([]string, 0, len(batch))
		for _, key := range batch {
			rows = append(rows, "("+common.String()+w.arg(key)+")")
		}
		err := t.exec(ctx, `INSERT INTO `+table+` (`+columns+`) VALUES `+strings.Join(rows, ", ")+` `+conflict, w.args...)
		if err != nil {
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
