// Package check holds nothing but tests: of what is in deploy/, and of the
// project's workflows. What is deployed must be accepted by what it is written
// for, be as hardened as it says, and name only settings, metrics and runbooks
// that exist. It is a module of its own, because it takes Kubernetes',
// Docker's and Prometheus's libraries to tell.
package check
