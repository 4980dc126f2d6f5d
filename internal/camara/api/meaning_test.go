package api

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
)

// TestGone is about what may take a live, billed session out of a state.
func TestGone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		gone   bool
	}{
		"CAMARA's 404":            {camaraError(404, CodeNotFound), true},
		"CAMARA's 410":            {camaraError(410, CodeGone), true},
		"an operator's own code":  {camaraError(404, "QOD_SESSION_NOT_FOUND"), true},
		"an assignment's":         {camaraError(404, "ASSIGNMENT_NOT_FOUND"), true},
		"Nokia's":                 {always(404, `{"detail":"QoS subscription not found"}`), true},
		"words":                   {always(404, `{"message":"Session Id does not exist"}`), true},
		"words with a number":     {always(404, `{"code":404,"message":"No such QoD session"}`), true},
		"HTML":                    {always(404, `<html>Session not found</html>`), false},
		"empty":                   {always(404, ``), false},
		"empty 410":               {always(410, ``), false},
		"Kong's":                  {always(404, `{"message":"no Route matched with those values"}`), false},
		"Spring's":                {always(404, `{"status":404,"error":"Not Found","path":"/sessions/1"}`), false},
		"Fastify's":               {always(404, `{"message":"Route GET:/sessions/1 not found","error":"Not Found"}`), false},
		"WSO2's":                  {always(404, `{"code":"404","message":"Not Found","description":"No matching resource found"}`), false},
		"the subscription's":      {always(404, `{"message":"API subscription not found"}`), false},
		"the device's":            {camaraError(404, CodeIdentifierNotFound), false},
		"the device's in 0.11":    {camaraError(404, CodeDeviceNotFound), false},
		"forbidden":               {camaraError(403, CodeNotFound), false},
		"not found, but a 400":    {camaraError(400, CodeNotFound), false},
		"another resource's code": {camaraError(404, "ROUTE_NOT_FOUND"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newOperator(t, test.answer).client(t, V110, nil)
			if _, err := c.Session(t.Context(), testSubject, testID); err == nil || Gone(err) != test.gone {
				t.Errorf("read: Gone(%v) = %v", err, !test.gone)
			}
			if err := c.DeleteSession(t.Context(), testSubject, testID); Gone(err) != test.gone {
				t.Errorf("delete: Gone(%v) = %v", err, !test.gone)
			}
		})
	}
	if Gone(nil) || Gone(errors.New("NOT_FOUND")) {
		t.Error("Gone of what is no answer")
	}
}

func TestWhetherAskingAgainHelps(t *testing.T) {
	t.Parallel()
	noToken := func(err error) error { return notSent(request{operation: "read"}, err) }
	for name, test := range map[string]struct {
		err                 error
		temporary, declined bool
	}{
		"no error":             {nil, false, false},
		"no answer":            {errors.New("connection reset"), true, false},
		"not in the API":       {fmt.Errorf("%w: %w", ErrNotInAPI, &Error{StatusCode: 404}), false, true},
		"nowhere to ask":       {ErrNotInAPI, false, true},
		"not valid":            {&FieldError{Field: "device"}, false, true},
		"bad request":          {&Error{StatusCode: 400}, false, true},
		"unauthenticated":      {&Error{StatusCode: 401}, false, false},
		"forbidden":            {&Error{StatusCode: 403}, false, true},
		"slow down":            {&Error{StatusCode: 429, Code: "TOO_MANY_REQUESTS"}, true, false},
		"quota used up":        {&Error{StatusCode: 429, Code: CodeQuotaExceeded}, false, true},
		"internal error":       {&Error{StatusCode: 500}, true, false},
		"not implemented":      {&Error{StatusCode: 501}, false, true},
		"a proxy's complaint":  {&Error{StatusCode: 503}, true, false},
		"no certificate":       {&tls.CertificateVerificationError{}, false, false},
		"nobody to ask":        {noToken(auth.ErrNoSubject), false, false},
		"consent refused":      {noToken(&auth.Error{StatusCode: 400, Code: auth.CodeAccessDenied}), false, false},
		"client unknown":       {noToken(&auth.Error{StatusCode: 401, Code: auth.CodeInvalidClient}), false, false},
		"token server is down": {noToken(&auth.Error{StatusCode: 502}), true, false},
	} {
		if got := Temporary(test.err); got != test.temporary {
			t.Errorf("%s: temporary is %v", name, got)
		}
		if got := Declined(test.err); got != test.declined {
			t.Errorf("%s: declined is %v", name, got)
		}
	}
	if !Broken(&Error{StatusCode: 500}) || Broken(&Error{StatusCode: 502}) || Broken(errors.New("lost")) {
		t.Error("Broken is not about 500")
	}
}

func TestABusyNetworkIsAskedToDeleteAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		then http.HandlerFunc
		gone bool
	}{
		"then deleted":     {always(http.StatusNoContent, ""), false},
		"gone on its own":  {camaraError(404, CodeNotFound), true},
		"gone, as said so": {camaraError(410, CodeGone), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOperator(t, inTurn(camaraError(409, "CONFLICT"), camaraError(409, "INCOMPATIBLE_STATE"), test.then))
			err := o.client(t, V110, func(c *Config) { c.MaxRetries = 0 }).DeleteSession(t.Context(), "", testID)
			if Gone(err) != test.gone || err != nil && !test.gone {
				t.Errorf("err = %v", err)
			}
			o.wantCount(t, 3)
		})
	}
	o := newOperator(t, camaraError(409, "CONFLICT"))
	if err := createSession(smallSession(V110))(t.Context(), o.client(t, V110, nil)); !Conflict(err) {
		t.Errorf("err = %v", err)
	}
	o.wantCount(t, 1)
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version Version
		answer  http.HandlerFunc
		// session and assignment are what reading one of each is to say.
		session, assignment string
	}{
		"no device":           {V110, camaraError(422, CodeMissingIdentifier), "set device", "set device"},
		"no device on 0.11":   {V011, camaraError(422, CodeUnidentifiableDevice), "set device", ""},
		"a device too many":   {V110, camaraError(422, CodeUnnecessaryIdentifier), "leave out device", "leave out device"},
		"the wrong kind":      {V110, camaraError(422, CodeUnsupportedIdentifier), "such as phone_number", "such as phone_number"},
		"another's device":    {V110, camaraError(404, CodeIdentifierNotFound), "does not know the device", "does not know the device"},
		"another's token":     {V110, camaraError(403, CodeInvalidTokenContext), "for another device", "for another device"},
		"profile":             {V110, camaraError(422, "QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE"), "camara_qos_profiles", "camara_qos_profiles"},
		"assignment's":        {V110, camaraError(422, "QOS_PROVISIONING.QOS_PROFILE_NOT_APPLICABLE"), "camara_qos_profiles", "camara_qos_profiles"},
		"service":             {V110, camaraError(422, CodeServiceNotApplicable), "does not offer this", "does not offer this"},
		"quota":               {V110, camaraError(429, CodeQuotaExceeded), "quota is renewed", "quota is renewed"},
		"scope":               {V110, camaraError(403, "PERMISSION_DENIED"), "scope quality-on-demand:sessions:read:", "scope qos-provisioning:qos-assignments:read:"},
		"scope on 0.10":       {V010, camaraError(403, "PERMISSION_DENIED"), "scope qod-sessions-read:", ""},
		"a path":              {V110, always(404, `<html>Not Found</html>`), "check base_url", "check qos_provisioning_url"},
		"nothing to be added": {V110, camaraError(404, CodeNotFound), ")", ")"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newOperator(t, test.answer).client(t, test.version, nil)
			_, err := c.Session(t.Context(), testSubject, testID)
			says(t, err, test.session)
			if test.assignment != "" {
				_, err = c.Assignment(t.Context(), testSubject, testID)
				says(t, err, test.assignment)
			}
		})
	}
}

// says fails the test unless err ends with advice that has text in it.
func says(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) || text == ")" && !strings.HasSuffix(err.Error(), text) {
		t.Errorf("err = %v, want %q", err, text)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"qod-sessions-write":                              sessionScope(V010, toCreate),
		"qod-sessions-delete":                             sessionScope(V010, toDelete),
		"quality-on-demand:sessions:update":               sessionScope(V120, toExtend),
		"quality-on-demand:sessions:retrieve-by-device":   sessionScope(V011, toList),
		"qos-provisioning:qos-assignments:create":         assignmentScope(toCreate),
		"qos-provisioning:qos-assignments:read-by-device": assignmentScope(toList),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestStatusInSmallLetters(t *testing.T) {
	t.Parallel()
	s, err := decodeSession([]byte(`{"sessionId":"s-1","qosStatus":"Available","statusInfo":"duration_expired"}`), "")
	if err != nil || s.Status != StatusAvailable || s.StatusInfo != InfoDurationExpired {
		t.Errorf("%+v, err = %v", s, err)
	}
	a, err := decodeAssignment([]byte(`{"assignmentId":"a-1","status":"unavailable","statusInfo":"Delete_Requested"}`), "")
	if err != nil || a.Status != StatusUnavailable || a.StatusInfo != InfoDeleteRequested {
		t.Errorf("%+v, err = %v", a, err)
	}
}
