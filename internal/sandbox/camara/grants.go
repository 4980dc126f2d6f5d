package camara

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

// staleFor is how long a new grant stays unseen by FaultStaleRead without a
// Delay.
const staleFor = time.Minute

// newGrant makes a grant and decides, as it begins, how it will go on.
func (s *Sandbox) newGrant(c *call, device Device, sent *Device, profile string) *grant {
	now := s.now()
	g := &grant{
		id: uuid.NewString(), operation: c.operation, client: c.permit.client,
		device: device, sent: sent, profile: profile,
		status: StatusRequested, created: now, keepExpired: s.Switches().KeepExpired,
	}
	subject := s.subjectOf(c)
	due := now.Add(max(s.options.AvailableDelay, 0))
	switch {
	case s.faults.strikes(FaultStayRequested, subject):
	case s.faults.strikes(FaultUnavailableAtOnce, subject):
		g.unavailableAt = now
	case s.faults.strikes(FaultUnavailableLater, subject):
		g.unavailableAt = due
	case s.faults.strikes(FaultAvailableAtOnce, subject):
		g.availableAt = now
	default:
		g.availableAt = due
	}
	if f, ok := s.faults.take(FaultTerminateLater, subject); ok {
		g.terminateAfter = max(f.Delay, 1)
	}
	return g
}

// read answers with a grant of the caller's.
func (s *Sandbox) read(c *call, l *ledger, show func(grant) map[string]any) exchange.Answer {
	id, err := checkID(c)
	if err != nil {
		return c.dialect.refusing(err)
	}
	g, found := l.find(id)
	if !found || s.unseen(c)(&g) {
		return c.dialect.refusing(notFound())
	}
	if err := s.checkOwner(c, &g); err != nil {
		return c.dialect.refusing(err)
	}
	return exchange.JSON(http.StatusOK, show(g))
}

// unseen tells which grants a fault hides from this request.
func (s *Sandbox) unseen(c *call) func(*grant) bool {
	f, stale := s.faults.take(FaultStaleRead, s.subjectOf(c))
	if !stale {
		return func(*grant) bool { return false }
	}
	if f.Delay == 0 {
		f.Delay = staleFor
	}
	now := s.now()
	return func(g *grant) bool { return now.Before(g.created.Add(f.Delay)) }
}

// alter changes a grant of the caller's.
func (s *Sandbox) alter(c *call, l *ledger, act func(g *grant, now time.Time) ([]change, error)) (grant, error) {
	id, err := checkID(c)
	if err != nil {
		return grant{}, err
	}
	g, err := l.change(id, func(g *grant, now time.Time) ([]change, error) {
		if err := s.checkOwner(c, g); err != nil {
			return nil, err
		}
		return act(g, now)
	})
	if errors.Is(err, ErrNotLive) {
		return grant{}, notFound()
	}
	return g, err
}

// owned returns the caller's grants for a device that have not gone.
func (s *Sandbox) owned(c *call, l *ledger, device Device) []grant {
	unseen := s.unseen(c)
	return l.list(func(g *grant) bool {
		return !g.gone && g.client == c.permit.client && g.device.same(device) && !unseen(g)
	})
}

// shownDevice is what an answer says of the device; nil if nothing.
func (s *Sandbox) shownDevice(d dialect, g grant) *Device {
	w := s.Switches()
	if g.sent == nil || (w.OmitDevice && !d.deviceAlways) {
		return nil
	}
	shown := *g.sent
	if !d.wholeDevice {
		shown = s.picked(shown)
	}
	if w.Normalize {
		shown = shown.normalized()
	}
	return &shown
}

// picked is the one identifier that the operator uses: the first that it knows.
func (s *Sandbox) picked(sent Device) Device {
	parts := sent.parts()
	for _, part := range parts {
		if _, err := s.lookUp(s.dialect, part); err == nil {
			return part
		}
	}
	return parts[0]
}
