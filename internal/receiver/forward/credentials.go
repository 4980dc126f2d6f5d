package forward

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

const (
	memberUsername = "username"
	memberPassword = "password"
)

// byteOrderMark may stand before a body, and is passed on with it.
const byteOrderMark = "\ufeff"

// member is one of the body's own that holds a credential: its key begins at
// start, and its value lies from value to end.
type member struct {
	name              string
	start, value, end int
}

// blank returns the JSON object with null in place of its own username and
// password. All other bytes stay, so that fill can find the places again.
func blank(body []byte) (string, error) {
	return edit(body, func(out []byte, m member) []byte {
		return append(append(out, body[m.start:m.value]...), "null"...)
	})
}

// fill returns the JSON object with the user's name and password in the members
// where it has such, or without those members if there is no user. All other bytes
// stay, but for a comma beside each member that goes.
func fill(body string, user *url.Userinfo) (string, error) {
	source := []byte(body)
	if user == nil {
		return remove(source)
	}
	password, _ := user.Password()
	values := map[string]string{memberUsername: user.Username(), memberPassword: password}
	quoted := map[string]string{}
	for name, value := range values {
		text, err := quote(value)
		if err != nil {
			return "", err
		}
		quoted[name] = text
	}
	return edit(source, func(out []byte, m member) []byte {
		return append(append(out, source[m.start:m.value]...), quoted[m.name]...)
	})
}

// edit copies the body and lets write add each member that holds a credential.
func edit(body []byte, write func(out []byte, m member) []byte) (string, error) {
	members, err := credentials(body)
	if err != nil {
		return "", err
	}
	out := make([]byte, 0, len(body))
	done := 0
	for _, m := range members {
		out = write(append(out, body[done:m.start]...), m)
		done = m.end
	}
	return string(append(out, body[done:]...)), nil
}

// remove leaves the members out, each with the comma behind it or, where there is
// none, the one before it.
func remove(body []byte) (string, error) {
	members, err := credentials(body)
	if err != nil {
		return "", err
	}
	out := make([]byte, 0, len(body))
	done := 0
	for _, m := range members {
		out = append(out, body[done:m.start]...)
		done = m.end
		if next := skipSpace(body, m.end); body[next] == ',' {
			done = next + 1
			continue
		}
		if last := bytes.LastIndexAny(out, ",{"); out[last] == ',' {
			out = append(out[:last], out[last+1:]...)
		}
	}
	return string(append(out, body[done:]...)), nil
}

func skipSpace(body []byte, i int) int {
	for strings.IndexByte(" \t\r\n", body[i]) >= 0 {
		i++
	}
	return i
}

// credentials finds the members, in their order, however their keys are written:
// the receiver, and many another listener, reads keys whatever their case. Those
// further down are no credentials of the callback.
func credentials(body []byte) ([]member, error) {
	mark := 0
	if bytes.HasPrefix(body, []byte(byteOrderMark)) {
		mark = len(byteOrderMark)
	}
	decoder := json.NewDecoder(bytes.NewReader(body[mark:]))
	if opening, _ := decoder.Token(); opening != json.Delim('{') {
		return nil, errors.New("the callback is no JSON object")
	}
	var members []member
	for decoder.More() {
		before := mark + int(decoder.InputOffset())
		start := before + bytes.IndexByte(body[before:], '"')
		key, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("read a key of the callback: %w", err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("read a value of the callback: %w", err)
		}
		end := mark + int(decoder.InputOffset())
		for _, name := range []string{memberUsername, memberPassword} {
			if text, _ := key.(string); strings.EqualFold(text, name) {
				members = append(members, member{name, start, end - len(value), end})
			}
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("read the end of the callback: %w", err)
	}
	return members, nil
}

// quote is the value as JSON. It escapes no more than it must, for listeners that
// look for the text itself.
func quote(value string) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("encode a credential: %w", err)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}
