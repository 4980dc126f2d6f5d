package camara_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/acctest/protocol"
	"github.com/qosform/terraform-provider-qos/internal/camara/auth"
	"github.com/qosform/terraform-provider-qos/internal/camara/backend"
	"github.com/qosform/terraform-provider-qos/internal/camara/qodsession"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const extendType = "camara_qod_session_extend"

// extend invokes the action for a session.
func (d *dialogue) extend(id string, seconds int64, more ...protocol.Object) (progress []string, said protocol.Diagnostics) {
	config := protocol.Object{"session_id": id, "requested_additional_duration": seconds}
	for _, lines := range more {
		maps.Copy(config, lines)
	}
	return d.provider.Invoke(extendType, config)
}

func TestExtend(t *testing.T) {
	t.Parallel()
	for _, version := range sandbox.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			clock := clockwork.NewFakeClockAt(time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC))
			d := speak(t, version, atOnce, at(clock))
			id := d.session(t, "203.0.113.5").ID
			progress, said := d.extend(id, 300)
			wantNothingSaid(t, said)
			want := []string{
				"Reading session " + id,
				"Session " + id + " is AVAILABLE, until 2030-05-06T07:18:09Z; asking for 300 seconds more",
				"Session " + id + " is extended: it lasts for 900 seconds in all, until 2030-05-06T07:23:09Z",
			}
			if diff := cmp.Diff(want, progress); diff != "" {
				t.Errorf("progress (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExtendWithTokensOfDevices(t *testing.T) {
	t.Parallel()
	for _, version := range []sandbox.Version{sandbox.Version010, sandbox.Version12} {
		d := speakBound(t, version, auth.JWTBearer, atOnce)
		id := d.session(t, "203.0.113.5").ID
		_, said := d.extend(id, 300)
		wantErrorSaid(t, said, "device is required", "whose is needed", `AttributeName("device")`)
		_, said = d.extend(id, 300, protocol.Object{"device": thePhone()})
		wantNothingSaid(t, said)
		if extended := d.Operator.Live()[0].Duration; extended != 900 {
			t.Errorf("%s: it lasts for %d seconds, want 900", version, extended)
		}
	}
}

// An operator grants what its profile allows. At the limit, it grants nothing or
// refuses.
func TestExtendToTheLimit(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce)
	id := d.session(t, "203.0.113.5").ID
	const most = 86400 // of QOS_E
	for _, granted := range []int64{most - 600, 0} {
		progress, said := d.extend(id, 200_000)
		if len(said.Errors()) > 0 || !strings.Contains(said.Warnings().String(), fmt.Sprintf("Of the 200000 seconds more that were asked for, session %s has got %d", id, granted)) {
			t.Errorf("%s", said)
		}
		if last := progress[len(progress)-1]; !strings.Contains(last, "lasts for 86400 seconds in all") {
			t.Errorf("at last it said %q", last)
		}
	}
	d.Operator.SetSwitches(sandbox.Switches{RefuseExtendAtMax: true})
	_, said := d.extend(id, 1)
	wantErrorSaid(t, said, "Unable to extend QoD session", "OUT_OF_RANGE", "as long as its QoS profile allows already")
}

func TestExtendRefused(t *testing.T) {
	t.Parallel()
	const unknown = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
	d := speak(t, sandbox.Version11, atOnce)
	ended := d.session(t, "203.0.113.5").ID
	if err := d.Operator.TerminateByNetwork(ended); err != nil {
		t.Fatal(err)
	}
	pending := speak(t, sandbox.Version11, at(clockwork.NewFakeClock()))
	requested := pending.session(t, "203.0.113.5").ID
	old := speak(t, sandbox.Version010, atOnce)
	for name, test := range map[string]struct {
		dialogue *dialogue
		id       string
		seconds  int64
		more     protocol.Object
		says     []string
	}{
		"no session":              {d, unknown, 60, nil, []string{"Unable to extend QoD session", "There is no session " + unknown + " any more, or never was"}},
		"an ended one":            {d, ended, 60, nil, []string{"Only an AVAILABLE session can be extended", ended + " is UNAVAILABLE (NETWORK_TERMINATED)"}},
		"one that is not granted": {pending, requested, 60, nil, []string{requested + " is REQUESTED"}},
		"no time":                 {d, unknown, 0, nil, []string{"requested_additional_duration", "at least 1"}},
		"too much for 0.10":       {old, unknown, 86400, nil, []string{"requested_additional_duration must be at most 86399 seconds (API version 0.10)"}},
		"too much for any":        {d, unknown, 1 << 31, nil, []string{"at most 2147483647 seconds"}},
		"no id":                   {d, "", 60, nil, []string{"session_id"}},
		"a device that is none":   {d, unknown, 60, protocol.Object{"device": protocol.Object{"phone_number": "no"}}, []string{"device.phone_number must be in international format"}},
		"no timeout":              {d, unknown, 60, protocol.Object{"timeouts": protocol.Object{"invoke": "0s"}}, []string{"timeouts.invoke must be a duration longer than nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, said := test.dialogue.extend(test.id, test.seconds, test.more)
			wantErrorSaid(t, said, test.says...)
			if asked := test.dialogue.Operator.Count(sandbox.OpExtendSession); asked != 0 {
				t.Errorf("the operator was asked %d times", asked)
			}
		})
	}
}

func TestExtendTimesOut(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce)
	d.Gate.Interpose(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	})
	_, said := d.extend("3fa85f64-5717-4562-b3fc-2c963f66afa6", 60, protocol.Object{"timeouts": protocol.Object{"invoke": "50ms"}})
	wantErrorSaid(t, said, "Unable to extend QoD session", "Timed out after 50ms (timeouts.invoke)")
}

// atExtension does something each time the operator is asked for more time,
// before it is handled.
func (d *dialogue) atExtension(do func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	d.Gate.Interpose(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/extend") {
				next.ServeHTTP(w, r)
				return
			}
			do(w, r, next)
		})
	})
}

// The first word after an interrupt ends the call, and the second one waits for
// somebody to take it.
func TestExtendSaysNothingOnceInterrupted(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce)
	id := d.session(t, "203.0.113.5").ID
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	d.atExtension(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		interrupt()
		next.ServeHTTP(w, r)
	})
	var after []string
	invoked := d.extendWithin(ctx, t, id, func(message string) {
		if ctx.Err() != nil {
			after = append(after, message)
		}
	})
	if invoked.Diagnostics.HasError() || len(after) > 0 {
		t.Errorf("said %q after the interrupt, and %v", after, invoked.Diagnostics)
	}
	if extended := d.Operator.Live()[0].Duration; extended != 660 {
		t.Errorf("it lasts for %d seconds, want 660", extended)
	}
}

// extendWithin invokes the action for 60 seconds more, with a context of the
// test's.
func (d *dialogue) extendWithin(ctx context.Context, t *testing.T, id string, tell func(message string)) *action.InvokeResponse {
	t.Helper()
	a := qodsession.NewExtendAction()
	var schema action.SchemaResponse
	a.Schema(ctx, action.SchemaRequest{}, &schema)
	config := tfsdk.State{Schema: schema.Schema, Raw: tftypes.NewValue(schema.Schema.Type().TerraformType(ctx), nil)}
	for name, value := range map[string]any{"session_id": id, "requested_additional_duration": int64(60)} {
		if diags := config.SetAttribute(ctx, path.Root(name), value); diags.HasError() {
			t.Fatal(diags)
		}
	}
	configurable, ok := a.(action.ActionWithConfigure)
	if !ok {
		t.Fatal("the action takes no backend")
	}
	configurable.Configure(ctx, action.ConfigureRequest{ProviderData: backend.New(d.client, nil, backend.Application{}, clockwork.NewRealClock())}, &action.ConfigureResponse{})
	invoked := &action.InvokeResponse{SendProgress: func(event action.InvokeProgressEvent) { tell(event.Message) }}
	a.Invoke(ctx, action.InvokeRequest{Config: tfsdk.Config{Schema: schema.Schema, Raw: config.Raw}}, invoked)
	return invoked
}

// An operator need not tell how long a session is.
func TestExtendOfUntoldLength(t *testing.T) {
	t.Parallel()
	d := speak(t, sandbox.Version11, atOnce)
	id := d.session(t, "203.0.113.5").ID
	d.atExtension(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"sessionId": %q, "qosStatus": "AVAILABLE", "expiresAt": "2030-05-06T07:23:09Z"}`, id)
	})
	progress, said := d.extend(id, 300)
	wantNothingSaid(t, said)
	if got, want := progress[len(progress)-1], "Session "+id+" is extended, until 2030-05-06T07:23:09Z"; got != want {
		t.Errorf("at last it said %q, want %q", got, want)
	}
}
