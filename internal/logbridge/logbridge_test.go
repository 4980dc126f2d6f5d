package logbridge_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/qosform/terraform-provider-qos/internal/logbridge"
)

const secret = "s3cret-5f1d0c"

// record returns what Terraform's log gets from write.
func record(t *testing.T, write func(ctx context.Context)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	write(tflogtest.RootLogger(t.Context(), &out))
	if strings.Contains(out.String(), secret) {
		t.Errorf("the secret is in the log:\n%s", out.String())
	}
	entries, err := tflogtest.MultilineJSONDecode(&out)
	if err != nil {
		t.Fatalf("decode the log: %v", err)
	}
	for _, e := range entries {
		delete(e, "@module")
	}
	return entries
}

func TestLevels(t *testing.T) {
	t.Parallel()
	log := logbridge.New()
	got := record(t, func(ctx context.Context) {
		log.DebugContext(ctx, "one")
		log.InfoContext(ctx, "two")
		log.WarnContext(ctx, "three")
		log.ErrorContext(ctx, "four")
		log.Log(ctx, slog.LevelDebug-4, "below debug")
		log.Log(ctx, slog.LevelError+4, "above error")
	})
	want := []map[string]any{
		{"@level": "debug", "@message": "one"},
		{"@level": "info", "@message": "two"},
		{"@level": "warn", "@message": "three"},
		{"@level": "error", "@message": "four"},
		{"@level": "debug", "@message": "below debug"},
		{"@level": "error", "@message": "above error"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	base := logbridge.New()
	got := record(t, func(ctx context.Context) {
		base.With("method", "GET").WithGroup("http").With("status", 200).InfoContext(ctx, "answered",
			slog.Duration("took", time.Second), slog.Any("error", errors.New("broken")), slog.Group("size", slog.Int("bytes", 7)))
		base.WithGroup("").With("plain", true).InfoContext(ctx, "ungrouped")
		base.InfoContext(ctx, "bare")
	})
	want := []map[string]any{
		{"@level": "info", "@message": "answered", "method": "GET", "http.status": "200", "http.took": "1s", "http.error": "broken", "http.size": "[bytes=7]"},
		{"@level": "info", "@message": "ungrouped", "plain": "true"},
		{"@level": "info", "@message": "bare"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// Loggers that come from one share nothing that a later one could overwrite.
func TestSiblings(t *testing.T) {
	t.Parallel()
	parent := logbridge.New().With("a", 1).With("b", 2).With("c", 3)
	first, second := parent.With("d", "first"), parent.With("d", "second")
	got := record(t, func(ctx context.Context) {
		first.InfoContext(ctx, "x")
		second.InfoContext(ctx, "x")
	})
	if len(got) != 2 || got[0]["d"] != "first" || got[1]["d"] != "second" {
		t.Errorf("got %v", got)
	}
}

// holder logs as something else than it prints.
type holder struct{}

func (holder) LogValue() slog.Value { return slog.StringValue("resolved, with " + secret) }

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	log := logbridge.New("", secret, "another-secret")
	got := record(t, func(ctx context.Context) {
		log.InfoContext(ctx, "message with "+secret+" and another-secret")
		log.InfoContext(ctx, "fields", "text", "x"+secret+"x", "error", errors.New("refused: "+secret), "list", []string{secret}, "value", holder{})
		log.With("token", secret).WithGroup("g").InfoContext(ctx, "attached", slog.Group("deep", slog.String("token", secret)))
	})
	if len(got) != 3 {
		t.Fatalf("got %d entries, want 3", len(got))
	}
	if message, _ := got[0]["@message"].(string); !strings.HasPrefix(message, "message with ***") || strings.Contains(message, "another-secret") {
		t.Errorf("message is %q", message)
	}
	if got[1]["text"] != "x***x" || got[1]["error"] != "refused: ***" || got[1]["value"] != "resolved, with ***" {
		t.Errorf("fields are %v", got[1])
	}
}

// An empty secret would mask every character of the log.
func TestEmptySecretMasksNothing(t *testing.T) {
	t.Parallel()
	got := record(t, func(ctx context.Context) { logbridge.New("", "").InfoContext(ctx, "as it is", "key", "value") })
	want := []map[string]any{{"@level": "info", "@message": "as it is", "key": "value"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// Outside of a call of Terraform's there is no logger, and nothing to log to.
func TestWithoutTerraformsLogger(t *testing.T) {
	t.Parallel()
	logbridge.New(secret).ErrorContext(t.Context(), "nobody listens")
}
