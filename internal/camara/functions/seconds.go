package functions

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

type seconds struct{}

var _ function.Function = seconds{}

// NewSeconds returns seconds.
func NewSeconds() function.Function { return seconds{} }

func (seconds) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "seconds"
}

func (seconds) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "A duration in seconds",
		MarkdownDescription: "Returns the seconds of a duration: `provider::camara::seconds(\"1h30m\")` is 5400. For `duration` and `renew_before` of `camara_qod_session`, " +
			"and `requested_additional_duration` of its action.",
		Parameters: []function.Parameter{function.StringParameter{
			Name: "duration",
			MarkdownDescription: "Numbers with their units, the greatest first: `d` (24 hours), `h`, `m`, `s`, as in `90s`, `1h30m` or `2d12h`. Days are whole and come first; the others may have a fraction, as in `1.5h`. " +
				"It must come to whole seconds, and is not negative.",
		}},
		Return: function.Int64Return{},
	}
}

func (seconds) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	n, err := secondsOf(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, n)
}

// withDays is a duration with days before what Go calls one.
var withDays = regexp.MustCompile(`^([0-9]+)d(.*)$`)

const (
	secondsPerDay = 24 * 60 * 60
	// mostDays is about what Go's own durations can hold.
	mostDays = 100_000
)

// secondsOf reads a duration of whole seconds.
func secondsOf(text string) (int64, error) {
	days, rest, err := cutDays(text)
	if err != nil {
		return 0, err
	}
	var d time.Duration
	if rest != "" {
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, fmt.Errorf("%q is not a duration such as 90s, 1h30m or 2d12h", text)
		}
	}
	switch {
	case d < 0:
		return 0, fmt.Errorf("%q is negative", text)
	case d%time.Second != 0:
		return 0, fmt.Errorf("%q does not come to whole seconds", text)
	default:
		return days*secondsPerDay + int64(d/time.Second), nil
	}
}

// cutDays takes the days off a duration; rest is what may follow them.
func cutDays(text string) (days int64, rest string, err error) {
	parts := withDays.FindStringSubmatch(text)
	if parts == nil {
		if text == "" {
			err = errors.New("the duration is empty: write one such as 90s, 1h30m or 2d12h")
		}
		return 0, text, err
	}
	days, err = strconv.ParseInt(parts[1], 10, 64)
	if err != nil || days > mostDays {
		return 0, "", fmt.Errorf("%q is too long", text)
	}
	return days, parts[2], nil
}
