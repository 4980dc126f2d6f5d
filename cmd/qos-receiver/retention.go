package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// day is 24 hours; retention does not care for daylight saving.
const day = 24 * time.Hour

// maxDays is the longest duration that can be told in days.
const maxDays = int64(1<<63-1) / int64(day)

// retention is a duration that may be given in days, such as 400d.
type retention time.Duration

// UnmarshalText reads 400d, or what time.ParseDuration reads. It must be positive.
func (r *retention) UnmarshalText(text []byte) error {
	duration, err := parseRetention(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a retention such as 400d or 48h: %w", text, err)
	}
	*r = retention(duration)
	return nil
}

func parseRetention(text string) (time.Duration, error) {
	var duration time.Duration
	if number, isDays := strings.CutSuffix(text, "d"); isDays {
		days, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, err
		}
		if days > maxDays {
			return 0, fmt.Errorf("more than %d days", maxDays)
		}
		duration = time.Duration(days) * day
	} else {
		parsed, err := time.ParseDuration(text)
		if err != nil {
			return 0, err
		}
		duration = parsed
	}
	if duration <= 0 {
		return 0, errors.New("it must be positive")
	}
	return duration, nil
}
