package camara

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// body reads one JSON request body and keeps the first thing that is wrong with
// it, so that a request can be read in one go and checked once. Unlike
// encoding/json it knows member names only in their exact case, and null is not
// the same as absent: no property of the APIs is nullable.
type body struct {
	objects []*object
	err     error
}

// object is a JSON object in a body. A nil object is one that is absent.
type object struct {
	body    *body
	where   string
	members map[string]json.RawMessage
	known   []string
}

// readBody returns the object that a body must be.
func readBody(raw []byte) (*body, *object) {
	b := &body{}
	if len(bytes.TrimSpace(raw)) == 0 {
		b.fail(codeInvalidArgument, "the request has no body")
		return b, nil
	}
	if !json.Valid(raw) {
		b.fail(codeInvalidArgument, "the body is not a JSON document")
		return b, nil
	}
	o := b.object(raw, "")
	return b, o
}

// finish reports the first thing that was wrong. declaredOnly makes a property
// that nobody asked for wrong, too, at any depth.
func (b *body) finish(declaredOnly bool) error {
	if !declaredOnly || b.err != nil {
		return b.err
	}
	for _, o := range b.objects {
		for name := range o.members {
			if !slices.Contains(o.known, name) {
				b.fail(codeInvalidArgument, "Unknown property: %s", o.at(name))
			}
		}
	}
	return b.err
}

func (b *body) fail(code, format string, args ...any) {
	b.refuse(problem{http.StatusBadRequest, code}, format, args...)
}

func (b *body) refuse(p problem, format string, args ...any) {
	if b.err == nil {
		b.err = refuse(p, format, args...)
	}
}

func (b *body) object(raw json.RawMessage, where string) *object {
	o := &object{body: b, where: where}
	if !strings.HasPrefix(string(bytes.TrimSpace(raw)), "{") || json.Unmarshal(raw, &o.members) != nil {
		b.fail(codeInvalidArgument, "%s must be an object", named(where))
		return nil
	}
	b.objects = append(b.objects, o)
	return o
}

func (b *body) text(raw json.RawMessage, where string) string {
	var value *string
	if json.Unmarshal(raw, &value) != nil || value == nil {
		b.fail(codeInvalidArgument, "%s must be a string", where)
		return ""
	}
	return *value
}

func (b *body) integer(raw json.RawMessage, where string, least, most int64) int64 {
	value, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	if err != nil {
		b.fail(codeInvalidArgument, "%s must be an integer", where)
		return 0
	}
	if value < least || value > most {
		b.fail(codeOutOfRange, "%s must be between %d and %d, not %d", where, least, most, value)
	}
	return value
}

// raw returns a member, which makes it a known one.
func (o *object) raw(name string) (json.RawMessage, bool) {
	if o == nil {
		return nil, false
	}
	o.known = append(o.known, name)
	raw, present := o.members[name]
	return raw, present
}

// require fails for members that are absent.
func (o *object) require(names ...string) {
	if o == nil {
		return
	}
	for _, name := range names {
		if _, present := o.members[name]; !present {
			o.body.fail(codeInvalidArgument, "Expected property is missing: %s", o.at(name))
		}
	}
}

// object returns a member, or nil if it is absent.
func (o *object) object(name string) *object {
	raw, present := o.raw(name)
	if !present {
		return nil
	}
	return o.body.object(raw, o.at(name))
}

// text returns a member, or "" if it is absent.
func (o *object) text(name string) string {
	raw, present := o.raw(name)
	if !present {
		return ""
	}
	return o.body.text(raw, o.at(name))
}

// filled is text that is not empty, unless it is absent.
func (o *object) filled(name string) string {
	value := o.text(name)
	if o != nil && value == "" && o.members[name] != nil {
		o.body.fail(codeInvalidArgument, "%s must not be empty", o.at(name))
	}
	return value
}

// integer returns a member, or nil if it is absent.
func (o *object) integer(name string, least, most int64) *int64 {
	raw, present := o.raw(name)
	if !present {
		return nil
	}
	value := o.body.integer(raw, o.at(name), least, most)
	return &value
}

// element is an element of a JSON array.
type element struct {
	raw   json.RawMessage
	where string
}

// list returns the elements of a member, of which there must be at least one,
// or nil if it is absent.
func (o *object) list(name string, most int) []element {
	raw, present := o.raw(name)
	if !present {
		return nil
	}
	var values []json.RawMessage
	if json.Unmarshal(raw, &values) != nil || values == nil {
		o.body.fail(codeInvalidArgument, "%s must be an array", o.at(name))
		return nil
	}
	if len(values) == 0 || len(values) > most {
		o.body.fail(codeInvalidArgument, "%s must have between 1 and %d elements", o.at(name), most)
		return nil
	}
	elements := make([]element, len(values))
	for i, value := range values {
		elements[i] = element{value, fmt.Sprintf("%s[%d]", o.at(name), i)}
	}
	return elements
}

func (o *object) at(name string) string {
	if o.where == "" {
		return name
	}
	return o.where + "." + name
}

func named(where string) string {
	if where == "" {
		return "the body"
	}
	return where
}
