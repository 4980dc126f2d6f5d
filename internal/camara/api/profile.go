package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/answer"
)

// Values of Profile.Status.
const (
	ProfileActive     = "ACTIVE"
	ProfileInactive   = "INACTIVE"
	ProfileDeprecated = "DEPRECATED"
)

// Profile is a quality of service that the operator offers. What it does not say
// is nil or empty.
type Profile struct {
	Name string
	// Status is ProfileActive, ProfileInactive or ProfileDeprecated.
	Status      string
	Description string
	// Countries are where the profile is available (1.1 on).
	Countries []Country

	TargetMinUpstreamRate   *Quantity
	MaxUpstreamRate         *Quantity
	MaxUpstreamBurstRate    *Quantity
	TargetMinDownstreamRate *Quantity
	MaxDownstreamRate       *Quantity
	MaxDownstreamBurstRate  *Quantity

	// MinDuration and MaxDuration bound a session's length; from 0.11 on, with
	// its extensions.
	MinDuration *Quantity
	MaxDuration *Quantity

	// Priority is from 1 to 100; the lower value goes first. 0 is unknown.
	Priority          int64
	PacketDelayBudget *Quantity
	Jitter            *Quantity
	// PacketErrorLossRate is an exponent: 3 means that 1 packet in 1000 may be
	// lost. 0 is unknown.
	PacketErrorLossRate int64
	L4SQueueType        string
	ServiceClass        string
}

// Country is one in which a profile is available.
type Country struct {
	// Name is the ISO 3166 code of two letters.
	Name string
	// Networks are mobile networks, by country and network code.
	Networks []string
}

// Quantity is a value with its unit: bps to Tbps, or Nanoseconds to Days.
type Quantity struct {
	Value int64
	Unit  string
}

// Duration returns a quantity of time. It reports false for a unit that is none
// of time, for less than nothing, and for what a time.Duration cannot hold, which
// is 292 years.
func (q Quantity) Duration() (time.Duration, bool) {
	unit, ok := timeUnit(q.Unit)
	if !ok || q.Value < 0 || q.Value > math.MaxInt64/int64(unit) {
		return 0, false
	}
	return time.Duration(q.Value) * unit, true
}

func timeUnit(name string) (time.Duration, bool) {
	switch name {
	case "Days":
		return 24 * time.Hour, true
	case "Hours":
		return time.Hour, true
	case "Minutes":
		return time.Minute, true
	case "Seconds":
		return time.Second, true
	case "Milliseconds":
		return time.Millisecond, true
	case "Microseconds":
		return time.Microsecond, true
	case "Nanoseconds":
		return time.Nanosecond, true
	default:
		return 0, false
	}
}

// ProfileQuery says which profiles are wanted; empty fields do not restrict.
type ProfileQuery struct {
	// Device is for whom a profile must be available. Not on 0.10.
	Device *Device
	Name   string
	Status string
}

// Profile reads one profile. Where tokens are bound to devices, profiles are read
// with one of those too.
func (c *Client) Profile(ctx context.Context, subject, name string) (*Profile, error) {
	r, err := c.profileRequest("read the QoS profile", subject)
	if err != nil {
		return nil, err
	}
	escaped, err := segment("QoS profile's name", name)
	if err != nil {
		return nil, notSent(r, err)
	}
	r.method, r.path = http.MethodGet, "/qos-profiles/"+escaped
	a, err := c.call(ctx, r)
	if err != nil {
		return nil, err
	}
	var b profileBody
	if err := decode(a.Body, &b); err != nil {
		return nil, c.unreadable(r, a, err)
	}
	p := b.profile()
	if p.Name == "" {
		p.Name = name
	}
	return &p, nil
}

// Profiles lists the profiles that match. None is no error.
func (c *Client) Profiles(ctx context.Context, subject string, q ProfileQuery) ([]Profile, error) {
	r, err := c.profileRequest("list the QoS profiles", subject)
	if err != nil {
		return nil, err
	}
	r, err = c.withQuery(r, q)
	if err != nil {
		return nil, notSent(r, err)
	}
	a, err := c.call(ctx, r)
	var refused *Error
	switch {
	case errors.As(err, &refused) && refused.nothingListed(true):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var list []profileBody
	if err := decode(a.Body, &list); err != nil {
		return nil, c.unreadable(r, a, err)
	}
	profiles := make([]Profile, 0, len(list))
	for _, b := range list {
		profiles = append(profiles, b.profile())
	}
	return profiles, nil
}

func (c *Client) profileRequest(operation, subject string) (request, error) {
	r := request{
		operation:  operation,
		subject:    subject,
		root:       c.config.ProfilesURL,
		correlator: newCorrelator(c.profilesVersion().Features().Correlator),
		repeatable: true,
		scope:      c.profilesVersion().Features().ProfileScope,
		setting:    "qos_profiles_url or, where that is left out, base_url",
	}
	if r.root == "" {
		return r, notSent(r, fmt.Errorf("%w: the root of the QoS profiles' API cannot be told from the base URL", ErrNotInAPI))
	}
	return r, nil
}

// profilesVersion is the sessions' version whose rules the profiles' API shares.
// Where it has a root of its own, it is not part of 0.10.
func (c *Client) profilesVersion() Version {
	if c.features.ProfilesInSameAPI && c.config.ProfilesURL != c.config.BaseURL {
		return V110
	}
	return c.config.Version
}

// withQuery adds q in the manner of the version.
func (c *Client) withQuery(r request, q ProfileQuery) (request, error) {
	version := c.profilesVersion()
	check := newChecker(version)
	if q.Name != "" {
		check.checkProfileName("name", q.Name)
	}
	if q.Device != nil && check.features.ProfilesInSameAPI {
		check.absent("device", "profiles are listed for all devices")
	} else if q.Device != nil {
		check.checkDevice(q.Device)
	}
	if !check.features.ProfilesInSameAPI {
		r.method, r.path = http.MethodPost, "/retrieve-qos-profiles"
		r.body = profileQueryBody{Device: sentDevice(version, c.config.DeviceBound, q.Device), Name: q.Name, Status: q.Status}
		return r, join(check.problems)
	}
	r.method, r.path, r.query = http.MethodGet, "/qos-profiles", make(url.Values)
	for name, value := range map[string]string{"name": q.Name, "status": q.Status} {
		if value != "" {
			r.query.Set(name, value)
		}
	}
	return r, join(check.problems)
}

type profileQueryBody struct {
	Device *Device `json:"device,omitempty"`
	Name   string  `json:"name,omitempty"`
	Status string  `json:"status,omitempty"`
}

// profileBody is a profile in the words of every version.
type profileBody struct {
	Name                    answer.Text            `json:"name"`
	Status                  answer.Text            `json:"status"`
	Description             answer.Text            `json:"description"`
	CountryAvailability     lenient[[]countryBody] `json:"countryAvailability"`
	TargetMinUpstreamRate   lenient[quantityBody]  `json:"targetMinUpstreamRate"`
	MaxUpstreamRate         lenient[quantityBody]  `json:"maxUpstreamRate"`
	MaxUpstreamBurstRate    lenient[quantityBody]  `json:"maxUpstreamBurstRate"`
	TargetMinDownstreamRate lenient[quantityBody]  `json:"targetMinDownstreamRate"`
	MaxDownstreamRate       lenient[quantityBody]  `json:"maxDownstreamRate"`
	MaxDownstreamBurstRate  lenient[quantityBody]  `json:"maxDownstreamBurstRate"`
	MinDuration             lenient[quantityBody]  `json:"minDuration"`
	MaxDuration             lenient[quantityBody]  `json:"maxDuration"`
	Priority                number                 `json:"priority"`
	PacketDelayBudget       lenient[quantityBody]  `json:"packetDelayBudget"`
	Jitter                  lenient[quantityBody]  `json:"jitter"`
	PacketErrorLossRate     number                 `json:"packetErrorLossRate"`
	L4SQueueType            answer.Text            `json:"l4sQueueType"`
	ServiceClass            answer.Text            `json:"serviceClass"`
}

type countryBody struct {
	CountryName answer.Text   `json:"countryName"`
	Networks    []answer.Text `json:"networks"`
}

type quantityBody struct {
	Value number      `json:"value"`
	Unit  answer.Text `json:"unit"`
}

func (b profileBody) profile() Profile {
	return Profile{
		Name:                    withoutPadding(b.Name),
		Status:                  constant(b.Status),
		Description:             string(b.Description),
		Countries:               countries(b.CountryAvailability.get()),
		TargetMinUpstreamRate:   quantity(b.TargetMinUpstreamRate),
		MaxUpstreamRate:         quantity(b.MaxUpstreamRate),
		MaxUpstreamBurstRate:    quantity(b.MaxUpstreamBurstRate),
		TargetMinDownstreamRate: quantity(b.TargetMinDownstreamRate),
		MaxDownstreamRate:       quantity(b.MaxDownstreamRate),
		MaxDownstreamBurstRate:  quantity(b.MaxDownstreamBurstRate),
		MinDuration:             quantity(b.MinDuration),
		MaxDuration:             quantity(b.MaxDuration),
		Priority:                int64(b.Priority),
		PacketDelayBudget:       quantity(b.PacketDelayBudget),
		Jitter:                  quantity(b.Jitter),
		PacketErrorLossRate:     int64(b.PacketErrorLossRate),
		L4SQueueType:            withoutPadding(b.L4SQueueType),
		ServiceClass:            withoutPadding(b.ServiceClass),
	}
}

func countries(list []countryBody) []Country {
	var out []Country
	for _, b := range list {
		country := Country{Name: withoutPadding(b.CountryName)}
		for _, network := range b.Networks {
			country.Networks = append(country.Networks, withoutPadding(network))
		}
		out = append(out, country)
	}
	return out
}

func quantity(q lenient[quantityBody]) *Quantity {
	if q.value == nil {
		return nil
	}
	return &Quantity{Value: int64(q.value.Value), Unit: withoutPadding(q.value.Unit)}
}
