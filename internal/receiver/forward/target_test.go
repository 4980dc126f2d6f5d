package forward_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/qosform/terraform-provider-qos/internal/receiver/forward"
)

func TestTargets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		urls []string
		says string
	}{
		"no URL":            {[]string{"listener.example/hunter2"}, "absolute"},
		"empty":             {[]string{""}, "absolute"},
		"no host":           {[]string{"https:///hunter2"}, "absolute"},
		"another scheme":    {[]string{"ftp://u:hunter2@listener.example"}, "absolute"},
		"not encoded":       {[]string{"https://u:hunter2%@listener.example"}, "percent-encoded"},
		"a port that isn't": {[]string{"https://u:hunter2/@listener.example"}, "absolute"},
		"a name alone":      {[]string{"https://hunter2@listener.example"}, "both"},
		"a password alone":  {[]string{"https://:hunter2@listener.example"}, "both"},
		"a fragment":        {[]string{"https://listener.example#hunter2"}, "fragment"},
		"twice":             {[]string{"https://listener.example/hunter2?a", "https://u:p@LISTENER.example/hunter2?b"}, "twice"},
	} {
		_, err := forward.ParseTargets(test.urls)
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %q", name, err, test.says)
		}
	}
}

func TestNamesOfTargets(t *testing.T) {
	t.Parallel()
	urls := []string{
		"https://Listener.example:8443/hooks/hunter2", "https://listener.example:8443/hooks/hunter3",
		"http://listener.example:8443/hooks/hunter2", "https://listener.example/hooks/hunter2",
	}
	names := map[string]bool{}
	for _, one := range targets(t, urls...) {
		names[one.Name()] = true
		host, digest, _ := strings.Cut(one.Name(), "/")
		if !strings.HasPrefix(host, "listener.example") || len(digest) != 8 {
			t.Errorf("name %q", one.Name())
		}
	}
	if len(names) != len(urls) {
		t.Errorf("names %v", names)
	}
	secret := targets(t, "https://u:hunter2@listener.example:8443/hooks/hunter2?key=hunter2")[0]
	if !names[secret.Name()] {
		t.Errorf("credentials and queries change the name to %q", secret.Name())
	}
	if text := fmt.Sprintf("%s %v %+v %#v", secret, secret, secret, secret); strings.Contains(text, "hunter2") {
		t.Errorf("a target shows its credentials: %s", text)
	}
}

func TestExposedCredentials(t *testing.T) {
	t.Parallel()
	for url, exposed := range map[string]bool{
		"http://u:p@listener.example": true, "http://listener.example": false, "https://u:p@listener.example": false,
		"http://u:p@127.0.0.1:8080": false, "http://u:p@[::1]": false, "http://u:p@localhost": false, "http://u:p@10.0.0.1": true,
	} {
		if got := targets(t, url)[0].Exposed(); got != exposed {
			t.Errorf("%s is exposed: %t", url, got)
		}
	}
}

// TestMetrics fails when a metric changes that a dashboard or an alert may stand on.
func TestMetrics(t *testing.T) {
	t.Parallel()
	f := prepare(t, sqliteDatabase, "https://u:p@listener.example/a", "https://u:p@listener.example/b", "https://u:p@other.example")
	f.deliver("s", `{}`)
	f.forwarder.Retarget(targets(t, "https://u:p@other.example"))
	for name, want := range map[string]string{
		"qos_receiver_forward_pending": "listener.example 2\nother.example 1", // of former ones as well
		"qos_receiver_forward_dead":    "listener.example 0\nother.example 0",
	} {
		if got := f.shown(name); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	families, err := f.registry.Gather()
	if err != nil || len(families) != 3 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("problems %v, %v", problems, err)
	}
}
