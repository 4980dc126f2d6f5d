// Package batch lets callers that come at the same time share one piece of slow
// work, such as the sync of a disk: what comes while one piece is done goes into
// the next.
package batch

import (
	"context"
	"slices"
	"sync"
)

// Batcher gathers items and works on them in groups, one group at a time.
type Batcher[T any] struct {
	limit int
	weigh func(T) int
	work  func(ctx context.Context, take func() []T) error
	blame func(error) bool

	mu      sync.Mutex
	waiting []*call[T]
	running bool
	workers sync.WaitGroup
}

// call is one caller's item; done is closed once err is its result.
type call[T any] struct {
	item T
	done chan struct{}
	err  error
}

// New makes a Batcher whose groups weigh at most limit together, but have at
// least one item. work calls take once, as late as it can, to get its group, and
// its error is that of every item in it. When it fails before, everybody who waits
// gets the error. Its context has the values of the caller that started it, and no
// end: an interrupted caller does not undo what it does for others.
func New[T any](limit int, weigh func(T) int, work func(ctx context.Context, take func() []T) error) *Batcher[T] {
	return &Batcher[T]{limit: limit, weigh: weigh, work: work, blame: func(error) bool { return false }}
}

// Apart lets the items of a group that failed be worked on one by one, each with an
// error of its own, when blame says of the group's error that it is about an item
// rather than about the work. What fails before the group is taken is about none. It is to be called before the first item comes.
func (b *Batcher[T]) Apart(blame func(error) bool) *Batcher[T] {
	b.blame = blame
	return b
}

// Do returns once the item has been worked on, or ctx ends. In the second case
// the item may still be worked on if that has begun.
func (b *Batcher[T]) Do(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := b.join(ctx, item)
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		b.leave(mine)
		return ctx.Err()
	}
}

// Waiting is how many items wait to be worked on.
func (b *Batcher[T]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// Wait returns when nothing is being worked on.
func (b *Batcher[T]) Wait() { b.workers.Wait() }

func (b *Batcher[T]) join(ctx context.Context, item T) *call[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	mine := &call[T]{item: item, done: make(chan struct{})}
	b.waiting = append(b.waiting, mine)
	if !b.running {
		b.running = true
		ctx = context.WithoutCancel(ctx)
		b.workers.Go(func() { b.run(ctx) })
	}
	return mine
}

func (b *Batcher[T]) leave(mine *call[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = slices.DeleteFunc(b.waiting, func(other *call[T]) bool { return other == mine })
}

func (b *Batcher[T]) run(ctx context.Context) {
	for b.more() {
		var group []*call[T]
		taken := false
		err := b.work(ctx, func() []T {
			group, taken = b.take(b.limit), true
			items := make([]T, 0, len(group))
			for _, c := range group {
				items = append(items, c.item)
			}
			return items
		})
		if !taken {
			group = b.takeAll()
		}
		if err != nil && taken && len(group) > 1 && b.blame(err) {
			b.apart(ctx, group)
			continue
		}
		finish(group, err)
	}
}

// apart works on each item alone, until that fails for all that are left.
func (b *Batcher[T]) apart(ctx context.Context, group []*call[T]) {
	for i, c := range group {
		err := b.work(ctx, func() []T { return []T{c.item} })
		if err != nil && !b.blame(err) {
			finish(group[i:], err)
			return
		}
		finish(group[i:i+1], err)
	}
}

func finish[T any](group []*call[T], err error) {
	for _, c := range group {
		c.err = err
		close(c.done)
	}
}

// more reports whether anybody waits; if not, the next to come starts anew.
func (b *Batcher[T]) more() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = len(b.waiting) > 0
	return b.running
}

// take returns those who have waited longest, as many as the limit allows.
func (b *Batcher[T]) take(limit int) []*call[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	count, weight := 0, 0
	for count < len(b.waiting) {
		weight += b.weigh(b.waiting[count].item)
		if count > 0 && weight > limit {
			break
		}
		count++
	}
	group := slices.Clone(b.waiting[:count])
	b.waiting = slices.Delete(b.waiting, 0, count)
	return group
}

func (b *Batcher[T]) takeAll() []*call[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	group := b.waiting
	b.waiting = nil
	return group
}
