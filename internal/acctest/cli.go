package acctest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Family names a provider that the program can serve, by its type.
type Family string

// The families.
const (
	FamilyThingSpace Family = "thingspace"
	FamilyCamara     Family = "camara"
	FamilyQoS        Family = "qos"
)

// source is the provider's address with its host, so that every engine looks
// for the same one.
func (f Family) source() string { return "registry.terraform.io/qosform/" + string(f) }

// commandLimit bounds one run of the engine.
const commandLimit = 2 * time.Minute

// CLI drives the real engine and the built provider, each in a process of its
// own, as people do: for what cannot be tried in the test's process, such as
// killing it.
type CLI struct {
	t        *testing.T
	engine   string
	dir      string
	env      []string
	families []Family
}

// NewCLI makes a working directory in which the thingspace provider is
// installed.
func NewCLI(t *testing.T, env ...string) *CLI {
	t.Helper()
	return NewCLIOf(t, []Family{FamilyThingSpace}, env...)
}

// NewCLIOf makes a working directory in which the one build is installed as each
// of the families.
func NewCLIOf(t *testing.T, families []Family, env ...string) *CLI {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests need TF_ACC=1")
	}
	engine, err := enginePath()
	if err != nil {
		t.Fatal(err)
	}
	provider, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, family := range families {
		if err := family.install(dir, provider); err != nil {
			t.Fatal(err)
		}
	}
	return &CLI{t: t, engine: engine, dir: dir, families: families, env: append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TF_CLI_CONFIG_FILE=" + os.DevNull, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
	}, env...)}
}

// install puts a build where engines look for the family in a working directory.
// The name that it gets there is the family that the build serves.
func (f Family) install(dir, build string) error {
	plugins := filepath.Join(dir, "terraform.d", "plugins", filepath.FromSlash(f.source()), "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		return err
	}
	return os.Symlink(build, filepath.Join(plugins, "terraform-provider-"+string(f)+"_v0.0.1"))
}

// Dir is the working directory.
func (c *CLI) Dir() string { return c.dir }

// Write replaces the configuration and initialises the directory.
func (c *CLI) Write(config string) {
	c.t.Helper()
	var required strings.Builder
	for _, family := range c.families {
		fmt.Fprintf(&required, "    %s = {\n      source = %q\n    }\n", family, family.source())
	}
	head := "terraform {\n  required_providers {\n" + required.String() + "  }\n}\n"
	if err := os.WriteFile(filepath.Join(c.dir, "main.tf"), []byte(head+config), 0o600); err != nil {
		c.t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(c.dir, ".terraform")); err == nil {
		return
	}
	if out, err := c.Run("init", "-input=false", "-no-color"); err != nil {
		c.t.Fatalf("init: %v\n%s", err, out)
	}
}

// Run runs the engine to its end and returns all it printed.
func (c *CLI) Run(args ...string) (string, error) {
	p := c.Start(args...)
	return p.Wait()
}

// MustRun is Run that must succeed.
func (c *CLI) MustRun(args ...string) string {
	c.t.Helper()
	out, err := c.Run(args...)
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Apply and Destroy run without asking; Plan shows only whether there are changes.
func (c *CLI) Apply(args ...string) (string, error) {
	return c.Run(append([]string{"apply", "-auto-approve", "-input=false", "-no-color"}, args...)...)
}

// Destroy destroys everything without asking.
func (c *CLI) Destroy() (string, error) {
	return c.Run("destroy", "-auto-approve", "-input=false", "-no-color")
}

// Plan returns what plan prints and whether it found changes.
func (c *CLI) Plan(args ...string) (out string, changes bool) {
	c.t.Helper()
	out, err := c.Run(append([]string{"plan", "-input=false", "-no-color", "-detailed-exitcode"}, args...)...)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out, false
	case errors.As(err, &exit) && exit.ExitCode() == 2:
		return out, true
	default:
		c.t.Fatalf("plan: %v\n%s", err, out)
		return out, false
	}
}

// State returns the state file, empty when there is none.
func (c *CLI) State() string {
	c.t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return string(raw)
}

// Process is a run of the engine under way. Engine and provider share a
// process group of their own.
type Process struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    output
	cancel context.CancelFunc
}

// output collects what a process prints, while others may read it.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// Start starts the engine.
func (c *CLI) Start(args ...string) *Process {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	p := &Process{t: c.t, cancel: cancel}
	p.cmd = exec.CommandContext(ctx, c.engine, args...) // #nosec G204 -- the engine under test
	p.cmd.Dir = c.dir
	p.cmd.Env = c.env
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = p.kill
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// Kill ends engine and provider at once, as a lost machine would.
func (p *Process) Kill() { _ = p.kill() }

func (p *Process) kill() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// KillEngine ends the engine alone; the provider finds its connection gone. What
// is left of the group ends with the test.
func (p *Process) KillEngine() {
	p.t.Cleanup(p.Kill)
	_ = p.cmd.Process.Kill()
}

// Interrupt is Ctrl-C, which the terminal sends to the whole group. It returns
// once the engine has said that it heard.
func (p *Process) Interrupt() {
	p.t.Helper()
	p.signal(syscall.SIGINT)
}

// Terminate is what many pipelines do when a job is cancelled: SIGTERM to every
// process. It returns once the engine has said that it heard.
func (p *Process) Terminate() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
}

func (p *Process) signal(s syscall.Signal) {
	p.t.Helper()
	_ = syscall.Kill(-p.cmd.Process.Pid, s)
	Eventually(p.t, "the engine heeds the interrupt", func() bool { return strings.Contains(p.out.String(), "Interrupt received") })
}

// Wait returns all that was printed when the process has ended.
func (p *Process) Wait() (string, error) {
	defer p.cancel()
	err := p.cmd.Wait()
	return p.out.String(), err
}

// enginePath is the engine that the acceptance tests are told to use, or the
// first one on PATH.
func enginePath() (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path, nil
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither terraform nor tofu is on PATH: install one of them, or set TF_ACC_TERRAFORM_PATH")
}

// builtProvider builds the provider once for all tests of the process, into the
// module's bin folder.
var builtProvider = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	gomod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	dir := filepath.Join(filepath.Dir(strings.TrimSpace(string(gomod))), "bin", "acctest")
	fresh := filepath.Join(dir, fmt.Sprintf("build-%d", os.Getpid()))
	// Engines read the whole file at every start, to compare its checksum.
	build := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", fresh, "github.com/qosform/terraform-provider-qos") // #nosec G204 -- builds this module
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	// Named after its content: engines remember the checksum of what they
	// installed, and other test processes build the same.
	content, err := os.ReadFile(fresh) // #nosec G304 -- just built
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	path := filepath.Join(dir, fmt.Sprintf("terraform-provider-qos-%x", sum[:8]))
	return path, os.Rename(fresh, path)
})
