package thingspace_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/thingspace"
)

// The warning about a password in the state is for engines that have another way.
func TestPasswordIsWarnedOfWhereThereIsAnotherWay(t *testing.T) {
	t.Parallel()
	server := providerserver.NewProtocol6(thingspace.New("test"))()
	for _, test := range []struct {
		extra     string
		writeOnly bool
		warned    bool
	}{
		{`"password":"p"`, true, true},
		{`"password":"p"`, false, false},
		{`"password_wo":"p","password_wo_version":1`, true, false},
		{`"force_destroy":false`, true, false},
	} {
		config := fmt.Sprintf(`{"account_name":%q,"url":"https://qos.example.com/thingspace/callbacks","username":"u",%s}`, acctest.Account, test.extra)
		answer, err := server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: callbackType, Config: &tfprotov6.DynamicValue{JSON: []byte(config)},
			ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: test.writeOnly},
		})
		if err != nil {
			t.Fatal(err)
		}
		warned := false
		for _, d := range answer.Diagnostics {
			if d.Severity == tfprotov6.DiagnosticSeverityError {
				t.Fatalf("%s: %s: %s", test.extra, d.Summary, d.Detail)
			}
			warned = warned || strings.Contains(d.Detail, "password_wo")
		}
		if warned != test.warned {
			t.Errorf("%s, write-only %v: warned is %v", test.extra, test.writeOnly, warned)
		}
	}
}
