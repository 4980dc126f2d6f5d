package receiver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/pgtest"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/batch"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

const (
	benchUsername = "thingspace"
	benchPassword = "password-of-callbacks"
	// wakeWait is longer than any wake-up takes.
	wakeWait = 25 * time.Second
)

// sendersCounts are how many callbacks come at the same time.
func sendersCounts() []int { return []int{1, 16, 128} }

// BenchmarkCallbacks sends callbacks on loopback, each the acknowledgement of a
// request of its own, and counts those that were answered, which is to say that they
// are on disk. Beside the databases stand a floor, a handler that does nothing but
// append the body to a file and sync that for many at a time, and the same receiver
// with a commit for each callback.
func BenchmarkCallbacks(b *testing.B) {
	rates := map[string]map[int]float64{}
	targets := []struct {
		name  string
		start func(b *testing.B) (address string)
	}{
		{"floor", startFloor},
		{"SQLite", startGrouped(sqliteFile)},
		{"SQLite-one-commit-each", startOneByOne(sqliteFile)},
		{"PostgreSQL", startGrouped(pgtest.Database)},
		{"PostgreSQL-one-commit-each", startOneByOne(pgtest.Database)},
	}
	for _, target := range targets {
		rates[target.name] = map[int]float64{}
		for _, senders := range sendersCounts() {
			b.Run(fmt.Sprintf("%s/senders=%d", target.name, senders), func(b *testing.B) {
				rates[target.name][senders] = benchmarkCallbacks(b, target.start(b), senders)
			})
		}
	}
	b.Log(rateTable(rates))
}

// rateTable says how many times as many callbacks group commit takes as a commit
// for each, and how far from the floor that is.
func rateTable(rates map[string]map[int]float64) string {
	var text strings.Builder
	row := func(name, of, than string) {
		fmt.Fprintf(&text, "\n%-34s", name)
		for _, senders := range sendersCounts() {
			fmt.Fprintf(&text, "%8.2f", rates[of][senders]/rates[than][senders])
		}
	}
	fmt.Fprintf(&text, "\n%-34s", "senders")
	for _, senders := range sendersCounts() {
		fmt.Fprintf(&text, "%8d", senders)
	}
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		row(database+" / one commit each", database, database+"-one-commit-each")
		row(database+" / floor", database, "floor")
	}
	return text.String()
}

func benchmarkCallbacks(b *testing.B, address string, senders int) (perSecond float64) {
	b.Helper()
	client := benchClient(b, senders)
	took := make([][]time.Duration, senders)
	var sent atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for i := range senders {
		group.Go(func() {
			for n := sent.Add(1); n <= int64(b.N); n = sent.Add(1) {
				started := time.Now()
				if err := post(b.Context(), client, address, benchCallback("QoSChangeReqAck", n)); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(started))
			}
		})
	}
	group.Wait()
	b.StopTimer()
	perSecond = float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "callbacks/s")
	reportPercentiles(b, slices.Concat(took...))
	return perSecond
}

func benchClient(b *testing.B, connections int) *http.Client {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	b.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func benchCallback(event string, n int64) string {
	return callback(event, fmt.Sprintf("r-%d", n), fmt.Sprintf("s-%d", n),
		fmt.Sprintf(`"username":%q,"password":%q,"deviceIds":[{"id":"5%09d","kind":"MDN"}],`, benchUsername, benchPassword, n))
}

// post returns once a callback is answered with a success.
func post(ctx context.Context, client *http.Client, address, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+receiver.CapturePath, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("answer %d: %s", resp.StatusCode, answer)
	}
	return err
}

func reportPercentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	for _, percent := range []int{50, 99} {
		at := took[min(len(took)-1, len(took)*percent/100)]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("p%d-ms", percent))
	}
}

// startFloor starts what no receiver can be faster than.
func startFloor(b *testing.B) string {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = file.Close() })
	appender := batch.New(1<<20, func(body []byte) int { return len(body) }, func(_ context.Context, take func() [][]byte) error {
		if _, err := file.Write(slices.Concat(take()...)); err != nil {
			return err
		}
		return file.Sync()
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = appender.Do(r.Context(), body)
		}
		status := http.StatusOK
		if err != nil {
			status = http.StatusInternalServerError
		}
		w.WriteHeader(status)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

func sqliteFile(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "receiver.db")
}

func startGrouped(database func(testing.TB) string) func(*testing.B) string {
	return func(b *testing.B) string {
		b.Helper()
		return benchReceiver(b, openDatabase(b, database(b))).url
	}
}

func startOneByOne(database func(testing.TB) string) func(*testing.B) string {
	return func(b *testing.B) string {
		b.Helper()
		return benchReceiver(b, &oneByOne{Store: openDatabase(b, database(b))}).url
	}
}

func benchReceiver(b *testing.B, journal receiver.Store) *fixture {
	b.Helper()
	return startOn(b, journal, receiver.ServerConfig{CallbackUsernames: []string{benchUsername}, CallbackPasswords: []string{benchPassword}})
}

func openDatabase(b *testing.B, database string) receiver.Store {
	b.Helper()
	s, err := store.Open(b.Context(), database, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// oneByOne gives each callback a commit of its own.
type oneByOne struct {
	receiver.Store
	turn sync.Mutex
}

func (s *oneByOne) Record(ctx context.Context, events []receiver.Event) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.Store.Record(ctx, events)
}

// BenchmarkWake measures from the sending of a callback to the end of a long-poll
// that watches its request among others, at the replica that takes the callback or
// at another one.
func BenchmarkWake(b *testing.B) {
	for _, test := range []struct {
		name     string
		database func(testing.TB) string
		replicas int
	}{
		{"SQLite", sqliteFile, 1},
		{"PostgreSQL/same-replica", pgtest.Database, 1},
		{"PostgreSQL/other-replica", pgtest.Database, 2},
	} {
		b.Run(test.name, func(b *testing.B) {
			database := test.database(b)
			watched := &lookedStore{Store: openDatabase(b, database), looked: make(chan struct{}, 1)}
			waiting := benchReceiver(b, watched)
			taking := waiting
			if test.replicas > 1 {
				taking = benchReceiver(b, openDatabase(b, database))
			}
			benchmarkWake(b, &waking{taking, waiting, watched.looked})
		})
	}
}

// waking are the replicas of a callback and of a long-poll.
type waking struct {
	taking, waiting *fixture
	looked          chan struct{}
}

// lookedStore tells when a long-poll has looked and found nothing new, so that it
// waits to be woken.
type lookedStore struct {
	receiver.Store
	looked chan struct{}
}

func (s *lookedStore) Revised(ctx context.Context, items []receiver.WaitItem) ([]receiver.Request, []string, error) {
	changed, missing, err := s.Store.Revised(ctx, items)
	if err == nil && len(changed)+len(missing) == 0 {
		select {
		case s.looked <- struct{}{}:
		default:
		}
	}
	return changed, missing, err
}

func benchmarkWake(b *testing.B, w *waking) {
	b.Helper()
	const others = 100
	client := benchClient(b, 1)
	var items []receiver.WaitItem
	finder := w.taking.client(b, readToken)
	acknowledge := func(n int64) receiver.WaitItem {
		b.Helper()
		if err := post(b.Context(), client, w.taking.url, benchCallback("QoSChangeReqAck", n)); err != nil {
			b.Fatal(err)
		}
		page, err := finder.Requests(b.Context(), receiver.Filter{RequestID: fmt.Sprintf("r-%d", n)})
		if err != nil || len(page.Requests) != 1 {
			b.Fatalf("%+v, %v", page, err)
		}
		return receiver.WaitItem{ID: page.Requests[0].ID, Revision: page.Requests[0].Revision}
	}
	n := int64(0)
	for ; n < others; n++ {
		items = append(items, acknowledge(n))
	}
	var took []time.Duration
	reader := w.waiting.client(b, readToken)
	for b.Loop() {
		b.StopTimer()
		n++
		item := acknowledge(n)
		b.StartTimer()
		took = append(took, w.wake(b, client, reader, append(slices.Clone(items), item), n))
	}
	reportPercentiles(b, took)
}

// wake lets a long-poll wait for the items, of which the n-th request is one.
func (w *waking) wake(b *testing.B, client *http.Client, reader *receiver.Client, items []receiver.WaitItem, n int64) time.Duration {
	b.Helper()
	select {
	case <-w.looked:
	default:
	}
	woken := make(chan error, 1)
	go func() {
		changed, _, err := reader.Wait(b.Context(), items, wakeWait)
		if err == nil && len(changed) != 1 {
			err = fmt.Errorf("%d requests have changed", len(changed))
		}
		woken <- err
	}()
	select {
	case <-w.looked:
	case err := <-woken:
		b.Fatalf("the long-poll ended before anything happened: %v", err)
	}
	started := time.Now()
	if err := post(b.Context(), client, w.taking.url, benchCallback("QoSChangeOn", n)); err != nil {
		b.Fatal(err)
	}
	if err := <-woken; err != nil {
		b.Fatal(err)
	}
	return time.Since(started)
}
