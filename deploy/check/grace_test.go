package check_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"
)

// seconds is a constant of the receiver's source, such as: name = 10 * time.Second.
func seconds(t *testing.T, file, name string) time.Duration {
	t.Helper()
	found := regexp.MustCompile(`\b` + name + `\s*=\s*(\d+) \* time\.Second`).FindStringSubmatch(read(t, file))
	if found == nil {
		t.Fatalf("%s has no %s", file, name)
	}
	number, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(number) * time.Second
}

// TestGracePeriods fails when a receiver that is told to end could be killed before it
// has answered the callbacks in flight, settled what it was passing on (what was being
// settled, and what came meanwhile), and closed its store, where a transaction of
// ThingSpace's and one of CAMARA's wait one after the other for a server gone silent.
func TestGracePeriods(t *testing.T) {
	t.Parallel()
	needed := seconds(t, "cmd/qos-receiver/serve.go", "shutdownTimeout") + 2*seconds(t, "internal/receiver/forward/forward.go", "settleTimeout") +
		2*seconds(t, "internal/receiver/store/group.go", "remoteAttempt")
	c := render(t)
	pod := time.Duration(*c.statefulSet.Spec.Template.Spec.TerminationGracePeriodSeconds-c.receiver().Lifecycle.PreStop.Sleep.Seconds) * time.Second
	unit := parseUnit(t, read(t, unitFile))["Service"]["TimeoutStopSec"]
	if len(unit) != 1 {
		t.Fatalf("TimeoutStopSec=%v", unit)
	}
	service, err := time.ParseDuration(unit[0] + "s")
	if err != nil {
		t.Fatal(err)
	}
	container := project(t).Services["receiver"].StopGracePeriod
	if container == nil {
		t.Fatal("compose gives 10 s")
	}
	for name, given := range map[string]time.Duration{"kubernetes": pod, "systemd": service, "compose": time.Duration(*container)} {
		if given <= needed {
			t.Errorf("%s: killed after %s, and it may take %s", name, given, needed)
		}
	}
}
