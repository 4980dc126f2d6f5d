package camara

import (
	"net/http"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

// createAssignment is POST /qos-assignments.
func (s *Sandbox) createAssignment(c *call) exchange.Answer {
	g, err := s.requestAssignment(c)
	if err != nil {
		return c.dialect.refusing(err)
	}
	created, free := s.assignments.add(g, func(other *grant) bool { return other.device.same(g.device) })
	if !free {
		return c.dialect.refused(problem{http.StatusConflict, codeConflict},
			"Conflict with an existing assignment for the same device.")
	}
	return exchange.JSON(http.StatusCreated, s.showAssignment(c.dialect, created))
}

func (s *Sandbox) requestAssignment(c *call) (*grant, error) {
	request, err := c.dialect.parseAssignment(c.body, s.Switches())
	if err != nil {
		return nil, err
	}
	device, err := s.identify(c, request.device)
	if err != nil {
		return nil, err
	}
	if _, err := s.usableProfile(c.dialect, request.profile); err != nil {
		return nil, err
	}
	g := s.newGrant(c, device, request.device, request.profile)
	g.notify = request.notify
	return g, nil
}

// getAssignment is GET /qos-assignments/{assignmentId}.
func (s *Sandbox) getAssignment(c *call) exchange.Answer {
	return s.read(c, s.assignments, func(g grant) map[string]any { return s.showAssignment(c.dialect, g) })
}

// deleteAssignment is DELETE /qos-assignments/{assignmentId}.
func (s *Sandbox) deleteAssignment(c *call) exchange.Answer {
	async := s.Switches().AsyncRevoke
	g, err := s.alter(c, s.assignments, func(g *grant, now time.Time) ([]change, error) {
		if !async {
			return g.revoke(now), nil
		}
		if g.revokeAt.IsZero() {
			g.revokeAt, g.info = now.Add(s.options.RevokeDelay), InfoDeleteRequested
		}
		return nil, nil
	})
	switch {
	case err != nil:
		return c.dialect.refusing(err)
	case async:
		return exchange.JSON(http.StatusAccepted, s.showAssignment(c.dialect, g))
	}
	return exchange.Answer{Status: http.StatusNoContent}
}

// retrieveAssignment is POST /retrieve-qos-assignment.
func (s *Sandbox) retrieveAssignment(c *call) exchange.Answer {
	sent, err := c.dialect.parseRetrieval(c.body)
	if err != nil {
		return c.dialect.refusing(err)
	}
	device, err := s.identify(c, sent)
	if err != nil {
		return c.dialect.refusing(err)
	}
	found := s.owned(c, s.assignments, device)
	if len(found) == 0 {
		return c.dialect.refusing(notFound())
	}
	return exchange.JSON(http.StatusOK, s.showAssignment(c.dialect, found[0]))
}

// showAssignment is AssignmentInfo.
func (s *Sandbox) showAssignment(d dialect, g grant) map[string]any {
	info := map[string]any{"assignmentId": g.id, "status": g.status, "qosProfile": g.profile}
	if device := s.shownDevice(d, g); device != nil {
		info["device"] = device
	}
	if g.info != "" {
		info["statusInfo"] = g.info
	}
	if !g.started.IsZero() {
		info["startedAt"] = rfc3339(g.started)
	}
	g.notify.echo(info, s.Switches().EchoCredentials)
	return info
}
