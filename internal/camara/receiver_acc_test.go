package camara_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	"github.com/qosform/terraform-provider-qos/internal/camara"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// notified is an operator whose notifications go to a receiver.
type notified struct {
	kind

	world    *acctest.CamaraWorld
	receiver *acctest.NotifiedReceiver
	// provider is the provider block, and one the block of what is notified of.
	provider, one string
}

func (n notified) config() string { return n.provider + n.one }

// notifiedFleet are several of them in one configuration.
func notifiedFleet(all map[string]notified) acctest.Fleet[notified] {
	fleet := acctest.Fleet[notified]{}
	for name, n := range all {
		fleet[name] = acctest.Member[notified]{World: n, Provider: n.provider, Blocks: n.one}
	}
	return fleet
}

// allNotified are one of each of notifiedWorlds.
func allNotified(t *testing.T) map[string]notified {
	t.Helper()
	all := map[string]notified{}
	for name, world := range notifiedWorlds() {
		all[name] = world(t)
	}
	return all
}

// notifiedWorlds are both kinds, the oldest and the newest words, and tokens of two
// legs and of three.
func notifiedWorlds() map[string]func(*testing.T) notified {
	session, assignment := kinds()[0], kinds()[1]
	twoLegged := func(k kind, version sandbox.Version) func(*testing.T) notified {
		return func(t *testing.T) notified {
			t.Helper()
			r := acctest.NewNotifiedReceiver(t)
			n := notified{kind: k, world: acctest.NewCamara(t, version, r.Trusted), receiver: r}
			sink := n.receiver.Sink(acctest.NotificationToken)
			if version == sandbox.Version010 {
				sink = n.receiver.Webhook(acctest.NotificationToken)
			}
			n.provider, n.one = n.world.ProviderConfig(n.receiver.ProviderLines()), k.block("test", sink)
			return n
		}
	}
	threeLegged := func(t *testing.T) notified {
		t.Helper()
		r := acctest.NewNotifiedReceiver(t)
		w := acctest.NewKeyedCamara(t, sandbox.Version12, r.Trusted)
		n := notified{kind: session, world: w.CamaraWorld, receiver: r}
		oauth := w.OAuth("jwt_bearer", "private_key = <<EOT\n"+w.PrivateKey+"EOT", w.Scopes(true))
		n.provider, n.one = w.ProviderBlock(oauth, n.receiver.ProviderLines()), session.block("test", n.receiver.Sink(acctest.NotificationToken))
		return n
	}
	return map[string]func(*testing.T) notified{
		"session, 0.10":   twoLegged(session, sandbox.Version010),
		"session, 1.1":    twoLegged(session, sandbox.Version11),
		"session, 1.2":    twoLegged(session, sandbox.Version12),
		"session, 3 legs": threeLegged,
		"assignment":      twoLegged(assignment, sandbox.Version11),
	}
}

// happensOnceRead lets something happen to the one that is live once its provider
// has asked for it and is about to hear that it is REQUESTED.
func (n notified) happensOnceRead(t *testing.T, happen func(id string) error) func() {
	t.Helper()
	return func() {
		n.world.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultStayRequested, Times: 1})
		var once sync.Once
		n.world.Gate.Interpose(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, n.collection+"/") {
					return
				}
				once.Do(func() {
					if err := happen(n.live(n.world.Operator)[0]); err != nil {
						t.Error(err)
					}
				})
			})
		})
	}
}

// stillClock never moves, so that no pause between two polls ever ends.
func stillClock() camara.Option { return camara.WithClock(clockwork.NewFakeClockAt(time.Now())) }

// happenOnceRead is happensOnceRead for all of them.
func happenOnceRead(t *testing.T, all map[string]notified, happen func(n notified) func(id string) error) func() {
	t.Helper()
	return func() {
		for _, n := range all {
			n.happensOnceRead(t, happen(n))()
		}
	}
}

// On a clock that stands still, nothing but a notification can end the wait.
func TestAccNotificationEndsTheWait(t *testing.T) {
	t.Parallel()
	all := allNotified(t)
	fleet := notifiedFleet(all)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.CamaraFactories(stillClock())),
		Steps: []resource.TestStep{{
			PreConfig: happenOnceRead(t, all, func(n notified) func(string) error { return n.world.Operator.MakeAvailable }),
			Config:    fleet.Config(""),
			Check: func(*terraform.State) error {
				for name, n := range all {
					// One at once, one for the notification; Terraform's own reads come after.
					if reads := n.world.Operator.Count(n.get); reads > 3 {
						t.Errorf("%s: %d reads", name, reads)
					}
				}
				return nil
			},
		}},
	})
	for name, n := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n.wantPosts(t, n.world, 1)
			if lost := n.world.Operator.Lost(); len(lost) > 0 {
				t.Errorf("lost notifications: %+v", lost)
			}
			n.wantNoSecrets(t)
		})
	}
}

// wantNoSecrets looks for tokens in the receiver's store.
func (n notified) wantNoSecrets(t *testing.T) {
	t.Helper()
	kept := false
	for name, content := range n.receiver.Files(t) {
		kept = kept || strings.Contains(content, "status-changed")
		for _, secret := range []string{acctest.NotificationToken, acctest.ReadToken, acctest.ReceiverToken, acctest.OperatorClientSecret} {
			if strings.Contains(content, secret) {
				t.Errorf("%s is in %s", secret, name)
			}
		}
	}
	if !kept {
		t.Error("the receiver has kept no notification")
	}
}

func TestAccNotifiedOfUnavailable(t *testing.T) {
	t.Parallel()
	all := allNotified(t)
	fleet := notifiedFleet(all)
	says := slices.Repeat([]string{"does not provide", "UNAVAILABLE", "nothing is left of it"}, len(all))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.CamaraFactories(stillClock())),
		Steps: []resource.TestStep{{
			PreConfig:   happenOnceRead(t, all, func(n notified) func(string) error { return n.world.Operator.TerminateByNetwork }),
			Config:      fleet.Config(""),
			ExpectError: acctest.Words(says...),
		}},
	})
	for name, n := range all {
		if live := n.live(n.world.Operator); len(live) > 0 {
			t.Errorf("%s: still live: %v", name, live)
		}
	}
}

// A notification is a reason to ask, and no answer: what it says is not believed.
func TestAccNotificationAloneIsNotBelieved(t *testing.T) {
	t.Parallel()
	n := notifiedWorlds()["session, 1.1"](t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps: []resource.TestStep{{
			PreConfig: n.happensOnceRead(t, func(id string) error {
				n.receiver.Tell(t, id, "UNAVAILABLE")
				n.receiver.Tell(t, "../"+id, "AVAILABLE")
				return n.world.Operator.MakeAvailable(id)
			}),
			Config: n.config(),
			Check:  resource.TestCheckResourceAttr(n.address(), "qos_status", "AVAILABLE"),
		}},
	})
}

// Without the receiver's help, everything works by polling.
func TestAccReceiverIsOfNoHelp(t *testing.T) {
	t.Parallel()
	all := map[string]notified{}
	for name, hinder := range map[string]func(*notified){
		"away":                func(n *notified) { n.receiver.Gate.Close() },
		"wrong token to read": func(n *notified) { n.provider = strings.ReplaceAll(n.provider, acctest.ReadToken, "not-the-token") },
		"wrong token to notify": func(n *notified) {
			n.one = strings.ReplaceAll(n.one, acctest.NotificationToken, "not-the-operators-token")
		},
		"no notification is sent": func(n *notified) { n.world.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultDropNotification}) },
	} {
		for _, which := range []string{"session, 0.10", "assignment"} {
			n := notifiedWorlds()[which](t)
			hinder(&n)
			all[name+", "+which] = n
		}
	}
	fleet := notifiedFleet(all)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: fleet.Factories(acctest.CamaraFactories()),
		Steps: []resource.TestStep{{
			PreConfig: happenOnceRead(t, all, func(n notified) func(string) error { return n.world.Operator.MakeAvailable }),
			Config:    fleet.Config(""),
		}},
	})
	for name, n := range all {
		if posts := n.world.Operator.Count(n.create); posts != 1 {
			t.Errorf("%s: %d POSTs, want 1", name, posts)
		}
	}
}

// 0.10 cannot list, so only a notification can name what a lost answer was about.
func TestAccLostAnswerIsHeardOf(t *testing.T) {
	t.Parallel()
	n := notifiedWorlds()["session, 0.10"](t)
	// Another one of the same application's, told of at the same time.
	other := strings.ReplaceAll(strings.ReplaceAll(n.block("other", n.receiver.Webhook(acctest.NotificationToken)), "34666666666", "34777777777"), "QOS_E", "QOS_M")
	lost := sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Operation: n.create, Device: "+34666666666", Times: 1}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.CamaraFactories(),
		Steps: []resource.TestStep{
			{
				PreConfig: func() { n.world.Operator.Inject(lost) },
				Config:    n.config() + other,
				Check: func(*terraform.State) error {
					if live := n.live(n.world.Operator); len(live) != 2 {
						t.Errorf("live at the operator: %v", live)
					}
					return nil
				},
			},
		},
	})
	n.wantPosts(t, n.world, 2)
	if live := n.live(n.world.Operator); len(live) > 0 {
		t.Errorf("still live: %v", live)
	}
}
