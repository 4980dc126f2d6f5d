package forward_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/receiver/forward"
)

// with puts credentials into a listener's URL.
func with(user, url string) string { return strings.Replace(url, "http://", "http://"+user+"@", 1) }

func TestACallbackIsPassedOnAsItCame(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		guarded, open := listen(t, always(http.StatusOK)), listen(t, always(http.StatusNoContent))
		f := prepare(t, database, with("me:p%40ss", guarded.URL+"/qos?key=k3y"), open.URL)
		f.run()
		f.deliver("s", " {\"n\":1.0e+3,\t\"username\":\"u\",\"password\":\"hunter2\", \"x\":\"\\u00e4\"}\n")
		for l, want := range map[*listener]string{
			guarded: " {\"n\":1.0e+3,\t\"username\":\"me\",\"password\":\"p@ss\", \"x\":\"\\u00e4\"}\n",
			open:    " {\"n\":1.0e+3,\t \"x\":\"\\u00e4\"}\n",
		} {
			got := <-l.heard
			if got.body != want {
				t.Errorf("body %q, want %q", got.body, want)
			}
			if _, err := uuid.Parse(got.header.Get(forward.HeaderDelivery)); err != nil {
				t.Errorf("delivery %q: %v", got.header.Get(forward.HeaderDelivery), err)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/json", "User-Agent": "qos-receiver/1.2.3", "Authorization": "", forward.HeaderVia: f.store.StoreID(),
			} {
				if value := got.header.Get(name); value != want {
					t.Errorf("%s is %q, want %q", name, value, want)
				}
			}
		}
		f.await("empty", empty)
		for _, secret := range []string{"hunter2", "p@ss", "p%40ss", "k3y"} {
			if strings.Contains(f.logs.String(), secret) {
				t.Errorf("the log shows %s:\n%s", secret, f.logs.String())
			}
		}
	})
}

// Whatever a listener says that is not about the callback, it is asked again, and
// only at its own address.
func TestFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		elsewhere := listen(t, always(http.StatusOK))
		statuses := []int{500, 503, 502, 429, 401, 403, 404, 408, 301, 302, 307, 308, 425, 200}
		l := listen(t, func(w http.ResponseWriter, place int, _ string) int {
			w.Header().Set("Location", elsewhere.URL)
			return statuses[place]
		})
		f := prepare(t, database, with("me:hunter2", l.URL))
		f.run()
		f.deliver("s", `{"password":"x","a":1}`)
		f.hurry(30 * time.Second)
		f.await("empty", empty)
		ids := map[string]int{}
		for range statuses {
			got := <-l.heard
			ids[got.header.Get(forward.HeaderDelivery)]++
			if got.body != `{"password":"hunter2","a":1}` {
				t.Errorf("body %s", got.body)
			}
		}
		if len(ids) != 1 || len(elsewhere.heard) > 0 {
			t.Errorf("deliveries %v, %d elsewhere", ids, len(elsewhere.heard))
		}
		if strings.Contains(f.logs.String(), "hunter2") {
			t.Errorf("the log shows a password:\n%s", f.logs.String())
		}
	})
}

func TestRefusalsAreFinal(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		l := listen(t, func(_ http.ResponseWriter, _ int, body string) int {
			if strings.Contains(body, "odd") {
				return http.StatusUnprocessableEntity
			}
			return http.StatusOK
		})
		f := prepare(t, database, l.URL)
		f.run()
		f.deliver("s", `{"odd":1}`)
		f.deliver("s", `{"even":2}`)
		f.deliver("t", `{"even":3}`)
		f.hurry(time.Second)
		held := f.await("one dead letter", func(held []receiver.Delivery) bool { return len(held) == 1 && allDead(held) })
		if held[0].Attempts != 1 || held[0].Reason != "answered HTTP 422" || held[0].RequestID != "r-s" {
			t.Errorf("delivery = %+v", held[0])
		}
		f.clock.Advance(time.Minute) // the gauges show what was counted a moment ago
		host := strings.TrimPrefix(l.URL, "http://")
		for name, want := range map[string]string{
			"qos_receiver_forward_pending":        host + " 0",
			"qos_receiver_forward_dead":           host + " 1",
			"qos_receiver_forward_attempts_total": "delivered " + host + " 2\nexpired " + host + " 0\nfailed " + host + " 0\nrefused " + host + " 1",
		} {
			if got := f.shown(name); got != want {
				t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
			}
		}
	})
}

func TestNobodyIsAskedForEver(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		l := listen(t, always(http.StatusInternalServerError))
		f := prepare(t, database, l.URL)
		f.run()
		f.deliver("s", `{}`)
		f.hurry(time.Hour)
		held := f.await("dead", allDead)
		if tried := f.clock.Since(held[0].Since); tried < 72*time.Hour || held[0].Attempts < 10 {
			t.Errorf("after %s: %+v", tried, held[0])
		}
		if !strings.Contains(f.logs.String(), "for too long") {
			t.Errorf("the log says\n%s", f.logs.String())
		}
	})
}

// A callback that a listener cannot take holds up nobody else's.
func TestPoison(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		l := listen(t, func(_ http.ResponseWriter, _ int, body string) int {
			if strings.Contains(body, "poison") {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		})
		f := prepare(t, database, l.URL)
		f.run()
		f.deliver("s", `{"poison":1}`)
		for i := range 100 {
			f.deliver(fmt.Sprint("s", i), fmt.Sprintf(`{"n":%d}`, i))
		}
		f.deliver("s", `{"behind":1}`)
		f.hurry(time.Second)
		held := f.await("but the poison", func(held []receiver.Delivery) bool { return len(held) == 1 })
		if held[0].RequestID != "r-s" || held[0].State != receiver.DeliveryWaiting {
			t.Errorf("delivery = %+v", held[0])
		}
	})
}

// A listener that is away is not asked for each callback.
func TestAListenerThatIsAway(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		const callbacks, minutes = 50, 10
		var f *fixture
		l := listen(t, func(http.ResponseWriter, int, string) int {
			if f.clock.Now().Before(time.Date(2026, 1, 2, 3, 4+minutes, 5, 0, time.UTC)) {
				return http.StatusBadGateway
			}
			return http.StatusOK
		})
		f = prepare(t, database, l.URL)
		for i := range callbacks {
			f.deliver(fmt.Sprint("s", i%10), fmt.Sprintf(`{"n":%d}`, i))
		}
		f.run()
		f.hurry(5 * time.Second)
		f.await("empty", empty)
		if asked := len(l.heard) - callbacks; asked < 8 || asked > 60 {
			t.Errorf("asked %d times in vain", asked)
		}
	})
}

// A listener that asks to be left alone is.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		asked := make(chan time.Time, 100)
		var f *fixture
		l := listen(t, func(w http.ResponseWriter, place int, _ string) int {
			asked <- f.clock.Now()
			if place == 0 {
				w.Header().Set("Retry-After", "1800")
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		})
		f = prepare(t, database, l.URL)
		f.run()
		f.deliver("s", `{"n":1}`)
		f.await("tried once", func(held []receiver.Delivery) bool { return len(held) == 1 && held[0].Attempts == 1 })
		f.deliver("t", `{"n":2}`)
		f.hurry(time.Minute)
		f.await("empty", empty)
		first := <-asked
		if second := <-asked; second.Sub(first) < 30*time.Minute || len(asked) != 1 {
			t.Errorf("asked at %s and %s, and %d times more", first, second, len(asked))
		}
	})
}

// While one listener hangs, others get theirs, and ending does not wait for it: it
// is asked again by whoever runs next.
func TestAListenerThatHangs(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		hanging := make(chan struct{})
		asked := make(chan struct{}, 100)
		slow := listen(t, func(http.ResponseWriter, int, string) int {
			asked <- struct{}{}
			<-hanging
			return http.StatusOK
		})
		quick := listen(t, always(http.StatusOK))
		f := prepare(t, database, slow.URL, quick.URL)
		stop := f.run()
		for i := range 20 {
			f.deliver(fmt.Sprint("s", i), fmt.Sprintf(`{"n":%d}`, i))
		}
		for range 20 {
			<-quick.heard
		}
		<-asked
		f.await("with the hanging one's alone", func(held []receiver.Delivery) bool { return len(held) == 20 })
		stop()
		for _, d := range f.deliveries() {
			if d.DueAt.After(f.clock.Now()) || d.Attempts != 0 {
				t.Errorf("delivery = %+v", d)
			}
		}
		close(hanging)
		f.run()
		f.await("empty", empty)
	})
}

// The order of one subscription's callbacks is theirs, also where the listener fails
// now and then.
func TestOrder(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		l := listen(t, func(_ http.ResponseWriter, place int, _ string) int {
			if place%3 == 0 {
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		})
		f := prepare(t, database, l.URL)
		for n := range 6 {
			for s := range 3 {
				f.deliver(fmt.Sprint("s", s), fmt.Sprintf(`{"s":%d,"n":%d}`, s, n))
			}
		}
		f.run()
		f.hurry(time.Second)
		f.await("empty", empty)
		close(l.heard)
		latest := map[string]string{}
		for got := range l.heard {
			subscription, n, _ := strings.Cut(got.body, `"n"`)
			if cmp.Less(n, latest[subscription]) {
				t.Errorf("%s comes after %s", got.body, latest[subscription])
			}
			latest[subscription] = n
		}
	})
}

func TestTargetsChange(t *testing.T) {
	t.Parallel()
	forEachDatabase(t, func(t *testing.T, database opener) {
		t.Helper()
		l := listen(t, func(_ http.ResponseWriter, _ int, body string) int {
			if strings.Contains(body, "new") {
				return http.StatusOK
			}
			return http.StatusUnauthorized
		})
		f := prepare(t, database, with("me:old", l.URL))
		f.run()
		f.deliver("s", `{"password":"x"}`)
		f.await("tried", func(held []receiver.Delivery) bool { return held[0].Attempts > 0 })
		if !f.forwarder.Retarget(nil) {
			t.Error("no target is the same as one")
		}
		if passing, err := f.forwarder.Prepare(http.Header{}, []byte(`{}`), true); err != nil || passing != nil {
			t.Errorf("without a target, %+v is passed on, %v", passing, err)
		}
		f.hurry(time.Second)
		if len(f.deliveries()) != 1 {
			t.Error("what waits has gone with its target")
		}
		for _, changed := range []bool{true, false} {
			if f.forwarder.Retarget(targets(t, with("me:new", l.URL))) != changed {
				t.Errorf("changed is not %t", changed)
			}
		}
		f.await("empty", empty)
	})
}

func TestWhatCameThroughHereBeforeIsNotPassedOn(t *testing.T) {
	t.Parallel()
	f := prepare(t, sqliteDatabase, "http://listener.example")
	many := make([]string, 16)
	for i := range many {
		many[i] = uuid.NewString()
	}
	other := uuid.NewString()
	for name, test := range map[string]struct {
		header []string
		passed string
		ends   bool
	}{
		"directly":        {nil, "", false},
		"another":         {[]string{other}, other, false},
		"itself":          {[]string{f.store.StoreID()}, "", true},
		"in a ring":       {[]string{other + ", " + f.store.StoreID()}, "", true},
		"in several":      {[]string{other, strings.ToUpper(f.store.StoreID())}, "", true},
		"through 15":      {many[:15], strings.Join(many[:15], " "), false},
		"through 16":      {[]string{strings.Join(many, ",")}, "", true},
		"what is no id":   {[]string{"x, ,;\x00, " + other}, other, false},
		"nothing at all":  {[]string{""}, "", false},
		"a very long one": {[]string{strings.Repeat("x", 10_000)}, "", false},
	} {
		header := http.Header{forward.HeaderVia: test.header}
		passing, err := f.forwarder.Prepare(header, []byte(`{}`), true)
		if err != nil || (passing == nil) != test.ends {
			t.Errorf("%s: %+v, %v", name, passing, err)
			continue
		}
		if passing != nil && strings.Join(passing.Passed, " ") != test.passed {
			t.Errorf("%s: passed %v", name, passing.Passed)
		}
	}
}
