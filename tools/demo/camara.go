//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Durations of the camara scene, in seconds.
const (
	shorter = 600 // the configuration's
	longer  = 1200
)

// camara is the scene of a QoD session at an operator.
type camara struct{ *stage }

func (camara) title() string    { return "CAMARA: a session at an operator, extended and replaced" }
func (camara) provider() string { return "camara" }
func (camara) config() string   { return "examples/camara/quickstart/plain" }

func (s camara) env() []string {
	return []string{
		"CAMARA_OAUTH_CLIENT_SECRET=" + s.clientSecret,
		"TF_VAR_base_url=" + s.operatorURL() + "/quality-on-demand/v1",
		"TF_VAR_token_url=" + s.operatorURL() + "/oauth/token",
		"TF_VAR_client_id=" + s.clientID,
		"TF_VAR_phone_number=" + phoneNumber,
	}
}

func (s camara) play(ctx context.Context, t terraform) error {
	if err := t.init(ctx); err != nil {
		return err
	}
	first, err := s.request(ctx, t)
	if err != nil {
		return err
	}
	if err := s.extend(ctx, t, first); err != nil {
		return err
	}
	if err := s.end(ctx, t.out, first); err != nil {
		return err
	}
	if err := s.replace(ctx, t, first); err != nil {
		return err
	}
	if err := t.destroy(ctx); err != nil {
		return err
	}
	if err := s.expectLive(ctx, t.out); err != nil {
		return fmt.Errorf("after destroy: %w", err)
	}
	return nil
}

// request has a session granted, and returns its id.
func (s camara) request(ctx context.Context, t terraform) (string, error) {
	if err := t.follow(ctx, fmt.Sprintf("ask for a session of %d seconds, and wait until the network provides it", shorter), "apply", "-auto-approve"); err != nil {
		return "", err
	}
	id, err := s.sessionID(ctx, t)
	if err != nil {
		return "", err
	}
	if err := s.expectLive(ctx, t.out, id); err != nil {
		return "", fmt.Errorf("after apply: %w", err)
	}
	return id, nil
}

func (s camara) extend(ctx context.Context, t terraform, id string) error {
	if err := t.amend(fmt.Sprintf("resource \"camara_qod_session\" \"robot\" {\n  duration = %d\n}\n", longer)); err != nil {
		return err
	}
	if err := t.follow(ctx, fmt.Sprintf("the configuration now asks for %d seconds, which extends the session in place", longer), "apply", "-auto-approve"); err != nil {
		return err
	}
	live, err := s.live(ctx)
	if err != nil {
		return err
	}
	if err := expectLive(t.out, "operator", live, id); err != nil {
		return fmt.Errorf("after the extension: %w", err)
	}
	if got := live[0].Seconds; got != longer {
		return fmt.Errorf("after the extension: the session has %d seconds, want %d", got, longer)
	}
	return nil
}

// end plays the network's part.
func (s camara) end(ctx context.Context, out io.Writer, id string) error {
	heading(out, "The network ends the session, as it may at any time")
	if err := happen(ctx, s.operatorURL()+"/sandbox/terminate", map[string]string{"id": id}); err != nil {
		return err
	}
	if err := s.expectLive(ctx, out); err != nil {
		return fmt.Errorf("after the network ended the session: %w", err)
	}
	return nil
}

func (s camara) replace(ctx context.Context, t terraform, ended string) error {
	if err := t.follow(ctx, "find that the session has ended, say why, and plan a new one", "plan", "-out=demo.tfplan"); err != nil {
		return err
	}
	if err := t.follow(ctx, "delete what is left of the old session, which is in the way of a new one, and ask again", "apply", "demo.tfplan"); err != nil {
		return err
	}
	id, err := s.sessionID(ctx, t)
	if err != nil {
		return err
	}
	if id == ended {
		return fmt.Errorf("session %s has ended and was not replaced", ended)
	}
	if err := s.expectLive(ctx, t.out, id); err != nil {
		return fmt.Errorf("after the replacement: %w", err)
	}
	return nil
}

func (camara) sessionID(ctx context.Context, t terraform) (string, error) {
	return t.quiet(ctx, "output", "-raw", "session_id")
}

// expectLive fails unless the operator has on what Terraform has, by id.
func (s camara) expectLive(ctx context.Context, out io.Writer, want ...string) error {
	live, err := s.live(ctx)
	if err != nil {
		return err
	}
	return expectLive(out, "operator", live, want...)
}

func (s camara) live(ctx context.Context) ([]session, error) {
	return ask[session](ctx, s.operatorURL()+"/sandbox/sessions?live=true")
}

// session is one that the simulated operator has on.
type session struct {
	ID     string `json:"sessionId"`
	Device struct {
		PhoneNumber string `json:"phoneNumber"`
	} `json:"device"`
	Profile   string    `json:"qosProfile"`
	Status    string    `json:"qosStatus"`
	Seconds   int       `json:"duration"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func (s session) id() string { return s.ID }

func (s session) report(out io.Writer) {
	_, _ = fmt.Fprintf(out, "session %s: %s\n  %s for device %s, %d seconds, until %s\n",
		s.ID, s.Status, s.Profile, s.Device.PhoneNumber, s.Seconds, s.ExpiresAt.Format(time.TimeOnly))
}
