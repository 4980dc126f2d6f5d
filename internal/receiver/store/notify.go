package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// changesChannel is where processes announce the journal ids that they change.
	changesChannel = "qos_receiver_changes"
	// maxAnnounced is how many ids, of 36 characters, go into one announcement: it
	// may have 8000 bytes.
	maxAnnounced = 200
	// farewell is how long the end of a connection may take.
	farewell = time.Second
)

// announce makes the commit tell who listens. An announcement is the instance that
// makes it, the place that the sequence has reached, and the ids.
func (p *postgres) announce(ctx context.Context, t *tx, ids []string) error {
	for chunk := range slices.Chunk(ids, maxAnnounced) {
		payload := fmt.Sprintf("%s %d %s", p.instance, t.reached, strings.Join(chunk, " "))
		if err := t.exec(ctx, `SELECT pg_notify($1, $2)`, changesChannel, payload); err != nil {
			return err
		}
	}
	return nil
}

// listen calls heard with what others announce, on a connection of its own, until
// that breaks. It calls listening once nothing is missed any more.
func (p *postgres) listen(ctx context.Context, listening func(), heard func(reached int64, ids []string)) error {
	conn, err := pgx.ConnectConfig(ctx, p.config.Copy())
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		_ = conn.Close(ctx) // broken, or not needed any more
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+changesChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	listening()
	for {
		announcement, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		words := strings.Fields(announcement.Payload)
		if len(words) < 3 || words[0] == p.instance {
			continue
		}
		reached, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil {
			return fmt.Errorf("listen: an announcement that cannot be read: %w", err)
		}
		heard(reached, words[2:])
	}
}
