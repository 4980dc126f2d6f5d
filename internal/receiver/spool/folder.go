package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	lockName  = "lock"
	asideName = "aside"
	finished  = ".callbacks"
	begun     = ".part" // a file that nobody was told of yet
)

// errDamaged is that of a file which does not hold what was written.
var errDamaged = errors.New("the file is damaged")

// callback is one that waits: its events, and the place that the sequence had
// reached when it came. A CAMARA operator's has notifications in place of events.
type callback struct {
	Since         int64                   `json:"since"`
	Events        []receiver.Event        `json:"events"`
	Notifications []receiver.Notification `json:"notifications,omitempty"`
}

func (c callback) size() int {
	size := 0
	for _, e := range c.Events {
		size += len(e.Body) + len(e.Reason)
		if e.Forward != nil {
			size += len(e.Forward.Body)
		}
	}
	for _, n := range c.Notifications {
		size += len(n.Body)
	}
	return size
}

// document is what a file holds behind its first line, which is the document's
// checksum.
type document struct {
	Callbacks []callback `json:"callbacks"`
}

// file is one of the folder. Their names sort in the order in which they were
// written.
type file struct {
	name      string
	size      int64
	callbacks int
	written   time.Time
}

// folder is a queue of files.
type folder struct {
	dir   string
	max   int64
	clock clockwork.Clock
	lock  *flock.Flock

	mu    sync.Mutex
	files []file
	bytes int64
	last  uint64 // number of the newest file
}

// openFolder takes the folder for this process and looks what is in it.
func openFolder(dir string, options Options) (*folder, error) {
	if err := os.MkdirAll(filepath.Join(dir, asideName), 0o700); err != nil {
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
	f := &folder{dir: dir, max: options.MaxBytes, clock: options.Clock, lock: lock}
	if err := f.load(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *folder) load() error {
	entries, err := os.ReadDir(f.dir) // sorted by name
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, isOurs := strings.CutSuffix(entry.Name(), finished)
		switch {
		case strings.HasSuffix(entry.Name(), begun):
			if err := os.Remove(f.path(entry.Name())); err != nil {
				return err
			}
		case isOurs:
			if err := f.add(entry, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes in a file from before, whose name is its number and how many
// callbacks it holds.
func (f *folder) add(entry fs.DirEntry, name string) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	number, count, _ := strings.Cut(name, "-")
	place, err := strconv.ParseUint(number, 10, 64)
	callbacks, countErr := strconv.Atoi(count)
	if err != nil || countErr != nil {
		return fmt.Errorf("%s is not a file of a spool", entry.Name())
	}
	f.last = max(f.last, place)
	f.bytes += info.Size()
	f.files = append(f.files, file{name: entry.Name(), size: info.Size(), callbacks: callbacks, written: info.ModTime()})
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) empty() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.files) == 0
}

// append puts a file behind the others. It is on disk, and will be found, when
// this returns without an error.
func (f *folder) append(callbacks []callback) error {
	content, err := encode(callbacks)
	if err != nil {
		return err
	}
	f.mu.Lock()
	size := int64(len(content))
	if f.bytes+size > f.max {
		f.mu.Unlock()
		return fmt.Errorf("%w: it holds %d bytes of %d", ErrFull, f.bytes, f.max)
	}
	f.last++
	name := fmt.Sprintf("%020d-%d%s", f.last, len(callbacks), finished)
	f.mu.Unlock()
	if err := f.write(name, content); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bytes += size
	f.files = append(f.files, file{name: name, size: size, callbacks: len(callbacks), written: f.clock.Now()})
	return nil
}

// write makes a file that is whole or not there at all.
func (f *folder) write(name string, content []byte) error {
	part := f.path(name + begun)
	err := writeSynced(part, content)
	if err == nil {
		err = os.Rename(part, f.path(name))
	}
	if err == nil {
		err = syncDir(f.dir)
	}
	if err != nil {
		// Nobody is told that the callback is kept, so it must not count either.
		_ = os.Remove(part)
		_ = os.Remove(f.path(name))
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

func encode(callbacks []callback) ([]byte, error) {
	text, err := json.Marshal(document{callbacks})
	if err != nil {
		return nil, fmt.Errorf("encode callbacks: %w", err)
	}
	return slices.Concat([]byte(checksum(text)+"\n"), text), nil
}

func checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// read returns what a file holds; errDamaged when that is not what was written.
func (f *folder) read(name string) ([]callback, error) {
	content, err := os.ReadFile(f.path(name))
	if err != nil {
		return nil, err
	}
	sum, text, _ := bytes.Cut(content, []byte("\n"))
	if string(sum) != checksum(text) {
		return nil, errDamaged
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return d.Callbacks, nil
}

// oldest returns the first files, up to a size but at least one if there is any.
func (f *folder) oldest(size int64) []file {
	f.mu.Lock()
	defer f.mu.Unlock()
	count := 0
	for count < len(f.files) && (count == 0 || f.files[count].size <= size) {
		size -= f.files[count].size
		count++
	}
	return slices.Clone(f.files[:count])
}

// remove drops a file that was handed on.
func (f *folder) remove(one file) error {
	if err := os.Remove(f.path(one.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.forget(one)
	return nil
}

// setAside takes a file that cannot be handed on out of the way, for a person to
// look at, and returns where it is.
func (f *folder) setAside(one file) (string, error) {
	kept := f.path(filepath.Join(asideName, one.name))
	if err := os.Rename(f.path(one.name), kept); err != nil {
		return "", err
	}
	f.forget(one)
	return kept, nil
}

func (f *folder) forget(one file) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files = slices.DeleteFunc(f.files, func(other file) bool { return other.name == one.name })
	f.bytes -= one.size
}

func (f *folder) status() receiver.SpoolStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	var status receiver.SpoolStatus
	for _, one := range f.files {
		status.Depth += one.callbacks
	}
	if len(f.files) > 0 {
		status.Oldest = f.clock.Since(f.files[0].written)
	}
	return status
}

// close frees the folder for another process.
func (f *folder) close() error { return f.lock.Close() }
