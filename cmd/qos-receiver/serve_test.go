package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	journalToken = "token-for-the-test"
	account      = "0000123456-00001"
)

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

// server is a receiver that runs, in this process or in its own.
type server struct {
	address, database string
	http              *http.Client
	// stop ends it and returns its exit code.
	stop func() int
}

// pooled is an HTTP client whose connections end with the test.
func pooled(t *testing.T) *http.Client {
	t.Helper()
	pool := transport.New()
	t.Cleanup(pool.CloseIdleConnections)
	return &http.Client{Transport: pool}
}

// serving runs `qos-receiver serve` in this process until the test ends.
func serving(t *testing.T, env ...string) *server {
	t.Helper()
	return servingWith(t, env)
}

func servingWith(t *testing.T, env []string, args ...string) *server {
	t.Helper()
	return servingTo(t, io.Discard, env, append([]string{"--journal-token=" + journalToken}, args...)...)
}

// servingTo runs `qos-receiver serve` in this process, without a token of its
// own, and writes all of its output to a buffer as well.
func servingTo(t *testing.T, output io.Writer, env []string, args ...string) *server {
	t.Helper()
	s := &server{http: pooled(t), database: filepath.Join(t.TempDir(), "receiver.db")}
	ctx, cancel := context.WithCancel(t.Context())
	logs, logWriter := io.Pipe()
	code := make(chan int, 1)
	go func() {
		defer func() { _ = logWriter.Close() }()
		all := append([]string{"serve", "--listen=127.0.0.1:0", "--database=" + s.database}, args...)
		both := io.MultiWriter(output, logWriter)
		code <- run(ctx, all, env, both, both)
	}()
	s.stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	t.Cleanup(func() { s.stop() })
	s.address = addressIn(t, logs)
	return s
}

// addressIn reads a log up to the line that names the address, and then on, so
// that the writer never blocks.
func addressIn(t *testing.T, logs io.Reader) string {
	t.Helper()
	var seen bytes.Buffer
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		seen.WriteString(lines.Text() + "\n")
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, logs) }()
			return found[1]
		}
	}
	t.Fatalf("the receiver never listened:\n%s", seen.String())
	return ""
}

func (s *server) url() string { return "http://" + s.address }

func (s *server) client(t *testing.T) *receiver.Client {
	t.Helper()
	client, err := receiver.NewClient(receiver.ClientConfig{URL: s.url(), Token: journalToken})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (s *server) deliver(t *testing.T, requestID, extra string) int {
	t.Helper()
	status, err := s.post(t.Context(), callback(requestID, extra))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func (s *server) post(ctx context.Context, body string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url()+receiver.CapturePath, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Body.Close()
}

func callback(requestID, extra string) string {
	return fmt.Sprintf(`{"requestId":%q,%s"deviceResponse":{"qoS":[{"accountName":%q,"qosSubscriptionId":"s-%s","reportedTime":"2023-02-17 18:57:48.627","qosEvent":"QosChangeOn"}]},"callbackCount":1,"maxCallbackThreshold":4}`,
		requestID, extra, account, requestID)
}

func intent(claim, device string) receiver.NewRequest {
	return receiver.NewRequest{
		AccountName: account,
		Claim:       claim,
		Devices: []receiver.Device{{
			ID: device, Kind: "MDN",
			Flows: []receiver.Flow{{FlowServer: "192.0.2.1:5000", FlowDevice: "198.51.100.1", FlowDirection: "UPLINK", FlowProtocol: "UDP", QCIOption: "Premium"}},
		}},
	}
}

// keyPair makes a certificate for 127.0.0.1 and returns its files.
func keyPair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		file(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
}

func TestServeTLS(t *testing.T) {
	t.Parallel()
	certificate, key := keyPair(t)
	s := servingWith(t, nil, "--tls-certificate="+certificate, "--tls-key="+key)
	chain, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	pool := transport.New()
	pool.TLSClientConfig.RootCAs = roots
	t.Cleanup(pool.CloseIdleConnections)
	client, err := receiver.NewClient(receiver.ClientConfig{URL: "https://" + s.address, Token: journalToken, Transport: pool})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Info(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestGracefulShutdown stops a receiver while a long-poll is open and while a
// callback is half sent: the one answers at once, the other is stored.
func TestGracefulShutdown(t *testing.T) {
	t.Parallel()
	s := serving(t)
	client := s.client(t)
	r, err := client.CreateRequest(t.Context(), intent("claim-1", "5551230000"))
	if err != nil {
		t.Fatal(err)
	}
	var polled sync.WaitGroup
	polled.Go(func() {
		if _, _, err := client.Wait(t.Context(), []receiver.WaitItem{{ID: r.ID, Revision: r.Revision}}, 30*time.Second); err != nil {
			t.Errorf("the long-poll ends with %v", err)
		}
	})
	waitFor(t, s, "qos_receiver_waiters 1")
	finish := halfSent(t, s, callback("r-1", ""))
	exit := make(chan int, 1)
	go func() { exit <- s.stop() }()
	polled.Wait()
	if status := finish(); !strings.Contains(status, "200 OK") {
		t.Errorf("the callback in flight is answered %q", status)
	}
	if code := <-exit; code != 0 {
		t.Errorf("exit %d", code)
	}
	events, err := openStore(t, s.database).Events(t.Context(), 0, 10)
	if err != nil || len(events) != 1 {
		t.Errorf("events %v, %v", events, err)
	}
}

// waitFor asks for metrics until they hold line.
func waitFor(t *testing.T, s *server, line string) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url()+"/metrics", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), line+"\n") {
			return
		}
		<-ticker.C
	}
}

// halfSent sends the head of a callback and half of its body. finish sends the
// rest and returns the status line.
func halfSent(t *testing.T, s *server, body string) (finish func() string) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	half := len(body) / 2
	// The server answers 100 once its handler reads the body: then the callback
	// is in flight.
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", receiver.CapturePath, len(body))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(conn)
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("answer %q, %v", line, err)
	}
	if _, err := io.WriteString(conn, body[:half]); err != nil {
		t.Fatal(err)
	}
	return func() string {
		if _, err := io.WriteString(conn, body[half:]); err != nil {
			return err.Error()
		}
		_, _ = lines.ReadString('\n')
		line, err := lines.ReadString('\n')
		if err != nil {
			return err.Error()
		}
		return line
	}
}

// built is the program, to run as a process of its own.
func built(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "qos-receiver")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// process runs the binary; its stop is SIGKILL.
func process(t *testing.T, binary, database string, args ...string) *server {
	t.Helper()
	args = append([]string{"serve", "--listen=127.0.0.1:0", "--database=" + database, "--read-token=" + journalToken}, args...)
	command := exec.CommandContext(t.Context(), binary, args...)
	logs, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{http: pooled(t), database: database}
	s.stop = sync.OnceValue(func() int {
		if err := command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("kill: %v", err)
		}
		_ = command.Wait()
		return command.ProcessState.ExitCode()
	})
	t.Cleanup(func() { s.stop() })
	s.address = addressIn(t, logs)
	return s
}

func allEvents(t *testing.T, s *server) []receiver.Event {
	t.Helper()
	client := s.client(t)
	var all []receiver.Event
	after := int64(0)
	for {
		events, err := client.Events(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			return all
		}
		all = append(all, events...)
		after = events[len(events)-1].Seq
	}
}
