package receiver

import (
	"net/netip"
	"testing"
	"time"
)

func TestFailuresAreLimitedBySource(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	limit := &sourceLimit{every: 10 * time.Second, burst: 3}
	one, other := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("198.51.100.8")
	for i := range 3 {
		if pause := limit.take(one, 1, now); pause != 0 {
			t.Fatalf("failure %d is refused for %s", i, pause)
		}
	}
	if pause := limit.take(one, 1, now); pause != 10*time.Second {
		t.Errorf("one too many is refused for %s, want 10s", pause)
	}
	if pause := limit.take(other, 1, now); pause != 0 {
		t.Errorf("another source is refused for %s", pause)
	}
	if pause := limit.take(one, 1, now.Add(4*time.Second)); pause != 6*time.Second {
		t.Errorf("after 4 s it is refused for %s, want 6s", pause)
	}
	if pause := limit.take(one, 1, now.Add(10*time.Second)); pause != 0 {
		t.Errorf("after its pause it is refused for %s", pause)
	}
}

func TestFailuresOfAnIPv6SiteCountTogether(t *testing.T) {
	t.Parallel()
	limit := &sourceLimit{every: time.Hour, burst: 1}
	var now time.Time
	for _, test := range []struct {
		source  string
		limited bool
	}{
		{"2001:db8:0:1::1", false},
		{"2001:db8:0:1:ffff::2", true},
		{"2001:db8:0:2::1", false},
	} {
		if pause := limit.take(netip.MustParseAddr(test.source), 1, now); (pause > 0) != test.limited {
			t.Errorf("%s is refused for %s", test.source, pause)
		}
	}
}

// What weighs more than there is room for is let in when there is nothing else.
func TestLimitsWeigh(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	one := netip.MustParseAddr("192.0.2.1")
	limit := &sourceLimit{every: time.Second, burst: 10}
	for _, step := range []struct {
		weight      int
		after, want time.Duration
	}{
		{7, 0, 0}, {7, 0, 4 * time.Second}, {3, 0, 0}, {1000, 9 * time.Second, time.Second}, {1000, 10 * time.Second, 0}, {1, 10 * time.Second, time.Second},
	} {
		if pause := limit.take(one, step.weight, now.Add(step.after)); pause != step.want {
			t.Errorf("%d after %s has to wait %s, want %s", step.weight, step.after, pause, step.want)
		}
	}
}

func TestFailuresTakeBoundedMemory(t *testing.T) {
	t.Parallel()
	limit := &sourceLimit{every: time.Hour, burst: 1}
	for i := range 2 * limitedSources {
		limit.take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1, time.Time{})
	}
	if sources := limit.sources.Len(); sources != limitedSources {
		t.Errorf("%d sources are remembered, want %d", sources, limitedSources)
	}
	limit.take(netip.Addr{}, 1, time.Time{}) // no address at all is a source, too
}

func TestNULIsLeftOut(t *testing.T) {
	t.Parallel()
	const nul, backslash = `\u0000`, `\\`
	for body, want := range map[string]string{
		`{"a":"b"}`:                                 `{"a":"b"}`,
		`{"a":"` + nul + `b` + nul + `"}`:           `{"a":"b"}`,
		`{"a":"` + backslash + `u0000"}`:            `{"a":"` + backslash + `u0000"}`,
		`{"a":"` + backslash + nul + `x"}`:          `{"a":"` + backslash + `x"}`,
		`{"a":"\"` + nul + `\u0001"}`:               `{"a":"\"\u0001"}`,
		nul:                                         ``,
		`{"a":"` + nul + `\`:                        `{"a":"\`,
		`["` + nul + `","` + `\u000"]`:              `["","\u000"]`,
		`{"` + nul + `key":"` + backslash + `\u00"`: `{"key":"` + backslash + `\u00"`,
	} {
		if got := string(withoutNUL([]byte(body))); got != want {
			t.Errorf("%s becomes %s, want %s", body, got, want)
		}
	}
}

func TestWatchersHaveRoom(t *testing.T) {
	t.Parallel()
	h := newHub(3)
	_, leave, ok := h.join([]string{"a", "b"})
	if !ok {
		t.Fatal("no room for the first")
	}
	if _, _, ok := h.join([]string{"c", "d"}); ok {
		t.Error("room for more than there is")
	}
	_, leaveToo, ok := h.join([]string{"a"})
	if !ok {
		t.Error("no room for the last")
	}
	leave()
	leaveToo()
	if h.room != 3 || len(h.watchers) != 0 {
		t.Errorf("room for %d, %d watched, after all have left", h.room, len(h.watchers))
	}
}
