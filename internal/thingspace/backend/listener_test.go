package backend

import (
	"errors"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
	"github.com/qosform/terraform-provider-qos/internal/thingspace/api"
)

func TestJudgeListener(t *testing.T) {
	t.Parallel()
	const account = "0000123456-00001"
	at := func(url string) []api.Callback {
		return []api.Callback{{Name: "Other", URL: "https://other"}, {Name: "qos", URL: url}}
	}
	for name, test := range map[string]struct {
		info      receiver.Info
		callbacks []api.Callback
		want      string
	}{
		"registered to the capture path":   {receiver.Info{PublicURL: "https://qos.example.com"}, at("https://qos.example.com/thingspace/callbacks"), ""},
		"public URL with a slash":          {receiver.Info{PublicURL: "https://qos.example.com/"}, at("https://QOS.example.com:443/thingspace/callbacks/"), ""},
		"registered to the public URL":     {receiver.Info{PublicURL: "https://edge.example.com/hooks/qos"}, at("https://edge.example.com/hooks/qos"), ""},
		"receiver does not say":            {receiver.Info{}, at("https://anywhere.example.com"), ""},
		"account accepted":                 {receiver.Info{Accounts: []string{"1", account}}, at("https://anywhere.example.com"), ""},
		"another host":                     {receiver.Info{PublicURL: "https://qos.example.com"}, at("https://old.example.com/thingspace/callbacks"), "registered to https://old.example.com"},
		"another path":                     {receiver.Info{PublicURL: "https://qos.example.com"}, at("https://qos.example.com/elsewhere"), "registered to https://qos.example.com/elsewhere"},
		"another scheme":                   {receiver.Info{PublicURL: "https://qos.example.com"}, at("http://qos.example.com/thingspace/callbacks"), "registered to http://"},
		"secrets of the other's URL":       {receiver.Info{PublicURL: "https://qos.example.com"}, at("https://u:hidden@old.example.com/?key=hidden"), "registered to https://old.example.com"},
		"nothing registered":               {receiver.Info{}, nil, "no QoS callback is registered"},
		"only another service registered":  {receiver.Info{}, []api.Callback{{Name: "NiddService", URL: "https://x"}}, "no QoS callback is registered"},
		"account not accepted by receiver": {receiver.Info{Accounts: []string{"0000999999-00001"}}, at("https://x"), "--account " + account},
	} {
		err := judgeListener(account, &test.info, test.callbacks)
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var listener *ListenerError
		if !errors.As(err, &listener) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want a ListenerError with %q", name, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "nothing was sent") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
