package camara

import (
	"errors"
	"time"
)

// ErrNotLive means that the network has no such live session or assignment.
var ErrNotLive = errors.New("no such live session or assignment")

// Status is CAMARA's QosStatus.
type Status string

// The states of a session and of an assignment.
const (
	StatusRequested   Status = "REQUESTED"
	StatusAvailable   Status = "AVAILABLE"
	StatusUnavailable Status = "UNAVAILABLE"
)

// StatusInfo is CAMARA's reason for UNAVAILABLE.
type StatusInfo string

// The reasons.
const (
	InfoDurationExpired   StatusInfo = "DURATION_EXPIRED"
	InfoNetworkTerminated StatusInfo = "NETWORK_TERMINATED"
	InfoDeleteRequested   StatusInfo = "DELETE_REQUESTED"
)

const (
	// lingering is how long what the network terminated can still be read, and
	// is in the way of the next: "at earliest 360 seconds after the event".
	lingering = 360 * time.Second
	// maxRequested is how long the operator waits for the network.
	maxRequested = 24 * time.Hour
)

// Session is the operator's own record of a QoD session.
type Session struct {
	ID       string `json:"sessionId"`
	ClientID string `json:"clientId"`
	// Device is as the request, or the token, named it.
	Device     Device     `json:"device"`
	QoSProfile string     `json:"qosProfile"`
	Status     Status     `json:"qosStatus"`
	StatusInfo StatusInfo `json:"statusInfo,omitempty"`
	// Duration is the granted one, in seconds, extensions included.
	Duration  int64     `json:"duration"`
	CreatedAt time.Time `json:"createdAt"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	// Gone means that the API answers 404.
	Gone bool `json:"gone"`
}

// Assignment is the operator's own record of a QoS assignment.
type Assignment struct {
	ID         string     `json:"assignmentId"`
	ClientID   string     `json:"clientId"`
	Device     Device     `json:"device"`
	QoSProfile string     `json:"qosProfile"`
	Status     Status     `json:"status"`
	StatusInfo StatusInfo `json:"statusInfo,omitempty"`
	CreatedAt  time.Time  `json:"createdAt"`
	StartedAt  time.Time  `json:"startedAt,omitzero"`
	EndedAt    time.Time  `json:"endedAt,omitzero"`
	Gone       bool       `json:"gone"`
}

// grant is a session or an assignment. Its state at a time follows from what is
// due by then, so it is brought up to date before it is looked at.
type grant struct {
	id        string
	operation Operation // that created it
	client    string
	device    Device  // whom it serves
	sent      *Device // as the request named the device; nil if the token did
	profile   string
	request   sessionRequest // a session's
	flow      flow           // a session's
	notify    *listener

	status                  Status
	info                    StatusInfo
	duration                int64 // a session's, in seconds
	created, started, ended time.Time
	gone                    bool // the API answers 404

	// What will happen, and when; a zero time means never.
	availableAt    time.Time
	unavailableAt  time.Time
	expires        time.Time
	terminateAt    time.Time
	revokeAt       time.Time
	goneAt         time.Time
	terminateAfter time.Duration // of being AVAILABLE; 0: never
	keepExpired    bool
}

// change is a status that a listener is to be told of.
type change struct {
	grant  grant
	status Status
	info   StatusInfo
	at     time.Time
}

// transition is something that happens to a grant at its time.
type transition struct {
	at  time.Time
	act func(*grant, time.Time) []change
}

// next returns the transition that happens first; a zero time means none.
func (g *grant) next() transition {
	var first transition
	consider := func(at time.Time, act func(*grant, time.Time) []change) {
		if !at.IsZero() && (first.at.IsZero() || at.Before(first.at)) {
			first = transition{at, act}
		}
	}
	if g.gone {
		return first
	}
	switch g.status {
	case StatusRequested:
		consider(g.availableAt, (*grant).becomeAvailable)
		consider(g.unavailableAt, (*grant).terminate)
	case StatusAvailable:
		consider(g.terminateAt, (*grant).terminate)
	case StatusUnavailable:
		consider(g.goneAt, (*grant).goAway)
		consider(g.revokeAt, (*grant).goAway)
		return first
	}
	consider(g.expires, (*grant).expire)
	consider(g.revokeAt, (*grant).revoke)
	return first
}

// settle lets everything happen that is due.
func (g *grant) settle(now time.Time) []change {
	var changes []change
	for {
		t := g.next()
		if t.at.IsZero() || t.at.After(now) {
			return changes
		}
		changes = append(changes, t.act(g, t.at)...)
	}
}

func (g *grant) becomeAvailable(at time.Time) []change {
	g.status, g.started = StatusAvailable, at
	g.expires = time.Time{}
	if g.duration > 0 {
		g.expires = at.Add(seconds(g.duration))
	}
	if g.terminateAfter > 0 {
		g.terminateAt = at.Add(g.terminateAfter)
	}
	return []change{{*g, g.status, "", at}}
}

func (g *grant) terminate(at time.Time) []change {
	g.end(at, InfoNetworkTerminated)
	g.goneAt = at.Add(lingering)
	return []change{{*g, g.status, g.info, at}}
}

func (g *grant) expire(at time.Time) []change {
	g.end(at, InfoDurationExpired)
	g.gone = !g.keepExpired
	g.goneAt = at.Add(lingering)
	return []change{{*g, g.status, g.info, at}}
}

// revoke ends a grant as its client asked.
func (g *grant) revoke(at time.Time) []change {
	wasAvailable := g.status == StatusAvailable
	g.end(at, InfoDeleteRequested)
	g.gone = true
	if !wasAvailable {
		return nil
	}
	return []change{{*g, g.status, g.info, at}}
}

func (g *grant) goAway(time.Time) []change {
	g.gone = true
	return nil
}

func (g *grant) end(at time.Time, info StatusInfo) {
	g.status, g.info, g.ended = StatusUnavailable, info, at
	if g.duration > 0 {
		g.expires = at
		if !g.started.IsZero() {
			// The effective duration; the specifications know none below 1.
			g.duration = max(int64(at.Sub(g.started)/time.Second), 1)
		}
	}
}

// live reports whether the network holds anything for it.
func (g *grant) live() bool { return !g.gone && g.status != StatusUnavailable }

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

func (g *grant) session() Session {
	return Session{
		ID: g.id, ClientID: g.client, Device: g.device, QoSProfile: g.profile,
		Status: g.status, StatusInfo: g.info, Duration: g.duration, CreatedAt: g.created,
		StartedAt: g.started, ExpiresAt: g.expires, EndedAt: g.ended, Gone: g.gone,
	}
}

func (g *grant) assignment() Assignment {
	return Assignment{
		ID: g.id, ClientID: g.client, Device: g.device, QoSProfile: g.profile,
		Status: g.status, StatusInfo: g.info, CreatedAt: g.created,
		StartedAt: g.started, EndedAt: g.ended, Gone: g.gone,
	}
}
