package qodsession

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/detach"
)

// requester takes sessions of one device through their life. It knows no
// Terraform types.
type requester struct {
	*grant.Requester[api.Session]
	sessions *sessions
}

// sessions is the grant.Remote of one session.
type sessions struct {
	operator *api.Client
	subject  string
	wanted   api.CreateSession
}

func newRequester(b *backend.Backend, subject string, wanted api.CreateSession) (*requester, error) {
	operator, err := b.Operator()
	if err != nil {
		return nil, err
	}
	remote := &sessions{operator: operator, subject: b.Subject(subject, wanted.Device), wanted: wanted}
	features := operator.Version().Features()
	return &requester{sessions: remote, Requester: &grant.Requester[api.Session]{
		Kind:        grant.Kind{Noun: "QoD session", Resource: "camara_qod_session"},
		Remote:      remote,
		Clock:       b.Clock(),
		Listener:    b.Listener(sinkOf(wanted)),
		Listed:      features.RetrieveSessions,
		Longest:     time.Duration(requestedDuration(wanted)) * time.Second,
		LongestRest: longestRest(features),
	}}, nil
}

// sinkOf is where notifications are to go, by the words of any version.
func sinkOf(s api.CreateSession) string {
	if s.Webhook != nil {
		return s.Webhook.NotificationURL
	}
	return s.Sink
}

// requestedDuration is in seconds.
func requestedDuration(s api.CreateSession) int64 { return cmp.Or(s.Duration, defaultDuration) }

// longestRest is how long any session can live from now, where the version and
// not the profile limits that.
func longestRest(f api.Features) time.Duration {
	if f.ExtendCap != api.CapRemaining {
		return 0
	}
	return time.Duration(f.DurationMax) * time.Second
}

func (s *sessions) Authorize(ctx context.Context) error {
	return s.operator.Authorize(ctx, s.subject)
}

func (s *sessions) Create(ctx context.Context) (*api.Session, error) {
	return s.operator.CreateSession(ctx, s.subject, s.wanted)
}

func (s *sessions) Read(ctx context.Context, id string) (*api.Session, error) {
	return s.operator.Session(ctx, s.subject, id)
}

func (s *sessions) Delete(ctx context.Context, id string) (pending bool, err error) {
	return false, s.operator.DeleteSession(ctx, s.subject, id)
}

func (s *sessions) List(ctx context.Context) ([]api.Session, error) {
	return s.operator.RetrieveSessions(ctx, s.subject, s.wanted.Device)
}

func (s *sessions) View(session *api.Session) grant.View {
	return grant.View{ID: session.ID, Status: session.Status, StatusInfo: session.StatusInfo, ImportID: backend.ImportID(session.ID, s.subject)}
}

// Same compares all that an operator repeats of a request, but for the duration,
// which is the operator's own.
func (s *sessions) Same(listed *api.Session) bool {
	w := s.wanted
	return listed.QoSProfile == w.QoSProfile && grant.Agrees(listed.Device, w.Device) && sameServer(listed.ApplicationServer, w.ApplicationServer) &&
		samePorts(listed.DevicePorts, w.DevicePorts) && samePorts(listed.ApplicationServerPorts, w.ApplicationServerPorts) &&
		(listed.Sink == "" || listed.Sink == w.Sink) &&
		(listed.NotificationURL == "" || w.Webhook != nil && listed.NotificationURL == w.Webhook.NotificationURL)
}

// MadeSince asks for the listener, by which two runs differ most. No operator
// grants more than was asked for.
func (s *sessions) MadeSince(listed *api.Session, sent time.Time) bool {
	w := s.wanted
	return listed.Sink == w.Sink && (w.Webhook == nil || listed.NotificationURL == w.Webhook.NotificationURL) &&
		listed.Duration <= requestedDuration(w) && grant.Begun(listed.StartedAt, sent.Add(s.operator.Skew()))
}

func (s *sessions) Overlaps(listed *api.Session) bool {
	return serversMeet(listed.ApplicationServer, s.wanted.ApplicationServer) && portsMeet(listed.DevicePorts, s.wanted.DevicePorts) &&
		portsMeet(listed.ApplicationServerPorts, s.wanted.ApplicationServerPorts)
}

// extend asks for more seconds, once. Where the answer is lost, the session
// tells by its length whether they were granted; granted is that before.
func (s *sessions) extend(ctx context.Context, id string, more, granted int64) (*api.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("nothing was sent to the operator: %w", err)
	}
	outlasting, cancel := detach.Outlast(ctx, detach.Grace)
	defer cancel()
	more = min(max(more, 1), s.operator.Version().Features().ExtensionMax)
	extended, err := s.operator.ExtendSession(outlasting, s.subject, id, more)
	if err == nil || !api.OutcomeUnknown(err) {
		return extended, err
	}
	read, readErr := s.operator.Session(outlasting, s.subject, id)
	switch {
	case readErr != nil:
		return nil, fmt.Errorf("whether the session was extended is not known, and reading it failed (%w): %w. The next plan shows it", readErr, err)
	case read.Duration > granted:
		return read, nil
	default:
		return nil, fmt.Errorf("the session is as long as it was, though the answer to the extension was lost: %w. The next plan shows what has become of it", err)
	}
}
