package page

import (
	"testing"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

func TestImportBlock(t *testing.T) {
	t.Parallel()
	const begin, end = "import {\n  to = thingspace_qos_subscription.example\n  id = ", "\n}"
	for name, test := range map[string]struct{ account, request, want string }{
		"usual":            {"0000123456-00001", "be36", begin + `"0000123456-00001/be36"` + end},
		"template":         {"1", "${file(\"/etc/passwd\")}%{x}", begin + `"1/$${file(\"/etc/passwd\")}%%{x}"` + end},
		"backslash":        {"1", `a\"b`, begin + `"1/a\\\"b"` + end},
		"line break":       {"1", "a\n}\nresource", ""},
		"hidden direction": {"1", "a\u202eb", ""},
		"no request id":    {"1", "", ""},
		"no account":       {"", "r", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := importBlock(&receiver.Request{AccountName: test.account, RequestID: test.request}); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestUnprintableCandidatesAreNotOffered(t *testing.T) {
	t.Parallel()
	commands := resolutions(&receiver.Request{ID: "i", State: receiver.StateUnknown, Candidates: []string{"a\n; rm -rf ~", "b; rm"}})
	var got []string
	for _, c := range commands {
		got = append(got, c.Text)
	}
	want := []string{"qos-receiver resolve i --not-created", "qos-receiver resolve i --request-id='b; rm'"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-90 * time.Second: "in 1 min",
		-time.Second:      "in under a minute",
		0:                 "just now",
		59 * time.Second:  "just now",
		time.Minute:       "1 min ago",
		59 * time.Minute:  "59 min ago",
		time.Hour:         "1 h ago",
		47 * time.Hour:    "47 h ago",
		48 * time.Hour:    "2 days ago",
	} {
		if got := distance(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
