//go:build !unix

package pgtest

import (
	"errors"
	"os/exec"
)

// unprivileged refuses: what stops the server is a Unix shell.
func (*Server) unprivileged(*exec.Cmd) error {
	return errors.New("a server is only started on Unix")
}
