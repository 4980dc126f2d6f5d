package transport_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

// The longer of the two limits counts, and is the one that the error names.
func TestAllowAttempt(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		limit, allowed time.Duration
		want           string
	}{
		"longer":  {time.Millisecond, 40 * time.Millisecond, "within 40ms"},
		"shorter": {40 * time.Millisecond, time.Millisecond, "within 40ms"},
	} {
		rt := transport.Timeout(transport.Buffer(newTransport(t), 1<<10), test.limit)
		_, err := send(transport.AllowAttempt(t.Context(), test.allowed), t, rt, server.URL)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
