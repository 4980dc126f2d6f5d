// Package page is the receiver as people see it: which QoS is on right now, since
// when, for which device, and what failed. It is rendered on the server, works
// without scripts, asks nothing of other hosts, and changes nothing.
package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.html"))

// securityPolicy allows nothing but this receiver's own files: whatever a callback
// brought cannot run, load or send anything.
const securityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// page holds what all views stand on.
type page struct {
	journal receiver.Store
	readers receiver.Readers
	clock   clockwork.Clock
	log     *slog.Logger
	counts  *counts
}

// Mount adds the page's routes: / (which QoS is on), /requests/{id}, /unclaimed,
// /sessions and /session (what CAMARA operators told), /quarantine, /signin, /signout and /assets/. It is a receiver.ServerConfig.Page.
func Mount(mux *http.ServeMux, host receiver.PageHost) {
	p := &page{
		journal: host.Store,
		readers: host.Readers,
		clock:   host.Clock,
		log:     host.Logger,
		counts:  &counts{ask: host.Store.Statistics},
	}
	mux.Handle("GET /{$}", p.guarded(p.overview))
	mux.Handle("GET /requests/{id}", p.guarded(p.request))
	mux.Handle("GET /unclaimed", p.guarded(p.unclaimed))
	mux.Handle("GET "+sessionsPath, p.guarded(p.sessions))
	mux.Handle("GET "+sessionPath, p.guarded(p.session))
	mux.Handle("GET /quarantine", p.guarded(p.quarantine))
	mux.Handle("GET /signin", secured(p.signInForm))
	mux.Handle("POST /signin", secured(ownForm(p.signIn)))
	mux.Handle("POST /signout", secured(ownForm(p.signOut)))
	mux.Handle("GET /assets/{name}", secured(serveAsset))
}

// frame is what every template gets.
type frame struct {
	Template string
	Title    string
	// Summary is read out when it changes.
	Summary string
	// Place is the path of the entry of the navigation that this belongs to.
	Place    string
	SignedIn bool
	// Now is left out of what is compared: it always changes.
	Now     moment `json:"-"`
	Content any
}

// view makes one page of the site.
type view func(r *http.Request) (*frame, error)

// guarded shows a view to those who may read and the form to sign in to others.
func (p *page) guarded(show view) http.Handler {
	return secured(func(w http.ResponseWriter, r *http.Request) {
		if refusal := p.authenticate(r); refusal != nil {
			p.askToSignIn(w, r, r.URL.RequestURI(), refusal)
			return
		}
		f, err := show(r)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		f.SignedIn = true
		p.answer(w, r, http.StatusOK, f)
	})
}

// secured sets what browsers have to know of every answer.
func secured(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", securityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next(w, r)
	}
}

// ownForm refuses forms that another site sends, where the browser tells. The
// Origin header does not: under no-referrer it is null.
func ownForm(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			http.Error(w, "this form belongs to another site", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

// answer renders the frame. Who has seen the same content already, and says so,
// gets nothing: an open page asks again every few seconds.
func (p *page) answer(w http.ResponseWriter, r *http.Request, status int, f *frame) {
	tag, err := tagOf(f)
	if err != nil {
		p.fault(w, r, err)
		return
	}
	if status == http.StatusOK {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	f.Now = p.moment(p.clock.Now())
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, f.Template, f); err != nil {
		p.fault(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // a client that has gone away gets nothing
}

// tagOf identifies what a frame shows.
func tagOf(f *frame) (string, error) {
	content := fnv.New128a()
	if err := json.NewEncoder(content).Encode(f); err != nil {
		return "", fmt.Errorf("compare what is shown: %w", err)
	}
	return fmt.Sprintf(`"%x"`, content.Sum(nil)), nil
}

// failure is the content of an error page.
type failure struct{ Explanation string }

// fail explains an error to the reader, and to the log what is not his doing.
func (p *page) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := &frame{Template: "failure.html", SignedIn: true}
	invalid, isInvalid := errors.AsType[*receiver.InvalidError](err)
	switch {
	case errors.Is(err, receiver.ErrNotFound):
		f.Title = "Not found"
		f.Content = failure{"This receiver knows nothing of that name. It may be in another store, or the link may be incomplete."}
		p.answer(w, r, http.StatusNotFound, f)
	case isInvalid:
		f.Title = "That cannot be shown"
		f.Content = failure{"The address of this page is not right: " + invalid.Reason + "."}
		p.answer(w, r, http.StatusBadRequest, f)
	default:
		if r.Context().Err() == nil {
			p.log.ErrorContext(r.Context(), "the store failed", "doing", "show the page", "error", err)
		}
		f.Title = "The store is not available"
		f.Content = failure{"What is on cannot be told at the moment, because the receiver cannot reach its database. Callbacks that come meanwhile are kept if the receiver was started with --spool; otherwise they are refused, and ThingSpace may not send them again. Try again shortly."}
		w.Header().Set("Retry-After", "5")
		p.answer(w, r, http.StatusServiceUnavailable, f)
	}
}

// fault is for what must not happen: a template that does not fit its content.
func (p *page) fault(w http.ResponseWriter, r *http.Request, err error) {
	p.log.ErrorContext(r.Context(), "cannot render the page", "error", err)
	http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
}

// moment is a time as people read it: the receiver's own, in UTC.
type moment struct {
	// Machine is RFC 3339; empty when there is no such time.
	Machine string
	Text    string
	// Ago is how long it was before the page was made, in coarse steps.
	Ago string
}

func (p *page) moment(t time.Time) moment { return momentAt(t, p.clock.Now()) }

func (p *page) maybe(t *time.Time) moment {
	if t == nil {
		return moment{}
	}
	return p.moment(*t)
}

func momentAt(t, now time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{
		Machine: t.Format(time.RFC3339),
		Text:    t.Format("2006-01-02 15:04:05") + " UTC",
		Ago:     distance(now.Sub(t)),
	}
}

// distance says roughly how long ago something was, or how soon it will be.
func distance(d time.Duration) string {
	if d < 0 {
		return "in " + roughly(-d)
	}
	if d < time.Minute {
		return "just now"
	}
	return roughly(d) + " ago"
}

func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "under a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}
