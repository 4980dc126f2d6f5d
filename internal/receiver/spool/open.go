package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// openFolder takes the folder for this process and looks what is in it.
func openFolder(dir string, options Options) (*folder, error) {
	if err := makeFolders(filepath.Join(dir, asideFolder)); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if !locked {
		return nil, errors.New("another process uses it: each needs a folder of its own")
	}
	f := &folder{dir: dir, options: options, lock: lock}
	if err := f.load(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// makeFolders makes a folder and those above it. Each outlives a loss of power, and
// with it what is said to be kept there.
func makeFolders(dir string) error {
	var above []string
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		above = append(above, parent)
		if _, err := os.Stat(parent); err == nil || parent == filepath.Dir(parent) {
			break
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, parent := range above {
		if err := syncDir(parent); err != nil {
			return fmt.Errorf("sync %s: %w", parent, err)
		}
	}
	return nil
}

func (f *folder) load() error {
	for _, dir := range []string{f.dir, f.path(asideFolder)} {
		if err := f.removeBegun(dir); err != nil {
			return err
		}
	}
	if err := f.loadAside(); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.dir) // sorted by name
	if err != nil {
		return err
	}
	for _, entry := range entries {
		one, isOurs, err := parseFile(entry)
		switch {
		case err != nil:
			// Somebody's copy, for instance. It must not keep callbacks from being taken.
			f.options.Logger.Error("a file in the spool is none of it, and what it may hold is not handed on", "error", err)
		case isOurs:
			f.last = max(f.last, one.number)
			f.count(one)
			f.files = append(f.files, one)
		}
	}
	return nil
}

// removeBegun removes what a process that was killed was about to write. If it stays,
// it only takes room.
func (f *folder) removeBegun(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), begun) {
			continue
		}
		if err := f.options.disk.remove(filepath.Join(dir, entry.Name())); err != nil {
			f.options.Logger.Warn("cannot write to the spool", "error", err)
		}
	}
	return nil
}
