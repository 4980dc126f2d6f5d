package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Kept is a file that a spool has set aside, for a person to look after.
type Kept struct {
	// Name is the file's in the folder aside.
	Name string
	// Callbacks is how many it was written with, and Readable how many of them are
	// still as they were written.
	Callbacks, Readable int
	// At is when the file was written.
	At time.Time
	// Requests are the ThingSpace request ids, or CAMARA resources, that its callbacks
	// are about.
	Requests []string
	// Reason is why the store does not take it; empty if the file is damaged.
	Reason string
}

// Damaged reports whether the disk has lost some of the file. What is readable of it
// was handed on.
func (k Kept) Damaged() bool { return k.Readable < k.Callbacks }

// List returns what the spool in a folder has set aside. A receiver may be using it.
func List(dir string) ([]Kept, error) {
	files, err := listAside(dir)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", dir, err)
	}
	kept := make([]Kept, 0, len(files))
	for _, one := range files {
		callbacks, err := readAside(dir, one.name)
		if err != nil {
			return nil, fmt.Errorf("spool %s: %w", dir, err)
		}
		kept = append(kept, describe(one, callbacks))
	}
	return kept, nil
}

func describe(one file, callbacks []callback) Kept {
	kept := Kept{Name: one.name, Callbacks: one.callbacks, Readable: len(callbacks), At: one.written}
	for _, c := range callbacks {
		kept.Reason = c.Refused
		kept.Requests = append(kept.Requests, c.about()...)
	}
	slices.Sort(kept.Requests)
	kept.Requests = slices.Compact(kept.Requests)
	return kept
}

// about is what the callback calls the requests that it is about.
func (c callback) about() []string {
	var names []string
	events := c.Events
	if c.Quarantined != nil {
		events = c.Quarantined.Events
	}
	for _, e := range events {
		names = append(names, e.RequestID)
	}
	for _, n := range c.Notifications {
		names = append(names, n.ResourceID)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// Restore gives the store what a file that was set aside holds, and removes the file
// once all of it is stored. What the store had before is known as the same. It
// refuses another store than the one that the callbacks are for, and a file that is
// damaged: that stays, for there is nothing in it that the store does not have. A
// receiver may be using the folder.
func Restore(ctx context.Context, store Backing, dir, name string) error {
	if err := checkStore(store, dir); err != nil {
		return err
	}
	kept, callbacks, err := findAside(dir, name)
	if err != nil {
		return err
	}
	if kept.Damaged() {
		return fmt.Errorf("%s is damaged: %d of its %d callbacks are lost, and the others are in the store; drop it when it is of no use any more", name, kept.Callbacks-kept.Readable, kept.Callbacks)
	}
	for _, c := range callbacks {
		if err := record(ctx, store, []callback{c}); err != nil {
			return fmt.Errorf("%s: the store still does not take it: %w", name, err)
		}
	}
	if err := removeAside(dir, name); err != nil {
		return fmt.Errorf("%s is stored, but cannot be removed: %w", name, err)
	}
	return nil
}

// Drop removes a file that was set aside. One that is not damaged holds callbacks that
// nobody else has, and goes only by force. A receiver may be using the folder.
func Drop(dir, name string, force bool) error {
	kept, _, err := findAside(dir, name)
	if err != nil {
		return err
	}
	if !kept.Damaged() && !force {
		return fmt.Errorf("%s holds callbacks that the store does not have: restore it, or drop it by force", name)
	}
	if err := removeAside(dir, name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// findAside returns a file that was set aside, with what can be read of it.
func findAside(dir, name string) (Kept, []callback, error) {
	if name != filepath.Base(name) {
		return Kept{}, nil, fmt.Errorf("%s: name a file of the folder %s", name, filepath.Join(dir, asideFolder))
	}
	files, err := listAside(dir)
	if err != nil {
		return Kept{}, nil, fmt.Errorf("spool %s: %w", dir, err)
	}
	place := slices.IndexFunc(files, func(one file) bool { return one.name == name })
	if place < 0 {
		return Kept{}, nil, fmt.Errorf("%s is not among the files that were set aside", name)
	}
	callbacks, err := readAside(dir, name)
	if err != nil {
		return Kept{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	return describe(files[place], callbacks), callbacks, nil
}

func removeAside(dir, name string) error {
	folder := filepath.Join(dir, asideFolder)
	return errors.Join(os.Remove(filepath.Join(folder, name)), syncDir(folder))
}

func readAside(dir, name string) ([]callback, error) {
	content, err := os.ReadFile(filepath.Join(dir, asideFolder, name)) //nolint:gosec // The folder is the operator's own.
	if err != nil {
		return nil, err
	}
	return decode(content), nil
}

func checkStore(store Backing, dir string) error {
	kept, err := remembered(dir)
	if err != nil {
		return err
	}
	if kept.StoreID != "" && kept.StoreID != store.StoreID() {
		return fmt.Errorf("the callbacks in the spool are for store %s, and the database is store %s", kept.StoreID, store.StoreID())
	}
	return nil
}

// loadAside makes sure that no number is given out whose callback was set aside.
func (f *folder) loadAside() error {
	files, err := listAside(f.dir)
	if err != nil {
		return err
	}
	for _, one := range files {
		f.last = max(f.last, one.number)
	}
	f.aside = loadOf(files)
	f.asideAt = f.options.Clock.Now()
	return nil
}

// listAside returns the files that were set aside, oldest number first.
func listAside(dir string) ([]file, error) {
	entries, err := os.ReadDir(filepath.Join(dir, asideFolder))
	if err != nil {
		return nil, err
	}
	var files []file
	for _, entry := range entries {
		// Whatever else somebody has put there is theirs.
		if one, isOurs, err := parseFile(entry); err == nil && isOurs {
			files = append(files, one)
		}
	}
	return files, nil
}

func loadOf(files []file) load {
	var l load
	for _, one := range files {
		l.add(1, one)
	}
	return l
}

// keepAside writes a callback that the store does not take where somebody can look
// after it, and returns the file's name.
func (f *folder) keepAside(from file, c callback) (string, error) {
	content, err := encode([]callback{c})
	if err != nil {
		return "", err
	}
	kept := filepath.Join(asideFolder, asideName(from, c.line))
	if err := f.options.disk.write(f.path(kept), content); err != nil {
		return "", err
	}
	f.recountAside()
	return kept, nil
}

// lookAside looks now and then what others have taken away since.
func (f *folder) lookAside() {
	f.mu.Lock()
	fresh := f.options.Clock.Since(f.asideAt) < lookAsideEvery
	f.mu.Unlock()
	if !fresh {
		f.recountAside()
	}
}

func (f *folder) recountAside() {
	files, err := listAside(f.dir)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asideAt = f.options.Clock.Now()
	if err == nil { // else what was known last is nearer to the truth than nothing
		f.aside = loadOf(files)
	}
}
