package receiver

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// What a subscription shows of its last event's texts, in bytes: it is repeated
// for every device, and the event itself is kept as long as it came.
const (
	maxReason       = 256
	maxReportedTime = 64
)

// Heard is all that is known of one request: what was asked for, what was
// stopped, and what has been heard since.
type Heard struct {
	// RequestID is the request's own id, empty while it is not known.
	RequestID string
	// Devices are the configured ones; none for a request known only from callbacks.
	Devices []Device
	// Known is what a Terraform state knew when it journalled the request again.
	Known []Subscription
	// Events are those of the request, its stops and its subscriptions, in any
	// order and however often.
	Events []Event
	Stops  []StopRecord
}

// StopRecord is a stop as it was journalled: its state is StopJournalled,
// StopSent or StopRefused, and its place in the receiver's sequence tells which
// events came after it.
type StopRecord struct {
	Stop
	QoSSubscriptionID string
	Seq               int64
}

// Outcome is what was heard of a request, condensed.
type Outcome struct {
	// Subscriptions has at least one entry per device, sorted by device id.
	Subscriptions []Subscription
	// Status is the least favourable one of the subscriptions.
	Status       Status
	LastEvent    string
	ReportedTime string
	Reason       string
}

// Fold condenses what was heard. It depends on the set of events alone; an
// event's place in the sequence matters only where a failure has to be told
// from the failure of a stop, and for which of several equal events is shown.
//
// A subscription goes from REQUESTED over ACKNOWLEDGED to ON and ends FAILED or
// TERMINATED, and one that has ended stays so. What can not be attributed ends
// nothing: showing a subscription that has ended as on costs a stop that fails,
// while the reverse hides one that is billed.
func Fold(h Heard) Outcome {
	f := newFold(h)
	for i := range f.events {
		f.apply(&f.events[i])
	}
	return f.outcome()
}

type fold struct {
	requestID string
	events    []Event // sorted by sequence, each once
	devices   []Device
	exact     map[string]int // index of a device by its id in lower case
	byKey     map[string]int // and by its DeviceKey
	sole      bool           // exactly one device was asked for, so everything is its
	stops     []*foldedStop
	byRequest map[string]*foldedStop      // stops by their own request ids
	owners    map[string]map[int]struct{} // subscription id → indices of devices

	entries        []*foldedEntry
	bySubscription map[string][]*foldedEntry
	byDevice       map[int][]*foldedEntry
}

type foldedEntry struct {
	Subscription
	device int // index into fold.devices; -1 for a subscription of no known device
}

func newFold(h Heard) *fold {
	f := &fold{
		requestID:      h.RequestID,
		events:         inSequence(h.Events),
		exact:          map[string]int{},
		byKey:          map[string]int{},
		sole:           len(h.Devices) == 1,
		byRequest:      map[string]*foldedStop{},
		owners:         map[string]map[int]struct{}{},
		bySubscription: map[string][]*foldedEntry{},
		byDevice:       map[int][]*foldedEntry{},
	}
	f.addStops(h.Stops)
	configured := slices.Clone(h.Devices)
	slices.SortFunc(configured, func(a, b Device) int { return cmp.Compare(a.ID, b.ID) })
	for _, d := range configured {
		f.addDevice(d)
	}
	f.addUnconfigured(h.Known)
	f.learnOwners(h.Known)
	f.makeEntries()
	for _, k := range h.Known {
		f.start(k)
	}
	return f
}

func (f *fold) addDevice(d Device) {
	place := len(f.devices)
	f.devices = append(f.devices, d)
	for _, index := range []struct {
		of  map[string]int
		key string
	}{{f.exact, strings.ToLower(d.ID)}, {f.byKey, DeviceKey(d.ID)}} {
		if _, taken := index.of[index.key]; !taken {
			index.of[index.key] = place
		}
	}
}

// inSequence sorts a copy of the events and keeps the first of those that are
// the same.
func inSequence(events []Event) []Event {
	type keyed struct {
		Event
		key string
	}
	all := make([]keyed, 0, len(events))
	for _, e := range events {
		all = append(all, keyed{Event: e, key: e.Key()})
	}
	slices.SortFunc(all, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.key, b.key))
	})
	seen := make(map[string]struct{}, len(all))
	sorted := make([]Event, 0, len(all))
	for _, e := range all {
		if _, again := seen[e.key]; !again {
			seen[e.key] = struct{}{}
			sorted = append(sorted, e.Event)
		}
	}
	return sorted
}

// addUnconfigured gives the devices that were heard of, but not asked for, a
// place behind those that were.
func (f *fold) addUnconfigured(known []Subscription) {
	var heard []Device
	for _, k := range known {
		heard = append(heard, Device{ID: k.DeviceID, Kind: k.DeviceKind})
	}
	for i := range f.events {
		if e := &f.events[i]; e.class() != classOther && f.stopByRequest(e.RequestID) == nil {
			heard = append(heard, e.DeviceIDs...)
		}
	}
	slices.SortFunc(heard, func(a, b Device) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
	})
	for _, d := range heard {
		if d.ID != "" && f.indexOf(d.ID) < 0 {
			f.addDevice(Device{ID: d.ID, Kind: d.Kind})
		}
	}
}

// indexOf finds the device that an id from outside means, -1 if none. Of two
// IMEIs that differ in the sixteenth digit alone, the exact one is meant.
func (f *fold) indexOf(id string) int {
	if f.sole {
		return 0
	}
	if i, found := f.exact[strings.ToLower(id)]; found {
		return i
	}
	if i, found := f.byKey[DeviceKey(id)]; found {
		return i
	}
	return -1
}

func (f *fold) learnOwners(known []Subscription) {
	for _, k := range known {
		f.own(k.QoSSubscriptionID, []Device{{ID: k.DeviceID}})
	}
	for i := range f.events {
		if e := &f.events[i]; f.stopByRequest(e.RequestID) == nil {
			f.own(e.QoSSubscriptionID, e.DeviceIDs)
		}
	}
}

func (f *fold) own(subscription string, devices []Device) {
	if subscription == "" {
		return
	}
	owners := f.owners[subscription]
	if owners == nil {
		owners = map[int]struct{}{}
		f.owners[subscription] = owners
	}
	if f.sole {
		owners[0] = struct{}{}
		return
	}
	for _, d := range devices {
		if i := f.indexOf(d.ID); i >= 0 {
			owners[i] = struct{}{}
		}
	}
}

// makeEntries makes one entry per device and subscription id, so that no id is
// lost should a device have several, and one for each id of no known device.
func (f *fold) makeEntries() {
	owned := make(map[int][]string, len(f.devices))
	for subscription, owners := range f.owners {
		for i := range owners {
			owned[i] = append(owned[i], subscription)
		}
		if len(owners) == 0 {
			f.addEntry(-1, subscription)
		}
	}
	for i := range f.devices {
		if len(owned[i]) == 0 {
			f.addEntry(i, "")
		}
		for _, subscription := range owned[i] {
			f.addEntry(i, subscription)
		}
	}
	slices.SortFunc(f.entries, func(a, b *foldedEntry) int {
		return cmp.Or(cmp.Compare(a.DeviceID, b.DeviceID), cmp.Compare(a.QoSSubscriptionID, b.QoSSubscriptionID))
	})
	for _, e := range f.entries {
		f.byDevice[e.device] = append(f.byDevice[e.device], e)
		f.bySubscription[e.QoSSubscriptionID] = append(f.bySubscription[e.QoSSubscriptionID], e)
	}
}

func (f *fold) addEntry(device int, subscription string) {
	e := &foldedEntry{device: device}
	e.QoSSubscriptionID = subscription
	e.Status = StatusRequested
	if device >= 0 {
		e.DeviceID, e.DeviceKind = f.devices[device].ID, f.devices[device].Kind
	}
	f.entries = append(f.entries, e)
}

// start lets an entry begin where a Terraform state left it.
func (f *fold) start(k Subscription) {
	e := Event{QoSSubscriptionID: k.QoSSubscriptionID, DeviceIDs: []Device{{ID: k.DeviceID}}}
	for _, target := range f.targets(&e) {
		if k.Status != "" && rank(k.Status) >= rank(target.Status) {
			target.Status, target.Reason = k.Status, k.Reason
			target.LastEvent, target.ReportedTime = k.LastEvent, k.ReportedTime
		}
	}
}

func (f *fold) apply(e *Event) {
	switch e.class() {
	case classAcknowledged:
		// Without a subscription id there is nothing yet that could be stopped.
		if e.QoSSubscriptionID != "" {
			f.reach(StatusAcknowledged, e)
		}
	case classOn:
		f.reach(StatusOn, e)
	case classFailed:
		f.fail(e)
	case classTerminated, classResolved:
		f.terminate(e)
	case classOther:
	}
}

func (f *fold) reach(s Status, e *Event) {
	if f.stopByRequest(e.RequestID) != nil {
		return
	}
	for _, target := range f.targets(e) {
		target.observe(s, e)
	}
}

func (f *fold) terminate(e *Event) {
	targets := f.targets(e)
	if stop := f.stopByRequest(e.RequestID); stop != nil && e.QoSSubscriptionID == "" {
		targets = f.entriesOf(stop.QoSSubscriptionID)
	}
	for _, target := range targets {
		// The operator spoke of the devices that had no subscription then, not of
		// one that they have got since.
		if e.class() == classResolved && target.QoSSubscriptionID != e.QoSSubscriptionID {
			continue
		}
		target.observe(StatusTerminated, e)
	}
}

// targets are the entries that an event is about: those of its subscription,
// else of its devices, else of the only device.
func (f *fold) targets(e *Event) []*foldedEntry {
	switch {
	case e.QoSSubscriptionID != "":
		return f.entriesOf(e.QoSSubscriptionID)
	case f.sole:
		return f.entries
	}
	named := map[int]struct{}{}
	for _, d := range e.DeviceIDs {
		named[f.indexOf(d.ID)] = struct{}{}
	}
	delete(named, -1)
	var targets []*foldedEntry
	for device := range named {
		targets = append(targets, f.byDevice[device]...)
	}
	return targets
}

func (f *fold) entriesOf(subscription string) []*foldedEntry {
	if subscription == "" {
		return nil
	}
	return f.bySubscription[subscription]
}

// observe takes the further status; of equal ones, the one heard last is shown.
func (n *foldedEntry) observe(s Status, e *Event) {
	if rank(s) < rank(n.Status) {
		return
	}
	if rank(s) > rank(n.Status) || n.Since == nil {
		n.Since = heardAt(e)
	}
	n.Status, n.LastEvent = s, e.QoSEvent
	n.Reason, n.ReportedTime = shortened(e.Reason, maxReason), shortened(e.ReportedTime, maxReportedTime)
}

func heardAt(e *Event) *time.Time {
	if e.ReceivedAt.IsZero() {
		return nil
	}
	at := e.ReceivedAt
	return &at
}

func (f *fold) outcome() Outcome {
	o := Outcome{Status: StatusRequested, Subscriptions: make([]Subscription, 0, len(f.entries))}
	for i, entry := range f.entries {
		entry.Stop = f.stopOf(entry)
		o.Subscriptions = append(o.Subscriptions, entry.Subscription)
		if i == 0 || unfavour(entry.Status) > unfavour(o.Status) {
			o.Status, o.Reason = entry.Status, entry.Reason
		}
	}
	if len(f.events) > 0 {
		last := f.events[len(f.events)-1]
		o.LastEvent, o.ReportedTime = last.QoSEvent, shortened(last.ReportedTime, maxReportedTime)
		o.Reason = cmp.Or(o.Reason, shortened(last.Reason, maxReason))
	}
	return o
}

// rank orders what can be observed of one subscription.
func rank(s Status) int {
	switch s {
	case StatusTerminated:
		return 4
	case StatusFailed:
		return 3
	case StatusOn:
		return 2
	case StatusAcknowledged:
		return 1
	case StatusRequested:
	}
	return 0
}

// unfavour orders the subscriptions of one request for its status.
func unfavour(s Status) int {
	switch s {
	case StatusFailed:
		return 4
	case StatusTerminated:
		return 3
	case StatusRequested:
		return 2
	case StatusAcknowledged:
		return 1
	case StatusOn:
	}
	return 0
}
