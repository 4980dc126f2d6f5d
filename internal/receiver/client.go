package receiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

const (
	defaultMaxRetries = 5
	retryWaitMin      = 100 * time.Millisecond
	retryWaitMax      = 3 * time.Second
	// callTimeout bounds one call with its retries, beyond what a long-poll asks for.
	callTimeout = 30 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 64 << 20
	// excerpt is how much of a foreign answer an error quotes, in bytes.
	excerpt = 200
)

var (
	// ErrUnreachable means that no receiver answered: the connection failed, it
	// broke, or a proxy in front said so.
	ErrUnreachable = errors.New("receiver unreachable")
	// ErrNotReceiver means that something answered which is not a qos-receiver.
	ErrNotReceiver = errors.New("not the answer of a qos-receiver")
)

// ClientConfig says where the receiver is and how to reach it. Only URL is
// required.
type ClientConfig struct {
	// URL is the receiver's root, http or https, possibly with a path prefix.
	URL string
	// Token is the bearer token of every call.
	Token string
	// Transport carries the calls; nil means one of its own.
	Transport http.RoundTripper
	// Logger gets a debug line for each exchange, without headers or bodies.
	Logger *slog.Logger
	// UserAgent is sent with every call.
	UserAgent string
	// MaxRetries is how often a call is repeated after a connection error, 429,
	// 502, 503 or 504. Zero means 5, which rides out about three seconds; a
	// negative number means never.
	MaxRetries int
	// Clock paces a Waiter; nil means the real one.
	Clock clockwork.Clock
}

// Client calls a receiver. Every call may be repeated safely, so those that
// fail on the way are. All methods are safe for concurrent use.
//
// Errors are a *ConflictError, one that wraps ErrNotFound, ErrUnreachable or
// ErrNotReceiver, a *Problem, or the context's.
type Client struct {
	base      *url.URL
	token     string
	userAgent string
	http      *retryablehttp.Client
	clock     clockwork.Clock
	log       *slog.Logger
}

// NewClient checks the configuration and sends nothing.
func NewClient(cfg ClientConfig) (*Client, error) {
	base, err := parseBase(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clockwork.NewRealClock()
	}
	if cfg.Transport == nil {
		cfg.Transport = transport.New()
	}
	return &Client{
		base:      base,
		token:     cfg.Token,
		userAgent: cfg.UserAgent,
		http:      newRetryClient(cfg),
		clock:     cfg.Clock,
		log:       cfg.Logger,
	}, nil
}

// parseBase never quotes its input, which may carry credentials.
func parseBase(raw string) (*url.URL, error) {
	base, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the receiver's URL cannot be parsed")
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, errors.New("the receiver's URL must be absolute, with http or https")
	}
	if base.User != nil {
		return nil, errors.New("the receiver's URL must not contain credentials; use the token")
	}
	if base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("the receiver's URL must not have a query or a fragment")
	}
	return base, nil
}

func newRetryClient(cfg ClientConfig) *retryablehttp.Client {
	retries := cfg.MaxRetries
	if retries == 0 {
		retries = defaultMaxRetries
	}
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.RetryMax = max(retries, 0)
	client.RetryWaitMin = retryWaitMin
	client.RetryWaitMax = retryWaitMax
	client.CheckRetry = checkRetry
	client.Backoff = backoff
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	client.HTTPClient = &http.Client{
		Transport: cfg.Transport,
		// A followed redirect would turn a POST into a GET.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client
}

func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	}
	return retryable(resp.StatusCode), nil
}

func retryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// backoff heeds Retry-After, but no longer than a caller would like to wait.
func backoff(shortest, longest time.Duration, attempt int, resp *http.Response) time.Duration {
	return min(longest, retryablehttp.DefaultBackoff(shortest, longest, attempt, resp))
}

// Info tells what the receiver is: its version, its store, and which callbacks
// it takes.
func (c *Client) Info(ctx context.Context) (*Info, error) {
	var info Info
	if err := c.call(ctx, http.MethodGet, "v1/info", nil, nil, &info); err != nil {
		return nil, err
	}
	return &info, nil
}

// CreateRequest journals an intent or records a state's request; see NewRequest.
func (c *Client) CreateRequest(ctx context.Context, n NewRequest) (*Request, error) {
	var r Request
	if err := c.call(ctx, http.MethodPost, "v1/requests", nil, n, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// ChangeRequest applies change to the request with the journal id.
func (c *Client) ChangeRequest(ctx context.Context, id string, change Change) (*Request, error) {
	var r Request
	err := c.call(ctx, http.MethodPatch, "v1/requests/"+url.PathEscape(id), nil, change, &r)
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// Requests returns one page of the requests that f selects, oldest first.
func (c *Client) Requests(ctx context.Context, f Filter) (*Page, error) {
	var page Page
	if err := c.call(ctx, http.MethodGet, "v1/requests", f.query(), nil, &page); err != nil {
		return nil, err
	}
	return &page, nil
}

// AllRequests walks the pages of the requests that f selects. An error is the
// last thing it yields.
func (c *Client) AllRequests(ctx context.Context, f Filter) iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		for {
			page, err := c.Requests(ctx, f)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Requests {
				if !yield(&page.Requests[i], nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			f.Cursor = page.Next
		}
	}
}

// Wait returns as soon as one of the items has a newer revision or is unknown
// to the store, or with nothing after timeout: at most 1000 items and 30 s, in
// whole seconds. A Waiter is the better way to wait for several requests.
func (c *Client) Wait(ctx context.Context, items []WaitItem, timeout time.Duration) (changed []Request, missing []string, err error) {
	ask := WaitRequest{Items: items, TimeoutSeconds: int(timeout / time.Second)}
	var answer WaitAnswer
	if err := c.callWithin(ctx, timeout+callTimeout, http.MethodPost, "v1/requests/wait", nil, ask, &answer); err != nil {
		return nil, nil, err
	}
	return answer.Changed, answer.Missing, nil
}

// Subscriptions returns all subscriptions that f selects, from f.Cursor on.
func (c *Client) Subscriptions(ctx context.Context, f SubscriptionFilter) ([]SubscriptionView, error) {
	var all []SubscriptionView
	for {
		var page SubscriptionPage
		if err := c.call(ctx, http.MethodGet, "v1/subscriptions", f.query(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Subscriptions...)
		if page.Next == "" {
			return all, nil
		}
		f.Cursor = page.Next
	}
}

// Events returns up to limit events with a Seq greater than after, oldest first.
// There may be more although it returns fewer; there are none once it returns none.
func (c *Client) Events(ctx context.Context, after int64, limit int) ([]Event, error) {
	query := url.Values{"after": {strconv.FormatInt(after, 10)}, "limit": {strconv.Itoa(limit)}}
	var list EventList
	if err := c.call(ctx, http.MethodGet, "v1/events", query, nil, &list); err != nil {
		return nil, err
	}
	return list.Events, nil
}

// EventsOf returns the first events (at most 100) that came under a ThingSpace
// request id, oldest first, whether or not the journal knows a request by it.
func (c *Client) EventsOf(ctx context.Context, requestID string) ([]Event, error) {
	var list EventList
	if err := c.call(ctx, http.MethodGet, "v1/events", url.Values{"request_id": {requestID}}, nil, &list); err != nil {
		return nil, err
	}
	// An older receiver does not know the parameter and answers with all.
	return slices.DeleteFunc(list.Events, func(e Event) bool { return e.RequestID != requestID }), nil
}

// Quarantined returns the callbacks about a ThingSpace request id that are held
// because their credentials were wrong, oldest first; an empty id means all.
func (c *Client) Quarantined(ctx context.Context, requestID string) ([]Quarantined, error) {
	var all []Quarantined
	f := QuarantineFilter{RequestID: requestID}
	for {
		var page QuarantinePage
		if err := c.call(ctx, http.MethodGet, "v1/quarantine", f.query(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Callbacks...)
		if page.Next == "" {
			return all, nil
		}
		f.Cursor = page.Next
	}
}

// Resolve records an operator's word on what the network cannot say.
func (c *Client) Resolve(ctx context.Context, resolution Resolution) (*Request, error) {
	var r Request
	if err := c.call(ctx, http.MethodPost, "v1/resolve", nil, resolution, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	return c.callWithin(ctx, callTimeout, method, path, query, in, out)
}

func (c *Client) callWithin(ctx context.Context, limit time.Duration, method, path string, query url.Values, in, out any) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := c.newRequest(limited, method, path, query, in)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	answer, err := c.exchange(limited, req)
	if err == nil {
		return c.decode(answer, out)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", method, path, ctx.Err())
	}
	if limited.Err() != nil {
		err = fmt.Errorf("no answer within %s", limit)
	}
	return fmt.Errorf("%w at %s: %w", ErrUnreachable, c.base, err)
}

type httpAnswer struct {
	status      int
	contentType string
	location    string
	body        []byte
}

func (c *Client) exchange(ctx context.Context, req *retryablehttp.Request) (*httpAnswer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	c.log.DebugContext(ctx, "receiver call", "method", req.Method, "path", req.URL.Path, "status", resp.StatusCode)
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return &httpAnswer{resp.StatusCode, mediaType, resp.Header.Get("Location"), body}, nil
}

// bare takes the method and URL off an error; both are said elsewhere.
func bare(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

func (c *Client) newRequest(ctx context.Context, method, path string, query url.Values, in any) (*retryablehttp.Request, error) {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	target := c.base.JoinPath(path)
	target.RawQuery = query.Encode()
	req, err := retryablehttp.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return nil, bare(err)
	}
	req.Header.Set("Accept", contentTypeJSON)
	if in != nil {
		req.Header.Set("Content-Type", contentTypeJSON)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.userAgent != "" {
		req.Header.Set("User-Agent", c.userAgent)
	}
	return req, nil
}
