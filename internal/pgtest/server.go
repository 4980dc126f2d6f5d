package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// script runs a server until its standard input says how to stop, or ends because
// the test process has ended: then the server goes, and its folder with it.
const script = `
dir=$1; shift
"$@" >>"$dir/log" 2>&1 </dev/null &
server=$!
read -r signal
kill "-${signal:-QUIT}" "$server"
wait "$server"
[ -n "$signal" ] || rm -rf "$dir"
`

const (
	initTimeout = time.Minute
	lookAgain   = 20 * time.Millisecond
	port        = "5432" // names the socket; nothing listens on TCP
)

// Server is a PostgreSQL server that a test may stop and start again.
type Server struct {
	programs, dir string
	keeper        *exec.Cmd
	stdin         io.WriteCloser
}

// Start starts a server for one test alone, which goes when it ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s, err := newServer()
	if err != nil {
		unavailable(tb, err)
	}
	tb.Cleanup(func() {
		if s.keeper == nil {
			_ = os.RemoveAll(s.dir)
			return
		}
		_ = s.stdin.Close()
		_ = s.keeper.Wait()
	})
	return s
}

// URL is that of a database which is there from the start.
func (s *Server) URL() string { return s.url("postgres") }

func (s *Server) url(database string) string {
	location := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		RawQuery: url.Values{"host": {s.dir}, "port": {port}}.Encode(),
	}
	return location.String()
}

// Stop ends the server as an operator would: transactions are rolled back and
// connections closed.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.end(tb, "INT")
}

// Crash ends the server at once. It recovers when it is started again.
func (s *Server) Crash(tb testing.TB) {
	tb.Helper()
	s.end(tb, "QUIT")
}

func (s *Server) end(tb testing.TB, signal string) {
	tb.Helper()
	if _, err := io.WriteString(s.stdin, signal+"\n"); err != nil {
		tb.Fatal(err)
	}
	_ = s.keeper.Wait() // its status is the server's, who was told to end
	s.keeper = nil
}

// Restart starts the server again after it was ended.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.run(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// newServer makes a server in a folder of its own and starts it.
func newServer() (*Server, error) {
	programs, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{programs: programs, dir: dir}
	ctx, cancel := context.WithTimeout(context.Background(), initTimeout)
	defer cancel()
	if err := errors.Join(s.initialize(ctx), s.run(ctx)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// find returns the folder of the newest server's programs.
func find() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/postgres", "/usr/pgsql-*/bin/postgres", "/opt/homebrew/opt/postgresql@*/bin/postgres"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return filepath.Dir(slices.Max(found)), nil
		}
	}
	return "", errors.New("no server is installed")
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) initialize(ctx context.Context) error {
	command := exec.CommandContext(ctx, filepath.Join(s.programs, "initdb"), //nolint:gosec // The program is an installed one.
		"--pgdata="+s.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	if err := s.unprivileged(command); err != nil {
		return err
	}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return nil
}

// run starts the server and returns once it takes connections. The process
// outlives ctx.
func (s *Server) run(ctx context.Context) error {
	settings := []string{
		"-D", s.data(), "-k", s.dir, "-p", port, "-c", "listen_addresses=", "-c", "fsync=on", "-c", "synchronous_commit=on",
		"-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "max_wal_size=1GB",
	}
	args := append([]string{"-c", script, "sh", s.dir, filepath.Join(s.programs, "postgres")}, settings...)
	keeper := exec.CommandContext(context.WithoutCancel(ctx), "sh", args...) //nolint:gosec // As above.
	if err := s.unprivileged(keeper); err != nil {
		return err
	}
	stdin, err := keeper.StdinPipe()
	if err != nil {
		return err
	}
	if err := keeper.Start(); err != nil {
		return err
	}
	s.keeper, s.stdin = keeper, stdin
	ctx, cancel := context.WithTimeout(ctx, initTimeout)
	defer cancel()
	return s.await(ctx)
}

// await returns once the server takes connections.
func (s *Server) await(ctx context.Context) error {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("the server does not start: %w\n%s", err, log)
		case <-ticker.C:
		}
	}
}
