package receiver

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
)

const (
	// smallBody is what of each body is paid for out of the whole budget: all that
	// ThingSpace sends is smaller, and to fill that takes thousands of connections.
	smallBody = 16 << 10
	// sourceShare is the part of the budget that one source may use for what is larger:
	// the rest stays for others, however many slow bodies it sends.
	sourceShare = 4
	// smallReserve is the part that nothing larger may use, whoever sends it.
	smallReserve = 8
)

// errNoRoom ends a body for which there is no room.
var errNoRoom = errors.New("too much is in memory")

// budget bounds the bytes of callbacks that are in memory, from their first byte to
// their answer.
type budget struct {
	limit int64

	mu      sync.Mutex
	used    int64
	large   int64 // of what is used, for what is beyond small bodies
	sources map[netip.Prefix]int64
}

func newBudget(limit int64) *budget {
	return &budget{limit: limit, sources: map[netip.Prefix]int64{}}
}

// holding is what one callback uses of the budget.
type holding struct {
	budget *budget
	source netip.Prefix
	bytes  int64
}

func (b *budget) open(source netip.Addr) *holding {
	return &holding{budget: b, source: network(source)}
}

// body is the body of a request, which is paid for as it arrives.
func (h *holding) body(r *http.Request) io.ReadCloser { return &paidBody{r.Body, h} }

func (h *holding) grow(bytes int64) bool {
	b := h.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	large := beyondSmall(h.bytes+bytes) - beyondSmall(h.bytes)
	if b.used+bytes > b.limit {
		return false
	}
	if large > 0 && (b.large+large > b.limit-b.limit/smallReserve || b.sources[h.source]+large > b.limit/sourceShare) {
		return false
	}
	h.take(bytes, large)
	return true
}

// take moves bytes, which are negative where it gives them back. The budget is locked.
func (h *holding) take(bytes, large int64) {
	b := h.budget
	b.used += bytes
	b.large += large
	if b.sources[h.source] += large; b.sources[h.source] == 0 {
		delete(b.sources, h.source)
	}
	h.bytes += bytes
}

func beyondSmall(bytes int64) int64 { return max(bytes-smallBody, 0) }

// release is for when the callback is answered.
func (h *holding) release() {
	b := h.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	h.take(-h.bytes, -beyondSmall(h.bytes))
}

// paidBody takes what it reads out of the budget.
type paidBody struct {
	io.ReadCloser
	holding *holding
}

// Read implements io.Reader.
func (p *paidBody) Read(buffer []byte) (int, error) {
	n, err := p.ReadCloser.Read(buffer)
	if !p.holding.grow(int64(n)) {
		return n, errNoRoom
	}
	return n, err
}
