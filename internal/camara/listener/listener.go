// Package listener lets the camara resources hear, through a receiver, what an
// operator notifies of. It is their grant.Listener.
package listener

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/camara/grant"
	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

var _ grant.Listener = (*Listener)(nil)

const (
	// patience stays under the 30 s after which common proxies cut a silent call.
	patience = 25 * time.Second
	// answerTime is what an answer may take that is not waited for: a create stands
	// behind it.
	answerTime = 5 * time.Second
	// atOnce is how many notices one answer holds.
	atOnce = 100
)

// Listener asks a receiver. It is shared by all resources of a provider process,
// and safe for concurrent use.
type Listener struct {
	receiver *receiver.Client
	log      *slog.Logger

	mu      sync.Mutex
	refusal error // why asking again is of no use
	away    bool  // whether the log has told of the outage
	trouble error // what is to be told
	told    bool
}

// New sends nothing.
func New(client *receiver.Client, log *slog.Logger) *Listener {
	return &Listener{receiver: client, log: log}
}

// Mark implements grant.Listener.
func (l *Listener) Mark(ctx context.Context) (int64, error) {
	list, err := l.ask(ctx, receiver.NotificationFilter{Limit: 1}, 0)
	if err != nil {
		return 0, err
	}
	return list.Latest, nil
}

// Notices implements grant.Listener.
func (l *Listener) Notices(ctx context.Context, id string, after int64, patient bool) ([]grant.Notice, error) {
	var wait time.Duration
	if patient {
		wait = patience
	}
	list, err := l.ask(ctx, receiver.NotificationFilter{ResourceID: id, After: after, Limit: atOnce}, wait)
	if err != nil {
		return nil, err
	}
	notices := make([]grant.Notice, 0, len(list.Notifications))
	for _, n := range list.Notifications {
		notices = append(notices, grant.Notice{ID: n.ResourceID, Mark: n.Seq})
	}
	return notices, nil
}

// Trouble implements grant.Listener. It is the same for all resources, so it is
// told to one of them.
func (l *Listener) Trouble() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told || l.trouble == nil {
		return nil
	}
	l.told = true
	return l.trouble
}

func (l *Listener) ask(ctx context.Context, f receiver.NotificationFilter, wait time.Duration) (*receiver.NotificationList, error) {
	if refusal := l.refused(); refusal != nil {
		return nil, refusal
	}
	limited, cancel := context.WithTimeout(ctx, wait+answerTime)
	defer cancel()
	list, err := l.receiver.Notifications(limited, f, wait)
	if err != nil && ctx.Err() == nil {
		err = l.note(ctx, err) // and not that the caller has gone
	}
	if err != nil {
		return nil, fmt.Errorf("ask the receiver: %w", err)
	}
	l.answered(ctx)
	return list, nil
}

func (l *Listener) refused() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusal
}

// note keeps the first trouble, and tells the log once per outage.
func (l *Listener) note(ctx context.Context, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if permanent(err) {
		err = fmt.Errorf("%w: %w", grant.ErrDeaf, err)
		l.refusal = err
	}
	if l.trouble == nil {
		l.trouble = err
	}
	if !l.away {
		l.away = true
		l.log.WarnContext(ctx, "the receiver cannot be asked for notifications; the operator is asked as often as without it", "error", err)
	}
	return err
}

func (l *Listener) answered(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		l.away = false
		l.log.InfoContext(ctx, "the receiver answers again")
	}
}

// permanent reports whether asking again cannot help: the token is wrong, or what
// answers is no receiver, or one of before there were notifications.
func permanent(err error) bool {
	if problem, ok := errors.AsType[*receiver.Problem](err); ok {
		return problem.Status < http.StatusInternalServerError && problem.Status != http.StatusRequestTimeout && problem.Status != http.StatusTooManyRequests
	}
	return errors.Is(err, receiver.ErrNotReceiver)
}
