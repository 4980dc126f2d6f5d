package page_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listed are the sessions that a page lists, in order, with where they stand.
func listed(page string) []string {
	var found []string
	row := regexp.MustCompile(`(?s)<a class="id" id="to-session-[^"]*" href="/session\?[^"]*">([^<]*)</a>.*?aria-hidden="true">[^<]*</span>([^<]*)</span>`)
	for _, match := range row.FindAllStringSubmatch(page, -1) {
		found = append(found, match[1]+" "+match[2])
	}
	return found
}

func TestSessionList(t *testing.T) {
	t.Parallel()
	s := open(t)
	if shown := s.get("/sessions"); !strings.Contains(shown, "No operator has notified") {
		t.Errorf("without notifications, the page shows\n%s", shown)
	}
	for _, session := range []string{"s-1", "s-2", "s-3", "s-4", "odd/../id?&=%"} {
		s.notify(session, "AVAILABLE", "")
	}
	s.clock.Advance(time.Hour)
	s.notify("s-1", "UNAVAILABLE", "DURATION_EXPIRED")
	s.notify("s-2", "UNAVAILABLE", "NETWORK_TERMINATED")
	s.notify("s-3", "SUSPENDED", "")
	for path, want := range map[string][]string{
		"/sessions":       {"s-3 SUSPENDED", "s-2 Unavailable", "s-1 Unavailable", "odd/../id?&amp;=% Available", "s-4 Available"},
		"/sessions?q=s-2": {"s-2 Unavailable"},
		"/sessions?q=s":   nil,
		"/sessions?q=" + url.QueryEscape(" odd/../id?&=% "): {"odd/../id?&amp;=% Available"},
	} {
		if diff := cmp.Diff(want, listed(s.get(path))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	shown := s.get("/sessions")
	for _, want := range []string{"NETWORK_TERMINATED", "DURATION_EXPIRED", "Operator: 2026-03-01T13:00:00Z", "1 h ago", `class="failed"`, "2 notifications"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if shown := s.get("/sessions?q=s"); !strings.Contains(shown, "compared whole") {
		t.Error("the page does not say why nothing was found")
	}
}

func TestSessionListTurnsPages(t *testing.T) {
	t.Parallel()
	const count = 120
	s := open(t)
	for i := range count {
		s.notify(fmt.Sprintf("s-%d", i), "AVAILABLE", "")
	}
	next := regexp.MustCompile(`<a href="([^"]*)" rel="next">`)
	var seen []string
	pages := 0
	for path := "/sessions"; path != ""; pages++ {
		shown := s.get(path)
		seen = append(seen, listed(shown)...)
		path = ""
		if found := next.FindStringSubmatch(shown); found != nil {
			path = strings.ReplaceAll(found[1], "&amp;", "&")
		}
	}
	if len(seen) != count || pages != 3 || seen[0] != "s-119 Available" || seen[count-1] != "s-0 Available" {
		t.Errorf("%d sessions on %d pages: %v", len(seen), pages, seen)
	}
}

func TestSessionPage(t *testing.T) {
	t.Parallel()
	s := open(t)
	const id = "odd/../id?&=%"
	s.notify(id, "AVAILABLE", "")
	s.clock.Advance(time.Hour)
	s.notify(id, "UNAVAILABLE", "NETWORK_TERMINATED")
	s.notify(id, "UNAVAILABLE", "NETWORK_TERMINATED")
	s.notify("another", "AVAILABLE", "")
	link := regexp.MustCompile(`href="(/session\?[^"]*odd[^"]*)"`).FindStringSubmatch(s.get("/sessions"))
	if link == nil {
		t.Fatal("there is no link")
	}
	shown := s.get(strings.ReplaceAll(link[1], "&amp;", "&"))
	for _, want := range []string{
		"Session odd/../id?&amp;=%", "The network has ended it.", "NETWORK_TERMINATED", "https://operator.example.com",
		"delivered 2 times", "2026-03-01 13:00:00 UTC", "&#34;qosStatus&#34;: &#34;AVAILABLE&#34;",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if rows := strings.Count(shown, `id="notification-`); rows != 2 || strings.Contains(shown, "another") {
		t.Errorf("%d notifications are shown in\n%s", rows, shown)
	}
	if strings.Contains(shown, camaraToken) {
		t.Error("the page shows the operators' token")
	}
}

func TestSessionPageTurnsNotifications(t *testing.T) {
	t.Parallel()
	const notifications = 60
	s := open(t)
	for i := range notifications {
		s.notify("s-1", fmt.Sprintf("STATUS%02d", i), "")
	}
	first := s.get("/session?id=s-1")
	later := regexp.MustCompile(`<a href="([^"#]*)#notifications">Later notifications</a>`).FindStringSubmatch(first)
	if later == nil || !strings.Contains(first, ">STATUS00<") || strings.Contains(first, ">STATUS55<") {
		t.Fatal("the first page is not of the first notifications")
	}
	second := s.get(strings.ReplaceAll(later[1], "&amp;", "&"))
	if !strings.Contains(second, ">STATUS55<") || strings.Contains(second, ">STATUS00<") || strings.Contains(second, "Later notifications") {
		t.Error("the second page is not of the last notifications")
	}
	if !strings.Contains(second, `href="/session?id=s-1"`) {
		t.Error("there is no way back to the first")
	}
}
