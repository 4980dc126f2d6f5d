// Package wholefile makes files that are there with all of their content, or not
// usable at all: for copies of a journal that somebody will rely on.
package wholefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Write makes the file path, readable by its owner only, from what write puts into
// the empty file whose name it gets. It never replaces a file: the error is then
// fs.ErrExist. On return without an error, content and name outlive a loss of
// power. A process that is killed meanwhile leaves path empty, and beside it a
// file that ends in .partial.
func Write(path string, write func(partial string) error) (err error) {
	folder, name := filepath.Split(path)
	if folder == "" {
		folder = "."
	}
	// The name is taken first: whoever waits for a long copy is not told in the end
	// that it cannot be kept.
	if err := reserve(path); err != nil {
		return err
	}
	defer func() { err = removeUnless(err == nil, path, err) }()
	partial, err := os.CreateTemp(folder, name+".*.partial")
	if err != nil {
		return fmt.Errorf("make a file: %w", err)
	}
	renamed := false
	defer func() { err = removeUnless(renamed, partial.Name(), err) }()
	if err := errors.Join(partial.Close(), write(partial.Name())); err != nil {
		return err
	}
	if err := syncFile(partial.Name()); err != nil {
		return fmt.Errorf("sync a file: %w", err)
	}
	if err := os.Rename(partial.Name(), path); err != nil {
		return fmt.Errorf("name a file: %w", err)
	}
	renamed = true
	if err := syncFolder(folder); err != nil {
		return fmt.Errorf("sync a folder: %w", err)
	}
	return nil
}

func reserve(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // The path is the operator's own.
	if err != nil {
		return fmt.Errorf("make a file: %w", err)
	}
	return file.Close()
}

// removeUnless removes what is not to be kept, and adds its own error to err.
func removeUnless(keep bool, path string, err error) error {
	if keep {
		return err
	}
	return errors.Join(err, os.Remove(path))
}

func syncFile(path string) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // As above.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return file.Sync()
}
