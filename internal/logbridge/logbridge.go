// Package logbridge lets the HTTP clients, which know no Terraform, log with
// log/slog and have it come out in Terraform's own log, with secrets masked.
package logbridge

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// New returns a logger that writes to the tflog logger of each call's context.
// The given secrets are masked wherever they appear in a message or a value.
func New(secrets ...string) *slog.Logger {
	known := make([]string, 0, len(secrets))
	for _, s := range secrets {
		if s != "" {
			known = append(known, s)
		}
	}
	return slog.New(&handler{secrets: known})
}

type handler struct {
	secrets []string
	attrs   []slog.Attr
	group   string
}

// Enabled always holds: the level is decided by Terraform's logger, which is
// only known from the context.
func (h *handler) Enabled(context.Context, slog.Level) bool { return true }

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	fields := make(map[string]any, r.NumAttrs()+len(h.attrs))
	for _, a := range h.attrs {
		fields[a.Key] = a.Value.Resolve().String()
	}
	r.Attrs(func(a slog.Attr) bool {
		fields[h.group+a.Key] = a.Value.Resolve().String()
		return true
	})
	ctx = tflog.MaskMessageStrings(ctx, h.secrets...)
	ctx = tflog.MaskAllFieldValuesStrings(ctx, h.secrets...)
	switch {
	case r.Level >= slog.LevelError:
		tflog.Error(ctx, r.Message, fields)
	case r.Level >= slog.LevelWarn:
		tflog.Warn(ctx, r.Message, fields)
	case r.Level >= slog.LevelInfo:
		tflog.Info(ctx, r.Message, fields)
	default:
		tflog.Debug(ctx, r.Message, fields)
	}
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.attrs = append(append([]slog.Attr{}, h.attrs...), prefixed(h.group, attrs)...)
	return &next
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.group = h.group + name + "."
	return &next
}

func prefixed(group string, attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = slog.Attr{Key: group + a.Key, Value: a.Value}
	}
	return out
}
