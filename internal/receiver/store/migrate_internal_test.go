package store

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
)

// Of what is there before it, a migration takes for ThingSpace's own what came with
// credentials as an acknowledgement, and nothing else.
func TestMigrationTellsWhichAcknowledgementsCameWithCredentials(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "receiver.db") },
		"PostgreSQL": func(t *testing.T) string { t.Helper(); return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := dialectOf(database(t))
			must(t, err)
			writer, reader, err := d.open(t.Context(), true)
			must(t, err)
			t.Cleanup(func() { _, _ = writer.Close(), reader.Close() })
			folder, err := fs.Sub(migrations, d.migrations)
			must(t, err)
			provider, err := goose.NewProvider(d.goose, writer, folder, append(d.options, goose.WithDisableGlobalRegistry(true))...)
			must(t, err)
			_, err = provider.UpTo(t.Context(), 4)
			must(t, err)
			for i, e := range []struct {
				request, event, status string
				authenticated          bool
			}{
				{"own", "QoSChangeReqAck", "SUCCESS", true},
				{"plain", "QosChangeReqAck", "", true},
				{"refusal", "QoSChangeReqAck", "FAILED", true},
				{"only-on", "QoSChangeReqAck", "SUCCESS", false},
				{"only-on", "QoSChangeOn", "", true},
			} {
				_, err := writer.ExecContext(t.Context(), `INSERT INTO events (seq, key, received_at, request_id, account_name, qos_subscription_id,
					device_ids, qos_event, status, reason, reported_time, makes_request, ambiguous, authenticated, deliveries, body)
					VALUES ($1, $2, 0, $3, 'account', '', '[]', $4, $5, '', '', TRUE, FALSE, $6, 1, '')`,
					i+1, e.request+e.event, e.request, e.event, e.status, e.authenticated)
				must(t, err)
				_, err = writer.ExecContext(t.Context(), `INSERT INTO acknowledgements (account_name, device_key, request_id, seq)
					VALUES ('account', 'device', $1, $2) ON CONFLICT DO NOTHING`, e.request, i+1)
				must(t, err)
			}
			_, err = provider.Up(t.Context())
			must(t, err)
			vouched, err := queryStrings(t.Context(), writer, `SELECT request_id FROM acknowledgements WHERE vouched ORDER BY request_id`)
			must(t, err)
			if diff := cmp.Diff([]string{"own", "plain"}, vouched); diff != "" {
				t.Errorf("vouched for (-want +got):\n%s", diff)
			}
			_, err = provider.DownTo(t.Context(), 4)
			must(t, err)
		})
	}
}
