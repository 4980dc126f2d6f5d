//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

const (
	account     = "0000123456-00001"
	phoneNumber = "+34666666666"
	// operatorVersion is the CAMARA version that the simulated operator speaks.
	operatorVersion = "1.1"
	// networkDelay is what a simulated network takes for each of its answers.
	networkDelay = "250ms"
)

// stage is the simulated networks and the receiver, with secrets made for this
// run.
type stage struct {
	sandboxURL, receiverURL            string
	clientID, clientSecret             string
	username, password                 string
	receiverToken                      string
	callbackUsername, callbackPassword string
}

func newStage() *stage {
	return &stage{
		clientID: "demo-key", clientSecret: rand.Text(),
		username: "demo-user", password: rand.Text(),
		receiverToken:    rand.Text(),
		callbackUsername: "demo-callback", callbackPassword: rand.Text(),
	}
}

// start starts both servers. The returned function stops them; it is nil with
// an error.
func (s *stage) start(ctx context.Context, bin, work string) (stop func(), err error) {
	base := without(os.Environ(), "QOS_")
	sandbox, err := s.startSandbox(ctx, bin, base)
	if err != nil {
		return nil, err
	}
	receiver, err := s.startReceiver(ctx, bin, work, base)
	if err != nil {
		sandbox.stop()
		return nil, err
	}
	return func() {
		sandbox.stop()
		receiver.stop()
	}, nil
}

func (s *stage) startSandbox(ctx context.Context, bin string, env []string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s.sandboxURL = "http://" + address
	return startServer(ctx, filepath.Join(bin, "qos-sandbox"),
		[]string{
			"serve", "--listen", address, "--any-port", "--account", account,
			"--ack-delay", networkDelay, "--on-delay", networkDelay, "--terminate-delay", networkDelay,
			"--camara", operatorVersion, "--camara-available-delay", networkDelay,
		},
		slices.Concat(env, []string{
			"QOS_SANDBOX_CLIENT_ID=" + s.clientID, "QOS_SANDBOX_CLIENT_SECRET=" + s.clientSecret,
			"QOS_SANDBOX_USERNAME=" + s.username, "QOS_SANDBOX_PASSWORD=" + s.password,
			"QOS_SANDBOX_CAMARA_CLIENT_ID=" + s.clientID, "QOS_SANDBOX_CAMARA_CLIENT_SECRET=" + s.clientSecret,
		}),
		s.sandboxURL+"/sandbox/subscriptions")
}

func (s *stage) startReceiver(ctx context.Context, bin, work string, env []string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s.receiverURL = "http://" + address
	return startServer(ctx, filepath.Join(bin, "qos-receiver"),
		[]string{
			"serve", "--listen", address, "--public-url", s.receiverURL,
			"--database", filepath.Join(work, "receiver.db"), "--account", account,
		},
		slices.Concat(env, []string{
			"QOS_RECEIVER_JOURNAL_TOKEN=" + s.receiverToken,
			"QOS_RECEIVER_CALLBACK_USERNAME=" + s.callbackUsername, "QOS_RECEIVER_CALLBACK_PASSWORD=" + s.callbackPassword,
		}),
		s.receiverURL+"/readyz")
}

// operatorURL is the simulated operator's root.
func (s *stage) operatorURL() string { return s.sandboxURL + "/camara/" + operatorVersion }

// ask reads a list that a simulated network keeps of itself.
func ask[T any](ctx context.Context, url string) ([]T, error) {
	body, err := request(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	var list []T
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("reading the network's list: %w", err)
	}
	return list, nil
}

// happen makes something happen in a simulated network.
func happen(ctx context.Context, url string, what any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	_, err = request(ctx, http.MethodPost, url, bytes.NewReader(body))
	return err
}
