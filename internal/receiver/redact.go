package receiver

import (
	"bytes"
	"encoding/json"
)

// maxEscaped is how long a key may be written that means username or password:
// every letter as a \u escape, and quotes.
const maxEscaped = 6*len("username") + 2

// redact returns the JSON without any member called username or password. The
// documents put them at the top; elsewhere they would be no less secret. It
// copies rather than decodes, so that it costs no more than the body's size.
func redact(body []byte) (string, error) {
	var compact bytes.Buffer
	compact.Grow(len(body))
	if err := json.Compact(&compact, body); err != nil {
		return "", describe("", err)
	}
	source := compact.Bytes()
	kept := source[:0] // what is kept never gets ahead of what is read
	for i := 0; i < len(source); {
		if source[i] != '"' {
			kept = append(kept, source[i])
			i++
			continue
		}
		end := stringEnd(source, i)
		if end == len(source) || source[end] != ':' || !isCredential(source[i:end]) {
			kept = append(kept, source[i:end]...)
			i = end
			continue
		}
		// One of the commas around the member goes with it.
		i = valueEnd(source, end+1)
		if source[i] == ',' {
			i++
		} else {
			kept = bytes.TrimSuffix(kept, []byte(","))
		}
	}
	return string(kept), nil
}

// isCredential reports whether a key, as written, is read as username or password.
func isCredential(quoted []byte) bool {
	if len(quoted) > maxEscaped {
		return false
	}
	key := quoted[1 : len(quoted)-1]
	if bytes.ContainsRune(key, '\\') {
		var plain string
		if json.Unmarshal(quoted, &plain) != nil {
			return false
		}
		key = []byte(plain)
	}
	return bytes.EqualFold(key, []byte("username")) || bytes.EqualFold(key, []byte("password"))
}

// stringEnd is the place behind the string that begins at i of valid JSON.
func stringEnd(source []byte, i int) int {
	for i++; source[i] != '"'; i++ {
		if source[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// valueEnd is the place behind the value that begins at i of valid, compact JSON
// and belongs to an object.
func valueEnd(source []byte, i int) int {
	for depth := 0; ; {
		switch source[i] {
		case '"':
			i = stringEnd(source, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
}
