package page_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long the browser may take for what a test asks of it at once.
const patience = 30 * time.Second

// browser is one tab of a real browser, with what went wrong and what it asked
// for. chromedp keeps the tab in the context.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
	asked    []string
}

// chromium is the path of the browser. Without one the test is skipped, except in CI.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("CI is set and there is no chromium: install it (apt-get install chromium)")
	}
	t.Skip("there is no chromium on this machine")
	return ""
}

// chrome is the browser that all tests share.
type chrome struct{ ctx context.Context }

func launch(t *testing.T) *chrome {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &chrome{ctx}
}

// browse opens a tab of the given size, with cookies of its own.
func (c *chrome) browse(t *testing.T, width, height int64) *browser {
	t.Helper()
	ctx, end := chromedp.NewContext(c.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.EmulateViewport(width, height))
	command(b, network.Enable, network.EnableParams{})
	command(b, log.Enable, cdp.Empty{})
	command(b, runtime.Enable, cdp.Empty{})
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, "console."+string(e.Type))
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		shown, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		b.t.Fatalf("%v\nthe page shows:\n%s", err, shown)
	}
}

// command gives the browser one command of its protocol.
func command[P, R any](b *browser, c cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, c, params); err != nil {
		b.t.Fatal(err)
	}
}

// signIn fills in the form.
func (b *browser) signIn(s *site, token string) {
	b.t.Helper()
	b.run(chromedp.Navigate(s.url + "/"))
	b.follow(chromedp.SendKeys(chromedp.CSS("#token"), token+"\r"))
}

// follow does something that leads to another page, and waits for that.
func (b *browser) follow(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, action); err != nil {
		b.t.Fatal(err)
	}
}

// sees waits until an element shows a text.
func (b *browser) sees(selector, text string) {
	b.t.Helper()
	b.run(chromedp.PollFunction[chromedp.Void](
		`(selector, text) => [...document.querySelectorAll(selector)].some((e) => e.textContent.includes(text)) && {}`,
		chromedp.WithPollingArgs(selector, text), chromedp.WithPollingInterval(50*time.Millisecond)))
}

// evaluate asks the page something.
func evaluate[T any](b *browser, script string) T {
	b.t.Helper()
	result, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return result
}

// isClean expects that nothing was complained of, but for what is expected, and
// that no other host was asked for anything.
func (b *browser) isClean(s *site, expected ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		if !slices.ContainsFunc(expected, func(e string) bool { return strings.Contains(problem, e) }) {
			b.t.Errorf("the browser complains: %s", problem)
		}
	}
	for _, asked := range b.asked {
		if !strings.HasPrefix(asked, s.url+"/") && asked != "about:blank" {
			b.t.Errorf("the page asks for %s", asked)
		}
	}
}

// refusedSignIn is what the browser logs of a page that answers 401, as it should.
const refusedSignIn = "401 (Unauthorized)"

func TestBrowser(t *testing.T) {
	t.Parallel()
	c := launch(t)
	for name, test := range map[string]func(*testing.T, *chrome){
		"refuses strangers":     refusesStrangers,
		"updates itself":        updatesItself,
		"searches":              searches,
		"shows CAMARA sessions": showsSessions,
		"works without scripts": worksWithoutScripts,
		"shows hostile text":    showsHostileText,
		"fits a phone":          fitsAPhone,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, c)
		})
	}
}

func refusesStrangers(t *testing.T, c *chrome) {
	t.Helper()
	s := open(t)
	s.held("r-1", device("5555550100"))
	b := c.browse(t, 1280, 900)
	b.signIn(s, "wrong")
	b.sees("[role=alert]", "not accepted")
	if shown := evaluate[string](b, "document.body.innerText"); strings.Contains(shown, "5555550100") {
		t.Errorf("a stranger sees the device:\n%s", shown)
	}
	b.isClean(s, refusedSignIn)
}

func updatesItself(t *testing.T, c *chrome) {
	t.Helper()
	s := open(t)
	r := s.held("r-1", device("5555550100"))
	b := c.browse(t, 1280, 900)
	b.signIn(s, readToken)
	b.sees("tbody .standing", "Requested")
	link := "#to-" + r.ID + "-0"
	b.run(chromedp.Focus(chromedp.CSS(link)))
	s.deliver(acknowledged("r-1", "sub-1", "5555550100"))
	s.clock.Advance(time.Minute) // beyond the age of the counts
	s.deliver(on("r-1", "sub-1"))
	b.sees("tbody .standing", "On")
	b.sees("#announcer", "1 on, 0 pending")
	b.sees("#live-state", "updates itself")
	if focused := evaluate[string](b, `"#" + document.activeElement.id`); focused != link {
		t.Errorf("the focus went from %s to %s", link, focused)
	}
	b.follow(chromedp.Click(chromedp.CSS(link)))
	b.sees("h1", "Request r-1")
	b.run(chromedp.Click(chromedp.CSS("summary")))
	s.deliver(failed("r-1", "sub-1", "cell is full"))
	b.sees(".device .standing", "Failed")
	b.sees(".device", "cell is full")
	if !evaluate[bool](b, `document.querySelector("details").open`) {
		t.Error("what was open has closed")
	}
	b.isClean(s, refusedSignIn)
}

func searches(t *testing.T, c *chrome) {
	t.Helper()
	s := open(t)
	s.held("r-1", device("5555550100"))
	s.held("r-2", device("5555550199"))
	b := c.browse(t, 1280, 900)
	b.signIn(s, readToken)
	b.sees("tbody", "5555550100")
	b.follow(chromedp.SendKeys(chromedp.CSS("#q"), "5555550199\r"))
	b.sees("h2", "for “5555550199”")
	if rows := evaluate[string](b, `[...document.querySelectorAll("tbody th")].map((e) => e.innerText.trim()).join()`); rows != "5555550199 MDN" {
		t.Errorf("found %q", rows)
	}
	b.isClean(s, refusedSignIn)
}

func showsSessions(t *testing.T, c *chrome) {
	t.Helper()
	s := open(t)
	s.notify("s-1", "AVAILABLE", "")
	s.notify("s-2", "AVAILABLE", "")
	b := c.browse(t, 1280, 900)
	b.signIn(s, readToken)
	b.follow(chromedp.Click(chromedp.CSS(`nav a[href="/sessions"]`)))
	b.sees("tbody th", "s-1")
	b.follow(chromedp.SendKeys(chromedp.CSS("#q"), "s-2\r"))
	b.sees("h2", "for “s-2”")
	if rows := evaluate[string](b, `[...document.querySelectorAll("tbody th")].map((e) => e.innerText.trim()).join()`); rows != "s-2" {
		t.Errorf("found %q", rows)
	}
	b.sees("tbody .standing", "Available")
	s.clock.Advance(time.Minute)
	s.notify("s-2", "UNAVAILABLE", "NETWORK_TERMINATED")
	b.sees("tbody .standing", "Unavailable")
	b.sees("tbody td", "NETWORK_TERMINATED")
	b.follow(chromedp.Click(chromedp.CSS("tbody th a")))
	b.sees("h1", "Session s-2")
	b.sees(".headline", "The network has ended it")
	if told := evaluate[int](b, `document.querySelectorAll("tbody tr").length`); told != 2 {
		t.Errorf("%d notifications are shown", told)
	}
	b.isClean(s, refusedSignIn)
}

func worksWithoutScripts(t *testing.T, c *chrome) {
	t.Helper()
	s := open(t)
	s.held("r-1", device("5555550100"))
	s.deliver(acknowledged("r-1", "sub-1", "5555550100"))
	b := c.browse(t, 1280, 900)
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.run(
		chromedp.Navigate(s.url+"/"),
		chromedp.SendKeys(chromedp.CSS("#token"), readToken+"\r"),
		chromedp.WaitVisible(chromedp.CSS("tbody th a")),
		chromedp.SendKeys(chromedp.CSS("#q"), "5555550100\r"),
		chromedp.WaitVisible(`//h2[contains(., "for “5555550100”")]`),
		chromedp.Click(chromedp.CSS("tbody th a")),
		chromedp.WaitVisible(`//h1[contains(., "Request r-1")]`),
		chromedp.Click(chromedp.CSS("header form button")),
		chromedp.WaitVisible(chromedp.CSS("#token")),
	)
	b.isClean(s, refusedSignIn)
}

func showsHostileText(t *testing.T, c *chrome) {
	t.Helper()
	const hostile = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`
	s := open(t)
	r := s.held("r-1", device("5555550100"))
	s.deliver(acknowledged("r-1", "sub-1", "5555550100"))
	s.deliver(failed("r-1", "sub-1", hostile))
	b := c.browse(t, 1280, 900)
	b.signIn(s, readToken)
	b.run(chromedp.Navigate(s.url + "/requests/" + r.ID))
	b.sees(".device .reason", hostile)
	b.sees("#live-state", "updates itself") // news come the same way
	if title := evaluate[string](b, `document.title`); strings.Contains(title, "taken") {
		t.Error("the callback's script ran")
	}
	b.isClean(s, refusedSignIn)
}

func fitsAPhone(t *testing.T, c *chrome) {
	t.Helper()
	const width = 360
	s := open(t)
	address := everyCase(s)
	b := c.browse(t, width, 740)
	b.signIn(s, readToken)
	for _, path := range address {
		b.run(chromedp.Navigate(s.url+path), chromedp.WaitReady(chromedp.CSS("#announcer")))
		wide := evaluate[[]string](b, `[...document.querySelectorAll("body *:not(.unseen):not(thead, thead *)")]
			.filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
			.map((e) => e.localName + "." + e.className)`)
		if scroll := evaluate[int](b, `document.documentElement.scrollWidth`); scroll > width || len(wide) > 0 {
			t.Errorf("%s is %d pixels wide, because of %v", path, scroll, wide)
		}
	}
	b.isClean(s, refusedSignIn)
}

// everyCase fills a site with one of each, with long ids, and returns the
// addresses of its pages.
func everyCase(s *site) []string {
	long := "0123456789abcdef-0123456789abcdef-0123456789abcdef-0123456789abcdef"
	on1 := s.held("be36accb-0a9a-4367-93ab-0af6c4ed256a", device("5555550100"))
	s.deliver(acknowledged("be36accb-0a9a-4367-93ab-0af6c4ed256a", "sub-"+long, "5555550100"))
	s.deliver(on("be36accb-0a9a-4367-93ab-0af6c4ed256a", "sub-"+long))
	s.clock.Advance(11 * time.Minute)
	s.held("0b0e7f0a-6f6f-4d0a-a5d7-6c2f0f0c3b11", device("5555550101"))
	s.deliver(acknowledged("0b0e7f0a-6f6f-4d0a-a5d7-6c2f0f0c3b11", "sub-2", "5555550101"))
	bad := s.held("3c1d7c52-1a52-4f1f-9a3f-1f5f7a2d9c77", device("5555550102"))
	s.deliver(acknowledged("3c1d7c52-1a52-4f1f-9a3f-1f5f7a2d9c77", "sub-3", "5555550102"))
	s.deliver(failed("3c1d7c52-1a52-4f1f-9a3f-1f5f7a2d9c77", "sub-3", "No resources in the cell: "+long))
	s.accepted("f1d0c0de-0000-4000-8000-000000000001", device("5555550103"), device("5555550104"))
	lost := s.lost("lost", device("5555550105"))
	s.deliver(acknowledged("made-by-a-script", "sub-9", "5555550107"))
	s.abandon()
	s.sent("now", device("5555550106"))
	s.notify("9d2b7a44-3c1f-4e7f-8a55-7a7a0f6f1d20", "AVAILABLE", "")
	s.notify("session-"+long, "AVAILABLE", "")
	s.clock.Advance(time.Minute)
	s.notify("session-"+long, "UNAVAILABLE", "NETWORK_TERMINATED")
	s.notify("0a5f1c33-77b2-4a0e-9d3b-3f6d8e2b4c55", "UNAVAILABLE", "DURATION_EXPIRED")
	err := s.store.Quarantine(s.t.Context(), quarantined(s.clock.Now(), long))
	if err != nil {
		s.t.Fatal(err)
	}
	return []string{
		"/", "/?show=failed", "/?show=all", "/?q=nothing", "/unclaimed", "/quarantine", "/sessions", "/sessions?q=nothing", "/session?id=session-" + long,
		"/requests/" + on1.ID, "/requests/" + bad.ID, "/requests/" + lost.ID,
	}
}
