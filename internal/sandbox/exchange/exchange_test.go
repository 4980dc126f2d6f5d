package exchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer exchange.Answer
		status int
		body   string
	}{
		"JSON":         {exchange.JSON(http.StatusCreated, []int{1}), http.StatusCreated, `[1]`},
		"not JSON":     {exchange.JSON(http.StatusOK, func() {}), http.StatusInternalServerError, "json: unsupported type: func()"},
		"no content":   {exchange.Answer{Status: http.StatusNoContent}, http.StatusNoContent, ""},
		"escaped HTML": {exchange.HTML(http.StatusBadGateway, "<b>"), http.StatusBadGateway, "<html>\r\n<head><title>502 &lt;b&gt;</title></head>\r\n<body>\r\n<center><h1>502 &lt;b&gt;</h1></center>\r\n</body>\r\n</html>\r\n"},
	} {
		recorder := httptest.NewRecorder()
		if err := test.answer.Write(recorder); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if recorder.Code != test.status || recorder.Body.String() != test.body {
			t.Errorf("%s: got %d %q", name, recorder.Code, recorder.Body)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if got := exchange.RetryAfter(1100*time.Millisecond, now, false).Get("Retry-After"); got != "2" {
		t.Errorf("got %q", got)
	}
	if got := exchange.RetryAfter(1100*time.Millisecond, now, true).Get("Retry-After"); got != "Sun, 01 Mar 2026 12:00:02 GMT" {
		t.Errorf("got %q", got)
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	closed := make(chan struct{})
	over := make(chan bool)
	go func() { over <- exchange.Pause(t.Context(), clock, time.Second, closed) }()
	if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Second)
	if !<-over {
		t.Error("a delay that is over was reported as left")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if exchange.Pause(ctx, clock, 0, closed) {
		t.Error("a client that left was reported as waiting")
	}
	close(closed)
	if exchange.Pause(t.Context(), clock, 0, closed) {
		t.Error("a closed simulator was reported as open")
	}
}

func TestHangUp(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		exchange.HangUp(w, slog.New(slog.DiscardHandler))
	}))
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Errorf("got %s, want no answer", resp.Status)
	}
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	var recorder exchange.Recorder[string]
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/path?a=b", http.NoBody)
	r.Header.Set("Authorization", "Bearer x")
	entry := recorder.Add(time.Time{}, "create", r, []byte(`{"token":"t","list":[{"token":"t","name":"n"}]}`))
	recorder.Answered(entry, http.StatusCreated)
	recorder.Add(time.Time{}, "list", r, []byte("token=t"))
	if got := recorder.Count("create"); got != 1 {
		t.Errorf("got %d", got)
	}
	shown := []string{}
	for _, request := range recorder.All() {
		text, err := json.Marshal(request.Show([]string{"Authorization"}, []string{"token"}))
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(text))
	}
	const common = `,"method":"POST","path":"/path","query":{"a":["b"]},"header":{"Authorization":["(hidden)"]},"body":`
	want := []string{
		`{"time":"0001-01-01T00:00:00Z","operation":"create"` + common +
			`{"list":[{"name":"n","token":"(hidden)"}],"token":"(hidden)"},"status":201}`,
		`{"time":"0001-01-01T00:00:00Z","operation":"list"` + common + `"(7 bytes, not JSON)","status":0}`,
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	if r.Header.Get("Authorization") != "Bearer x" {
		t.Error("masking changed the request")
	}
}

func TestDesk(t *testing.T) {
	t.Parallel()
	desk := exchange.Desk{Logger: slog.New(slog.DiscardHandler)}
	for body, want := range map[string]int{`{"delay":"1.5s"}`: 200, `{"delay":1}`: 400, `{"delay":"soon"}`: 400, `{"x":1}`: 400, ``: 400} {
		recorder := httptest.NewRecorder()
		var into struct {
			Delay exchange.Duration `json:"delay"`
		}
		read := desk.Read(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body)), &into)
		if read != (want == 200) || recorder.Code != want {
			t.Errorf("%s: got %v, %d %s", body, read, recorder.Code, recorder.Body)
		}
		if read && time.Duration(into.Delay) != 1500*time.Millisecond {
			t.Errorf("got %v", into.Delay)
		}
	}
	recorder := httptest.NewRecorder()
	desk.Fail(recorder, http.StatusNotFound, errors.New("none"))
	if got := recorder.Body.String(); recorder.Code != http.StatusNotFound || got != `{"error":"none"}` {
		t.Errorf("got %d %s", recorder.Code, got)
	}
}
