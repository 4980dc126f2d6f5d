package thingspace_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/thingspace"
)

// overloads are answers and losses before any work is done, each once.
func overloads(op sandbox.Operation) map[string]sandbox.Fault {
	answer := func(status int, shape sandbox.Shape) sandbox.Fault {
		return sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: op, Times: 1, Status: status, Shape: shape}
	}
	seconds, date := answer(http.StatusTooManyRequests, sandbox.ShapeGateway), answer(http.StatusTooManyRequests, sandbox.ShapeEmpty)
	seconds.RetryAfter = time.Second
	date.RetryAfter, date.RetryAfterDate = time.Second, true
	return map[string]sandbox.Fault{
		"429 with seconds": seconds,
		"429 with a date":  date,
		"500":              answer(http.StatusInternalServerError, sandbox.ShapeApplication),
		"502 in HTML":      answer(http.StatusBadGateway, sandbox.ShapeHTML),
		"503 in XML":       answer(http.StatusServiceUnavailable, sandbox.ShapeXML),
		"lost connection":  {Kind: sandbox.FaultLoseRequest, Operation: op, Times: 1},
	}
}

// What may be sent twice is, and nothing of it shows.
func TestAccOverloadIsRiddenOut(t *testing.T) {
	t.Parallel()
	repeatable := []sandbox.Operation{sandbox.OpToken, sandbox.OpListCallbacks, sandbox.OpRegisterCallback, sandbox.OpStop, sandbox.OpDeregisterCallback}
	fleet := acctest.Fleet[*acctest.World]{}
	for name := range overloads("") {
		w := acctest.New(t)
		w.Register()
		for _, op := range repeatable {
			w.ThingSpace.Inject(overloads(op)[name])
		}
		fleet[name] = acctest.Member[*acctest.World]{World: w, Provider: w.ProviderConfig(), Blocks: callbacks(w, 1)}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.Factories()),
		Steps:                    []resource.TestStep{{Config: fleet.Config(several(1))}},
	})
	for name, member := range fleet {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := member.World
			if made, live := len(w.ThingSpace.Subscriptions()), len(w.ThingSpace.Live()); made != 1 || live != 0 {
				t.Errorf("%d subscriptions were made and %d are live after destroy, want 1 and none", made, live)
			}
			for _, op := range repeatable {
				if struck := answers(w, op, http.StatusOK, http.StatusCreated); struck != 1 {
					t.Errorf("%d requests of %s were not carried out, want one", struck, op)
				}
			}
		})
	}
}

// answers counts the requests of an operation that were not answered so.
func answers(w *acctest.World, op sandbox.Operation, but ...int) int {
	n := 0
	for _, r := range w.ThingSpace.Requests() {
		if r.Operation == op && r.Status != but[0] && r.Status != but[1] {
			n++
		}
	}
	return n
}

// A 429 says that the POST was not carried out, so it is sent again. After a
// 5xx or a lost connection nobody can tell, so it is not.
func TestAccPOSTIsRepeatedOnlyIfItDidNotRun(t *testing.T) {
	t.Parallel()
	fleet, posts := acctest.Fleet[*acctest.World]{}, map[string]int{}
	var unknown []string
	for name, fault := range overloads(sandbox.OpCreate) {
		w := acctest.New(t)
		w.Register()
		w.ThingSpace.Inject(fault)
		fleet[name] = acctest.Member[*acctest.World]{World: w, Provider: w.ProviderConfig()}
		posts[name] = 1
		if fault.Status == http.StatusTooManyRequests {
			posts[name] = 2
		} else {
			unknown = append(unknown, "Unable to create QoS subscription", "The outcome is unknown, and the request was not repeated")
		}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.Factories()),
		Steps:                    []resource.TestStep{{Config: fleet.Config(subscription("test", "5551234567", `timeouts = { create = "4s" }`)), ExpectError: acctest.Words(unknown...)}},
	})
	for name, member := range fleet {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := member.World
			if got := w.ThingSpace.Count(sandbox.OpCreate); got != posts[name] {
				t.Errorf("%d POSTs, want %d", got, posts[name])
			}
			if made := len(w.ThingSpace.Subscriptions()); made != posts[name]-1 {
				t.Errorf("%d subscriptions were made, want %d", made, posts[name]-1)
			}
		})
	}
}

func TestAccRetriesAreBounded(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.ThingSpace.Inject(sandbox.Fault{Kind: sandbox.FaultAnswer, Operation: sandbox.OpListCallbacks, Status: http.StatusServiceUnavailable, Shape: sandbox.ShapeHTML})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{{
			Config:      w.ProviderConfig("max_retries = 1") + callbacks(w, 1),
			ExpectError: acctest.Words("Unable to create callback", "ThingSpace answered HTTP 503 Service Unavailable"),
		}},
	})
	if lists := w.ThingSpace.Count(sandbox.OpListCallbacks); lists != 2 {
		t.Errorf("%d requests, want one and its repeat", lists)
	}
}

// Whatever form an error comes in, the diagnostic says what was attempted, and
// ThingSpace's status, code and message.
func TestAccErrorBodies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault sandbox.Fault
		want  []string
	}{
		"application": {
			sandbox.Fault{Status: 400, Shape: sandbox.ShapeApplication, Code: "QoS.REQUEST_FAILED.DeviceNotFound", Message: "No such device."},
			[]string{"ThingSpace answered HTTP 400 Bad Request, code QoS.REQUEST_FAILED.DeviceNotFound: No such device."},
		},
		"an unheard-of code": {
			sandbox.Fault{Status: 418, Shape: sandbox.ShapeApplication, Code: "Brand.NEW.Code", Message: "Never seen before"},
			[]string{"ThingSpace answered HTTP 418", "code Brand.NEW.Code: Never seen before"},
		},
		"numeric": {
			sandbox.Fault{Status: 400, Shape: sandbox.ShapeNumeric, Code: "4711", Message: "Quota exceeded"},
			[]string{"ThingSpace answered HTTP 400 Bad Request, code 4711: Quota exceeded"},
		},
		"gateway": {
			sandbox.Fault{Status: 403, Shape: sandbox.ShapeGateway, Code: "900908", Message: "Resource forbidden"},
			[]string{"ThingSpace answered HTTP 403 Forbidden, code 900908: Resource forbidden"},
		},
		"OAuth": {
			sandbox.Fault{Status: 400, Shape: sandbox.ShapeOAuth, Code: "invalid_scope", Message: "Not yours"},
			[]string{"ThingSpace answered HTTP 400 Bad Request, code invalid_scope: Not yours"},
		},
		"XML": {
			sandbox.Fault{Status: 403, Shape: sandbox.ShapeXML, Message: "Forbidden by policy"},
			[]string{"ThingSpace answered HTTP 403 Forbidden, code 403: Forbidden by policy"},
		},
		"HTML": {
			sandbox.Fault{Status: 403, Shape: sandbox.ShapeHTML, Message: "Request blocked"},
			[]string{"ThingSpace answered HTTP 403 Forbidden: 403 Request blocked"},
		},
		"empty": {
			sandbox.Fault{Status: 403, Shape: sandbox.ShapeEmpty},
			[]string{"ThingSpace answered HTTP 403 Forbidden"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Register()
			fail := func(op sandbox.Operation) func() {
				return func() {
					fault := test.fault
					fault.Kind, fault.Operation = sandbox.FaultAnswer, op
					w.ThingSpace.ClearFaults()
					w.ThingSpace.Inject(fault)
				}
			}
			expect := func(summary, where string) resource.TestStep {
				return resource.TestStep{ExpectError: acctest.Words(append(append([]string{summary}, test.want...), where)...)}
			}
			create := expect("Unable to create QoS subscription", "(POST /api/m2m/v1/device/actions/enhanceQoS)")
			create.PreConfig, create.Config = fail(sandbox.OpCreate), w.ProviderConfig()+several(1)
			register := expect("Unable to create callback", "(POST /api/m2m/v1/callbacks/"+acctest.Account+")")
			register.PreConfig, register.Config = fail(sandbox.OpRegisterCallback), w.ProviderConfig()+callbacks(w, 1)
			list := expect("Unable to list callbacks", "(GET /api/m2m/v1/callbacks/"+acctest.Account+")")
			list.PreConfig, list.Config = fail(sandbox.OpListCallbacks), w.ProviderConfig()+"data \"thingspace_callbacks\" \"all\" {\n  account_name = \""+acctest.Account+"\"\n}\n"
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{create, register, list}})
			if made := len(w.ThingSpace.Subscriptions()); made > 0 {
				t.Errorf("%d subscriptions were made", made)
			}
		})
	}
}

// Where only the path of Verizon's SDKs works, the documented one is tried once
// per process. It reaches nothing, so nothing is made twice.
func TestAccPluralPath(t *testing.T) {
	t.Parallel()
	for name, switches := range map[string]sandbox.Switches{
		"JSON fault": {AnyPort: true, PluralPathOnly: true},
		"XML fault":  {AnyPort: true, PluralPathOnly: true, XMLNotFound: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t, func(o *sandbox.Options) { o.Switches = switches })
			w.Register()
			c := acctest.NewCLI(t)
			c.Write(w.ProviderConfig() + several(4))
			c.MustRun("apply", "-auto-approve", "-no-color", "-parallelism=1")
			if posts, astray := w.ThingSpace.Count(sandbox.OpCreate), w.ThingSpace.Count(sandbox.OpUnknown); posts != 4 || astray != 1 {
				t.Errorf("%d POSTs and %d to the path that does not exist, want 4 and 1", posts, astray)
			}
			if live := len(w.ThingSpace.Live()); live != 4 {
				t.Errorf("%d live, want 4", live)
			}
			if out, err := c.Destroy(); err != nil {
				t.Fatalf("destroy: %v\n%s", err, out)
			}
			if live := len(w.ThingSpace.Live()); live != 0 {
				t.Errorf("%d live after destroy", live)
			}
		})
	}
}

func TestAccConfiguredPluralPath(t *testing.T) {
	t.Parallel()
	w := acctest.New(t, func(o *sandbox.Options) { o.Switches.PluralPathOnly = true })
	w.Register()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps:                    []resource.TestStep{{Config: w.ProviderConfig(`enhance_qos_path = "/api/m2m/v1/devices/actions/enhanceQoS"`) + several(1)}},
	})
	if astray := w.ThingSpace.Count(sandbox.OpUnknown); astray != 0 {
		t.Errorf("%d requests to a path that does not exist", astray)
	}
}

func TestAccNoSuchPathAtAll(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Register()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{{
			Config:      w.ProviderConfig(`enhance_qos_path = "/api/m2m/v9/device/actions/enhanceQoS"`) + several(1),
			ExpectError: acctest.Words("Unable to create QoS subscription", "check the base URL and the enhanceQoS path"),
		}},
	})
}
