package page

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

// snippet is a text to copy.
type snippet struct {
	ID   string
	Text string
	// About says what it does, for those who can not see where it stands.
	About string
}

// importBlock is the Terraform block that takes a request into a state; empty
// when the request has no id to import it by. Ids come from callbacks, which
// anybody may have sent: one that hides something is not offered for copying.
func importBlock(r *receiver.Request) string {
	if r.RequestID == "" || r.AccountName == "" {
		return ""
	}
	id := r.AccountName + "/" + r.RequestID
	if !plain(id) {
		return ""
	}
	return fmt.Sprintf("import {\n  to = thingspace_qos_subscription.example\n  id = %s\n}", hclString(id))
}

// hclString quotes a plain text for HCL, in which ${ and %{ begin a template.
func hclString(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", "$${", "%{", "%%{").Replace(text) + `"`
}

// shellWord quotes a plain text for a POSIX shell.
func shellWord(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// plain reports whether a text is all there is to see of it: no line breaks, no
// control characters, none that turn the direction of writing.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// resolutions are the commands by which an operator settles a request with an
// unknown outcome.
func resolutions(r *receiver.Request) []snippet {
	if r.State != receiver.StateUnknown {
		return nil
	}
	commands := []snippet{{
		ID:    "resolve-" + r.ID + "-none",
		Text:  "qos-receiver resolve " + r.ID + " --not-created",
		About: "ThingSpace created nothing",
	}}
	for i, candidate := range r.Candidates {
		if plain(candidate) {
			commands = append(commands, snippet{
				ID:    fmt.Sprintf("resolve-%s-%d", r.ID, i),
				Text:  "qos-receiver resolve " + r.ID + " --request-id=" + shellWord(candidate),
				About: "ThingSpace created request " + candidate,
			})
		}
	}
	if len(r.Candidates) == 0 {
		commands = append(commands, snippet{
			ID:    "resolve-" + r.ID + "-id",
			Text:  "qos-receiver resolve " + r.ID + " --request-id=REQUEST_ID",
			About: "ThingSpace created a request; put its id for REQUEST_ID",
		})
	}
	return commands
}

// termination is the command by which an operator ends a subscription whose stop
// was not confirmed; nil when there is none to end.
func termination(s *receiver.Subscription, id string) *snippet {
	if stopping(s) == "" || s.QoSSubscriptionID == "" || !plain(s.QoSSubscriptionID) {
		return nil
	}
	return &snippet{
		ID:    id,
		Text:  "qos-receiver resolve --terminated --reason='HOW YOU KNOW' -- " + shellWord(s.QoSSubscriptionID),
		About: "the subscription has ended; say how you know",
	}
}
