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
	// longestKey is how long one of them can be written: each letter as a \u escape,
	// and quotes.
	longestKey = 6*len(memberUsername) + 2
)

// byteOrderMark may stand before a body, and is passed on with it.
const byteOrderMark = "\ufeff"

// member is one that holds a credential: its key begins at start, and its value lies
// from value to end.
type member struct {
	name              string
	start, value, end int
	// own: it is the callback's, and not one further down.
	own bool
}

// blank returns the JSON object with null in place of every username and password.
// All other bytes stay, so that fill can find the places again.
func blank(body []byte) (string, error) {
	return edit(body, func(out []byte, m member) []byte {
		return append(append(out, body[m.start:m.value]...), "null"...)
	})
}

// fill returns what blank did with the user's name and password in the object's own
// members, where it has such, or without any of the members if there is no user. All
// other bytes stay, but for a comma beside each member that goes.
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
		if !m.own {
			return append(out, source[m.start:m.end]...)
		}
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

// credentials finds the members of a JSON object, in their order, however their keys
// are written: the receiver, and many another listener, reads keys whatever their
// case. It goes by bytes, because a body may be nested as deeply as it likes.
func credentials(body []byte) ([]member, error) {
	text := bytes.TrimPrefix(body, []byte(byteOrderMark))
	if !json.Valid(text) || text[skipSpace(text, 0)] != '{' {
		return nil, errors.New("the callback is no JSON object")
	}
	var members []member
	depth := 0
	for i := len(body) - len(text); i < len(body); {
		switch body[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			m := memberAt(body, i)
			if m.name != "" {
				m.own = depth == 1
				members = append(members, m)
			}
			i = m.end
			continue
		}
		i++
	}
	return members, nil
}

// memberAt is the member whose key begins at start. Where the string there is no such
// key, it has no name and ends with the string.
func memberAt(body []byte, start int) member {
	m := member{start: start, end: stringEnd(body, start)}
	colon := skipSpace(body, m.end)
	var key string
	if body[colon] != ':' || m.end-start > longestKey || json.Unmarshal(body[start:m.end], &key) != nil {
		return m
	}
	for _, name := range []string{memberUsername, memberPassword} {
		if strings.EqualFold(key, name) {
			m.name = name
			m.value = skipSpace(body, colon+1)
			m.end = valueEnd(body, m.value)
		}
	}
	return m
}

// stringEnd is the place behind the string that begins at i of valid JSON.
func stringEnd(body []byte, i int) int {
	for i++; body[i] != '"'; i++ {
		if body[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// valueEnd is the place behind the value that begins at i of valid JSON and belongs to
// an object.
func valueEnd(body []byte, i int) int {
	depth := 0
	for {
		switch body[i] {
		case '"':
			i = stringEnd(body, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
		i++
	}
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
