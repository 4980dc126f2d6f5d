package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/store"
)

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReloadedSecrets changes files under a server, some to what it cannot use.
func TestReloadedSecrets(t *testing.T) {
	t.Parallel()
	tokens, passwords := file(t, "first-token-000000"), file(t, "first-password")
	command := &serveCommand{JournalTokenFile: tokens, CallbackUsername: []string{"u"}, CallbackPasswordFile: []string{passwords}}
	var logs lockedBuffer
	log := slog.New(slog.NewTextHandler(&logs, nil))
	cfg, err := command.serverConfig(log)
	if err != nil {
		t.Fatal(err)
	}
	journal, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "receiver.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = journal.Close() })
	server, err := receiver.NewServer(journal, cfg)
	if err != nil {
		t.Fatal(err)
	}
	reloader := command.newReloader(server, cfg.Secrets(), nil, nil, log)
	for _, step := range []struct {
		tokens, passwords string
		works             string
		says              string
	}{
		{"first-token-000000", "first-password", "first-token-000000", ""},
		{"second-token-00000\n", "first-password", "second-token-00000", "level=INFO msg=reloaded what=secrets changed=true"},
		{"", "first-password", "second-token-00000", "--journal-token is empty"},
		{"third token 000000", "first-password", "second-token-00000", "visible ASCII"},
		{"third-token-000000", "\n", "second-token-00000", "--callback-password is empty"},
		{"third-token-000000", "second-password", "third-token-000000", "level=INFO msg=reloaded what=secrets changed=true"},
	} {
		before := len(logs.String())
		overwrite(t, tokens, step.tokens)
		overwrite(t, passwords, step.passwords)
		reloader.reload(t.Context(), false)
		reloader.reload(t.Context(), false) // says nothing new
		said := logs.String()[before:]
		if !strings.Contains(said, step.says) || strings.Count(said, "\n") > 1 {
			t.Errorf("after %q and %q, the log says %q; want one line with %q", step.tokens, step.passwords, said, step.says)
		}
		for _, token := range []string{"first-token-000000", "second-token-00000", "third-token-000000"} {
			if got := allowed(t, server, token); got != (token == step.works) {
				t.Errorf("after %q, token %s is let in: %t", step.tokens, token, got)
			}
		}
	}
	before := len(logs.String())
	reloader.reload(t.Context(), true)
	if said := logs.String()[before:]; !strings.Contains(said, "changed=false") {
		t.Errorf("asked to reload what has not changed, the log says %q", said)
	}
	for _, secret := range []string{"first-", "second-", "third"} {
		if strings.Contains(logs.String(), secret) {
			t.Errorf("the log shows a secret:\n%s", logs.String())
		}
	}
}

func allowed(t *testing.T, server *receiver.Server, token string) bool {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/info", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	w := &statusOnly{header: http.Header{}}
	server.Handler().ServeHTTP(w, r)
	return w.status == http.StatusOK
}

// statusOnly is an answer of which only the status is of interest.
type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header         { return w.header }
func (w *statusOnly) WriteHeader(status int)      { w.status = status }
func (w *statusOnly) Write(b []byte) (int, error) { return len(b), nil }

// TestFilesAreLookedAtNowAndThen needs no signal, and shows what one part's failure
// is, whatever the others do.
func TestFilesAreLookedAtNowAndThen(t *testing.T) {
	t.Parallel()
	clock := clockwork.NewFakeClock()
	var gone error
	told := make(chan bool)
	r := &reloader{clock: clock, log: slog.New(slog.DiscardHandler), tell: func(failing bool) { told <- failing }, parts: []*reloadPart{
		{name: "x", reload: func() (bool, error) { return false, gone }},
		{name: "y", reload: func() (bool, error) { return true, nil }},
	}}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.run(ctx) })
	for _, failure := range []error{errors.New("gone"), errors.New("gone"), nil} {
		if err := clock.BlockUntilContext(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		gone = failure
		clock.Advance(reloadInterval)
		if failing := <-told; failing != (failure != nil) {
			t.Errorf("with error %v, it tells that something fails: %t", failure, failing)
		}
	}
	stop()
	running.Wait()
}

func TestReloadedCertificate(t *testing.T) {
	t.Parallel()
	certificate, key := keyPair(t)
	pairs, err := loadCertificates(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	served := func() []byte {
		pair, err := pairs.config().GetCertificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return pair.Certificate[0]
	}
	first := served()
	if changed, err := pairs.reload(); err != nil || changed {
		t.Errorf("the same files: changed %t, %v", changed, err)
	}
	nextCertificate, nextKey := keyPair(t)
	if err := os.Rename(nextCertificate, certificate); err != nil {
		t.Fatal(err)
	}
	// Between two writes, the files do not belong together.
	if changed, err := pairs.reload(); err == nil || changed || !bytes.Equal(served(), first) {
		t.Errorf("a certificate with another's key: changed %t, %v", changed, err)
	}
	if err := os.Rename(nextKey, key); err != nil {
		t.Fatal(err)
	}
	if changed, err := pairs.reload(); err != nil || !changed || bytes.Equal(served(), first) {
		t.Errorf("new files: changed %t, %v", changed, err)
	}
	leaf, err := x509.ParseCertificate(served())
	if err != nil {
		t.Fatal(err)
	}
	if ends := pairs.ends()(); !ends.Equal(leaf.NotAfter) {
		t.Errorf("it ends at %s, not %s", leaf.NotAfter, ends)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if changed, err := pairs.reload(); err == nil || changed || served() == nil {
		t.Errorf("a file that is gone: changed %t, %v", changed, err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	certificate, key := keyPair(t)
	s := servingWith(t, nil, "--tls-certificate="+certificate, "--tls-key="+key)
	for version, accepted := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}}
		conn, err := dialer.DialContext(t.Context(), "tcp", s.address)
		if err == nil {
			_ = conn.Close()
		}
		if (err == nil) != accepted {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

// TestHangup rotates a token and a certificate of a process by SIGHUP.
func TestHangup(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "qos-receiver")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	certificate, key := keyPair(t)
	tokens := file(t, "first-token-000000")
	command := exec.CommandContext(t.Context(), binary, "serve", "--listen=127.0.0.1:0", "--database="+filepath.Join(t.TempDir(), "receiver.db"),
		"--read-token-file="+tokens, "--tls-certificate="+certificate, "--tls-key="+key)
	logs, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	address := addressIn(t, logs)
	before := certificateOf(t, address)
	nextCertificate, nextKey := keyPair(t)
	for from, to := range map[string]string{nextCertificate: certificate, nextKey: key, file(t, "second-token-00000"): tokens} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for bytes.Equal(certificateOf(t, address), before) {
		<-ticker.C
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	for token, status := range map[string]int{"first-token-000000": 401, "second-token-00000": 200} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/v1/info", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%s is answered %d, want %d", token, resp.StatusCode, status)
		}
	}
}

func certificateOf(t *testing.T, address string) []byte {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	secure, ok := conn.(*tls.Conn)
	if !ok {
		t.Fatalf("%T is no TLS connection", conn)
	}
	return secure.ConnectionState().PeerCertificates[0].Raw
}
