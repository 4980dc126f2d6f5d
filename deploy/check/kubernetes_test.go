package check_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const kubernetes = "deploy/kubernetes"

// cluster is what `kubectl apply -k` would send.
type cluster struct {
	namespace   corev1.Namespace
	account     corev1.ServiceAccount
	settings    corev1.ConfigMap
	statefulSet appsv1.StatefulSet
	services    map[string]corev1.Service
	budget      policyv1.PodDisruptionBudget
	network     networkingv1.NetworkPolicy
}

// render builds the kustomization and decodes each object strictly: a field that
// Kubernetes does not know, or that is given twice, is an error.
func render(t *testing.T) cluster {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), absolute(t, kubernetes))
	if err != nil {
		t.Fatal(err)
	}
	c := cluster{services: map[string]corev1.Service{}}
	for _, object := range built.Resources() {
		content, err := object.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		switch kind := object.GetKind(); kind {
		case "Namespace":
			decode(t, content, &c.namespace)
		case "ServiceAccount":
			decode(t, content, &c.account)
		case "ConfigMap":
			decode(t, content, &c.settings)
		case "StatefulSet":
			decode(t, content, &c.statefulSet)
		case "Service":
			var service corev1.Service
			decode(t, content, &service)
			c.services[service.Name] = service
		case "PodDisruptionBudget":
			decode(t, content, &c.budget)
		case "NetworkPolicy":
			decode(t, content, &c.network)
		default:
			t.Errorf("a %s that no test knows", kind)
		}
	}
	return c
}

func decode(t *testing.T, content []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		t.Errorf("%v in\n%s", err, content)
	}
}

func (c cluster) receiver() corev1.Container { return c.statefulSet.Spec.Template.Spec.Containers[0] }

// environment is what the receiver's container gets.
func (c cluster) environment() map[string]string {
	values := maps.Clone(c.settings.Data)
	for _, variable := range c.receiver().Env {
		values[variable.Name] = variable.Value
	}
	return values
}

// TestKubernetesPodIsRestricted asks Kubernetes' own judge of pods.
func TestKubernetesPodIsRestricted(t *testing.T) {
	t.Parallel()
	c := render(t)
	latest := podsecurity.LatestVersion()
	judge, err := policy.NewEvaluator(policy.DefaultChecks(), &latest)
	if err != nil {
		t.Fatal(err)
	}
	pod := c.statefulSet.Spec.Template
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: latest}
	for _, result := range judge.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	if enforced := c.namespace.Labels["pod-security.kubernetes.io/enforce"]; enforced != "restricted" {
		t.Errorf("the namespace enforces %q", enforced)
	}
	if root := c.receiver().SecurityContext.ReadOnlyRootFilesystem; root == nil || !*root {
		t.Error("the root can be written")
	}
	for name, mount := range map[string]*bool{"account": c.account.AutomountServiceAccountToken, "pod": pod.Spec.AutomountServiceAccountToken} {
		if mount == nil || *mount {
			t.Errorf("%s: the receiver gets a token of Kubernetes' API", name)
		}
	}
}

// TestKubernetesSelectors fails when a selector names pods that do not exist.
func TestKubernetesSelectors(t *testing.T) {
	t.Parallel()
	c := render(t)
	selectors := map[string]*metav1.LabelSelector{
		"StatefulSet":         c.statefulSet.Spec.Selector,
		"PodDisruptionBudget": c.budget.Spec.Selector,
		"NetworkPolicy":       &c.network.Spec.PodSelector,
	}
	for _, spread := range c.statefulSet.Spec.Template.Spec.TopologySpreadConstraints {
		selectors["spread over "+spread.TopologyKey] = spread.LabelSelector
	}
	for name, service := range c.services {
		selectors["Service "+name] = &metav1.LabelSelector{MatchLabels: service.Spec.Selector}
	}
	for name, written := range selectors {
		selector, err := metav1.LabelSelectorAsSelector(written)
		if err != nil || selector.Empty() || !selector.Matches(labels.Set(c.statefulSet.Spec.Template.Labels)) {
			t.Errorf("%s selects %v, %v", name, written, err)
		}
	}
}

// TestKubernetesOutage holds down what matters while the database is away, and while
// replicas come and go: callbacks go to those that can take them, and to no others.
func TestKubernetesOutage(t *testing.T) {
	t.Parallel()
	c := render(t)
	receiver := c.receiver()
	paths := map[string]string{
		"startup":   receiver.StartupProbe.HTTPGet.Path,
		"liveness":  receiver.LivenessProbe.HTTPGet.Path,
		"readiness": receiver.ReadinessProbe.HTTPGet.Path,
	}
	want := map[string]string{"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz/callbacks"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("probes (-want +got):\n%s", diff)
	}
	unready := map[string]bool{}
	for name, service := range c.services {
		unready[name] = service.Spec.PublishNotReadyAddresses
	}
	if diff := cmp.Diff(map[string]bool{"qos-receiver": false, "qos-receiver-pods": true}, unready); diff != "" {
		t.Errorf("services that lead to replicas that are not ready (-want +got):\n%s", diff)
	}
	if c.statefulSet.Spec.PodManagementPolicy != appsv1.ParallelPodManagement {
		t.Error("replicas wait for one another")
	}
	if eviction := c.budget.Spec.UnhealthyPodEvictionPolicy; eviction == nil || *eviction != policyv1.IfHealthyBudget {
		t.Errorf("replicas that are not ready may be evicted: %v", eviction)
	}
	kept := c.statefulSet.Spec.PersistentVolumeClaimRetentionPolicy
	if kept == nil || kept.WhenDeleted != appsv1.RetainPersistentVolumeClaimRetentionPolicyType || kept.WhenScaled != appsv1.RetainPersistentVolumeClaimRetentionPolicyType {
		t.Errorf("spools are deleted with their replicas: %v", kept)
	}
}

func TestKubernetesStatefulSet(t *testing.T) {
	t.Parallel()
	c := render(t)
	set := c.statefulSet.Spec
	if set.Replicas == nil || *set.Replicas < 2 {
		t.Errorf("%v replicas", set.Replicas)
	}
	if service := c.services[set.ServiceName]; service.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Errorf("the governing service %q is not headless", set.ServiceName)
	}
	mounted := map[string]string{}
	for _, mount := range c.receiver().VolumeMounts {
		mounted[mount.Name] = mount.MountPath
	}
	state := mounted[set.VolumeClaimTemplates[0].Name]
	if spool := c.environment()["QOS_RECEIVER_SPOOL"]; state == "" || filepath.Dir(spool) != state {
		t.Errorf("the spool %s is not on the volume at %s", spool, state)
	}
	if image := c.receiver().Image; !pinned(image) {
		t.Errorf("the image %s has no version", image)
	}
}

// TestKubernetesSecret compares the example with what the replicas read.
func TestKubernetesSecret(t *testing.T) {
	t.Parallel()
	c := render(t)
	var secret corev1.Secret
	decode(t, []byte(read(t, kubernetes+"/secret.example.yaml")), &secret)
	var offered, read []string
	for key, value := range secret.StringData {
		offered = append(offered, key)
		if value != "" {
			t.Errorf("%s has a value that everybody knows", key)
		}
	}
	for _, value := range c.environment() {
		if key, ok := strings.CutPrefix(value, "/run/secrets/qos-receiver/"); ok {
			read = append(read, key)
		}
	}
	slices.Sort(offered)
	slices.Sort(read)
	if diff := cmp.Diff(read, offered); diff != "" {
		t.Errorf("secrets (-read +offered):\n%s", diff)
	}
	if name := c.statefulSet.Spec.Template.Spec.Volumes[0].Secret.SecretName; name != secret.Name || secret.Namespace != c.namespace.Name {
		t.Errorf("the replicas read %s in %s", name, c.namespace.Name)
	}
}

func TestKubernetesIngress(t *testing.T) {
	t.Parallel()
	c := render(t)
	var ingress networkingv1.Ingress
	decode(t, []byte(read(t, kubernetes+"/ingress.example.yaml")), &ingress)
	if len(ingress.Spec.TLS) == 0 {
		t.Error("without TLS")
	}
	for _, rule := range ingress.Spec.Rules {
		for _, path := range rule.HTTP.Paths {
			if path.Path != "/thingspace/callbacks" || path.PathType == nil || *path.PathType != networkingv1.PathTypeExact {
				t.Errorf("the internet reaches %s", path.Path)
			}
			service, ok := c.services[path.Backend.Service.Name]
			if !ok || service.Spec.PublishNotReadyAddresses {
				t.Errorf("callbacks go to %s", path.Backend.Service.Name)
			}
		}
	}
}
