package receiver_test

import (
	"fmt"
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
