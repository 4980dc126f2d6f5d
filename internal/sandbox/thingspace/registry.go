package thingspace

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// QoSService is the name of the callback service that enhanceQoS reports to.
const QoSService = "QoS"

// maxCredential is the longest listener username or password, in characters
// (ThingSpace, "Callback Best Practices").
const maxCredential = 40

// Callback is one registered listener, as ThingSpace lists it: with its
// password.
type Callback struct {
	AccountName string `json:"accountName"`
	ServiceName string `json:"serviceName"`
	URL         string `json:"url"`
	Username    string `json:"username"`
	Password    string `json:"password"`
}

// registration is a callback with the one it replaced.
type registration struct {
	current, previous Callback
}

type registryKey struct{ account, service string }

// registry holds at most one listener per account and service.
type registry struct {
	mu        sync.Mutex
	callbacks map[registryKey]registration
}

func newRegistry() *registry {
	return &registry{callbacks: map[registryKey]registration{}}
}

func (r *registry) get(account, service string) (registration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reg, ok := r.callbacks[registryKey{account, service}]
	return reg, ok
}

func (r *registry) set(c Callback) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(c)
}

// setNew registers unless the service is registered.
func (r *registry) setNew(c Callback) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, exists := r.callbacks[registryKey{c.AccountName, c.ServiceName}]; exists {
		return false
	}
	r.put(c)
	return true
}

// put needs the lock.
func (r *registry) put(c Callback) {
	key := registryKey{c.AccountName, c.ServiceName}
	r.callbacks[key] = registration{current: c, previous: r.callbacks[key].current}
}

func (r *registry) remove(account, service string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := registryKey{account, service}
	_, exists := r.callbacks[key]
	delete(r.callbacks, key)
	return exists
}

func (r *registry) list(account string) []Callback {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Callback
	for key, reg := range r.callbacks {
		if key.account == account {
			list = append(list, reg.current)
		}
	}
	slices.SortFunc(list, func(a, b Callback) int { return cmp.Compare(a.ServiceName, b.ServiceName) })
	return list
}

// callbackServices are the published names of callback services.
func callbackServices() []string {
	return []string{
		"AlertService", "CarrierService", "DevicePRLInformation", "DeviceProfileService",
		"DevicePromoUsage", "DeviceService", "DeviceSuspensionStatus", "DeviceUsage",
		"DiagnosticsService", "EnhancedConnectivityService", "ExtendedEnhancedConnectivityService",
		"ExternalProvisioningChanges", "IntelligenceService", "NetworkEventService", "NiddService",
		"PromoChanges", "PwnService", QoSService, "ResumeTrackingNotification",
		"SMSDeliveryConfirmation", "StateService", "SubscriptionNotificationService",
		"VIPCallbackService",
	}
}

// checkCallbackURL applies the rules of ThingSpace's "Register Callback
// Listener": http or https, a host, and one of the ports it can reach.
func checkCallbackURL(raw string, anyPort bool) error {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return fmt.Errorf("url must be an http or https address with a host")
	}
	if anyPort || reachablePort(u) {
		return nil
	}
	return fmt.Errorf("port of url must be one of 80, 443, 9001-9006, 50551-50559, 28200-28220")
}

func reachablePort(u *url.URL) bool {
	if u.Port() == "" {
		return true
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return false
	}
	return port == 80 || port == 443 ||
		9001 <= port && port <= 9006 ||
		50551 <= port && port <= 50559 ||
		28200 <= port && port <= 28220
}

// checkListenerCredential applies the rules of "Callback Best Practices" to a
// username or password; login is the session login's own.
func checkListenerCredential(field, value, login string) error {
	switch {
	case utf8.RuneCountInString(value) > maxCredential:
		return fmt.Errorf("%s must have %d characters or fewer", field, maxCredential)
	case value != "" && value == login:
		return fmt.Errorf("%s must not be the one of the session login", field)
	}
	return nil
}
