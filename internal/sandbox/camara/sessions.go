package camara

import (
	"math"
	"net/http"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

// createSession is POST /sessions.
func (s *Sandbox) createSession(c *call) exchange.Answer {
	g, err := s.requestSession(c)
	if err != nil {
		return c.dialect.refusing(err)
	}
	created, free := s.sessions.add(g, func(other *grant) bool {
		return other.device.same(g.device) && (s.Switches().OneSessionPerDevice || other.flow.overlaps(g.flow))
	})
	if !free {
		return c.dialect.refused(problem{http.StatusConflict, codeConflict},
			"Conflict with an existing session for the same device.")
	}
	return exchange.JSON(http.StatusCreated, s.showSession(c.dialect, created))
}

// requestSession checks a create, all but whether it conflicts.
func (s *Sandbox) requestSession(c *call) (*grant, error) {
	d, w := c.dialect, s.Switches()
	request, err := d.parseSession(c.body, w)
	if err != nil {
		return nil, err
	}
	device, err := s.identify(c, request.device)
	if err != nil {
		return nil, err
	}
	profile, err := s.usableProfile(d, request.profile)
	if err != nil {
		return nil, err
	}
	if request.duration < profile.least() || request.duration > profile.most() {
		return nil, refuse(problem{http.StatusBadRequest, d.codes.durationRange},
			"The requested duration is out of the allowed range for the specific QoS profile")
	}
	g := s.newGrant(c, device, request.device, request.profile)
	g.request, g.flow, g.notify = request, request.flow(), request.notify
	g.duration = request.duration
	if w.GrantAtMost > 0 {
		g.duration = min(g.duration, w.GrantAtMost)
	}
	g.expires = g.created.Add(maxRequested)
	if d.timesAlways {
		g.expires = g.created.Add(seconds(g.duration))
	}
	return g, nil
}

// getSession is GET /sessions/{sessionId}.
func (s *Sandbox) getSession(c *call) exchange.Answer {
	return s.read(c, s.sessions, func(g grant) map[string]any { return s.showSession(c.dialect, g) })
}

// deleteSession is DELETE /sessions/{sessionId}.
func (s *Sandbox) deleteSession(c *call) exchange.Answer {
	_, err := s.alter(c, s.sessions, func(g *grant, now time.Time) ([]change, error) { return g.revoke(now), nil })
	if err != nil {
		return c.dialect.refusing(err)
	}
	return exchange.Answer{Status: http.StatusNoContent}
}

// extendSession is POST /sessions/{sessionId}/extend.
func (s *Sandbox) extendSession(c *call) exchange.Answer {
	additional, err := c.dialect.parseExtension(c.body)
	if err != nil {
		return c.dialect.refusing(err)
	}
	g, err := s.alter(c, s.sessions, func(g *grant, now time.Time) ([]change, error) {
		return nil, s.extend(c.dialect, g, additional, now)
	})
	if err != nil {
		return c.dialect.refusing(err)
	}
	return exchange.JSON(http.StatusOK, s.showSession(c.dialect, g))
}

// extend adds to a session's duration what its limit leaves room for.
func (s *Sandbox) extend(d dialect, g *grant, additional int64, now time.Time) error {
	if g.status != StatusAvailable {
		return refuse(d.codes.notAvailable, "Extending the session duration is not allowed in the current state (%s). "+
			"The session must be in the AVAILABLE state.", g.status)
	}
	room := s.room(d, g, now)
	if room == 0 && s.Switches().RefuseExtendAtMax {
		return refuse(problem{http.StatusBadRequest, codeOutOfRange}, "The session has its longest duration already.")
	}
	g.duration += min(additional, room)
	g.expires = g.started.Add(seconds(g.duration))
	return nil
}

// room is how many seconds a session may still be extended by.
func (s *Sandbox) room(d dialect, g *grant, now time.Time) int64 {
	if d.extendsRemaining {
		remaining := int64(g.expires.Sub(now) / time.Second)
		return max(day-remaining, 0)
	}
	most := int64(math.MaxInt32)
	if profile, known := s.profile(g.profile); known {
		most = profile.most()
	}
	return max(most-g.duration, 0)
}

// retrieveSessions is POST /retrieve-sessions.
func (s *Sandbox) retrieveSessions(c *call) exchange.Answer {
	sent, err := c.dialect.parseRetrieval(c.body)
	if err != nil {
		return c.dialect.refusing(err)
	}
	device, err := s.identify(c, sent)
	if err != nil {
		return c.dialect.refusing(err)
	}
	found := s.owned(c, s.sessions, device)
	if len(found) == 0 && c.dialect.emptyNotFound {
		return c.dialect.refusing(notFound())
	}
	shown := make([]map[string]any, len(found))
	for i, g := range found {
		shown[i] = s.showSession(c.dialect, g)
	}
	return exchange.JSON(http.StatusOK, shown)
}

// showSession is SessionInfo.
func (s *Sandbox) showSession(d dialect, g grant) map[string]any {
	w := s.Switches()
	server := g.request.server
	if w.Normalize {
		server = server.normalized()
	}
	info := map[string]any{
		"sessionId": g.id, "duration": g.duration, "qosStatus": g.status,
		"applicationServer": server, "qosProfile": g.profile,
	}
	if device := s.shownDevice(d, g); device != nil {
		info["device"] = device
	}
	if g.request.devicePorts != nil {
		info["devicePorts"] = g.request.devicePorts
	}
	if g.request.applicationServerPorts != nil {
		info["applicationServerPorts"] = g.request.applicationServerPorts
	}
	if d.statusInfo && g.info != "" {
		info["statusInfo"] = g.info
	}
	if d.messages && g.duration < g.request.duration && g.ended.IsZero() {
		info["messages"] = []map[string]string{{
			"severity": "WARNING", "description": "The granted duration is shorter than the requested one.",
		}}
	}
	g.notify.echo(info, w.EchoCredentials)
	d.showTimes(g, info)
	return info
}

func (d dialect) showTimes(g grant, info map[string]any) {
	started := g.started
	if started.IsZero() && d.timesAlways {
		started = g.created
	}
	if !started.IsZero() {
		info["startedAt"] = d.time(started)
	}
	if g.status != StatusRequested || d.timesAlways {
		info["expiresAt"] = d.time(g.expires)
	}
}

func (d dialect) time(t time.Time) any {
	if d.epochTimes {
		return t.Unix()
	}
	return rfc3339(t)
}
