package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	lockName    = "lock"
	asideFolder = "aside"
	// maxSuspects and maxSuspectBytes bound what waits for the quarantine, as the
	// quarantine itself is bounded: anybody may send that, and it must not take the
	// room of real callbacks.
	maxSuspects     = 1000
	maxSuspectBytes = 64 << 20
	// lookAsideEvery is how old the word on what was set aside may be: anybody may ask.
	lookAsideEvery = 2 * time.Second
	// probeName is what is written to see whether the disk can be written again. What
	// is left of it goes as what was begun does.
	probeName = "probe" + begun
)

var (
	errClosed = errors.New("the spool is closed")
	// errShare refuses a callback with wrong credentials: others still have room.
	errShare = fmt.Errorf("%w of callbacks with wrong credentials", ErrFull)
)

// folder is a queue of files.
type folder struct {
	dir     string
	options Options
	lock    *flock.Flock

	writing sync.WaitGroup // files that are being written

	mu       sync.Mutex
	closed   bool
	files    []file
	waiting  load // all files
	suspects load // those of them with wrong credentials
	aside    load
	asideAt  time.Time // when that was counted
	last     uint64    // number of the newest file
	broken   bool      // what was to be written last could not be
}

// load is how many files there are, and what they hold together.
type load struct {
	files, callbacks int
	bytes            int64
}

func (l *load) add(sign int, one file) {
	l.files += sign
	l.callbacks += sign * one.callbacks
	l.bytes += int64(sign) * one.size
}

func (f *folder) count(one file) { f.add(1, one) }

func (f *folder) discount(one file) { f.add(-1, one) }

func (f *folder) add(sign int, one file) {
	f.waiting.add(sign, one)
	if one.suspect() {
		f.suspects.add(sign, one)
	}
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// idle reports whether nothing waits that the store could be given.
func (f *folder) idle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !slices.ContainsFunc(f.files, file.queued)
}

// queued is how many callbacks the store can be given.
func (f *folder) queued() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	callbacks := 0
	for _, one := range f.files {
		if one.queued() {
			callbacks += one.callbacks
		}
	}
	return callbacks
}

// append puts a file behind the others. It is on disk, and will be found, when
// this returns without an error.
func (f *folder) append(kind string, callbacks []callback) error {
	content, err := encode(callbacks)
	if err != nil {
		return err
	}
	one, err := f.begin(kind, len(callbacks), onDisk(int64(len(content))))
	if err != nil {
		return err
	}
	defer f.writing.Done()
	err = f.options.disk.write(f.path(one.name), content)
	if err != nil {
		// Nobody is told that the callbacks are kept, so they must not count either.
		_ = f.options.disk.remove(f.path(one.name))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = err != nil
	if err != nil {
		f.discount(one)
		return err
	}
	one.written = f.options.Clock.Now()
	f.files = append(f.files, one)
	return nil
}

// begin gives a file its number and its room. Its writer says when it is done.
func (f *folder) begin(kind string, callbacks int, size int64) (file, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := file{name: fileName(f.last+1, callbacks, kind), number: f.last + 1, size: size, callbacks: callbacks}
	switch {
	case f.closed:
		return file{}, errClosed
	case f.full(size):
		return file{}, fmt.Errorf("%w: it holds %d bytes of %d, and %d files of %d", ErrFull, f.bytes(), f.options.MaxBytes, f.number(), f.options.MaxFiles)
	case one.suspect() && (f.suspects.callbacks+callbacks > maxSuspects || f.suspects.bytes+size > maxSuspectBytes):
		return file{}, fmt.Errorf("%w: it holds %d", errShare, f.suspects.callbacks)
	}
	f.last++
	f.count(one)
	f.writing.Add(1)
	return one, nil
}

// bytes is all that the folder holds, as far as it can grow.
func (f *folder) bytes() int64 { return f.waiting.bytes + f.aside.bytes }

// number is how many files there are.
func (f *folder) number() int { return f.waiting.files + f.aside.files }

// full reports whether there is no room for one more file of a size.
func (f *folder) full(size int64) bool {
	return f.bytes()+size > f.options.MaxBytes || f.number() >= f.options.MaxFiles
}

// read returns what of a file is as it was written.
func (f *folder) read(one file) ([]callback, error) {
	content, err := os.ReadFile(f.path(one.name))
	if err != nil {
		return nil, err
	}
	return decode(content), nil
}

// isThere reports whether the folder is one that files can be missing from.
func (f *folder) isThere() bool {
	_, err := os.Stat(f.path(lockName))
	return err == nil
}

// portions are all files, oldest first, in parts of a size, but of at least one file.
func (f *folder) portions(size int64) [][]file {
	f.mu.Lock()
	defer f.mu.Unlock()
	var portions [][]file
	for rest := f.files; len(rest) > 0; {
		count, left := 1, size-rest[0].size
		for count < len(rest) && rest[count].size <= left {
			left -= rest[count].size
			count++
		}
		portions = append(portions, slices.Clone(rest[:count]))
		rest = rest[count:]
	}
	return portions
}

// takeAway removes a file that was handed on, or sets it aside if it is damaged.
func (f *folder) takeAway(one file) error {
	var err error
	if one.damaged {
		err = f.options.disk.rename(f.path(one.name), f.path(filepath.Join(asideFolder, one.name)))
	} else {
		err = f.options.disk.remove(f.path(one.name))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// forget takes files out of the queue.
func (f *folder) forget(files []file) {
	gone := map[string]bool{}
	for _, one := range files {
		gone[one.name] = true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files = slices.DeleteFunc(f.files, func(one file) bool {
		if gone[one.name] {
			f.discount(one)
		}
		return gone[one.name]
	})
}

// passOver notes whether a file can be handed on.
func (f *folder) passOver(name string, over bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.files {
		if f.files[i].name == name {
			f.files[i].passedOver = over
		}
	}
}

// keepEmpty notes that nobody waits for what is in files any more, though they stay.
func (f *folder) keepEmpty(files []file) {
	damaged := map[string]bool{}
	for _, one := range files {
		damaged[one.name] = one.damaged
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.files {
		one := &f.files[i]
		if isDamaged, stays := damaged[one.name]; stays {
			f.discount(*one)
			one.callbacks, one.handedOn, one.damaged = 0, true, isDamaged
			f.count(*one)
		}
	}
}

// probe looks whether a disk that could not be written can be now.
func (f *folder) probe() {
	f.mu.Lock()
	broken := f.broken
	f.mu.Unlock()
	if !broken || f.options.disk.write(f.path(probeName), make([]byte, block)) != nil {
		return
	}
	_ = f.options.disk.remove(f.path(probeName))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = false
}

func (f *folder) status() receiver.SpoolStatus {
	f.lookAside()
	f.mu.Lock()
	defer f.mu.Unlock()
	status := receiver.SpoolStatus{
		Depth: f.waiting.callbacks,
		Aside: f.aside.files,
		Full:  f.full(block) || f.broken,
	}
	for _, one := range f.files {
		if !one.handedOn {
			status.Oldest = f.options.Clock.Since(one.written)
			break
		}
	}
	return status
}

// close frees the folder for another process, once nothing is being written any
// more: that process may give out the same numbers.
func (f *folder) close() error {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.writing.Wait()
	return f.lock.Close()
}
