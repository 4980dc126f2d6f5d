//go:build unix

package spool

import (
	"errors"
	"os"
)

// syncDir makes the folder's list of files outlive a loss of power.
func syncDir(dir string) (err error) {
	f, err := os.Open(dir) //nolint:gosec // The folder is the operator's own.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}
