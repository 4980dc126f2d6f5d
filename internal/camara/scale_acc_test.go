package camara_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// All tokens expire three times while 200 sessions are created, ten at a time.
func TestAccTwoHundredSessions(t *testing.T) {
	t.Parallel()
	const count = 200
	k := kinds()[0]
	w := acctest.NewCamara(t, sandbox.Version11, func(o *sandbox.Options) { o.AvailableDelay = -1 })
	expiries := []sandbox.Fault{}
	for _, after := range []int{50, 100, 150} {
		expiries = append(expiries, sandbox.Fault{Kind: sandbox.FaultExpireTokens, Operation: k.create, Skip: after, Times: 1})
	}
	w.Operator.Inject(expiries...)
	c := newCLI(t)
	block := strings.Replace(k.block("test", fmt.Sprintf("count = %d", count)), `"+34666666666"`, `format("+346660%05d", count.index)`, 1)
	c.Write(w.ProviderConfig() + block)
	c.MustRun("apply", "-auto-approve", "-no-color")

	k.wantHeld(t, w, c)
	if live := len(k.live(w.Operator)); live != count {
		t.Errorf("%d live, want %d", live, count)
	}
	if created := answered(w, k.create, http.StatusCreated); created != count {
		t.Errorf("%d POSTs were carried out, want %d", created, count)
	}
	if others := w.Operator.Count(k.create) - count - answered(w, k.create, http.StatusUnauthorized); others != 0 {
		t.Errorf("%d POSTs were neither carried out nor refused for their token", others)
	}
	if tokens := w.Operator.Count(sandbox.OpToken); tokens != 1+len(expiries) {
		t.Errorf("%d tokens, want the first and one after each of %d expiries", tokens, len(expiries))
	}

	before := len(w.Operator.Requests())
	wantEmptyPlan(t, c)
	planned := map[sandbox.Operation]int{}
	for _, r := range w.Operator.Requests()[before:] {
		planned[r.Operation]++
	}
	if planned[k.get] != count || planned[sandbox.OpToken] != 1 || len(planned) != 2 {
		t.Errorf("planning sent %v, want a GET for each session and one token", planned)
	}
	k.wantDestroyed(t, w, c)
	if deletes := w.Operator.Count(k.delete); deletes != count {
		t.Errorf("%d DELETEs, want %d", deletes, count)
	}
}

// answered counts the requests of an operation that had that answer.
func answered(w *acctest.CamaraWorld, op sandbox.Operation, status int) int {
	n := 0
	for _, r := range w.Operator.Requests() {
		if r.Operation == op && r.Status == status {
			n++
		}
	}
	return n
}
