package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// dial opens a connection for what no HTTP client would send.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// statuses sends bytes as they are and returns the statuses of all answers, until
// the server closes the connection or says so.
func statuses(t *testing.T, address, raw string) []int {
	t.Helper()
	conn := dial(t, address)
	go func() { _, _ = io.WriteString(conn, raw) }() // the server may close before it has read all
	var all []int
	answers := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			return all
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		all = append(all, resp.StatusCode)
		if resp.Close || err != nil {
			return all
		}
	}
}

// request is one as bytes, which asks for the connection to be closed after it.
func request(line, headers, body string) string {
	return line + "\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n" + body
}

func chunked(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// TestHostileRequests sends requests that are wrong below HTTP's semantics. Want
// are the answers; where a second request hides in a body, it is never run as a
// part of the first.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	s := serving(t)
	good := callback("r-1", "")
	const post = "POST /thingspace/callbacks HTTP/1.1"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(good))
	var tenThousand strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&tenThousand, "x%d: y\r\n", i)
	}
	for name, test := range map[string]struct {
		raw  string
		want []int
	}{
		"the same, well-formed":      {request(post, length, good), []int{200}},
		"chunked":                    {request(post, "Transfer-Encoding: chunked\r\n", chunked(good)), []int{200}},
		"chunked, with a length":     {request(post, "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", chunked(good)), []int{200}},
		"two lengths":                {request(post, length+"Content-Length: 3\r\n", good), []int{400}},
		"two lengths in one":         {request(post, "Content-Length: 3, 4\r\n", good), []int{400}},
		"a negative length":          {request(post, "Content-Length: -1\r\n", good), []int{400}},
		"a length with a sign":       {request(post, "Content-Length: +3\r\n", good), []int{400}},
		"a huge length":              {request(post, "Content-Length: 99999999999999999999\r\n", good), []int{400}},
		"a large length":             {request(post, "Content-Length: 9000000000000\r\n", good), []int{413}},
		"chunked twice":              {request(post, "Transfer-Encoding: chunked, chunked\r\n", chunked(good)), []int{501}},
		"an unknown encoding":        {request(post, "Transfer-Encoding: xchunked\r\n", chunked(good)), []int{501}},
		"an encoding behind a tab":   {request(post, "Transfer-Encoding:\tchunked\r\n", chunked(good)), []int{200}},
		"a space before the colon":   {request(post, "Transfer-Encoding : chunked\r\n", chunked(good)), []int{400}},
		"a folded header":            {request(post, "X: y\r\n Transfer-Encoding: chunked\r\n"+length, good), []int{200}},
		"a bad chunk":                {request(post, "Transfer-Encoding: chunked\r\n", "zz\r\n"+good), []int{400}},
		"a chunk too long":           {request(post, "Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"+good), []int{400}},
		"a chunk without an end":     {request(post, "Transfer-Encoding: chunked\r\n", "2\r\n{}xx\r\n"), []int{400}},
		"endless chunk extensions":   {request(post, "Transfer-Encoding: chunked\r\n", "1;"+strings.Repeat("x", 64<<10)), []int{400}},
		"a request in the body":      {request(post, length, good+"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), []int{200}},
		"no host":                    {post + "\r\n" + length + "\r\n" + good, []int{400}},
		"two hosts":                  {request(post, "Host: y\r\n"+length, good), []int{400}},
		"NUL in a header":            {request(post, "X: a\x00b\r\n"+length, good), []int{400}},
		"NUL in the path":            {request("POST /thingspace/callbacks\x00 HTTP/1.1", length, good), []int{400}},
		"an escaped NUL in the path": {request("POST /thingspace/callbacks%00 HTTP/1.1", length, good), []int{400}},
		"no HTTP":                    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
		"HTTP/2 without TLS":         {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{404}},
		"HTTP/9":                     {request("GET /healthz HTTP/9.9", "", ""), []int{505}},
		"10,000 headers":             {request(post, tenThousand.String()+length, good), []int{431}},
		"300 headers":                {request(post, tenThousand.String()[:3000]+length, good), []int{431}},
		"one long header":            {request(post, "X: "+strings.Repeat("y", 128<<10)+"\r\n"+length, good), []int{431}},
		"a long path":                {request("GET /"+strings.Repeat("y", 128<<10)+" HTTP/1.1", "", ""), []int{431}},
		"a method of its own":        {request("SMUGGLE /v1/info HTTP/1.1", "", ""), []int{405}},
		"CONNECT":                    {"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\nConnection: close\r\n\r\n", []int{405}},
		"TRACE":                      {request("TRACE / HTTP/1.1", "", ""), []int{405}},
	} {
		if got := statuses(t, s.address, test.raw); !slices.Equal(got, test.want) {
			t.Errorf("%s: answers %v, want %v", name, got, test.want)
		}
	}
	if events, err := s.client(t).Events(t.Context(), 0, 10); err != nil || len(events) != 1 {
		t.Errorf("%d events, %v: all that was taken is one callback", len(events), err)
	}
}

// TestPathTricks tries to get to one route by the name of another. A proxy in
// front may let only /thingspace/callbacks through.
func TestPathTricks(t *testing.T) {
	t.Parallel()
	s := serving(t)
	for _, path := range []string{
		"/thingspace/callbacks/../../v1/info", "/thingspace/callbacks/%2e%2e/%2e%2e/v1/info", "/thingspace/callbacks%2f..%2f..%2fv1/info",
		"/thingspace/callbacks/..;/..;/v1/info", "//v1/info", "/v1//info", "/./v1/info", "/V1/info", "/v1/info/", "/v1/%69nfo/../info",
		"/v1%2finfo", "/v1/info%20", "/v1/info;x", "/thingspace/callbacks?/../../v1/info", `/thingspace\..\v1/info`,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := statuses(t, s.address, request(method+" "+path+" HTTP/1.1", "Authorization: Bearer "+journalToken+"\r\nContent-Length: 0\r\n", ""))
			if slices.Contains(got, http.StatusOK) {
				t.Errorf("%s %s is answered %v", method, path, got)
			}
		}
	}
	override := "X-HTTP-Method-Override: GET\r\nX-Method-Override: GET\r\nX-Original-URL: /v1/info\r\nX-Rewrite-URL: /v1/info\r\nContent-Length: 0\r\n"
	if got := statuses(t, s.address, request("POST /v1/info HTTP/1.1", override, "")); !slices.Equal(got, []int{405}) {
		t.Errorf("a method by header is answered %v", got)
	}
	for _, path := range []string{"/v1/info", "http://x/v1/info", "//v1/info", "/v1/info?access_token=" + journalToken, "/v1/info?token=" + journalToken} {
		if got := statuses(t, s.address, request("GET "+path+" HTTP/1.1", override, "")); slices.Contains(got, http.StatusOK) {
			t.Errorf("without a token in its header, %s is answered %v", path, got)
		}
	}
}

// TestSlowHeaders sends a head that never ends. Only the server's patience can
// close the connection.
func TestSlowHeaders(t *testing.T) {
	t.Parallel()
	server := newHTTPServer(http.NotFoundHandler(), nil, slog.New(slog.DiscardHandler))
	if server.ReadHeaderTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 || server.MaxHeaderBytes <= 0 {
		t.Fatalf("a limit is missing: %+v", server)
	}
	server.ReadHeaderTimeout = 100 * time.Millisecond
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	conn := dial(t, listener.Addr().String())
	var trickle sync.WaitGroup
	trickle.Go(func() {
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nX: ")
		for err == nil {
			_, err = io.WriteString(conn, "y")
		}
	})
	_, _ = io.Copy(io.Discard, conn) // ends when the server has had enough
	_ = conn.Close()
	trickle.Wait()
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	served.Wait()
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// TestNoSecretIsShown runs a receiver at its most talkative, uses every secret
// rightly and wrongly, and looks for them in all that it wrote.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"read token": "reading-token-0001", "journal token": "writing-token-0002", "password": "callback-pass-0003", "password in a file": "callback-pass-0004",
		"username": "callback-user-0005", "wrong token": "guessed-token-0006", "wrong password": "guessed-pass-0007", "wrong username": "guessed-user-0008",
	}
	var output lockedBuffer
	s := servingTo(t, &output, []string{"QOS_RECEIVER_READ_TOKEN=" + secrets["read token"]},
		"--log-level=debug", "--journal-token-file="+file(t, secrets["journal token"]),
		"--callback-username="+secrets["username"], "--callback-password="+secrets["password"], "--callback-password-file="+file(t, secrets["password in a file"]))
	shown := s.everything(t, secrets)
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if logged := output.String(); !strings.Contains(logged, "outcome=quarantined") || !strings.Contains(logged, "level=DEBUG") {
		t.Fatalf("too little was logged:\n%s", logged)
	}
	for name, secret := range secrets {
		if strings.Contains(output.String(), secret) {
			t.Errorf("the log shows the %s", name)
		}
		if strings.Contains(shown, secret) {
			t.Errorf("an answer shows the %s", name)
		}
	}
}

// everything calls the server with the secrets, and returns its answers.
func (s *server) everything(t *testing.T, secrets map[string]string) string {
	t.Helper()
	var shown strings.Builder
	for _, token := range []string{secrets["read token"], secrets["journal token"], secrets["wrong token"]} {
		for _, path := range []string{"/v1/info", "/v1/events", "/v1/quarantine", "/v1/requests?token=" + token, "/v1/requests/" + token, "/metrics", "/" + token} {
			shown.WriteString(s.send(t, http.MethodGet, path, token, ""))
		}
		shown.WriteString(s.send(t, http.MethodPost, "/v1/requests", token, `{"password":"`+secrets["wrong password"]+`"}`))
	}
	for _, pair := range [][2]string{{"username", "password"}, {"username", "password in a file"}, {"wrong username", "password"}, {"username", "wrong password"}} {
		credentials := fmt.Sprintf(`"username":%q,"password":%q,`, secrets[pair[0]], secrets[pair[1]])
		shown.WriteString(s.send(t, http.MethodPost, receiver.CapturePath, "", callback("r-1", credentials)))
		shown.WriteString(s.send(t, http.MethodPost, receiver.CapturePath, "", `{`+credentials+`"requestId":{}}`))
		shown.WriteString(s.send(t, http.MethodPost, receiver.CapturePath, "", `{`+credentials))
	}
	shown.WriteString(s.send(t, http.MethodGet, "/v1/quarantine", secrets["read token"], ""))
	return shown.String()
}

// send returns an answer with its header.
func (s *server) send(t *testing.T, method, path, token, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintln(resp.StatusCode, resp.Header, string(content))
}
