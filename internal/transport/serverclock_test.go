package transport_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/qosform/terraform-provider-qos/internal/transport"
)

type answering func() (*http.Response, error)

func (a answering) RoundTrip(*http.Request) (*http.Response, error) { return a() }

func TestServerClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 1, 1, 12, 0, 0, 700_000_000, time.UTC)
	for name, test := range map[string]struct {
		date, age string
		took      time.Duration
		want      time.Duration
	}{
		"right":            {date: "Tue, 01 Jan 2030 12:00:00 GMT"},
		"right, and slow":  {date: "Tue, 01 Jan 2030 12:00:00 GMT", took: 40 * time.Second},
		"ahead":            {date: "Tue, 01 Jan 2030 12:10:00 GMT", want: 10*time.Minute - 700*time.Millisecond},
		"ahead, and slow":  {date: "Tue, 01 Jan 2030 12:10:00 GMT", took: time.Minute, want: 9*time.Minute - 700*time.Millisecond},
		"behind":           {date: "Tue, 01 Jan 2030 11:50:00 GMT", want: -10*time.Minute + 300*time.Millisecond},
		"out of a cache":   {date: "Tue, 01 Jan 2030 11:50:00 GMT", age: "600"},
		"without a date":   {},
		"with another one": {date: "yesterday"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours := clockwork.NewFakeClockAt(start)
			server := transport.NewServerClock(ours)
			observed := server.Observe(answering(func() (*http.Response, error) {
				ours.Advance(test.took)
				header := make(http.Header)
				header.Set("Date", test.date)
				if test.age != "" {
					header.Set("Age", test.age)
				}
				return &http.Response{Header: header, Body: http.NoBody}, nil
			}))
			resp, err := observed.RoundTrip(nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := server.Offset(); got != test.want {
				t.Errorf("offset %s, want %s", got, test.want)
			}
			if got, want := server.Now(), start.Add(test.took+test.want); !got.Equal(want) {
				t.Errorf("it shows %s, want %s", got, want)
			}
		})
	}
}

func TestServerClockWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	server, lost := transport.NewServerClock(clockwork.NewFakeClock()), errors.New("lost")
	resp, err := server.Observe(answering(func() (*http.Response, error) { return nil, lost })).RoundTrip(nil)
	if resp != nil {
		_ = resp.Body.Close()
		t.Error("an answer out of nothing")
	}
	if !errors.Is(err, lost) || server.Offset() != 0 {
		t.Errorf("err = %v, offset %s", err, server.Offset())
	}
}
