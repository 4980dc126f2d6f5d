package api

import (
	"errors"
	"fmt"
)

// FieldError is a part of a request that the API's version does not have, or
// does not allow so. Nothing has been sent.
type FieldError struct {
	// Field is the path in the request's body: "webhook", "devicePorts.ports[0]".
	Field string
	// Version is that of the sessions' API.
	Version Version
	// Absent means that the version has no such field at all.
	Absent bool
	// Problem says what is wrong, in words that follow the field.
	Problem string
}

// Error names the field, what is wrong with it, and the version that says so.
func (e *FieldError) Error() string {
	return fmt.Sprintf("%s %s (API version %s)", e.Field, e.Problem, e.Version)
}

// checker collects everything about a request that a version refuses.
type checker struct {
	version  Version
	features Features
	problems []*FieldError
}

func newChecker(v Version) *checker { return &checker{version: v, features: v.Features()} }

func (c *checker) note(wrong bool, field, problem string) {
	if wrong {
		c.problems = append(c.problems, &FieldError{Field: field, Version: c.version, Problem: problem})
	}
}

// absent notes a field that the version does not have, and what to do instead.
func (c *checker) absent(field, instead string) {
	problem := "is not part of this version: " + instead
	c.problems = append(c.problems, &FieldError{Field: field, Version: c.version, Absent: true, Problem: problem})
}

// join makes one error of problems; nil of none.
func join(problems []*FieldError) error {
	errs := make([]error, 0, len(problems))
	for _, p := range problems {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}
