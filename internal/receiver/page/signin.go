package page

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// maxForm is the largest form accepted, in bytes.
const maxForm = 16 << 10

// entrance is the content of the form to sign in.
type entrance struct {
	// Next is where to go from there.
	Next string
	// Refusal says why the last attempt failed.
	Refusal string
}

// errNoSession is for readers who have not signed in.
var errNoSession = errors.New("nobody is signed in")

// authenticate accepts a bearer token, as /v1 does, or a session.
func (p *page) authenticate(r *http.Request) error {
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		scheme, token, _ := strings.Cut(authorization, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return errNoSession
		}
		_, err := p.readers.Admit(r, token)
		return err
	}
	cookie, err := r.Cookie(sessionCookie(r, "", 0).Name)
	if err != nil || !validSession(cookie.Value, p.readers.SessionKeys(), p.clock.Now()) {
		return errNoSession
	}
	return nil
}

// askToSignIn answers 401, or what else the refusal is, with the form that leads
// on to next.
func (p *page) askToSignIn(w http.ResponseWriter, r *http.Request, next string, refusal error) {
	content := entrance{Next: next}
	status := http.StatusUnauthorized
	w.Header().Set("WWW-Authenticate", `Bearer realm="qos-receiver"`)
	if problem, ok := errors.AsType[*receiver.Problem](refusal); ok {
		status = problem.Status
		content.Refusal = explain(problem)
		maps.Copy(w.Header(), problem.GetHeaders())
	}
	p.showEntrance(w, r, status, content)
}

// explain says what a refusal means to a person at the form.
func explain(problem *receiver.Problem) string {
	if problem.Status == http.StatusTooManyRequests {
		return "Too many wrong tokens came from your address. Wait a little and try again; the right token is always accepted."
	}
	return "The token was not accepted: " + problem.Detail + "."
}

func (p *page) showEntrance(w http.ResponseWriter, r *http.Request, status int, content entrance) {
	p.answer(w, r, status, &frame{Template: "signin.html", Title: "Sign in", Content: content})
}

func (p *page) signInForm(w http.ResponseWriter, r *http.Request) {
	p.showEntrance(w, r, http.StatusOK, entrance{Next: "/"})
}

func (p *page) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.showEntrance(w, r, http.StatusBadRequest, entrance{Next: "/", Refusal: "The form could not be read. Try again."})
		return
	}
	next := localPath(r.PostForm.Get("next"))
	key, err := p.readers.Admit(r, r.PostForm.Get("token"))
	if err != nil {
		p.askToSignIn(w, r, next, err)
		return
	}
	ends := p.clock.Now().Add(sessionLifetime)
	http.SetCookie(w, sessionCookie(r, newSession(key, ends), sessionLifetime))
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // localPath keeps it on this host
}

func (p *page) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, endedCookie(r))
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

// localPath is where to go after signing in: nowhere but on this host.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n") || u.Path == "/signin" {
		return "/"
	}
	return next
}
