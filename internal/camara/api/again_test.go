package api

import (
	"errors"
	"fmt"
	"testing"
)

func TestWhetherAskingAgainHelps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err                 error
		temporary, declined bool
	}{
		"no error":            {nil, false, false},
		"no answer":           {errors.New("connection reset"), true, false},
		"not in the API":      {fmt.Errorf("%w: %w", ErrNotInAPI, &Error{StatusCode: 404}), false, true},
		"nowhere to ask":      {ErrNotInAPI, false, true},
		"not valid":           {&FieldError{Field: "device"}, false, true},
		"bad request":         {&Error{StatusCode: 400}, false, true},
		"unauthenticated":     {&Error{StatusCode: 401}, false, false},
		"forbidden":           {&Error{StatusCode: 403}, false, true},
		"slow down":           {&Error{StatusCode: 429, Code: CodeTooManyRequests}, true, false},
		"quota used up":       {&Error{StatusCode: 429, Code: CodeQuotaExceeded}, false, true},
		"internal error":      {&Error{StatusCode: 500}, true, false},
		"not implemented":     {&Error{StatusCode: 501}, false, true},
		"a proxy's complaint": {&Error{StatusCode: 503}, true, false},
	} {
		if got := Temporary(test.err); got != test.temporary {
			t.Errorf("%s: temporary is %v", name, got)
		}
		if got := Declined(test.err); got != test.declined {
			t.Errorf("%s: declined is %v", name, got)
		}
	}
}
