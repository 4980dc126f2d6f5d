// Package exchange is the HTTP side that simulators have in common: answers and
// how they go wrong, a record of what was asked, and how to show that record
// without its secrets.
package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/jonboulle/clockwork"
)

// MaxBody caps every body that is read, in bytes.
const MaxBody = 1 << 20

// Answer is what a request gets.
type Answer struct {
	Status      int
	ContentType string
	Header      http.Header
	Body        []byte
}

// Write sends the answer.
func (a Answer) Write(w http.ResponseWriter) error {
	maps.Copy(w.Header(), a.Header)
	if a.ContentType != "" {
		w.Header().Set("Content-Type", a.ContentType)
	}
	if a.Status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	w.WriteHeader(a.Status)
	if len(a.Body) == 0 {
		return nil
	}
	_, err := w.Write(a.Body)
	return err
}

// JSON answers with a value. One that cannot be encoded, which is a mistake in
// the simulator, becomes a 500 that says why.
func JSON(status int, value any) Answer {
	body, err := json.Marshal(value)
	if err != nil {
		return Answer{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: []byte(err.Error())}
	}
	return Answer{Status: status, ContentType: "application/json", Body: body}
}

// OAuthError answers in the form of RFC 6749, 5.2.
func OAuthError(status int, code, description string) Answer {
	return JSON(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
}

// HTML answers with a proxy's error page.
func HTML(status int, message string) Answer {
	const form = "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n" +
		"<center><h1>%d %s</h1></center>\r\n</body>\r\n</html>\r\n"
	text := Escaped(message)
	return Answer{
		Status: status, ContentType: "text/html",
		Body: fmt.Appendf(nil, form, status, text, status, text),
	}
}

// Escaped returns the text for use in HTML and XML.
func Escaped(text string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return ""
	}
	return b.String()
}

// RetryAfter is the header of that name, in whole seconds rounded up or as the
// date at which they are over.
func RetryAfter(delay time.Duration, now time.Time, asDate bool) http.Header {
	seconds := (delay + time.Second - 1).Truncate(time.Second)
	value := strconv.Itoa(int(seconds / time.Second))
	if asDate {
		value = now.Add(seconds).UTC().Format(http.TimeFormat)
	}
	return http.Header{"Retry-After": {value}}
}

// Pause holds an answer back; without a delay it does so until there is nobody
// left to answer, or the simulator has closed, which it reports as false.
func Pause(ctx context.Context, clock clockwork.Clock, delay time.Duration, closed <-chan struct{}) bool {
	var over <-chan time.Time // without a delay it never is
	if delay > 0 {
		timer := clock.NewTimer(delay)
		defer timer.Stop()
		over = timer.Chan()
	}
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	case <-closed:
		return false
	}
}

// HangUp closes the client's connection without an answer.
func HangUp(w http.ResponseWriter, logger *slog.Logger) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		logger.Error("a fault needs HTTP/1.1 to close a connection", "error", err)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if err := connection.Close(); err != nil {
		logger.Warn("connection not closed", "error", err)
	}
}
