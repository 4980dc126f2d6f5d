//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
)

// thingSpace is the scene of an elevated flow in Verizon's network.
type thingSpace struct{ *stage }

func (thingSpace) title() string    { return "ThingSpace: an elevated flow for a device" }
func (thingSpace) provider() string { return "thingspace" }
func (thingSpace) config() string   { return "examples/thingspace/quickstart" }

func (s thingSpace) env() []string {
	return []string{
		"THINGSPACE_CLIENT_ID=" + s.clientID,
		"THINGSPACE_CLIENT_SECRET=" + s.clientSecret,
		"THINGSPACE_USERNAME=" + s.username,
		"THINGSPACE_PASSWORD=" + s.password,
		"THINGSPACE_RECEIVER_TOKEN=" + s.receiverToken,
		"TF_VAR_account_name=" + account,
		"TF_VAR_base_url=" + s.sandboxURL,
		"TF_VAR_receiver_url=" + s.receiverURL,
		"TF_VAR_callback_username=" + s.callbackUsername,
		"TF_VAR_callback_password=" + s.callbackPassword,
	}
}

func (s thingSpace) play(ctx context.Context, t terraform) error {
	if err := t.init(ctx); err != nil {
		return err
	}
	if err := t.show(ctx, "what would be done", "plan", "-out=demo.tfplan"); err != nil {
		return err
	}
	if err := t.show(ctx, "have callbacks sent to the receiver, request the flow, and wait until the network says that it is on", "apply", "demo.tfplan"); err != nil {
		return err
	}
	granted, err := t.quiet(ctx, "output", "-raw", "qos_subscription_id")
	if err != nil {
		return err
	}
	if err := s.expectLive(ctx, t.out, granted); err != nil {
		return fmt.Errorf("after apply: %w", err)
	}
	if err := t.expectNoChanges(ctx); err != nil {
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

// expectLive fails unless the network has on what Terraform has, by id.
func (s thingSpace) expectLive(ctx context.Context, out io.Writer, want ...string) error {
	live, err := ask[subscription](ctx, s.sandboxURL+"/sandbox/subscriptions?live=true")
	if err != nil {
		return err
	}
	return expectLive(out, "ThingSpace", live, want...)
}

// subscription is one that the simulated network has on.
type subscription struct {
	ID          string `json:"qosSubscriptionId"`
	AccountName string `json:"accountName"`
	Status      string `json:"status"`
	Device      struct {
		ID   string `json:"id"`
		Kind string `json:"kind"`
	} `json:"deviceId"`
	Flows []struct {
		Server    string `json:"flowServer"`
		Device    string `json:"flowDevice"`
		Direction string `json:"flowDirection"`
		Protocol  string `json:"flowProtocol"`
		QCIOption string `json:"qciOption"`
	} `json:"flowInfo"`
}

func (s subscription) id() string { return s.ID }

func (s subscription) report(out io.Writer) {
	_, _ = fmt.Fprintf(out, "subscription %s: %s\n  %s %s of account %s\n", s.ID, s.Status, s.Device.Kind, s.Device.ID, s.AccountName)
	for _, f := range s.Flows {
		_, _ = fmt.Fprintf(out, "  %s, %s %s, between device %s and server %s\n", f.QCIOption, f.Protocol, f.Direction, f.Device, f.Server)
	}
}
