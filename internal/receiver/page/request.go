package page

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	// shownDevices is how many devices of a request one page shows.
	shownDevices = 100
	// shownEvents is how many events one page shows, and shownBody how much of the
	// callback that brought one, in bytes.
	shownEvents = 50
	shownBody   = 16 << 10
)

// details is the content of a request's page.
type details struct {
	Request  requestFacts
	Devices  []deviceDetails
	Narrowed string // the device that is looked at alone
	Hidden   int    // devices that are not shown
	Whole    string // address of the page with all devices
	Events   []event
	Later    string // address of later events
	Earliest string // address of the first ones
	Import   *snippet
	Settle   []snippet
}

// requestFacts are what the journal says of a request. Its claim is not among
// them: readers have no use for it, and with the journal token it stops a request.
type requestFacts struct {
	ID          string
	Name        string
	Account     string
	RequestID   string
	IDSource    string
	Standing    standing
	Partly      bool // not all devices stand there
	Origin      string
	Claim       string
	Reason      string
	Doubtful    bool
	Policies    []fact
	Times       []timeFact
	Candidates  []string
	LeaseEnds   moment
	Unclaimed   bool
	LastEvent   string
	Reported    string
	DeviceCount int
}

type fact struct{ Name, Value string }

type timeFact struct {
	Name string
	At   moment
}

// deviceDetails is one subscription with the flows that were asked for.
type deviceDetails struct {
	ID             string
	Device         string
	Kind           string
	IPv6           string
	SubscriptionID string
	Standing       standing
	Since          moment
	Reported       string
	LastEvent      string
	Reason         string
	Stopping       string
	End            *snippet
	Flows          []receiver.Flow
}

// event is one event as it came.
type event struct {
	Seq        int64
	At         moment
	Name       string
	Status     string
	Subject    string
	RequestID  string // when it is another than the request's: a stop's
	Reason     string
	Reported   string
	Deliveries int
	Doubtful   bool
	Ambiguous  bool
	Body       string
	Shortened  bool
}

func (p *page) request(r *http.Request) (*frame, error) {
	found, err := p.journal.Requests(r.Context(), receiver.Filter{ID: r.PathValue("id"), Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found.Requests) == 0 {
		return nil, fmt.Errorf("request %q: %w", r.PathValue("id"), receiver.ErrNotFound)
	}
	request := &found.Requests[0]
	content := &details{Request: p.facts(request), Settle: resolutions(request)}
	if block := importBlock(request); block != "" && request.Unclaimed && !request.Ended() {
		content.Import = &snippet{ID: "import-" + request.ID, Text: block, About: "take this request into a Terraform state"}
	}
	p.addDevices(content, request, r.URL.Query().Get("device"))
	if err := p.addEvents(r.Context(), content, request, r.URL.Query()); err != nil {
		return nil, err
	}
	facts := content.Request
	return &frame{
		Template: "request.html",
		Title:    facts.Name,
		Place:    "/",
		Summary:  fmt.Sprintf("%s. Last event: %s.", facts.Standing.Word, cmp.Or(facts.LastEvent, "none")),
		Content:  content,
	}, nil
}

func (p *page) facts(r *receiver.Request) requestFacts {
	facts := requestFacts{
		ID:          r.ID,
		Name:        "Intent " + r.ID,
		Account:     cmp.Or(r.AccountName, "not known"),
		RequestID:   r.RequestID,
		IDSource:    sourceWords(r.RequestIDSource),
		Standing:    standingOf(r, r.Status),
		Origin:      originWords(r.Origin),
		Claim:       claimWords(r),
		Reason:      r.Reason,
		Doubtful:    !r.Authenticated,
		Policies:    policyFacts(r.Policies),
		Candidates:  r.Candidates,
		Unclaimed:   r.Unclaimed && !r.Ended(),
		LastEvent:   r.LastEvent,
		Reported:    r.ReportedTime,
		DeviceCount: len(r.Subscriptions),
	}
	if r.RequestID != "" {
		facts.Name = "Request " + r.RequestID
	}
	for _, s := range r.Subscriptions {
		facts.Partly = facts.Partly || s.Status != r.Status
	}
	if r.LeaseRunning() {
		facts.LeaseEnds = p.moment(*r.LeaseExpiresAt)
	}
	for _, t := range []timeFact{
		{"Journalled", p.moment(r.CreatedAt)},
		{"Sent", p.maybe(r.SentAt)},
		{"Accepted", p.maybe(r.AcceptedAt)},
		{"Given to Terraform", p.maybe(r.ReturnedAt)},
		{"Last read by its state", p.maybe(r.LastReadAt)},
	} {
		if t.At.Machine != "" {
			facts.Times = append(facts.Times, t)
		}
	}
	return facts
}

func (p *page) addDevices(content *details, r *receiver.Request, device string) {
	asked := make(map[string]receiver.Device, len(r.Devices))
	for _, d := range r.Devices {
		asked[receiver.DeviceKey(d.ID)] = d
	}
	for i := range r.Subscriptions {
		s := &r.Subscriptions[i]
		if device != "" && receiver.DeviceKey(device) != receiver.DeviceKey(s.DeviceID) {
			continue
		}
		if len(content.Devices) == shownDevices {
			content.Hidden++
			continue
		}
		id := fmt.Sprintf("device-%d", i)
		content.Devices = append(content.Devices, p.device(r, s, asked[receiver.DeviceKey(s.DeviceID)], id))
	}
	if device != "" {
		content.Narrowed, content.Whole = device, requestAddress(r.ID, "")
	}
}

func (p *page) device(r *receiver.Request, s *receiver.Subscription, asked receiver.Device, id string) deviceDetails {
	return deviceDetails{
		ID:             id,
		Device:         cmp.Or(s.DeviceID, "not named"),
		Kind:           strings.ToUpper(s.DeviceKind),
		IPv6:           asked.IPv6Address,
		SubscriptionID: s.QoSSubscriptionID,
		Standing:       standingOf(r, s.Status),
		Since:          p.since(r, s),
		Reported:       s.ReportedTime,
		LastEvent:      s.LastEvent,
		Reason:         s.Reason,
		Stopping:       stopping(s),
		End:            termination(s, "end-"+id),
		Flows:          asked.Flows,
	}
}

func (p *page) addEvents(ctx context.Context, content *details, r *receiver.Request, asked url.Values) error {
	after, err := placeOf(asked, "after")
	if err != nil {
		return err
	}
	events, err := p.journal.History(ctx, r.ID, after, shownEvents)
	if err != nil {
		return err
	}
	for i := range events {
		content.Events = append(content.Events, p.event(&events[i], r.RequestID))
	}
	if after > 0 {
		content.Earliest = eventsAddress(r.ID, asked, 0)
	}
	if len(events) == 0 {
		return nil
	}
	last := events[len(events)-1].Seq
	later, err := p.journal.History(ctx, r.ID, last, 1)
	if err == nil && len(later) > 0 {
		content.Later = eventsAddress(r.ID, asked, last)
	}
	return err
}

func eventsAddress(id string, asked url.Values, after int64) string {
	v := url.Values{}
	if device := asked.Get("device"); device != "" {
		v.Set("device", device)
	}
	if after > 0 {
		v.Set("after", strconv.FormatInt(after, 10))
	}
	return (&url.URL{Path: "/requests/" + id, RawQuery: v.Encode(), Fragment: "events"}).String()
}

func (p *page) event(e *receiver.Event, requestID string) event {
	shown := event{
		Seq:        e.Seq,
		At:         p.moment(e.ReceivedAt),
		Name:       e.QoSEvent,
		Status:     e.Status,
		Subject:    subject(e),
		Reason:     e.Reason,
		Reported:   e.ReportedTime,
		Deliveries: e.Deliveries,
		Doubtful:   !e.Authenticated,
		Ambiguous:  e.Ambiguous,
	}
	if e.RequestID != requestID {
		shown.RequestID = e.RequestID
	}
	shown.Body, shown.Shortened = excerpt(e.Body)
	return shown
}

// subject is what an event says it is about.
func subject(e *receiver.Event) string {
	var about []string
	if e.QoSSubscriptionID != "" {
		about = append(about, "subscription "+e.QoSSubscriptionID)
	}
	for i, d := range e.DeviceIDs {
		if i == requestRows {
			about = append(about, fmt.Sprintf("%d more devices", len(e.DeviceIDs)-i))
			break
		}
		about = append(about, strings.TrimSpace(strings.ToUpper(d.Kind)+" "+d.ID))
	}
	return strings.Join(about, ", ")
}

// excerpt is the beginning of a callback's body, laid out for reading.
func excerpt(body string) (text string, shortened bool) {
	if len(body) > shownBody {
		return strings.ToValidUTF8(body[:shownBody], ""), true
	}
	var laidOut bytes.Buffer
	if json.Indent(&laidOut, []byte(body), "", "  ") != nil {
		return body, false
	}
	return laidOut.String(), false
}
