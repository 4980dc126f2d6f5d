package receiver_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

// TestHostileCallbacks sends what costs most for its size: whatever it is, it
// costs little more than that.
func TestHostileCallbacks(t *testing.T) { //nolint:paralleltest // It counts what is allocated meanwhile.
	const size = 1 << 20
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (size-len(before)-len(after))/len(unit)) + after
	}
	long := strings.Repeat("x", 256)
	entry := `{"qosEvent":"QoSChangeReqAck","status":"SUCCESS","qosSubscriptionId":"` + long + `","reason":"` + strings.Repeat("y", 4096) + `"},`
	for name, body := range map[string]string{
		"many entries":          fill(`{"requestId":"r","deviceResponse":{"qoS":[`, `{},`, `{}]}}`),
		"many devices":          fill(`{"requestId":"r","deviceIds":[`, `"",`, `""],"deviceResponse":{"qoS":{"qosEvent":"x"}}}`),
		"a long request id":     fill(`{"requestId":"`, `r`, `","deviceResponse":{"qoS":[{"qosEvent":"x"},{"qosEvent":"y"}]}}`),
		"many small values":     fill(`{"x":[`, `0,`, `0],"requestId":"r","deviceResponse":{"qoS":{"qosEvent":"x"}}}`),
		"many objects":          fill(`{"x":[`, `{},`, `0],"requestId":"r","deviceResponse":{"qoS":{"qosEvent":"x"}}}`),
		"many credentials":      fill(`{`, `"password":"",`, `"requestId":"r","deviceResponse":{"qoS":{"qosEvent":"x"}}}`),
		"many members":          fill(`{`, `"a":"",`, `"requestId":"r","deviceResponse":{"qoS":{"qosEvent":"x"}}}`),
		"everything at its cap": `{"requestId":"` + long + `","deviceIds":[` + strings.Repeat(`{"id":"`+long+`","kind":"MDN"},`, 9) + `{"id":"d"}],"deviceResponse":{"qoS":[` + strings.TrimSuffix(strings.Repeat(entry, 100), ",") + `]}}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		callback, err := receiver.ParseCallback([]byte(body), time.Time{})
		kept := 0
		if err == nil {
			for _, e := range bodies(t, callback) {
				kept += len(e.Body)
			}
		}
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; cost > 20<<20 {
			t.Errorf("%s: %d KiB cost %d KiB", name, len(body)>>10, cost>>10)
		}
		if kept > 3*size {
			t.Errorf("%s: bodies of %d KiB are kept", name, kept>>10)
		}
	}
}

// atTheCaps is the largest callback about one request that is taken: as many
// entries and devices, and texts as long as can be.
func atTheCaps(requestID string, round int) string {
	var ids, entries []string
	for i := range 10 {
		ids = append(ids, fmt.Sprintf(`{"id":"device-%d-%d-%s","kind":"MDN"}`, round, i, strings.Repeat("d", 200)))
	}
	for i := range 100 {
		entries = append(entries, fmt.Sprintf(`{"accountName":%q,"qosEvent":"QoSChangeReqAck","status":"SUCCESS","qosSubscriptionId":"s-%d-%d","reason":%q,"reportedTime":"%d"}`,
			account, round, i, strings.Repeat("why ", 1000), round))
	}
	return fmt.Sprintf(`{"requestId":%q,"deviceIds":[%s],"deviceResponse":{"qoS":[%s]}}`, requestID, strings.Join(ids, ","), strings.Join(entries, ","))
}

func TestHostileCallbacksTakeLittleSpace(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	journal, err := store.Open(t.Context(), filepath.Join(folder, "receiver.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = journal.Close() })
	f := startOn(t, journal, receiver.ServerConfig{})
	body := atTheCaps("r", 0)
	if got := f.deliver(t, body); got.status != 200 {
		t.Fatalf("answer %d %s", got.status, got.body)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > 20<<20 {
		t.Errorf("%d KiB take %d KiB on disk", len(body)>>10, size>>10)
	}
	if logged := len(f.logs.String()); logged > 16<<10 {
		t.Errorf("%d KiB of log", logged>>10)
	}
}

// TestHostileBodies sends to both endpoints what no honest client would. Each is
// refused for what it is, nothing of it is kept, and the server goes on.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	f := start(t, receiver.ServerConfig{})
	utf16 := func(text string) string {
		var b strings.Builder
		for _, r := range text {
			b.WriteString("\x00" + string(r))
		}
		return b.String()
	}
	nested := strings.Repeat(`{"a":[`, 50_000)
	for name, test := range map[string]struct {
		body, contentType  string
		callback, operator int
	}{
		"oversized":                {strings.Repeat(" ", 5<<20) + "{}", "", 413, 413},
		"nothing":                  {"", "", 400, 400},
		"malformed":                {`{"requestId":`, "", 400, 400},
		"two documents":            {`{}{}`, "", 400, 400},
		"deeply nested":            {nested, "", 400, 400},
		"deeply nested and closed": {`{"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}", "", 400, 400},
		"invalid UTF-8":            {"{\"requestId\":\"\xff\xfe\"}", "", 400, 400},
		"UTF-16":                   {utf16(`{"requestId":"r"}`), "application/json; charset=utf-16", 400, 400},
		"a NUL between":            {"{\x00}", "", 400, 400},
		"a huge number":            {`{"account_name":1e999999,"requestId":1e999999}`, "", 400, 400},
		"XML":                      {"<x/>", "application/xml", 415, 415},
		"compressed":               {"\x1f\x8b\x08\x00", "", 400, 400},
		"CBOR":                     {"\xa1\x61a\x01", "application/cbor", 415, 400},
		"a list":                   {"[]", "", 400, 422},
		"null":                     {"null", "", 400, 422},
	} {
		header := bearer(journalToken)
		header.Set("Content-Type", cmp.Or(test.contentType, "application/json"))
		for path, want := range map[string]int{receiver.CapturePath: test.callback, "/v1/requests": test.operator} {
			got := f.do(t, http.MethodPost, path, test.body, header)
			if got.status != want || got.header.Get("Content-Type") != "application/problem+json" || len(got.body) > 4<<10 {
				t.Errorf("%s at %s: answer %d %.300s (%d bytes), want %d", name, path, got.status, got.body, len(got.body), want)
			}
		}
	}
	if events := f.events(t); len(events) != 0 {
		t.Errorf("stored %v", events)
	}
	if got := f.do(t, http.MethodGet, "/readyz", "", nil); got.status != http.StatusOK {
		t.Errorf("afterwards, /readyz is answered %d", got.status)
	}
}

// What is read twice under the same name must mean one thing to all who read it.
func TestDuplicateKeys(t *testing.T) {
	t.Parallel()
	f := start(t, guarded())
	twice := withCredentials(username, password) + withCredentials(username, wrong)
	if got := f.deliver(t, callback("QoSChangeOn", "r-1", "s-1", twice)); got.status != http.StatusUnauthorized {
		t.Errorf("right credentials before wrong ones are answered %d", got.status)
	}
	for _, held := range f.quarantined(t) {
		if strings.Contains(held.Events[0].Body, password) || strings.Contains(held.Events[0].Body, wrong) {
			t.Errorf("kept %s", held.Events[0].Body)
		}
	}
}

// TestLogLinesAreNotInjected puts line ends wherever text is logged.
func TestLogLinesAreNotInjected(t *testing.T) {
	t.Parallel()
	const forged = "x\\nlevel=ERROR msg=forged\\r\\u2028\\u001b[31m"
	f := start(t, guarded())
	f.deliver(t, strings.ReplaceAll(callback("EVENT", "REQUEST", "SUBSCRIPTION", ""), "EVENT", forged))
	f.deliver(t, strings.ReplaceAll(callback("QoSChangeOn", "REQUEST", "SUBSCRIPTION", withCredentials("USER", "x")), "USER", forged))
	f.deliver(t, strings.NewReplacer("REQUEST", forged, "SUBSCRIPTION", forged).Replace(callback("QoSChangeOn", "REQUEST", "SUBSCRIPTION", "")))
	f.do(t, http.MethodGet, "/v1/x%0Alevel=ERROR%20msg=forged", "", http.Header{"User-Agent": {"x\tlevel=ERROR"}, "X-Forwarded-For": {"x level=ERROR"}})
	lines := strings.Split(strings.TrimSuffix(f.logs.String(), "\n"), "\n")
	if len(lines) < 4 {
		t.Fatalf("too little was logged: %q", lines)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "time=") || strings.Contains(line, " level=ERROR msg=forged") && !strings.Contains(line, `\nlevel=ERROR`) || strings.ContainsAny(line, "\r\u2028\x1b") {
			t.Errorf("a line of log is %q", line)
		}
	}
}

// BenchmarkCaptureAtTheCaps takes the largest callbacks there are, one request
// each, and then all about one.
func BenchmarkCaptureAtTheCaps(b *testing.B) {
	for name, id := range map[string]string{"of one request each": "r-%d", "of one request": "r"} {
		b.Run(name, func(b *testing.B) {
			f := start(b, receiver.ServerConfig{})
			round := 0
			for b.Loop() {
				round++
				requestID := id
				if strings.Contains(id, "%") {
					requestID = fmt.Sprintf(id, round)
				}
				if got := f.deliver(b, atTheCaps(requestID, round)); got.status != 200 {
					b.Fatalf("answer %d %s", got.status, got.body)
				}
			}
		})
	}
}
