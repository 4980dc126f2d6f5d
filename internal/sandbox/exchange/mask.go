package exchange

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// Masked stands where a secret was.
const Masked = "(hidden)"

// MaskHeader returns a copy of a header with the named fields masked.
func MaskHeader(header http.Header, secrets ...string) http.Header {
	header = header.Clone()
	for _, name := range secrets {
		if header.Get(name) != "" {
			header.Set(name, Masked)
		}
	}
	return header
}

// MaskBody returns a body for showing: JSON with the named members masked,
// however deep. Of anything else, which may hide secrets anywhere, it returns
// only the length.
func MaskBody(body []byte, secrets ...string) any {
	if len(body) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Sprintf("(%d bytes, not JSON)", len(body))
	}
	hide(value, secrets)
	return value
}

func hide(value any, secrets []string) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			hide(element, secrets)
		}
	case map[string]any:
		for name, member := range v {
			if slices.Contains(secrets, name) {
				v[name] = Masked
			} else {
				hide(member, secrets)
			}
		}
	}
}
