package receiver

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Notifications returns what CAMARA operators have told and f selects, oldest
// first. Where there is none, it waits for one for up to wait: whole seconds, at
// most MaxWaitSeconds.
func (c *Client) Notifications(ctx context.Context, f NotificationFilter, wait time.Duration) (*NotificationList, error) {
	query := f.query()
	setInt(query, "wait_seconds", int(wait/time.Second))
	var list NotificationList
	if err := c.callWithin(ctx, wait+callTimeout, http.MethodGet, "v1/camara/notifications", query, nil, &list); err != nil {
		return nil, err
	}
	return &list, nil
}

// query is f as URL parameters, in the names of GET /v1/camara/notifications.
func (f NotificationFilter) query() url.Values {
	v := url.Values{}
	setString(v, "resource_id", f.ResourceID)
	if f.After != 0 {
		v.Set("after", strconv.FormatInt(f.After, 10))
	}
	setInt(v, "limit", f.Limit)
	return v
}
