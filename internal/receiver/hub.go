package receiver

import "sync"

// hub wakes the long-polls that watch a changed request.
type hub struct {
	mu       sync.Mutex
	watchers map[string]map[*watcher]struct{}
	room     int // how many more ids may be watched
	closed   chan struct{}
	once     sync.Once
}

// watcher is one open long-poll. wake holds one signal, so that a change
// between two looks at the store is never lost.
type watcher struct{ wake chan struct{} }

// newHub has room for so many ids, counted for each who watches them.
func newHub(room int) *hub {
	return &hub{watchers: map[string]map[*watcher]struct{}{}, room: room, closed: make(chan struct{})}
}

// join registers a watcher of ids until leave is called; false when there is no
// room.
func (h *hub) join(ids []string) (w *watcher, leave func(), ok bool) {
	w = &watcher{wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(ids) > h.room {
		return nil, nil, false
	}
	h.room -= len(ids)
	for _, id := range ids {
		if h.watchers[id] == nil {
			h.watchers[id] = map[*watcher]struct{}{}
		}
		h.watchers[id][w] = struct{}{}
	}
	return w, func() { h.leave(w, ids) }, true
}

func (h *hub) leave(w *watcher, ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.room += len(ids)
	for _, id := range ids {
		delete(h.watchers[id], w)
		if len(h.watchers[id]) == 0 {
			delete(h.watchers, id)
		}
	}
}

// notify wakes everyone who watches one of ids. It never blocks.
func (h *hub) notify(ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		for w := range h.watchers[id] {
			select {
			case w.wake <- struct{}{}:
			default:
			}
		}
	}
}

// close ends all long-polls, present and future, with what they have.
func (h *hub) close() { h.once.Do(func() { close(h.closed) }) }
