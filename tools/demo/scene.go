//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const (
	account = "0000123456-00001"
	// networkDelay is what the simulated network takes for each of its answers.
	networkDelay = "500ms"
)

// scene is the simulated network and the receiver, with secrets made for this
// run.
type scene struct {
	sandboxURL, receiverURL            string
	clientID, clientSecret             string
	username, password                 string
	receiverToken                      string
	callbackUsername, callbackPassword string
}

func newScene() *scene {
	return &scene{
		clientID: "demo-key", clientSecret: rand.Text(),
		username: "demo-user", password: rand.Text(),
		receiverToken:    rand.Text(),
		callbackUsername: "demo-callback", callbackPassword: rand.Text(),
	}
}

// start starts both servers. The returned function stops them; it is nil with
// an error.
func (s *scene) start(ctx context.Context, bin, work string) (stop func(), err error) {
	sandboxAddress, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s.sandboxURL = "http://" + sandboxAddress
	base := without(os.Environ(), "QOS_")
	sandbox, err := startServer(ctx, filepath.Join(bin, "qos-sandbox"),
		[]string{
			"serve", "--listen", sandboxAddress, "--any-port", "--account", account,
			"--ack-delay", networkDelay, "--on-delay", networkDelay, "--terminate-delay", networkDelay,
		},
		slices.Concat(base, []string{
			"QOS_SANDBOX_CLIENT_ID=" + s.clientID, "QOS_SANDBOX_CLIENT_SECRET=" + s.clientSecret,
			"QOS_SANDBOX_USERNAME=" + s.username, "QOS_SANDBOX_PASSWORD=" + s.password,
		}),
		s.sandboxURL+"/sandbox/subscriptions")
	if err != nil {
		return nil, err
	}
	receiverAddress, err := freeAddress(ctx)
	if err != nil {
		sandbox.stop()
		return nil, err
	}
	s.receiverURL = "http://" + receiverAddress
	receiver, err := startServer(ctx, filepath.Join(bin, "qos-receiver"),
		[]string{
			"serve", "--listen", receiverAddress, "--public-url", s.receiverURL,
			"--database", filepath.Join(work, "receiver.db"), "--account", account,
		},
		slices.Concat(base, []string{
			"QOS_RECEIVER_JOURNAL_TOKEN=" + s.receiverToken,
			"QOS_RECEIVER_CALLBACK_USERNAME=" + s.callbackUsername, "QOS_RECEIVER_CALLBACK_PASSWORD=" + s.callbackPassword,
		}),
		s.receiverURL+"/readyz")
	if err != nil {
		sandbox.stop()
		return nil, err
	}
	return func() {
		sandbox.stop()
		receiver.stop()
	}, nil
}

// terraformEnv is env with the scene in place of anything that would lead to a
// real network, and without a CLI configuration of the user's.
func (s *scene) terraformEnv(env []string) []string {
	return append(without(env, "TF_", "THINGSPACE_"),
		"TF_CLI_CONFIG_FILE="+os.DevNull,
		"TF_IN_AUTOMATION=1",
		"CHECKPOINT_DISABLE=1",
		"THINGSPACE_CLIENT_ID="+s.clientID,
		"THINGSPACE_CLIENT_SECRET="+s.clientSecret,
		"THINGSPACE_USERNAME="+s.username,
		"THINGSPACE_PASSWORD="+s.password,
		"THINGSPACE_RECEIVER_TOKEN="+s.receiverToken,
		"TF_VAR_account_name="+account,
		"TF_VAR_base_url="+s.sandboxURL,
		"TF_VAR_receiver_url="+s.receiverURL,
		"TF_VAR_callback_username="+s.callbackUsername,
		"TF_VAR_callback_password="+s.callbackPassword,
	)
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

// live asks the simulated network, not the receiver and not Terraform.
func (s *scene) live(ctx context.Context) ([]subscription, error) {
	body, err := get(ctx, s.sandboxURL+"/sandbox/subscriptions?live=true")
	if err != nil {
		return nil, err
	}
	var live []subscription
	if err := json.Unmarshal(body, &live); err != nil {
		return nil, fmt.Errorf("reading the network's list: %w", err)
	}
	return live, nil
}
