package acctest_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/acctest"
	sandbox "github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

const (
	planKey  = "PLAN_KEY=correct-horse-battery-staple" // #nosec G101 -- encrypts a test's plan
	sessions = "/sessions"
)

// TestAccPipelinePlanAndApply goes from the plan of a merge request to the apply of
// that very plan.
func TestAccPipelinePlanAndApply(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	p, world := newPipeline(t)

	out, err := p.run([]string{planKey}, "plan", p.saved)
	if err != nil {
		t.Fatalf("plan: %v\n%s", err, out)
	}
	if text := p.file(filepath.Join(p.saved, "plan.txt")); !strings.Contains(text, "Plan: 1 to add") {
		t.Errorf("plan.txt says\n%s", text)
	}
	// A plan is a ZIP archive.
	if strings.HasPrefix(p.file(filepath.Join(p.saved, "plan")), "PK") {
		t.Error("the saved plan is not encrypted")
	}
	if out, err := p.run([]string{"PLAN_KEY=another"}, "apply", p.saved); err == nil {
		t.Errorf("applied with another key:\n%s", out)
	}
	if got := liveAt(world); got != 0 {
		t.Fatalf("%d sessions are live before the apply", got)
	}
	p.git("commit", "--quiet", "--allow-empty", "--message=merged")
	if out, err := p.run([]string{planKey}, "apply", p.saved); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	if got := liveAt(world); got != 1 {
		t.Errorf("%d sessions are live, want 1", got)
	}
	// Its state has moved on.
	if out, err := p.run([]string{planKey}, "apply", p.saved); err == nil || !strings.Contains(out, "stale") {
		t.Errorf("applied twice: %v\n%s", err, out)
	}
}

func TestAccPipelineRefusesWhatWasNotPlanned(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	p, world := newPipeline(t)
	if out, err := p.run(nil, "plan", p.saved); err != nil {
		t.Fatalf("plan: %v\n%s", err, out)
	}
	p.write("other.tf", "# pushed after the review\n")
	p.commit()
	if out, err := p.run(nil, "apply", p.saved); err == nil || !strings.Contains(out, "not what was planned and reviewed") {
		t.Errorf("got %v\n%s", err, out)
	}
	if got := liveAt(world); got != 0 {
		t.Errorf("%d sessions are live", got)
	}
}

// TestAccPipelineRenew has nothing to do at first, then an extension, and then
// something that is not its business.
func TestAccPipelineRenew(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	p, world := newPipeline(t)
	p.apply()
	serial := p.State()
	if out, err := p.run(nil, "renew"); err != nil || p.State() != serial {
		t.Errorf("with nothing to do: %v\n%s", err, out)
	}

	longer := strings.Replace(p.file(filepath.Join(p.Dir(), "main.tf")), "duration           = 3600", "duration           = 7200", 1)
	p.write("main.tf", longer)
	if out, err := p.run(nil, "renew"); err != nil || !strings.Contains(out, "1 changed") {
		t.Errorf("with an extension to do: %v\n%s", err, out)
	}
	if got := world.Operator.Live()[0].Duration; got != 7200 {
		t.Errorf("the session has %d seconds, want 7200", got)
	}

	p.addFile("resources/camara_qos_assignment/resource.tf")
	p.write("main.tf", strings.Replace(longer, "7200", "10800", 1))
	if out, err := p.run(nil, "renew"); err == nil || !strings.Contains(out, "nothing was") {
		t.Errorf("with an assignment to make: %v\n%s", err, out)
	}
	if got := world.Operator.Live()[0].Duration; got != 7200 || liveAt(world) != 1 {
		t.Errorf("the session has %d seconds and %d are live, want 7200 and 1", got, liveAt(world))
	}

	if out, err := p.run([]string{"CAMARA_BASE_URL=http://127.0.0.1:1"}, "renew"); err == nil || !strings.Contains(out, "Unable to") {
		t.Errorf("without an operator: %v\n%s", err, out)
	}
}

// TestAccPipelineInterrupted cancels a job as runners do: they signal the script, or
// all of its processes, twice. Terraform is interrupted once, ends in its own time,
// and leaves nothing that the state does not have.
func TestAccPipelineInterrupted(t *testing.T) {
	t.Parallel()
	requireEngine(t)
	p, world := newPipeline(t)
	if out, err := p.run(nil, "plan", p.saved); err != nil {
		t.Fatalf("plan: %v\n%s", err, out)
	}
	world.Operator.Inject(sandbox.Fault{Kind: sandbox.FaultStayRequested, Operation: sandbox.OpCreateSession, Times: 1})
	hold := acctest.NewHold(http.MethodPost, sessions)
	world.Gate.Interpose(hold.Wrap)
	var out said
	script := p.script(nil, "apply", p.saved)
	script.Stdout, script.Stderr = &out, &out
	script.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	<-hold.Reached()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if err := syscall.Kill(-script.Process.Pid, signal); err != nil {
			t.Fatal(err)
		}
		acctest.Eventually(t, "the engine heeds the interrupt", func() bool { return strings.Contains(out.String(), "Interrupt received") })
	}
	hold.Release()
	_ = script.Wait()
	if strings.Contains(out.String(), "Two interrupts") || !strings.Contains(out.String(), "Interrupted while waiting for the network") {
		t.Errorf("want one interrupt, heeded, got\n%s", out.String())
	}
	live := world.Operator.Live()
	if len(live) != 1 || !strings.Contains(p.State(), live[0].ID) || strings.Contains(p.State(), "tainted") {
		t.Errorf("live are %v, and the state has\n%s", live, p.State())
	}
}

func TestPipelineScriptRefuses(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"nothing": nil, "no folder": {"apply"}, "unknown": {"destroy", "x"}, "too much": {"renew", "x"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), pipelines("pipeline.sh"), args...).CombinedOutput() // #nosec G204 -- of this repository
			if err == nil || !strings.Contains(string(out), "usage") {
				t.Errorf("got %v: %s", err, out)
			}
		})
	}
}

// pipeline is a repository with a configuration and pipeline.sh, as the jobs of a
// CI system check it out.
type pipeline struct {
	*example
	saved string
}

func newPipeline(t *testing.T) (*pipeline, *acctest.CamaraWorld) {
	t.Helper()
	e, world := newCamaraExample(t, camaraExample{})
	e.add("scenarios/keep-alive")
	e.init()
	p := &pipeline{example: e, saved: filepath.Join(t.TempDir(), "saved")}
	script := readPipeline(t, "pipeline.sh")
	if err := os.WriteFile(filepath.Join(p.Dir(), "pipeline.sh"), []byte(script), 0o700); err != nil { // #nosec G306 -- is to be run
		t.Fatal(err)
	}
	p.write(".gitignore", "/.terraform/\n/terraform.d/\n/*.tfstate*\n")
	p.git("init", "--quiet")
	p.commit()
	return p, world
}

func (p *pipeline) commit() {
	p.t.Helper()
	p.git("add", "--all")
	p.git("commit", "--quiet", "--message=.")
}

func (p *pipeline) git(args ...string) {
	p.t.Helper()
	args = append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)
	git := exec.CommandContext(p.t.Context(), "git", args...) // #nosec G204 -- in the test's folder
	git.Dir = p.Dir()
	if out, err := git.CombinedOutput(); err != nil {
		p.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (p *pipeline) file(path string) string {
	p.t.Helper()
	content, err := os.ReadFile(path) // #nosec G304 -- in the test's folder
	if err != nil {
		p.t.Fatal(err)
	}
	return string(content)
}

// run runs pipeline.sh, which may fail.
func (p *pipeline) run(env []string, args ...string) (string, error) {
	p.t.Helper()
	out, err := p.script(env, args...).CombinedOutput()
	return string(out), err
}

func (p *pipeline) script(env []string, args ...string) *exec.Cmd {
	p.t.Helper()
	script := exec.CommandContext(p.t.Context(), "./pipeline.sh", args...) // #nosec G204 -- of this repository
	script.Dir = p.Dir()
	script.Env = append([]string{
		"TF=" + enginePath(p.t), "HOME=" + p.Dir(), "PATH=" + os.Getenv("PATH"), "TF_CLI_CONFIG_FILE=" + os.DevNull, "CHECKPOINT_DISABLE=1",
	}, p.env...)
	script.Env = append(script.Env, env...)
	return script
}

// enginePath is the engine that the tests are told to use, or the first on PATH.
func enginePath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("neither terraform nor tofu is on PATH")
	return ""
}

// said collects what a process prints, while the test reads it.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
