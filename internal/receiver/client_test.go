package receiver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testToken = "token-of-the-client-test"

func clientOf(t *testing.T, handler http.HandlerFunc, retries int) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientAt(t, server.URL, retries)
}

func clientAt(t *testing.T, url string, retries int) *Client {
	t.Helper()
	client, err := NewClient(ClientConfig{URL: url, Token: testToken, UserAgent: "test/1", MaxRetries: retries})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestClientErrors(t *testing.T) {
	t.Parallel()
	html := "<html><body>\n  <h1>Bad\tGateway</h1></body></html>"
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		is      error
		says    string
	}{
		"page instead of an answer": {answer(200, "text/html", html), ErrNotReceiver, "<h1>Bad Gateway</h1>"},
		"JSON of something else":    {answer(200, "application/json", `["x"]`), ErrNotReceiver, "cannot be read"},
		"cut JSON":                  {answer(200, "application/json", `{"store_id":`), ErrNotReceiver, "cannot be read"},
		"no content type":           {answer(204, "", ""), ErrNotReceiver, "HTTP 204"},
		"page with 404":             {answer(404, "text/html", html), ErrNotReceiver, "HTTP 404"},
		"proxy without a backend":   {answer(502, "text/html", html), ErrUnreachable, "HTTP 502"},
		"redirect":                  {answer(301, "text/html", html), ErrNotReceiver, "https://elsewhere.example/"},
		"redirect of a POST":        {answer(307, "text/html", html), ErrNotReceiver, "https://elsewhere.example/"},
		"broken problem":            {answer(400, "application/problem+json", `{`), ErrNotReceiver, "cannot be read"},
		"not found":                 {answer(404, "application/problem+json", `{"type":"urn:qos-receiver:unknown","title":"Not Found","status":404,"detail":"no such"}`), ErrNotFound, "no such"},
		"long page":                 {answer(500, "text/plain", strings.Repeat("é", 5000)), ErrNotReceiver, "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := clientOf(t, test.handler, -1).Info(t.Context())
			if !errors.Is(err, test.is) {
				t.Fatalf("error %v, want %v", err, test.is)
			}
			if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), testToken) || len(err.Error()) > 600 {
				t.Errorf("error %q, want it to say %q, briefly and without the token", err, test.says)
			}
		})
	}
}

func TestClientProblem(t *testing.T) {
	t.Parallel()
	client := clientOf(t, answer(422, "application/problem+json; charset=utf-8",
		`{"title":"Unprocessable Entity","status":422,"detail":"validation failed","errors":[{"message":"expected length >= 1","location":"body.claim","value":""}]}`), -1)
	_, err := client.CreateRequest(t.Context(), NewRequest{})
	var problem *Problem
	if !errors.As(err, &problem) {
		t.Fatalf("error %v, want a *Problem", err)
	}
	want := &Problem{Title: "Unprocessable Entity", Status: 422, Detail: "validation failed", Errors: []ProblemDetail{{Message: "expected length >= 1", Location: "body.claim"}}}
	if diff := cmp.Diff(want, problem, cmp.AllowUnexported(Problem{})); diff != "" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
	if text := problem.Error(); !strings.Contains(text, "422") || !strings.Contains(text, "body.claim") {
		t.Errorf("text %q", text)
	}
}

func TestClientMissesARoute(t *testing.T) {
	t.Parallel()
	client := clientOf(t, answer(404, "application/problem+json", `{"title":"Not Found","status":404,"detail":"no such route"}`), -1)
	_, err := client.ChangeRequest(t.Context(), "i-1", Change{Kind: ChangeSent})
	if problem, ok := errors.AsType[*Problem](err); !ok || problem.Status != http.StatusNotFound || errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want the problem, which is not about the request", err)
	}
}

func TestClientConflict(t *testing.T) {
	t.Parallel()
	client := clientOf(t, answer(409, "application/problem+json",
		`{"title":"Conflict","status":409,"conflict":"pending","existing":{"id":"i-1","revision":7,"state":"sent"}}`), -1)
	_, err := client.ChangeRequest(t.Context(), "i-2", Change{Kind: ChangeSent})
	var conflict *ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("error %v, want a *ConflictError", err)
	}
	if conflict.Kind != ConflictPending || conflict.Existing.ID != "i-1" || conflict.Existing.Revision != 7 || conflict.Existing.State != StateSent {
		t.Errorf("conflict %+v", conflict)
	}
}

func TestClientRepeatsWhatFailedOnTheWay(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if !strings.Contains(string(body), `"claim":"c-1"`) {
					t.Errorf("body %q", body)
				}
				if calls.Add(1) == 1 {
					w.Header().Set("Retry-After", "0")
					newProblem(status, "later").write(w)
					return
				}
				writeJSON(w, http.StatusOK, contentTypeJSON, Request{ID: "i-1"})
			}, 2)
			r, err := client.CreateRequest(t.Context(), NewRequest{Claim: "c-1"})
			if err != nil || r.ID != "i-1" || calls.Load() != 2 {
				t.Errorf("%v, %v after %d calls", r, err, calls.Load())
			}
		})
	}
}

func TestClientGivesUp(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		unavailable().withHeader("Retry-After", "0").write(w)
	}, 2)
	_, err := client.Info(t.Context())
	var problem *Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable || calls.Load() != 3 {
		t.Errorf("error %v after %d calls", err, calls.Load())
	}
}

func TestClientDoesNotRepeatRefusals(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		unauthorized("no").write(w)
	}, 2)
	if _, err := client.Info(t.Context()); err == nil || calls.Load() != 1 {
		t.Errorf("error %v after %d calls", err, calls.Load())
	}
}

func TestClientUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	_ = listener.Close()
	_, err = clientAt(t, url, 1).Info(t.Context())
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), url) || strings.Contains(err.Error(), testToken) {
		t.Errorf("error %v", err)
	}
}

func TestClientAnswerBreaksOff(t *testing.T) {
	t.Parallel()
	client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentTypeJSON)
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"store_id":"s`)
	}, -1)
	if _, err := client.Info(t.Context()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("error %v, want ErrUnreachable", err)
	}
}

func TestClientEndsWithItsContext(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	client := clientOf(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
	}, 5)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, _, err := client.Wait(ctx, []WaitItem{{ID: "i-1"}}, 30*time.Second)
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
		t.Errorf("error %v, want the context's alone", err)
	}
}

func TestClientSendsItsHeaders(t *testing.T) {
	t.Parallel()
	client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		got := []string{r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("User-Agent"), r.Header.Get("Content-Type")}
		want := []string{"PATCH", "/below/v1/requests/a b", "Bearer " + testToken, "test/1", "application/json"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		writeJSON(w, http.StatusOK, contentTypeJSON, Request{})
	}, -1)
	client.base.Path = "/below"
	if _, err := client.ChangeRequest(t.Context(), "a b", Change{}); err != nil {
		t.Error(err)
	}
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "receiver.example", "ftp://receiver.example", "http://", "http://user:hunter2@receiver.example", "http://receiver.example/?a=b", "http://receiver.example/#f", "http://hunter2\x7f/"} {
		_, err := NewClient(ClientConfig{URL: url})
		if err == nil {
			t.Errorf("%q is accepted", url)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("error %q quotes the URL", err)
		}
	}
}
