package camara

import (
	"math"
	"net/http"
	"slices"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

// ProfileStatus is CAMARA's QosProfileStatusEnum.
type ProfileStatus string

// The states of a profile. Only an active one can be used.
const (
	ProfileActive     ProfileStatus = "ACTIVE"
	ProfileInactive   ProfileStatus = "INACTIVE"
	ProfileDeprecated ProfileStatus = "DEPRECATED"
)

// Profile is CAMARA's QosProfile. MinDuration and MaxDuration bound a session's
// duration, extensions included.
type Profile struct {
	Name                    string        `json:"name"`
	Description             string        `json:"description,omitempty"`
	Status                  ProfileStatus `json:"status"`
	CountryAvailability     []Country     `json:"countryAvailability,omitempty"`
	TargetMinUpstreamRate   *Quantity     `json:"targetMinUpstreamRate,omitempty"`
	MaxUpstreamRate         *Quantity     `json:"maxUpstreamRate,omitempty"`
	MaxUpstreamBurstRate    *Quantity     `json:"maxUpstreamBurstRate,omitempty"`
	TargetMinDownstreamRate *Quantity     `json:"targetMinDownstreamRate,omitempty"`
	MaxDownstreamRate       *Quantity     `json:"maxDownstreamRate,omitempty"`
	MaxDownstreamBurstRate  *Quantity     `json:"maxDownstreamBurstRate,omitempty"`
	MinDuration             *Quantity     `json:"minDuration,omitempty"`
	MaxDuration             *Quantity     `json:"maxDuration,omitempty"`
	PacketDelayBudget       *Quantity     `json:"packetDelayBudget,omitempty"`
	Jitter                  *Quantity     `json:"jitter,omitempty"`
	Priority                int           `json:"priority,omitempty"`
	PacketErrorLossRate     int           `json:"packetErrorLossRate,omitempty"`
	L4SQueueType            string        `json:"l4sQueueType,omitempty"`
	ServiceClass            string        `json:"serviceClass,omitempty"`
}

// Country is where a profile is available; Networks are MCC and MNC together,
// such as 21407, and empty for all.
type Country struct {
	Name     string   `json:"countryName"`
	Networks []string `json:"networks,omitempty"`
}

// Quantity is CAMARA's Rate (bps … Tbps) or Duration (Nanoseconds … Days).
type Quantity struct {
	Value int64  `json:"value"`
	Unit  string `json:"unit"`
}

// DefaultProfiles are what an operator offers if [Options] do not say: QOS_E,
// QOS_M and QOS_L for up to a day, QOS_S from ten seconds to an hour, and one
// inactive and one deprecated profile.
func DefaultProfiles() []Profile {
	profile := func(name string, status ProfileStatus, least, most, delay *Quantity) Profile {
		return Profile{
			Name: name, Status: status, Description: "Simulated profile " + name,
			TargetMinDownstreamRate: &Quantity{10, "Mbps"}, MaxDownstreamRate: &Quantity{100, "Mbps"},
			TargetMinUpstreamRate: &Quantity{5, "Mbps"}, MaxUpstreamRate: &Quantity{50, "Mbps"},
			MinDuration: least, MaxDuration: most, PacketDelayBudget: delay,
			Jitter: &Quantity{5, "Milliseconds"}, Priority: 20, PacketErrorLossRate: 3,
			CountryAvailability: []Country{{Name: "ES", Networks: []string{"21407"}}},
			L4SQueueType:        "non-l4s-queue", ServiceClass: "real_time_interactive",
		}
	}
	second, oneDay := &Quantity{1, "Seconds"}, &Quantity{1, "Days"}
	return []Profile{
		profile("QOS_E", ProfileActive, second, oneDay, &Quantity{10, "Milliseconds"}),
		profile("QOS_S", ProfileActive, &Quantity{10, "Seconds"}, &Quantity{1, "Hours"}, &Quantity{20, "Milliseconds"}),
		profile("QOS_M", ProfileActive, second, oneDay, &Quantity{50, "Milliseconds"}),
		profile("QOS_L", ProfileActive, second, oneDay, &Quantity{100, "Milliseconds"}),
		profile("QOS_PLANNED", ProfileInactive, second, oneDay, &Quantity{1, "Milliseconds"}),
		profile("QOS_OLD", ProfileDeprecated, second, oneDay, &Quantity{200, "Milliseconds"}),
	}
}

// seconds converts a duration, rounding down.
func (q Quantity) seconds() int64 {
	switch q.Unit {
	case "Days":
		return q.Value * day
	case "Hours":
		return q.Value * 60 * 60
	case "Minutes":
		return q.Value * 60
	case "Seconds":
		return q.Value
	case "Milliseconds":
		return q.Value / 1000
	case "Microseconds":
		return q.Value / 1000_000
	}
	return q.Value / 1000_000_000
}

// least and most bound the duration, in seconds.
func (p Profile) least() int64 {
	if p.MinDuration == nil {
		return 1
	}
	return p.MinDuration.seconds()
}

func (p Profile) most() int64 {
	if p.MaxDuration == nil {
		return math.MaxInt32
	}
	return p.MaxDuration.seconds()
}

func (s *Sandbox) profile(name string) (Profile, bool) {
	i := slices.IndexFunc(s.options.Profiles, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	return s.options.Profiles[i], true
}

// usableProfile finds a profile for something new.
func (s *Sandbox) usableProfile(d dialect, name string) (Profile, error) {
	profile, known := s.profile(name)
	switch {
	case !known:
		return Profile{}, refuse(problem{http.StatusBadRequest, codeInvalidArgument}, "Unknown QoS profile: %s", name)
	case profile.Status != ProfileActive:
		return Profile{}, refuse(d.codes.profileState, "The requested QoS Profile is currently not available.")
	}
	return profile, nil
}

// listProfiles is GET /qos-profiles of 0.10.
func (s *Sandbox) listProfiles(c *call) exchange.Answer {
	query := c.request.URL.Query()
	found := s.matching(query.Get("name"), ProfileStatus(query.Get("status")))
	if len(found) == 0 {
		return c.dialect.refused(problem{http.StatusNotFound, codeNotFound}, "No QoS Profiles found")
	}
	return exchange.JSON(http.StatusOK, found)
}

// retrieveProfiles is POST /retrieve-qos-profiles. Every profile is available
// to every device.
func (s *Sandbox) retrieveProfiles(c *call) exchange.Answer {
	b, o := readBody(c.body)
	sent, name, status := c.dialect.device(o), profileName(o, "name"), ProfileStatus(o.text("status"))
	states := []ProfileStatus{"", ProfileActive, ProfileInactive, ProfileDeprecated}
	if !slices.Contains(states, status) {
		b.fail(codeInvalidArgument, "status must be one of %v", states[1:])
	}
	if err := b.finish(c.dialect.declaredOnly); err != nil {
		return c.dialect.refusing(err)
	}
	if sent != nil {
		if _, err := s.identify(c, sent); err != nil {
			return c.dialect.refusing(err)
		}
	}
	return exchange.JSON(http.StatusOK, s.matching(name, status))
}

// matching returns the profiles of that name and status, of which either may be
// empty.
func (s *Sandbox) matching(name string, status ProfileStatus) []Profile {
	found := []Profile{}
	for _, p := range s.options.Profiles {
		if (name == "" || p.Name == name) && (status == "" || p.Status == status) {
			found = append(found, p)
		}
	}
	return found
}

// getProfile is GET /qos-profiles/{name}.
func (s *Sandbox) getProfile(c *call) exchange.Answer {
	name := c.request.PathValue("name")
	if !profileForm.MatchString(name) {
		return c.dialect.refused(problem{http.StatusBadRequest, c.dialect.codes.badID}, "The name must match "+profileForm.String())
	}
	profile, known := s.profile(name)
	if !known {
		return c.dialect.refusing(notFound())
	}
	return exchange.JSON(http.StatusOK, profile)
}
