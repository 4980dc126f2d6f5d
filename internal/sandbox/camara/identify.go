package camara

import (
	"net/http"
	"slices"

	"github.com/google/uuid"
)

// identify says whom a request is about: the device in its body, or that of its
// token, as the version's rules for either are.
func (s *Sandbox) identify(c *call, sent *Device) (Device, error) {
	d, token := c.dialect, c.permit.device
	switch {
	case sent == nil && (token == nil || d.deviceAlways):
		if d.deviceAlways {
			return Device{}, refuse(d.codes.missingDevice, "Expected property is missing: device")
		}
		return Device{}, refuse(d.codes.missingDevice, "The device cannot be identified.")
	case sent == nil:
		return s.subscribed(*token), nil
	case token != nil && d.deviceNever:
		return Device{}, refuse(problem{http.StatusUnprocessableEntity, codeUnnecessary},
			"The device is already identified by the access token.")
	}
	device, err := s.lookUp(d, *sent)
	if err != nil {
		return Device{}, err
	}
	if token != nil && !device.same(s.subscribed(*token)) {
		return Device{}, refuse(d.codes.foreignDevice, "The device is not that of the access token.")
	}
	return device, nil
}

// lookUp finds the subscriber's device that a request names.
func (s *Sandbox) lookUp(d dialect, sent Device) (Device, error) {
	if len(s.options.Devices) == 0 {
		return sent, nil
	}
	var found []int
	for _, part := range sent.parts() {
		if i := slices.IndexFunc(s.options.Devices, part.same); i >= 0 && !slices.Contains(found, i) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0:
		return Device{}, refuse(d.codes.unknownDevice, "Unable to identify device from specified parameters: device")
	case len(found) > 1 && d.codes.mismatch.status != 0:
		return Device{}, refuse(d.codes.mismatch, "Multiple inconsistent parameters specified: device")
	}
	return s.options.Devices[found[0]], nil
}

// subscribed returns all that the operator knows of a token's device.
func (s *Sandbox) subscribed(device Device) Device {
	if i := slices.IndexFunc(s.options.Devices, device.same); i >= 0 {
		return s.options.Devices[i]
	}
	return device
}

// checkID checks the id in the request's path.
func checkID(c *call) (string, error) {
	id := c.request.PathValue("id")
	if err := uuid.Validate(id); err != nil || len(id) != 36 {
		return "", refuse(problem{http.StatusBadRequest, c.dialect.codes.badID}, "The id must be a UUID.")
	}
	return id, nil
}

// checkOwner checks that a grant is the caller's: made by the same client and,
// if the token has a subject, for that.
func (s *Sandbox) checkOwner(c *call, g *grant) error {
	own := g.client == c.permit.client
	if token := c.permit.device; token != nil && !g.device.same(s.subscribed(*token)) {
		own = false
	}
	switch {
	case own:
		return nil
	case s.Switches().HideForeign:
		return notFound()
	}
	return refuse(problem{http.StatusForbidden, c.dialect.codes.forbidden},
		"Client does not have sufficient permissions to perform this action.")
}

func notFound() error {
	return refuse(problem{http.StatusNotFound, codeNotFound}, "The specified resource is not found.")
}
