package forward

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// digestBytes tell the addresses of one host apart in the names of targets.
const digestBytes = 4

// Target is another listener.
type Target struct {
	name     string
	location url.URL // without the user
	user     *url.Userinfo
}

// ParseTarget reads a listener's http or https URL. The user name and the password
// in it, both or neither, are those that its callbacks get. No error quotes the URL.
func ParseTarget(raw string) (Target, error) {
	location, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil || location.Hostname() == "" || location.Scheme != "http" && location.Scheme != "https":
		return Target{}, errors.New("not an absolute http or https URL that can be read: characters of the password that mean something in a URL must be percent-encoded")
	case location.Fragment != "":
		return Target{}, errors.New("the URL must not have a fragment")
	}
	user := location.User
	if password, _ := user.Password(); user != nil && (user.Username() == "" || password == "") {
		return Target{}, errors.New("the URL must have both a user name and a password, or neither")
	}
	location.User = nil
	location.Host = strings.ToLower(location.Host)
	return Target{name: nameOf(location), location: *location, user: user}, nil
}

// nameOf is the same as long as scheme, host and path are. The path is digested,
// and the query is left out, because either may be what the listener knows its
// senders by.
func nameOf(location *url.URL) string {
	sum := sha256.Sum256([]byte(location.Scheme + "://" + location.Host + location.EscapedPath()))
	return location.Host + "/" + hex.EncodeToString(sum[:digestBytes])
}

// hostOf is the part of a target's name that metrics show.
func hostOf(name string) string {
	host, _, _ := strings.Cut(name, "/")
	return host
}

// ParseTargets reads URLs that have different names.
func ParseTargets(raw []string) ([]Target, error) {
	var targets []Target
	seen := map[string]bool{}
	for _, one := range raw {
		target, err := ParseTarget(one)
		if err != nil {
			return nil, err
		}
		if seen[target.name] {
			return nil, fmt.Errorf("%s is named twice with the same path", hostOf(target.name))
		}
		seen[target.name] = true
		targets = append(targets, target)
	}
	return targets, nil
}

// Name is how the outbox knows the target. It holds no secret.
func (t Target) Name() string { return t.name }

// Exposed reports whether credentials would go over the network as plain text.
func (t Target) Exposed() bool {
	return t.user != nil && t.location.Scheme == "http" && !isLoopback(t.location.Hostname())
}

// Same reports whether t and other have the same address and credentials.
func (t Target) Same(other Target) bool {
	mine, _ := t.user.Password()
	theirs, _ := other.user.Password()
	return t.location == other.location && t.user.Username() == other.user.Username() && mine == theirs
}

// String names the target without its credentials.
func (t Target) String() string { return t.name }

// GoString keeps the credentials out of %#v as well.
func (t Target) GoString() string { return t.name }
