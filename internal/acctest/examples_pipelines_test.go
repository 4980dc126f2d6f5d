package acctest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// actionlint is run as a program, because its module does not compile with the
// versions that others here need.
const actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

// pipelines is the folder of the examples for CI systems.
func pipelines(name string) string { return filepath.Join("..", "..", "examples", "pipelines", name) }

func readPipeline(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(pipelines(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestPipelineShell has bash parse all that the pipelines run in a shell.
func TestPipelineShell(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file  string
		least int
		found func(*testing.T, string) []string
	}{
		{"github-actions/qos.yml", 5, yamlShell},
		{"gitlab-ci/.gitlab-ci.yml", 4, yamlShell},
		{"atlantis/repos.yaml", 2, yamlShell},
		{"atlantis/renew.yaml", 1, yamlShell},
		{"jenkins/Jenkinsfile", 4, jenkinsShell},
		{"pipeline.sh", 1, func(_ *testing.T, content string) []string { return []string{content} }},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			scripts := test.found(t, readPipeline(t, test.file))
			if len(scripts) < test.least {
				t.Errorf("%d pieces of shell, want %d", len(scripts), test.least)
			}
			for _, script := range scripts {
				bash := exec.CommandContext(t.Context(), "bash", "-n")
				bash.Stdin = strings.NewReader(script)
				if out, err := bash.CombinedOutput(); err != nil {
					t.Errorf("%v: %s\n%s", err, out, script)
				}
			}
		})
	}
}

// TestPipelineWorkflow has GitHub's workflow checked as a whole. Actions of others
// are named by what nobody can move.
func TestPipelineWorkflow(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs(pipelines("github-actions/qos.yml"))
	if err != nil {
		t.Fatal(err)
	}
	lint := exec.CommandContext(t.Context(), "go", "run", actionlint, "-no-color", file)
	lint.Dir = t.TempDir() // outside of this module
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	pinned := regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40}$`)
	uses := yamlValues(t, readPipeline(t, "github-actions/qos.yml"), "uses")
	if len(uses) == 0 {
		t.Error("it uses no action")
	}
	for _, action := range uses {
		if !pinned.MatchString(action) {
			t.Errorf("%s is not pinned by its commit", action)
		}
	}
}

// TestPipelineApplies checks of every job that changes something: it is never
// cancelled for another, and two do not run at once.
func TestPipelineApplies(t *testing.T) {
	t.Parallel()
	t.Run("GitHub Actions", func(t *testing.T) {
		t.Parallel()
		var workflow struct {
			Jobs map[string]struct {
				Concurrency *struct {
					Group  string
					Cancel *bool `yaml:"cancel-in-progress"`
				}
				Timeout int `yaml:"timeout-minutes"`
			}
		}
		parse(t, "github-actions/qos.yml", &workflow)
		groups := map[string]bool{}
		for _, name := range []string{"apply", "renew"} {
			job := workflow.Jobs[name]
			if job.Concurrency == nil || job.Concurrency.Cancel == nil || *job.Concurrency.Cancel || job.Timeout == 0 {
				t.Fatalf("%s: %+v, want a concurrency group without cancellation, and a time limit", name, job)
			}
			groups[job.Concurrency.Group] = true
		}
		if len(groups) != 2 {
			t.Errorf("groups %v: a renewal would take the place of an apply that waits", groups)
		}
	})
	t.Run("GitLab CI", func(t *testing.T) {
		t.Parallel()
		var pipeline struct {
			Default struct{ Interruptible *bool }
			Apply   struct {
				Group string `yaml:"resource_group"`
			}
			Renew struct {
				Group string `yaml:"resource_group"`
			}
		}
		parse(t, "gitlab-ci/.gitlab-ci.yml", &pipeline)
		if i := pipeline.Default.Interruptible; i == nil || *i {
			t.Error("jobs are interruptible")
		}
		if pipeline.Apply.Group == "" || pipeline.Apply.Group != pipeline.Renew.Group {
			t.Errorf("resource groups %q and %q, want one", pipeline.Apply.Group, pipeline.Renew.Group)
		}
	})
	t.Run("Atlantis", func(t *testing.T) {
		t.Parallel()
		var job struct {
			Kind string
			Spec struct {
				Policy      string `yaml:"concurrencyPolicy"`
				JobTemplate struct {
					Spec struct {
						Template struct {
							Spec struct {
								Grace int `yaml:"terminationGracePeriodSeconds"`
							}
						}
					}
				} `yaml:"jobTemplate"`
			}
		}
		parse(t, "atlantis/renew.yaml", &job)
		if job.Kind != "CronJob" || job.Spec.Policy != "Forbid" || job.Spec.JobTemplate.Spec.Template.Spec.Grace < 60 {
			t.Errorf("got %+v, want a CronJob that runs alone and is given a minute to end", job)
		}
		var server struct {
			Repos []struct {
				Workflow     string
				Requirements []string `yaml:"apply_requirements"`
			}
			Workflows map[string]any
		}
		parse(t, "atlantis/repos.yaml", &server)
		for _, repo := range server.Repos {
			if server.Workflows[repo.Workflow] == nil {
				t.Errorf("there is no workflow %q", repo.Workflow)
			}
			if diff := cmp.Diff([]string{"approved", "mergeable", "undiverged"}, repo.Requirements); diff != "" {
				t.Error(diff)
			}
		}
		var repository struct{ Projects []struct{ Dir string } }
		parse(t, "atlantis/atlantis.yaml", &repository)
		if len(repository.Projects) == 0 {
			t.Error("Atlantis plans nothing")
		}
	})
}

// TestPipelineJenkinsfile checks the shape of a declarative pipeline, as far as
// that goes without Jenkins.
func TestPipelineJenkinsfile(t *testing.T) {
	t.Parallel()
	sections, stages, err := declarative(readPipeline(t, "jenkins/Jenkinsfile"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"agent", "options", "triggers", "parameters", "environment", "stages"}, sections); diff != "" {
		t.Errorf("sections of the pipeline: %s", diff)
	}
	want := map[string][]string{
		"Plan": {"when", "steps"}, "Approve": {"when", "steps"}, "Apply": {"when", "steps"}, "Renew": {"when", "steps"},
	}
	if diff := cmp.Diff(want, stages); diff != "" {
		t.Errorf("sections of the stages: %s", diff)
	}
}

func parse(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(readPipeline(t, name)), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// yamlShell returns what the keys that CI systems keep shell in have: run, script,
// before_script, args and command.
func yamlShell(t *testing.T, content string) []string {
	t.Helper()
	var scripts []string
	for _, key := range []string{"run", "script", "before_script", "args", "command"} {
		scripts = append(scripts, yamlValues(t, content, key)...)
	}
	return scripts
}

// yamlValues returns the texts at a key, wherever it is. A list of texts is one
// text of as many lines.
func yamlValues(t *testing.T, content, key string) []string {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(content), &document); err != nil {
		t.Fatal(err)
	}
	return valuesAt(&document, key)
}

func valuesAt(node *yaml.Node, key string) []string {
	var found []string
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 && node.Content[i-1].Value == key {
			found = append(found, textOf(child)...)
		}
		found = append(found, valuesAt(child, key)...)
	}
	return found
}

func textOf(node *yaml.Node) []string {
	switch node.Kind {
	case yaml.ScalarNode:
		return []string{node.Value}
	case yaml.SequenceNode:
		var lines []string
		for _, item := range node.Content {
			lines = append(lines, textOf(item)...)
		}
		return []string{strings.Join(lines, "\n")}
	case yaml.DocumentNode, yaml.MappingNode, yaml.AliasNode:
	}
	return nil
}

// jenkinsShell returns the scripts of sh steps.
func jenkinsShell(_ *testing.T, content string) []string {
	var scripts []string
	for _, match := range regexp.MustCompile(`(?s)\bsh (?:'''(.*?)'''|'([^'\n]*)')`).FindAllStringSubmatch(content, -1) {
		scripts = append(scripts, match[1]+match[2])
	}
	return scripts
}

// declarative reads the blocks of a declarative pipeline: its sections, and those
// of each stage.
func declarative(jenkinsfile string) (sections []string, stages map[string][]string, err error) {
	code := regexp.MustCompile(`(?s:'''.*?''')|(?m:^\s*//.*$)`).ReplaceAllString(jenkinsfile, "")
	stages = map[string][]string{}
	var open []string
	for _, token := range regexp.MustCompile(`(\w+)(?:\('(\w+)'\))?\s*\{|\}`).FindAllStringSubmatch(code, -1) {
		name, argument := token[1], token[2]
		switch where := strings.Join(open, " "); {
		case name == "" && len(open) == 0:
			return nil, nil, errors.New("a block is closed that is not open")
		case name == "":
			open = open[:len(open)-1]
			continue
		case where == "pipeline":
			sections = append(sections, name)
		case strings.HasPrefix(where, "pipeline stages stage:") && len(open) == 3:
			stage := strings.TrimPrefix(open[2], "stage:")
			stages[stage] = append(stages[stage], name)
		}
		if argument != "" {
			name += ":" + argument
		}
		open = append(open, name)
	}
	if len(open) > 0 {
		return nil, nil, fmt.Errorf("blocks %q are not closed", open)
	}
	return sections, stages, nil
}
