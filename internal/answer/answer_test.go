package answer_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

func TestReadLeavesACopy(t *testing.T) {
	t.Parallel()
	resp := &http.Response{StatusCode: http.StatusTeapot, Header: http.Header{"X-A": {"1"}}, Body: io.NopCloser(strings.NewReader("tea"))}
	want := answer.Answer{Status: http.StatusTeapot, Header: http.Header{"X-A": {"1"}}, Body: []byte("tea")}
	for range 2 {
		got, err := answer.Read(resp)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	}
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	resp := &http.Response{Body: io.NopCloser(iotest.ErrReader(broken))}
	if _, err := answer.Read(resp); !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"5":                             5 * time.Second,
		"-5":                            0,
		"5.5":                           0,
		"99999999999":                   0,
		"Sun, 01 Mar 2026 12:00:10 GMT": 10 * time.Second,
		"Sun, 01 Mar 2026 11:00:10 GMT": 0,
	} {
		a := answer.Answer{Header: http.Header{"Retry-After": {value}}}
		if got := a.RetryAfter(now); got != want {
			t.Errorf("RetryAfter of %q = %s, want %s", value, got, want)
		}
	}
}

func TestCorrelationID(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Request-Id", "X-Correlator", "Activityid"} {
		if got := (answer.Answer{Header: http.Header{name: {"id-1"}}}).CorrelationID(); got != "id-1" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := (answer.Answer{}).CorrelationID(); got != "" {
		t.Errorf("without headers: got %q", got)
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ contentType, body, want string }{
		"page":         {"text/html; charset=utf-8", "<html><style>p{}</style><h1>502</h1><script>x()</script><p>a &amp; b", "502 a & b"},
		"untyped page": {"", "<!DOCTYPE html><title>Down</title>", "Down"},
		"XML":          {"application/xml", "<fault><code>7</code><message>no</message></fault>", "7 no"},
		"untyped XML":  {"", `<?xml version="1.0"?><message>no</message>`, "no"},
		"JSON":         {"application/json", `{"a":"<b>"}`, `{"a":"<b>"}`},
		"nothing":      {"", "", ""},
	} {
		a := answer.Answer{Header: http.Header{"Content-Type": {test.contentType}}, Body: []byte(test.body)}
		if got := answer.Readable(a.PlainText()); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]answer.Text{
		`"a"`: "a", `12`: "12", `1e3`: "1e3", `null`: "", `true`: "", `{}`: "", `[1]`: "",
	} {
		got := answer.Text("before")
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestScrubber(t *testing.T) {
	t.Parallel()
	got := answer.Scrubber("token-1", "", "abc").Replace("abc token-1 token-2")
	if want := "abc " + answer.Removed + " token-2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzReadable(f *testing.F) {
	for _, seed := range []string{"", "a\r\n\tb", "\xff\xfe", "\u0085x\u2028", strings.Repeat("é", answer.MaxText)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := answer.Readable(s)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\t\x00") || strings.TrimSpace(got) != got {
			t.Errorf("not one clean line: %q", got)
		}
		if len(got) > answer.MaxText+len("…") {
			t.Errorf("%d bytes", len(got))
		}
	})
}
