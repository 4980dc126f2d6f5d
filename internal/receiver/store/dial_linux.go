package store

import (
	"fmt"
	"syscall"
	"time"
)

const (
	// tcpUserTimeout is the socket option of tcp(7), which package syscall lacks.
	tcpUserTimeout = 0x12
	// unacknowledged is how long what was sent may stay so until the connection counts
	// as broken. The system alone would take a quarter of an hour to say so of a server
	// that went without a word.
	unacknowledged = 10 * time.Second
)

// noticeSilence prepares a connection that is about to be made.
func noticeSilence(network, _ string, conn syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	var failure error
	err := conn.Control(func(fd uintptr) {
		failure = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unacknowledged.Milliseconds()))
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("set TCP_USER_TIMEOUT: %w", err)
	}
	return nil
}
