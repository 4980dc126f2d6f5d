package page_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var views = []string{"/", "/?show=all", "/?q=5555550100", "/unclaimed", "/unclaimed?doubtful=yes", "/quarantine", "/sessions", "/sessions?q=s-1"}

func TestViewsAreBehindTheTokens(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := s.held("r-1", device("5555550100"))
	for _, path := range append(views, "/requests/"+r.ID, "/requests/none") {
		for name, header := range map[string]http.Header{
			"nothing":           nil,
			"a wrong token":     bearer("wrong"),
			"no token":          bearer(""),
			"another scheme":    {"Authorization": {"Basic " + readToken}},
			"a made up session": {"Cookie": {"qos_receiver_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
			"the token as one":  {"Cookie": {"qos_receiver_session=" + readToken}},
		} {
			got := s.do(http.MethodGet, path, nil, header)
			if got.status != http.StatusUnauthorized || !strings.Contains(got.body, `name="token"`) {
				t.Errorf("GET %s with %s: %d, want 401 with the form", path, name, got.status)
			}
			if strings.Contains(got.body, "5555550100</a>") || strings.Contains(got.body, account) {
				t.Errorf("GET %s with %s tells of the journal", path, name)
			}
		}
		for _, token := range []string{readToken, journalToken} {
			if got := s.do(http.MethodGet, path, nil, bearer(token)); got.status == http.StatusUnauthorized {
				t.Errorf("GET %s with the token %s is refused", path, token)
			}
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range append(views, "/signin", "/requests/none", "/assets/page.js", "/assets/none") {
		for _, header := range []http.Header{nil, bearer(readToken)} {
			got := s.do(http.MethodGet, path, nil, header).header
			for name, want := range map[string]string{
				"X-Content-Type-Options":     "nosniff",
				"Referrer-Policy":            "no-referrer",
				"X-Frame-Options":            "DENY",
				"Cross-Origin-Opener-Policy": "same-origin",
			} {
				if got.Get(name) != want {
					t.Errorf("%s: %s is %q, want %q", path, name, got.Get(name), want)
				}
			}
			policy := got.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("%s: the policy %q lacks %s", path, policy, want)
				}
			}
			if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
				t.Errorf("%s: the policy %q is loose", path, policy)
			}
			if !strings.HasPrefix(path, "/assets/") && got.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept: %q", path, got.Get("Cache-Control"))
			}
		}
	}
}

func TestHostileCallbacksAreShownAsText(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	s := open(t)
	r := s.held("r-1", device("5555550100"))
	s.deliver(acknowledged("r-1", "sub-1"+hostile, "5555550100"))
	s.deliver(failed("r-1", "sub-1"+hostile, hostile))
	s.deliver(acknowledged("r-2"+hostile, "sub-2", hostile))
	s.abandon()
	if err := s.store.Quarantine(t.Context(), quarantined(s.clock.Now(), hostile)); err != nil {
		t.Fatal(err)
	}
	tags := regexp.MustCompile(`<script[^>]*>|<img`)
	for _, path := range append(views, "/?show=failed", "/?q="+url.QueryEscape(hostile), "/?account="+url.QueryEscape(hostile),
		"/requests/"+r.ID, "/requests/"+r.ID+"?device="+url.QueryEscape(hostile)) {
		for _, tag := range tags.FindAllString(s.get(path), -1) {
			if !strings.HasPrefix(tag, `<script src="/assets/`) {
				t.Errorf("%s has %s", path, tag)
			}
		}
	}
	if shown := s.get("/requests/" + r.ID); !strings.Contains(shown, "&lt;script&gt;alert(1)") {
		t.Error("the reason is not shown")
	}
}

func TestNothingSecretIsShown(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := s.held("r-1", device("5555550100"))
	s.deliver(strings.Replace(acknowledged("r-1", "sub-1", "5555550100"), `{`, `{"username":"the-user","password":"the-password",`, 1))
	for _, path := range append(views, "/requests/"+r.ID) {
		shown := s.get(path)
		for _, secret := range []string{readToken, journalToken, "the-user", "the-password", r.Claim} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
	}
}

func TestMethodsAndUnknownPaths(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{http.MethodHead, "/", http.StatusOK},
		{http.MethodHead, "/assets/page.css", http.StatusOK},
		{http.MethodDelete, "/", http.StatusMethodNotAllowed},
		{http.MethodPost, "/unclaimed", http.StatusMethodNotAllowed},
		{http.MethodGet, "/signout", http.StatusMethodNotAllowed},
		{http.MethodGet, "/nothing", http.StatusNotFound},
		{http.MethodGet, "/requests/none", http.StatusNotFound},
		{http.MethodGet, "/requests/none/more", http.StatusNotFound},
		{http.MethodGet, "/assets/page.go", http.StatusNotFound},
		{http.MethodGet, "/assets/..%2fpage.go", http.StatusNotFound},
		{http.MethodGet, "/?show=nothing", http.StatusBadRequest},
		{http.MethodGet, "/?cursor=x", http.StatusBadRequest},
		{http.MethodGet, "/?q=" + strings.Repeat("x", 300), http.StatusBadRequest},
		{http.MethodGet, "/quarantine?cursor=x", http.StatusBadRequest},
		{http.MethodGet, "/sessions?before=x", http.StatusBadRequest},
		{http.MethodGet, "/sessions?q=" + strings.Repeat("x", 300), http.StatusBadRequest},
		{http.MethodGet, "/session", http.StatusNotFound},
		{http.MethodGet, "/session?id=none", http.StatusNotFound},
		{http.MethodGet, "/session?id=none&after=-1", http.StatusBadRequest},
	} {
		got := s.do(test.method, test.path, nil, bearer(readToken))
		if got.status != test.want {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, got.status, test.want)
		}
		if test.method == http.MethodHead && got.body != "" {
			t.Errorf("HEAD %s has a body", test.path)
		}
	}
}

func TestStoreThatFails(t *testing.T) {
	t.Parallel()
	s := open(t)
	s = serve(t, brokenStore{s.store}, s.clock, receiver.ServerConfig{ReadToken: readToken})
	got := s.do(http.MethodGet, "/", nil, bearer(readToken))
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("status %d, header %v", got.status, got.header)
	}
	if strings.Contains(got.body, "unexpected EOF") || !strings.Contains(got.body, "cannot reach its database") {
		t.Errorf("the page says:\n%s", got.body)
	}
}

func TestUnchangedPagesAreNotSentAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.held("r-1", device("5555550100"))
	header := bearer(readToken)
	seen := s.do(http.MethodGet, "/", nil, header)
	header.Set("If-None-Match", seen.header.Get("ETag"))
	if again := s.do(http.MethodGet, "/", nil, header); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("status %d, want 304", again.status)
	}
	s.deliver(acknowledged("r-1", "sub-1", "5555550100"))
	if news := s.do(http.MethodGet, "/", nil, header); news.status != http.StatusOK || !strings.Contains(news.body, "Acknowledged") {
		t.Errorf("status %d, want the news", news.status)
	}
}

// devices are those that a page lists, in order.
func devices(page string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`<a class="id" id="to-[^"]*" href="/requests/[^"]*">([^<]*)</a>`).FindAllStringSubmatch(page, -1) {
		found = append(found, match[1])
	}
	return found
}

func TestListSelects(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.held("r-on", device("on"))
	s.deliver(acknowledged("r-on", "sub-on", "on"))
	s.deliver(on("r-on", "sub-on"))
	s.held("r-mixed", device("mixed-b"), device("mixed-a"))
	s.deliver(acknowledged("r-mixed", "sub-a", "mixed-a"))
	s.deliver(acknowledged("r-mixed", "sub-b", "mixed-b"))
	s.deliver(on("r-mixed", "sub-a"))
	s.deliver(failed("r-mixed", "sub-b", "cell is full"))
	s.held("r-ended", device("ended"))
	s.deliver(acknowledged("r-ended", "sub-ended", "ended"))
	s.deliver(callback(happening{request: "r-ended", subscription: "sub-ended", event: "QoSChangeTerminated", status: "SUCCESS"}))
	refused := s.sent("refused", device("refused"))
	s.change(refused.ID, receiver.Change{Kind: receiver.ChangeRefused, Reason: "no such device"})
	s.lost("lost", device("lost"))
	for path, want := range map[string][]string{
		"/":                                {"lost", "mixed-a", "on"},
		"/?show=on":                        {"mixed-a", "on"},
		"/?show=pending":                   nil,
		"/?show=failed":                    {"mixed-b"},
		"/?show=ended":                     {"ended"},
		"/?show=refused":                   {"refused"},
		"/?show=unknown":                   {"lost"},
		"/?show=all":                       {"ended", "lost", "mixed-a", "mixed-b", "on", "refused"},
		"/?q=ON":                           {"on"},
		"/?q=sub-ended":                    {"ended"},
		"/?q=r-mixed":                      {"mixed-a", "mixed-b"},
		"/?q=nothing":                      nil,
		"/?account=" + account:             {"lost", "mixed-a", "on"},
		"/?account=other":                  nil,
		"/?show=all&q=mixed-b":             {"mixed-b"},
		"/?show=on&q=mixed-b":              nil,
		"/?show=on&account=" + account:     {"mixed-a", "on"},
		"/?show=failed&q=mixed-b&account=": {"mixed-b"},
	} {
		if diff := cmp.Diff(want, devices(s.get(path))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	for text, path := range map[string]string{
		"cell is full":          "/?show=failed",
		"no such device":        "/?show=refused",
		"connection reset":      "/?show=unknown",
		"Ids are compared":      "/?q=nothing",
		"There are none. That":  "/?show=pending",
		"1 on, 0 pending, 1 fa": "/",
	} {
		if !strings.Contains(s.get(path), text) {
			t.Errorf("%s does not say %q", path, text)
		}
	}
}

func TestListTurnsPages(t *testing.T) {
	t.Parallel()
	const requests = 120
	s := open(t)
	for i := range requests {
		s.held(fmt.Sprintf("r-%d", i), device(fmt.Sprintf("device-%03d", i)))
	}
	next := regexp.MustCompile(`<a href="([^"]*)" rel="next">`)
	seen := map[string]bool{}
	pages := 0
	for path := "/"; path != ""; pages++ {
		shown := s.get(path)
		for i, d := range devices(shown) {
			if seen[d] {
				t.Errorf("%s is on two pages", d)
			}
			if seen[d] = true; pages == 0 && i == 0 && d < "device-070" {
				t.Errorf("the first page begins with %s, which is not of the newest", d)
			}
		}
		path = ""
		if found := next.FindStringSubmatch(shown); found != nil {
			path = strings.ReplaceAll(found[1], "&amp;", "&")
		}
	}
	if len(seen) != requests || pages != 3 {
		t.Errorf("%d devices on %d pages, want %d on 3", len(seen), pages, requests)
	}
}

func TestSinceIsWhenTheStatusBegan(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.held("r-1", device("5555550100"))
	s.deliver(acknowledged("r-1", "sub-1", "5555550100"))
	s.clock.Advance(time.Hour)
	s.deliver(on("r-1", "sub-1"))
	s.clock.Advance(5 * time.Hour)
	s.deliver(on("r-1", "sub-1"))
	shown := s.get("/")
	for _, want := range []string{`datetime="2026-03-01T13:00:00Z"`, "2026-03-01 13:00:00 UTC", "5 h ago", "ThingSpace: 2026-03-01T05:00:00.795"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestRequestPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := s.held("r-1", device("5555550100"))
	s.deliver(acknowledged("r-1", "sub-1", "5555550100"))
	s.deliver(acknowledged("r-1", "sub-1", "5555550100"))
	s.deliver(on("r-1", "sub-1"))
	shown := s.get("/requests/" + r.ID)
	for _, want := range []string{
		"<h1 class=\"id-title\">Request r-1</h1>", account, r.ID, "A Terraform state holds it", "from ThingSpace&#39;s answer",
		"sub-1", "192.0.2.1:5000", "198.51.100.7", "UPLINK", "Premium", "delivered 2 times", "&#34;maxCallbackThreshold&#34;: 4",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if first, second := strings.Index(shown, "QoSChangeReqAck"), strings.LastIndex(shown, "QoSChangeOn"); first < 0 || second < first {
		t.Error("the events are not in order")
	}
	if strings.Contains(shown, "import {") {
		t.Error("a request that a state holds is offered for import")
	}
}

func TestRequestPageTurnsEvents(t *testing.T) {
	t.Parallel()
	const callbacks = 60
	s := open(t)
	r := s.held("r-1", device("5555550100"))
	for i := range callbacks {
		s.deliver(callback(happening{request: "r-1", subscription: "sub-1", event: fmt.Sprintf("Event%02d", i), device: "5555550100"}))
	}
	first := s.get("/requests/" + r.ID)
	later := regexp.MustCompile(`<a href="([^"#]*)#events">Later events</a>`).FindStringSubmatch(first)
	if later == nil || !strings.Contains(first, "Event00") || strings.Contains(first, "Event55") {
		t.Fatal("the first page is not of the first events")
	}
	second := s.get(later[1])
	if strings.Contains(second, `"event">Event00`) || !strings.Contains(second, "Event59") || strings.Contains(second, "Later events") {
		t.Error("the second page is not of the last events")
	}
}

func TestManyDevicesAreNarrowed(t *testing.T) {
	t.Parallel()
	s := open(t)
	var many []receiver.Device
	for i := range 130 {
		many = append(many, device(fmt.Sprintf("device-%03d", i)))
	}
	r := s.held("r-1", many...)
	if shown := s.get("/"); len(devices(shown)) != 10 || !strings.Contains(shown, "120 more devices") {
		t.Errorf("the list shows %d devices", len(devices(shown)))
	}
	if shown := s.get("/requests/" + r.ID); !strings.Contains(shown, "30 more devices are not shown") {
		t.Error("the page does not say that it leaves out devices")
	}
	shown := s.get("/requests/" + r.ID + "?device=device-129")
	if !strings.Contains(shown, `<span class="id">device-129</span>`) || strings.Contains(shown, `<span class="id">device-000</span>`) {
		t.Error("the page is not narrowed to the device")
	}
}

func TestUnclaimedIsOfferedForImport(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.held("r-held", device("held"))
	s.accepted("r-left", device("left"))
	lost := s.lost("lost", device("lost"))
	s.deliver(acknowledged("r-script", "sub-9", "script"))
	s.deliver(acknowledged("r-a", "sub-a", "lost"))
	s.deliver(acknowledged("r-'b", "sub-b", "lost"))
	s.abandon()
	shown := s.get("/unclaimed")
	for _, want := range []string{
		`id = &#34;` + account + `/r-left&#34;`, `id = &#34;` + account + `/r-script&#34;`,
		"qos-receiver resolve " + lost.ID + " --not-created",
		"qos-receiver resolve " + lost.ID + " --request-id=&#39;r-a&#39;",
		"qos-receiver resolve " + lost.ID + " --request-id=&#39;r-&#39;\\&#39;&#39;b&#39;",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(shown, "r-held") {
		t.Error("a request that a state holds is shown")
	}
}

func TestQuarantineIsShown(t *testing.T) {
	t.Parallel()
	s := open(t)
	if shown := s.get("/quarantine"); !strings.Contains(shown, "Nothing is held") {
		t.Error("the empty page does not say so")
	}
	for i := range 30 {
		if err := s.store.Quarantine(t.Context(), quarantined(s.clock.Now(), fmt.Sprintf("why-%02d", i))); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(time.Second)
	}
	shown := s.get("/quarantine")
	for _, want := range []string{"203.0.113.9", "wrong username or password", "QoSChangeOn", `rel="next"`} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
