package soak

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	journalToken     = "token-that-writes-the-journal"
	callbackUsername = "thingspace"
	callbackPassword = "password-of-callbacks"

	lookAgain = 50 * time.Millisecond
	// restartPause is how long a supervisor waits before it starts a process again.
	restartPause = 300 * time.Millisecond
	// logTail is how much of a replica's log a failed run shows, in bytes.
	logTail = 4 << 10
)

// replica is a `qos-receiver serve` that is started again, at the same address
// and with the same spool, however it ended.
type replica struct {
	address string
	binary  string
	args    []string
	log     *os.File
	process *os.Process
	exited  chan struct{} // closed when the process has ended
}

// build makes the program as it is shipped.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "qos-receiver")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../../cmd/qos-receiver")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return binary
}

func newReplica(t *testing.T, binary, database string) *replica {
	t.Helper()
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{address: freeAddress(t), binary: binary, log: log}
	r.args = []string{
		"serve", "--listen=" + r.address, "--database=" + database, "--spool=" + filepath.Join(dir, "spool"),
		"--journal-token=" + journalToken, "--callback-username=" + callbackUsername, "--callback-password=" + callbackPassword,
		"--require-credentials", "--log-level=warn",
	}
	t.Cleanup(func() {
		if r.process != nil {
			_ = r.process.Kill() // it may have ended
			<-r.exited
		}
		if t.Failed() {
			t.Logf("last words of the replica at %s:\n%s", r.address, tail(log))
		}
		_ = log.Close()
	})
	return r
}

// freeAddress is one that was free a moment ago: a replica keeps its address when
// it is started again.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func tail(log *os.File) string {
	info, err := log.Stat()
	if err != nil {
		return err.Error()
	}
	text := make([]byte, min(info.Size(), logTail))
	if _, err := log.ReadAt(text, info.Size()-int64(len(text))); err != nil {
		return err.Error()
	}
	return string(text)
}

func (r *replica) url() string { return "http://" + r.address }

func (r *replica) client() (*receiver.Client, error) {
	return receiver.NewClient(receiver.ClientConfig{URL: r.url(), Token: journalToken, Transport: transport.New()})
}

// start returns once the replica is ready, and starts it again if it gives up.
func (r *replica) start(ctx context.Context) error {
	for {
		if err := r.launch(); err != nil {
			return err
		}
		err := r.await(ctx, func() bool { return r.ready(ctx) })
		if !errors.Is(err, errExited) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(restartPause):
		}
	}
}

func (r *replica) launch() error {
	command := exec.Command(r.binary, r.args...) //nolint:noctx // It ends when it is told to, or with the test's cleanup.
	command.Stdout, command.Stderr = r.log, r.log
	if err := command.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	r.process, r.exited = command.Process, exited
	go func() {
		defer close(exited)
		_ = command.Wait() // how it ended does not matter: it is killed, or gives up without its database
	}()
	return nil
}

var errExited = errors.New("the replica has ended")

// await returns once the condition holds.
func (r *replica) await(ctx context.Context, condition func() bool) error {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the replica at %s: %w", r.address, ctx.Err())
		case <-r.exited:
			return errExited
		case <-ticker.C:
		}
	}
	return nil
}

// kill ends the replica without a warning.
func (r *replica) kill() error { return r.end(r.process.Kill()) }

// stop lets it finish what it does.
func (r *replica) stop() error { return r.end(r.process.Signal(syscall.SIGTERM)) }

func (r *replica) end(err error) error {
	if err != nil {
		return fmt.Errorf("end the replica at %s: %w", r.address, err)
	}
	<-r.exited
	return nil
}

func (r *replica) ready(ctx context.Context) bool {
	status, _, err := r.get(ctx, "/readyz")
	return err == nil && status == http.StatusOK
}

// spooled is how many callbacks wait on the replica's disk.
func (r *replica) spooled(ctx context.Context) (int, error) {
	_, metrics, err := r.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(strings.NewReader(metrics))
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), "qos_receiver_spool_depth "); found {
			return strconv.Atoi(value)
		}
	}
	return 0, errors.New("the replica does not tell how deep its spool is")
}

func (r *replica) get(ctx context.Context, path string) (int, string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url()+path, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+journalToken)
	req.Close = true
	resp, err := transport.New().RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}
