package camara

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/exchange"
)

// refused answers with the version's ErrorInfo.
func (d dialect) refused(p problem, message string) exchange.Answer {
	if d.bareErrors {
		return exchange.JSON(p.status, map[string]string{"code": p.code, "message": message})
	}
	return exchange.JSON(p.status, map[string]any{"status": p.status, "code": p.code, "message": message})
}

// refusal is an error that a request is answered with.
type refusal struct {
	problem

	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(p problem, format string, args ...any) *refusal {
	return &refusal{p, fmt.Sprintf(format, args...)}
}

// refusing answers a request that failed.
func (d dialect) refusing(err error) exchange.Answer {
	if r, ok := errors.AsType[*refusal](err); ok {
		return d.refused(r.problem, r.message)
	}
	return d.refused(problem{http.StatusInternalServerError, "INTERNAL"}, err.Error())
}
