package protocol_test

import (
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

func serve(t *testing.T) *protocol.Server {
	t.Helper()
	return protocol.Serve(t, thingspace.New("test", thingspace.WithEnvironment(func(string) string { return "" })))
}

func TestValidateKnowsWriteOnlyArguments(t *testing.T) {
	t.Parallel()
	said := serve(t).Validate("thingspace_callback", protocol.Object{
		"account_name": "0000123456-00001", "url": "https://receiver.example/thingspace/callbacks", "username": "u", "password": "p",
	})
	if len(said.Errors()) > 0 {
		t.Fatal(said)
	}
	if !strings.Contains(said.Warnings().String(), "password_wo") {
		t.Errorf("no word of the write-only argument:\n%s", said)
	}
}

func TestDiagnosticsSayWhere(t *testing.T) {
	t.Parallel()
	said := serve(t).Validate("thingspace_callback", protocol.Object{"account_name": "none", "url": "https://receiver.example/"})
	if len(said.Errors()) != 1 || !strings.Contains(said.String(), `AttributeName("account_name")`) {
		t.Errorf("want one error at account_name:\n%s", said)
	}
}

func TestAnUnreachableBackendIsSaid(t *testing.T) {
	t.Parallel()
	s := serve(t).Configure(protocol.Object{"base_url": "http://127.0.0.1:9", "access_token": "t", "session_token": "s", "max_retries": 0})
	instance, said := s.ImportByIdentity("thingspace_callback", protocol.Object{"account_name": "0000123456-00001", "name": "QoS"})
	if instance != nil || len(said.Errors()) == 0 {
		t.Errorf("import through a closed port: %v\n%s", instance, said)
	}
}
