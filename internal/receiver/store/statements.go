package store

import (
	"context"
	"database/sql"
)

// maxKept bounds the statements that are kept prepared. There are some dozens of
// texts, with some lengths each.
const maxKept = 500

// statements are those that the connection which writes keeps prepared, for a database
// whose driver does not do that by itself. Whoever has the turn at the writer uses
// them, so nobody else does.
type statements struct {
	kept   map[string]*sql.Stmt
	wanted map[string]struct{}
}

func newStatements() *statements {
	return &statements{kept: map[string]*sql.Stmt{}, wanted: map[string]struct{}{}}
}

// prepare keeps what a transaction wanted. That has to be over: it had the only
// connection.
func (s *statements) prepare(ctx context.Context, writer *sql.DB) {
	for text := range s.wanted {
		delete(s.wanted, text)
		if len(s.kept) >= maxKept {
			continue
		}
		// What cannot be prepared is what has failed, or the caller's time is over.
		if statement, err := writer.PrepareContext(ctx, text); err == nil { //nolint:sqlclosecheck // It goes with the connection.
			s.kept[text] = statement
		}
	}
}

// bound is a kept statement within the transaction, nil if it is not kept yet.
func (t *tx) bound(ctx context.Context, text string) *sql.Stmt {
	if t.statements == nil {
		return nil
	}
	if statement, ok := t.prepared[text]; ok {
		return statement
	}
	kept, ok := t.statements.kept[text]
	if !ok {
		t.statements.wanted[text] = struct{}{}
		return nil
	}
	statement := t.StmtContext(ctx, kept)
	t.prepared[text] = statement
	return statement
}

// QueryContext runs a query, prepared if it can be.
func (t *tx) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if statement := t.bound(ctx, text); statement != nil { //nolint:sqlclosecheck // It is kept.
		return statement.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, text, args...)
}

// QueryRowContext is QueryContext for one row.
func (t *tx) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if statement := t.bound(ctx, text); statement != nil { //nolint:sqlclosecheck // It is kept.
		return statement.QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, text, args...)
}

// ExecContext runs a statement, prepared if it can be.
func (t *tx) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if statement := t.bound(ctx, text); statement != nil { //nolint:sqlclosecheck // It is kept.
		return statement.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, text, args...)
}
