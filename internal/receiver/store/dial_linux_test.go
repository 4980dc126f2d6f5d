package store

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// What a server that has silently gone does not acknowledge breaks the connection soon.
func TestConnectionsNoticeSilence(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	config, err := postgresConfig("postgres://" + listener.Addr().String() + "/receiver")
	must(t, err)
	conn, err := config.DialFunc(t.Context(), "tcp", listener.Addr().String())
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		t.Fatalf("a connection is a %T", conn)
	}
	raw, err := tcp.SyscallConn()
	must(t, err)
	var got int
	var failure error
	must(t, raw.Control(func(fd uintptr) {
		got, failure = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout)
	}))
	must(t, failure)
	if limit := time.Duration(got) * time.Millisecond; limit <= 0 || limit > 15*time.Second {
		t.Errorf("TCP_USER_TIMEOUT is %s", limit)
	}
}
