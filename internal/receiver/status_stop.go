package receiver

type foldedStop struct {
	StopRecord
	failure *Event
	// answered is set when something came under the stop's own request id.
	answered bool
}

func (f *fold) addStops(records []StopRecord) {
	for _, s := range records {
		stop := &foldedStop{StopRecord: s}
		f.stops = append(f.stops, stop)
		if _, taken := f.byRequest[s.RequestID]; !taken && s.RequestID != "" {
			f.byRequest[s.RequestID] = stop
		}
	}
	for i := range f.events {
		e := &f.events[i]
		if stop := f.stopByRequest(e.RequestID); stop != nil && (e.class() == classFailed || e.class() == classTerminated) {
			stop.answered = true
		}
	}
}

// fail attributes a failure: to a stop, which then has failed and ends nothing,
// or to the request, where it ends what it names.
func (f *fold) fail(e *Event) {
	if stop := f.failedStop(e); stop != nil {
		stop.failure = e
		return
	}
	if e.Ambiguous {
		return
	}
	// Under an id that is neither the request's nor one of its stops', it is
	// about somebody else's attempt.
	if e.RequestID != "" && e.RequestID != f.requestID {
		return
	}
	for _, target := range f.targets(e) {
		target.observe(StatusFailed, e)
	}
}

// failedStop returns the stop that a failure belongs to, nil if to none. The
// failure of a stop need not name the subscription (ThingSpace, "Stop QoS
// subscription", callback example).
func (f *fold) failedStop(e *Event) *foldedStop {
	if stop := f.stopByRequest(e.RequestID); stop != nil {
		return stop
	}
	if e.Ambiguous || (e.QoSSubscriptionID != "" && e.RequestID != "" && e.RequestID == f.requestID) {
		return nil
	}
	var newest *foldedStop
	for _, s := range f.stops {
		if f.outstanding(e, s) && f.concerns(e, s) && (newest == nil || newest.Seq < s.Seq) {
			newest = s
		}
	}
	return newest
}

// outstanding reports whether e may answer the stop: it came after it, not under
// the id of another attempt, and the stop has no answer under its own.
//
// A stop without such an answer stays outstanding even when a failure has been
// put down to it or its subscription has ended: of two failures that could both
// be the stop's, the one to arrive first would else decide what the other ends.
// The status must not depend on that, so both count for the stop and end nothing.
func (f *fold) outstanding(e *Event, s *foldedStop) bool {
	foreign := e.RequestID != "" && e.RequestID != f.requestID
	return s.Seq < e.Seq && s.State != StopRefused && !s.answered && (!foreign || s.RequestID == "")
}

// concerns reports whether e and the stop are about the same subscription, as
// far as e says.
func (f *fold) concerns(e *Event, s *foldedStop) bool {
	if e.QoSSubscriptionID != "" {
		return e.QoSSubscriptionID == s.QoSSubscriptionID
	}
	owners := f.owners[s.QoSSubscriptionID]
	if len(e.DeviceIDs) == 0 || len(owners) == 0 {
		return true
	}
	for _, d := range e.DeviceIDs {
		if _, named := owners[f.indexOf(d.ID)]; named {
			return true
		}
	}
	return false
}

func (f *fold) stopByRequest(requestID string) *foldedStop { return f.byRequest[requestID] }

// stopOf returns the newest stop of an entry's subscription as it stands now.
func (f *fold) stopOf(entry *foldedEntry) *Stop {
	var newest *foldedStop
	for _, s := range f.stops {
		if s.QoSSubscriptionID == entry.QoSSubscriptionID && (newest == nil || newest.Seq < s.Seq) {
			newest = s
		}
	}
	if newest == nil {
		return nil
	}
	stop := newest.Stop
	switch {
	case entry.Status.Ended():
		stop.State = StopDone
	case newest.failure != nil:
		stop.State, stop.Reason = StopFailed, shortened(newest.failure.Reason, maxReason)
	}
	return &stop
}
