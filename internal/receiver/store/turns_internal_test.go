package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// queued is a writer that waits behind one who writes.
type queued struct {
	name      string
	lane      lane
	takes     time.Duration
	impatient bool
}

// orderOf lets writers queue one after the other, the impatient ones give up, and
// the others write.
func orderOf(t *testing.T, writers []queued) []string {
	t.Helper()
	var order []string
	synctest.Test(t, func(t *testing.T) {
		impatient, giveUp := context.WithCancel(t.Context())
		var q turns
		if err := q.take(t.Context(), lanePatient); err != nil {
			t.Fatal(err)
		}
		for _, w := range writers {
			ctx := t.Context()
			if w.impatient {
				ctx = impatient
			}
			go func() {
				err := q.take(ctx, w.lane)
				if w.impatient && errors.Is(err, context.Canceled) {
					return
				}
				if err != nil {
					t.Errorf("%s: %v", w.name, err)
					return
				}
				order = append(order, w.name) // only whose turn it is gets here
				time.Sleep(w.takes)
				q.leave()
			}()
			synctest.Wait()
		}
		giveUp()
		synctest.Wait()
		q.leave()
		time.Sleep(time.Hour) // longer than all of them take
		if err := q.take(t.Context(), lanePatient); err != nil {
			t.Error(err)
		}
	})
	return order
}

func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		writers []queued
		want    []string
	}{
		"the urgent first, then as long the patient": {
			[]queued{
				{"patient 1", lanePatient, 10 * time.Millisecond, false},
				{"patient 2", lanePatient, 10 * time.Millisecond, false},
				{"patient 3", lanePatient, 10 * time.Millisecond, false},
				{"urgent 1", laneUrgent, 20 * time.Millisecond, false},
				{"urgent 2", laneUrgent, 20 * time.Millisecond, false},
			},
			[]string{"urgent 1", "patient 1", "patient 2", "urgent 2", "patient 3"},
		},
		"one patient after the shortest": {
			[]queued{
				{"patient 1", lanePatient, time.Millisecond, false},
				{"patient 2", lanePatient, time.Millisecond, false},
				{"urgent 1", laneUrgent, 0, false},
				{"urgent 2", laneUrgent, 0, false},
			},
			[]string{"urgent 1", "patient 1", "urgent 2", "patient 2"},
		},
		"not for as long as the longest": {
			[]queued{
				{"patient 1", lanePatient, maxOwed, false},
				{"patient 2", lanePatient, time.Millisecond, false},
				{"urgent 1", laneUrgent, time.Minute, false},
				{"urgent 2", laneUrgent, time.Minute, false},
			},
			[]string{"urgent 1", "patient 1", "urgent 2", "patient 2"},
		},
		"who gives up holds up nobody": {
			[]queued{
				{"urgent 1", laneUrgent, 0, true},
				{"patient 1", lanePatient, 0, true},
				{"urgent 2", laneUrgent, 0, false},
				{"patient 2", lanePatient, 0, false},
			},
			[]string{"urgent 2", "patient 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, orderOf(t, test.writers)); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

// A turn that comes at the moment at which its writer gives up is passed on.
func TestTurnForNobody(t *testing.T) {
	t.Parallel()
	var q turns
	if err := q.take(t.Context(), lanePatient); err != nil {
		t.Fatal(err)
	}
	turn := q.join(laneUrgent)
	q.leave()
	q.giveUp(laneUrgent, turn)
	if err := q.take(t.Context(), lanePatient); err != nil {
		t.Error(err)
	}
}
