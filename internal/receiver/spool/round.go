package spool

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const (
	// tolerated is how often in a row a store that answers may fail before callbacks
	// are tried one by one to see which it fails on.
	tolerated = 3
	// maxBlamed is how many callbacks of a kind may fail by themselves, while none is
	// taken, until it is laid to the store.
	maxBlamed = 8
	// maxAside is how many may be set aside in one round because the store fails on
	// them. More are more likely its own fault, in spite of those that it takes.
	maxAside = 100
	// pingTimeout is what the store gets to show that it can write.
	pingTimeout = 5 * time.Second
)

// errMany ends a round early.
var errMany = errors.New("the store answers and fails on many callbacks")

// round is one attempt to hand on all that the folder holds.
type round struct {
	*Store
	opened []*openFile
	blamed []blamed // those that the store fails on, though it answers
}

// openFile is a file whose callbacks are being handed on.
type openFile struct {
	file
	held int // callbacks that could be read
}

// waiting is a callback, and which file it is from.
type waiting struct {
	callback
	from *openFile
}

// blamed is a callback that failed by itself.
type blamed struct {
	waiting
	// before is how many of its kind the store had taken when it began to fail.
	before int
}

// handOnAll gives callbacks to the store.
func (r *round) handOnAll(ctx context.Context, callbacks []waiting) error {
	for _, run := range runs(callbacks) {
		err := r.record(ctx, run)
		if err == nil {
			r.progress.standing(run).failures = 0
			continue
		}
		if err := r.search(ctx, run, err); err != nil {
			return err
		}
	}
	return nil
}

// search deals with callbacks on which the store failed. If it refuses them for good,
// or has failed on them too often while it answers, it gets them in halves, until the
// one is found that it does not take.
func (r *round) search(ctx context.Context, run []waiting, err error) error {
	switch {
	case isInvalid(err) && len(run) == 1:
		r.setAside(ctx, run[0], err)
		return nil
	case !isInvalid(err) && !r.blames(ctx, run):
		return err
	case len(run) == 1 && len(r.blamed) == maxAside:
		return errMany
	case len(run) == 1:
		r.blamed = append(r.blamed, blamed{run[0], r.progress.standing(run).before})
		return nil
	}
	half := len(run) / 2
	for _, part := range [][]waiting{run[:half], run[half:]} {
		err := r.record(ctx, part)
		if err == nil {
			continue
		}
		if err := r.search(ctx, part, err); err != nil {
			return err
		}
	}
	return nil
}

func (r *round) record(ctx context.Context, run []waiting) error {
	callbacks := make([]callback, 0, len(run))
	for _, w := range run {
		callbacks = append(callbacks, w.callback)
	}
	if err := record(ctx, r.behind, callbacks); err != nil {
		return err
	}
	r.progress.standing(run).taken += len(run)
	r.progress.note(run)
	return nil
}

// blames reports whether a failure is to be laid to callbacks rather than to the
// store: if it answers and has failed for some time, and does not fail on all of
// their kind.
func (r *round) blames(ctx context.Context, run []waiting) bool {
	if !r.answers(ctx) {
		r.progress.forgive()
		return false
	}
	s := r.progress.standing(run)
	if s.failures == 0 {
		s.before = s.taken
	}
	s.failures++
	return s.failures > tolerated && (s.taken > s.before || r.blamedOf(run[0].kind()) < maxBlamed)
}

func (r *round) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return r.Ping(ctx) == nil
}

func (r *round) blamedOf(k kind) int {
	count := 0
	for _, b := range r.blamed {
		if b.kind() == k {
			count++
		}
	}
	return count
}

// finish takes away the files that were handed on.
func (r *round) finish(ctx context.Context) {
	var gone, stay []file
	var left []*openFile
	var failures []error
	for _, one := range r.opened {
		if !r.progress.done(one) {
			left = append(left, one)
			continue
		}
		err := r.folder.takeAway(one.file)
		if err != nil {
			stay = append(stay, one.file)
			if !one.handedOn {
				failures = append(failures, err)
			}
			continue
		}
		gone = append(gone, one.file)
		r.tellDamage(ctx, one)
	}
	r.opened = left
	r.folder.forget(gone)
	r.folder.keepEmpty(stay)
	r.progress.forget(gone)
	if len(failures) > 0 {
		r.options.Logger.ErrorContext(ctx, "files of the spool cannot be taken away, though the store has what they hold; it is tried again", "files", len(failures), "error", failures[0])
	}
}

func (r *round) tellDamage(ctx context.Context, one *openFile) {
	if one.damaged {
		r.folder.recountAside()
		r.options.Logger.ErrorContext(ctx, "a file of the spool is damaged, and callbacks are lost with it; what could be read of it is handed on, and the file is set aside", "file", filepath.Join(asideFolder, one.name))
	}
}

// end judges what the store has failed on: only if it took others of that kind, that
// is not the store's fault. Each gets another chance now that it is by itself.
func (r *round) end(ctx context.Context) error {
	defer r.finish(ctx)
	for _, b := range r.blamed {
		run := []waiting{b.waiting}
		err := r.record(ctx, run)
		if err == nil {
			continue
		}
		if !isInvalid(err) && (r.progress.standing(run).taken == b.before || !r.answers(ctx)) {
			return err
		}
		r.setAside(ctx, b.waiting, err)
	}
	r.progress.forgive()
	if len(r.blamed) == maxAside {
		return fmt.Errorf("%w: %d were tried again by themselves", errMany, maxAside)
	}
	return nil
}

// setAside lets a callback go to no store. If there is no room for it elsewhere, its
// file is passed over for now: it must not hold up others.
func (r *round) setAside(ctx context.Context, w waiting, reason error) {
	w.Refused = reason.Error()
	kept, err := r.folder.keepAside(w.from.file, w.callback)
	if err != nil {
		r.folder.passOver(w.from.name, true)
		r.options.Logger.ErrorContext(ctx, "the store does not take a callback, which cannot be set aside either and is passed over for now", "file", w.from.name, "error", errors.Join(reason, err))
		return
	}
	r.progress.note([]waiting{w})
	r.options.Logger.ErrorContext(ctx, "the store does not take a callback, which is set aside; see qos-receiver spool", "file", kept, "error", reason)
}
