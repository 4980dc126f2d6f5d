package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

const (
	operationAuthorize = "ask for the subscriber's authorization"

	// defaultInterval and slowDown are CIBA Core's: the wait between polls where
	// the server names none, and what a slow_down adds to it for good.
	defaultInterval = 5 * time.Second
	slowDown        = 5 * time.Second
	// defaultLifetime is for servers that forget expires_in.
	defaultLifetime = 2 * time.Minute
	// maxSeconds is where a lifetime or interval stops being believable.
	maxSeconds = 24 * 60 * 60
)

// pending is an authorization that the subscriber may still have to give.
type pending struct {
	id       string
	interval time.Duration
	// deadline is when it ends if nobody has given it.
	deadline time.Time
}

// ciba asks for the subscriber's authorization and polls until there is a token.
// Where the request expires soon it is made once more: subscribers who are asked
// get a second chance, and a lifetime too short for the first poll gets one.
func (s *server) ciba(ctx context.Context, subject string) (grant, error) {
	started := s.config.Clock.Now()
	g, err := s.authorizeAndPoll(ctx, subject)
	if hasCode(err, CodeExpiredToken) && s.config.Clock.Since(started) <= defaultLifetime {
		g, err = s.authorizeAndPoll(ctx, subject)
	}
	return g, err
}

func (s *server) authorizeAndPoll(ctx context.Context, subject string) (grant, error) {
	// A repeat might ask the subscriber twice.
	p, err := repeated(ctx, s, certainlyUndone, func() (pending, error) { return s.authorize(ctx, subject) })
	if err != nil {
		return grant{}, err
	}
	return s.poll(ctx, p)
}

// poll asks for the token, at once the first time: for subscribers who have
// consented before, there is one already.
func (s *server) poll(ctx context.Context, p pending) (grant, error) {
	for failures := 0; ; {
		g, err := inTime(s, func() (grant, error) {
			return s.token(ctx, clientcredentials.Config{
				EndpointParams: url.Values{"grant_type": {grantCIBA}, "auth_req_id": {p.id}},
			})
		})
		switch {
		case err == nil:
			return g, nil
		case hasCode(err, codePending):
		case hasCode(err, codeSlowDown), tooMany(err):
			p.interval += slowDown
		case repeatable(err) && failures < s.config.MaxRetries:
			failures++
		default:
			return grant{}, err
		}
		switch late := s.config.Clock.Now().Add(p.interval).After(p.deadline); {
		case late && tooMany(err):
			return grant{}, err
		case late:
			return grant{}, s.expired()
		}
		if ended := s.wait(ctx, p.interval); ended != nil {
			return grant{}, fmt.Errorf("%w; before that, %w", ended, err)
		}
	}
}

// expired is what the server would answer to the next poll.
func (s *server) expired() error {
	return &Error{
		Operation:   operationToken,
		Path:        pathOf(s.config.TokenURL),
		StatusCode:  http.StatusBadRequest,
		Code:        CodeExpiredToken,
		Description: "the subscriber has not authorized the request in time",
		Advice:      advice(CodeExpiredToken, true),
	}
}

// authorize makes the backchannel authentication request.
func (s *server) authorize(ctx context.Context, subject string) (pending, error) {
	form := url.Values{"login_hint": {subject}, "scope": {strings.Join(s.config.Scopes, " ")}}
	if s.key != nil {
		signed, err := s.assertion(s.config.ClientID, s.config.BackchannelURL, "")
		if err != nil {
			return pending{}, fmt.Errorf("%s: %w", operationAuthorize, err)
		}
		form.Set("client_id", s.config.ClientID)
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", signed)
	}
	a, err := s.post(ctx, s.config.BackchannelURL, form)
	switch {
	case err != nil:
		return pending{}, unanswered(operationAuthorize, s.config.BackchannelURL, err)
	case !a.OK():
		return pending{}, s.newError(operationAuthorize, s.config.BackchannelURL, a, form.Get("client_assertion"))
	}
	p, err := s.decodePending(a.Body)
	if err != nil {
		return pending{}, unanswered(operationAuthorize, s.config.BackchannelURL, err)
	}
	return p, nil
}

// post sends a form, with the client's secret if it has one.
func (s *server) post(ctx context.Context, endpoint string, form url.Values) (answer.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader([]byte(form.Encode())))
	if err != nil {
		return answer.Answer{}, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.key == nil {
		req.SetBasicAuth(url.QueryEscape(s.config.ClientID), url.QueryEscape(s.config.ClientSecret))
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return answer.Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	return answer.Read(resp)
}

func (s *server) decodePending(body []byte) (pending, error) {
	var b struct {
		ID        answer.Text `json:"auth_req_id"`
		ExpiresIn answer.Text `json:"expires_in"`
		Interval  answer.Text `json:"interval"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return pending{}, errors.New("it is not JSON")
	}
	if b.ID == "" {
		return pending{}, errors.New("it has no auth_req_id")
	}
	return pending{
		id:       string(b.ID),
		interval: cmp.Or(seconds(b.Interval), defaultInterval),
		deadline: s.config.Clock.Now().Add(cmp.Or(seconds(b.ExpiresIn), defaultLifetime)),
	}, nil
}

// seconds reads a number of seconds, whole or not; 0 where it cannot.
func seconds(text answer.Text) time.Duration {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(n > 0) || n > maxSeconds {
		return 0
	}
	return time.Duration(n * float64(time.Second))
}
