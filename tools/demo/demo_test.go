//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/qosform/terraform-provider-qos/tools/internal/tfcli"
)

// TestDemo builds what `make demo` builds, and plays all of it.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs everything")
	}
	t.Setenv("TMPDIR", t.TempDir())
	o := options{bin: built(t), cache: "../../.tools", root: "../..", version: "0.1.0"}
	var out bytes.Buffer
	if err := run(t.Context(), o, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	rest := out.String()
	for _, want := range []string{
		"ThingSpace:", " init", "thingspace_callback.qos will be created", "2 added", "subscription ", "No changes.", "2 destroyed", "Nothing.",
		"CAMARA:", " init", "will be created", "1 added", "600 seconds", "updated in-place", "600 -> 1200", "1200 seconds",
		"The network ends", "Nothing.", "must be replaced", "NETWORK_TERMINATED", "Warning: QoD session has ended", "1 added, 0 changed, 1 destroyed", "1200 seconds",
		" destroy", "1 destroyed", "Nothing.", "Done in", "has been stopped",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("no %q in this order in\n%s", want, &out)
		}
		rest = after
	}
	expectEmpty(t, os.Getenv("TMPDIR"))
}

// built is a folder with the programs.
func built(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", bin+"/", ".", "./cmd/qos-receiver", "./cmd/qos-sandbox")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"thingspace", "camara"} {
		if err := os.Link(filepath.Join(bin, "terraform-provider-qos"), filepath.Join(bin, "terraform-provider-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

func expectEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("%s was left behind", entry.Name())
	}
}

// TestInterruptLeavesNothing interrupts the demo while it waits for one of the
// programs that it runs.
func TestInterruptLeavesNothing(t *testing.T) {
	for _, at := range []string{"qos-sandbox", "qos-receiver", "init", "plan", "apply"} {
		t.Run(at, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			t.Setenv(hangVariable, at)
			ctx, interrupt := context.WithCancel(t.Context())
			r := newReception(t, interrupt)
			bin := actors(t)
			t.Setenv(tfcli.PathVariable, filepath.Join(bin, "terraform"))

			err := run(ctx, options{bin: bin, root: "../..", version: "0.1.0"}, new(bytes.Buffer))
			if err == nil || !strings.Contains(err.Error(), "interrupted") {
				t.Errorf("error = %v, want one that says it was interrupted", err)
			}
			expectEmpty(t, temp)
			if !slices.Contains(r.seen(), at) {
				t.Errorf("only %q ran", r.seen())
			}
			for _, pid := range r.pids() {
				if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
					t.Errorf("process %d was left behind (%v)", pid, err)
				}
			}
		})
	}
}

// actors is a folder of programs that are this test's own.
func actors(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, name := range []string{"qos-sandbox", "qos-receiver", "terraform"} {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"thingspace", "camara"} {
		if err := os.WriteFile(filepath.Join(bin, "terraform-provider-"+name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// reception is where actors report that they are there.
type reception struct {
	mu       sync.Mutex
	arrivals map[string]int // pid by role
}

// newReception calls hanging when an actor is where it is to hang.
func newReception(t *testing.T, hanging func()) *reception {
	t.Helper()
	r := &reception{arrivals: map[string]int{}}
	url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		pid, err := strconv.Atoi(req.URL.Query().Get("pid"))
		if err != nil {
			t.Errorf("pid: %v", err)
		}
		role := req.URL.Query().Get("role")
		r.mu.Lock()
		r.arrivals[role] = pid
		r.mu.Unlock()
		if role == os.Getenv(hangVariable) {
			hanging()
		}
	}))
	t.Setenv(receptionVariable, url)
	return r
}

func (r *reception) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var roles []string
	for role := range r.arrivals {
		roles = append(roles, role)
	}
	return roles
}

func (r *reception) pids() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var pids []int
	for _, pid := range r.arrivals {
		pids = append(pids, pid)
	}
	return pids
}
