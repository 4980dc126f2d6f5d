package spool

import (
	"errors"
	"os"
	"path/filepath"
)

// disk is how a folder is changed.
type disk struct {
	write  func(path string, content []byte) error
	remove func(path string) error
	rename func(from, to string) error
}

func realDisk() disk { return disk{write: writeDurably, remove: os.Remove, rename: os.Rename} }

// writeDurably makes a file that is whole or not there at all, and outlives a loss
// of power once this returns without an error.
func writeDurably(path string, content []byte) error {
	part := path + begun
	err := writeSynced(part, content)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(part)
	}
	return err
}

func writeSynced(path string, content []byte) (err error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // The folder is the operator's own.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := out.Write(content); err != nil {
		return err
	}
	return out.Sync()
}
