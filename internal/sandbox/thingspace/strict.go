package thingspace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The functions of this file read JSON more strictly than encoding/json:
// member names in their exact case, none twice, none unknown, and every value
// of the documented type. where names the value in messages.

// document checks that a body is one JSON value.
func document(body []byte) (json.RawMessage, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, refuse(codeRequestUndefined, "the request has no body")
	}
	if !json.Valid(body) {
		return nil, refuse(codeDeserialization, "the body is not a JSON document")
	}
	return body, nil
}

// object returns the members of a JSON object that has all required members
// and, beside them, only optional ones.
func object(raw json.RawMessage, where string, required, optional []string) (map[string]json.RawMessage, error) {
	members, err := split(raw, where)
	if err != nil {
		return nil, err
	}
	for name := range members {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			return nil, refuse(codeDeserialization, "%s is not a documented field", at(where, name))
		}
	}
	for _, name := range required {
		if _, present := members[name]; !present {
			return nil, refuse(codeDeserialization, "%s is required", at(where, name))
		}
	}
	return members, nil
}

func split(raw json.RawMessage, where string) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, refuse(codeDeserialization, "%s must be an object", named(where))
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, refuse(codeDeserialization, "%s is malformed", named(where))
		}
		name := fmt.Sprint(token)
		if _, twice := members[name]; twice {
			return nil, refuse(codeDeserialization, "%s is given twice", at(where, name))
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, refuse(codeDeserialization, "%s is malformed", at(where, name))
		}
		members[name] = value
	}
	return members, nil
}

// array returns the elements of a JSON array that has at least one.
func array(raw json.RawMessage, where string) ([]json.RawMessage, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil || elements == nil {
		return nil, refuse(codeDeserialization, "%s must be an array", where)
	}
	if len(elements) == 0 {
		return nil, fmt.Errorf("%s must not be empty", where)
	}
	return elements, nil
}

// text returns a JSON string; null and numbers are none.
func text(raw json.RawMessage, where string) (string, error) {
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return "", refuse(codeDeserialization, "%s must be a string", where)
	}
	return *value, nil
}

// filled is text that is not empty.
func filled(raw json.RawMessage, where string) (string, error) {
	value, err := text(raw, where)
	if err == nil && value == "" {
		return "", fmt.Errorf("%s must not be empty", where)
	}
	return value, err
}

// optionalText is the text of a member that may be absent.
func optionalText(members map[string]json.RawMessage, name string) (string, error) {
	raw, present := members[name]
	if !present {
		return "", nil
	}
	return text(raw, name)
}

// choice is text that is one of those documented, in its exact case.
func choice(raw json.RawMessage, where string, allowed ...string) (string, error) {
	value, err := filled(raw, where)
	if err == nil && !slices.Contains(allowed, value) {
		return "", fmt.Errorf("%s must be one of %s, not %q", where, strings.Join(allowed, ", "), value)
	}
	return value, err
}

func at(where, name string) string {
	if where == "" {
		return name
	}
	return where + "." + name
}

func named(where string) string {
	if where == "" {
		return "the body"
	}
	return where
}
