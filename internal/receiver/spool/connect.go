package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// identityName is the file in the spool's folder that says which store it is for.
	identityName = "store"
	// firstOpen is what the store gets to be opened before callbacks are taken
	// without it.
	firstOpen = 5 * time.Second
	// firstReopen and lastReopen are how long it waits before it tries again.
	firstReopen = 200 * time.Millisecond
	lastReopen  = 5 * time.Second
	// rememberEvery is how old the place may be that is remembered. What comes in an
	// outage counts from there, once the process was started anew.
	rememberEvery = 5 * time.Second
	// refusedFor is how long after its start a process says that the store refuses it.
	refusedFor = 10 * time.Minute
)

// RefusedError is that of a store which is there, and will not be opened by this
// process before somebody mends something: a password, a name, a version. Connect
// returns it where that is certain.
type RefusedError struct{ Err error }

// Error implements error.
func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap gives the reason.
func (e *RefusedError) Unwrap() error { return e.Err }

// Connect opens the store behind a spool. It may be called often, and must make
// nothing if its context has ended.
type Connect func(context.Context) (Backing, error)

// identity is what a spool remembers of the store that it is for, so that it can
// take callbacks without it.
type identity struct {
	StoreID string `json:"store_id"`
	// Known is a place that the store's sequence had reached.
	Known int64 `json:"known"`
}

// Open opens the store. Where the folder has had one before, it returns without an
// error although that fails: callbacks are taken and kept, and the store is opened
// as soon as it can be. Otherwise the error is that of connect.
//
// What the folder holds is handed on to the store it was kept for only. Another
// one, where the folder held callbacks at the start, counts as one that cannot be
// opened. ctx gives values to the work in the background, which Close ends.
func (s *Store) Open(ctx context.Context, connect Connect) error {
	isNew := s.remembered.StoreID == ""
	err := s.openFirst(ctx, connect)
	if err != nil && isNew {
		return err
	}
	if status := s.folder.status(); status.Depth > 0 || status.Aside > 0 {
		s.options.Logger.WarnContext(ctx, "the spool holds callbacks from before", "waiting", status.Depth, "longest", status.Oldest, "files_set_aside", status.Aside)
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.working.Go(func() { s.tend(ctx) })
	s.working.Go(func() {
		if err != nil {
			s.tellAway(ctx, err, firstReopen)
			s.openPatiently(ctx, connect)
		}
		s.drain(ctx)
	})
	return nil
}

func (s *Store) openFirst(ctx context.Context, connect Connect) error {
	if s.remembered.StoreID != "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, firstOpen)
		defer cancel()
	}
	return s.openOnce(ctx, connect)
}

// openPatiently returns once the store is open, or ctx has ended.
func (s *Store) openPatiently(ctx context.Context, connect Connect) {
	// It ends with ctx alone, so there is no error to tell of.
	_, _ = backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, s.openOnce(ctx, connect)
	}, backoff.WithMaxElapsedTime(0), backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: firstReopen, MaxInterval: lastReopen,
		Multiplier: backoff.DefaultMultiplier, RandomizationFactor: backoff.DefaultRandomizationFactor,
	}), backoff.WithNotify(func(err error, again time.Duration) { s.tellAway(ctx, err, again) }))
	if ctx.Err() == nil {
		s.options.Logger.InfoContext(ctx, "the store is open", "callbacks_waiting", s.Status().Depth)
	}
}

func (s *Store) tellAway(ctx context.Context, err error, again time.Duration) {
	s.options.Logger.ErrorContext(ctx, "the store cannot be opened: callbacks are kept in the spool, and nothing else is answered", "error", err, "again_in", again)
}

// openOnce opens the store and remembers it.
func (s *Store) openOnce(ctx context.Context, connect Connect) error {
	opened, err := connect(ctx)
	if err == nil {
		if err = s.accept(ctx, identity{opened.StoreID(), opened.Known()}); err != nil {
			err = errors.Join(err, opened.Close())
		}
	}
	_, refused := errors.AsType[*RefusedError](err)
	s.refused.Store(refused)
	if err != nil {
		return err
	}
	s.use(opened)
	return nil
}

// accept remembers a store, unless the callbacks in the folder are for another one.
func (s *Store) accept(ctx context.Context, found identity) error {
	kept := s.remembered.StoreID
	isOther := kept != "" && kept != found.StoreID
	if isOther && !s.wasEmpty && !s.isForgotten() {
		return &RefusedError{fmt.Errorf("it is store %s, but the callbacks in the spool are for store %s: name that one's database, or, if they belong into this one, run qos-receiver spool forget-store", found.StoreID, kept)}
	}
	if isOther {
		s.options.Logger.WarnContext(ctx, "the database is not the one that this spool had before", "store", found.StoreID, "before", kept)
	}
	err := s.folder.remember(found)
	switch {
	case err == nil:
		s.written = found
	case kept == found.StoreID:
		// The place that is written down is only older, which is the certain direction.
		s.options.Logger.WarnContext(ctx, "cannot write to the spool", "error", err)
	default:
		return fmt.Errorf("write to the spool: %w", err)
	}
	return nil
}

// isForgotten reports whether somebody has let the folder forget its store.
func (s *Store) isForgotten() bool {
	now, err := remembered(s.folder.dir)
	return err == nil && now.StoreID == ""
}

// ForgetStore lets a spool forget which store it is for, and reports which that was,
// "" if none. A process that waits for that store then takes the one it is given. What
// waits counts in that one as older than everything. Where the store is open, it is
// written down again.
func ForgetStore(dir string) (storeID string, err error) {
	before, err := remembered(dir)
	if err != nil || before.StoreID == "" {
		return "", err
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, identityName)), syncDir(dir)); err != nil {
		return "", fmt.Errorf("spool %s: %w", dir, err)
	}
	return before.StoreID, nil
}

// tend writes down how far the store has come, and looks after the disk, until ctx
// ends.
func (s *Store) tend(ctx context.Context) {
	ticker := s.options.Clock.NewTicker(rememberEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
			s.rememberKnown(ctx)
			s.folder.probe()
		}
	}
}

// rememberKnown does so once the store is open, where it has gone further. Only one may
// do so at a time.
func (s *Store) rememberKnown(ctx context.Context) {
	if _, err := s.store(); err != nil {
		return
	}
	now := s.place()
	if now == s.written {
		return
	}
	if err := s.folder.remember(now); err != nil {
		s.options.Logger.WarnContext(ctx, "cannot write to the spool", "error", err)
		return
	}
	s.written = now
}

// remembered is what was written down last; none if nothing was, or if it cannot be
// read: then the store has to be there.
func remembered(dir string) (identity, error) {
	path := filepath.Join(dir, identityName)
	content, err := os.ReadFile(path) //nolint:gosec // The folder is the operator's own.
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return identity{}, nil
	case err != nil:
		return identity{}, err
	}
	var kept identity
	if err := json.Unmarshal(content, &kept); err != nil || kept.StoreID == "" {
		return identity{}, fmt.Errorf("%s does not say which store the callbacks are for; remove it, and start with the right database", path)
	}
	return kept, nil
}

func (f *folder) remember(current identity) error {
	content, err := json.Marshal(current)
	if err != nil {
		return fmt.Errorf("encode the store's id: %w", err)
	}
	return f.options.disk.write(f.path(identityName), content)
}
