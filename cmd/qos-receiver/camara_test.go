package main

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestCAMARATokensAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		command serveCommand
		says    string
	}{
		"empty":        {serveCommand{CAMARAToken: []string{""}}, "--camara-token is empty"},
		"empty file":   {serveCommand{CAMARATokenFile: []string{file(t, "\n")}}, "--camara-token is empty"},
		"missing file": {serveCommand{CAMARATokenFile: []string{"/nonexistent/token"}}, "--camara-token-file"},
		"with a space": {serveCommand{CAMARAToken: []string{"first-token-000000", "two words"}}, "--camara-token may only hold visible ASCII"},
	} {
		if _, err := test.command.secrets(); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

func TestCAMARATokensOfFlagsAndFiles(t *testing.T) {
	t.Parallel()
	var logs lockedBuffer
	command := serveCommand{CAMARAToken: []string{"a-token,with-a-comma"}, CAMARATokenFile: []string{file(t, "second-token-00000\n"), file(t, "short")}}
	cfg, err := command.serverConfig(slog.New(slog.NewTextHandler(&logs, nil)))
	if err != nil || !slices.Equal(cfg.CAMARATokens, []string{"a-token,with-a-comma", "second-token-00000", "short"}) {
		t.Errorf("tokens %q, %v", cfg.CAMARATokens, err)
	}
	if said := logs.String(); !strings.Contains(said, "may be guessed") || strings.Contains(said, "second-token") {
		t.Errorf("the log says %q", said)
	}
}

// TestNotificationEndToEnd lets an operator notify a whole receiver whose token is
// in its environment.
func TestNotificationEndToEnd(t *testing.T) {
	t.Parallel()
	const operator = "operators-token-0009"
	var output lockedBuffer
	s := servingTo(t, &output, []string{"QOS_RECEIVER_CAMARA_TOKEN=another-token-00008," + operator}, "--journal-token="+journalToken, "--log-level=debug")
	const event = `{"id":"e","source":"op","type":"org.camaraproject.quality-on-demand.v1.qos-status-changed","data":{"sessionId":"s-1","qosStatus":"AVAILABLE"}}`
	if got := s.send(t, http.MethodPost, receiver.NotificationPath, "guessed-token-0006", event); !strings.Contains(got, "--camara-token") {
		t.Errorf("a wrong token is answered %s", got)
	}
	if got := s.send(t, http.MethodPost, receiver.NotificationPath, operator, event); strings.Contains(got, "detail") {
		t.Errorf("the right token is answered %s", got)
	}
	got := s.send(t, http.MethodGet, "/v1/camara/notifications?resource_id=s-1&wait_seconds=5", journalToken, "")
	if !strings.Contains(got, `"status":"AVAILABLE"`) {
		t.Errorf("kept %s", got)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	for _, secret := range []string{operator, "another-token-00008", "guessed-token-0006"} {
		if strings.Contains(output.String(), secret) {
			t.Errorf("the log shows %s", secret)
		}
	}
}
