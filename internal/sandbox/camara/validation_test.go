package camara_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/qosform/terraform-provider-qos/internal/sandbox/camara"
)

// since returns the versions from one on; the hybrids are named where they
// differ.
func since(first camara.Version) []camara.Version {
	all := []camara.Version{camara.Version010, camara.Version011, camara.Version10, camara.Version11, camara.Version12}
	for i, v := range all {
		if v == first {
			return all[i:]
		}
	}
	return nil
}

func TestRefusedSessions(t *testing.T) {
	t.Parallel()
	const invalid, rangeCode = "INVALID_ARGUMENT", "OUT_OF_RANGE"
	sinkCredential := func(members string) string {
		return `{"sink":"https://example.com/","sinkCredential":{` + members + `}}`
	}
	const bearer = `"accessToken":"t","accessTokenExpiresUtc":"2030-01-01T00:00:00Z","accessTokenType":"bearer"`
	sinks := since(camara.Version011)
	for name, test := range map[string]struct {
		change   string
		status   int
		code     string
		versions []camara.Version // none: all
	}{
		"no application server":  {`{"applicationServer":null}`, 400, invalid, nil},
		"empty server":           {`{"applicationServer":{}}`, 400, invalid, nil},
		"server of 1.2":          {`{"applicationServer":{"ipAddresses":["192.0.2.1"]}}`, 400, invalid, append(since(camara.Version010)[:4], camara.HybridA, camara.HybridB)},
		"IPv6 as IPv4":           {`{"applicationServer":{"ipv4Address":"2001:db8::1"}}`, 400, invalid, nil},
		"name as server":         {`{"applicationServer":{"ipv4Address":"example.com"}}`, 400, invalid, nil},
		"bad mask":               {`{"applicationServer":{"ipv4Address":"192.0.2.0/33"}}`, 400, invalid, nil},
		"mask in a list":         {`{"applicationServer":{"ipAddresses":["192.0.2.0/24"]}}`, 400, invalid, since(camara.Version12)},
		"list given twice":       {`{"applicationServer":{"ipAddresses":["192.0.2.1","192.0.2.1"]}}`, 400, invalid, since(camara.Version12)},
		"empty list":             {`{"applicationServer":{"ipAddresses":[]}}`, 400, invalid, since(camara.Version12)},
		"both server forms":      {`{"applicationServer":{"ipAddresses":["192.0.2.1"],"ipv4Address":"192.0.2.1"}}`, 400, invalid, since(camara.Version12)},
		"17 addresses":           {`{"applicationServer":{"ipAddresses":[` + addresses(17) + `]}}`, 400, invalid, since(camara.Version12)},
		"no profile":             {`{"qosProfile":null}`, 400, invalid, nil},
		"unknown profile":        {`{"qosProfile":"QOS_X"}`, 400, invalid, nil},
		"malformed profile":      {`{"qosProfile":"a b c"}`, 400, invalid, nil},
		"inactive profile":       {`{"qosProfile":"QOS_PLANNED"}`, 422, "QUALITY_ON_DEMAND.QOS_PROFILE_NOT_APPLICABLE", since(camara.Version11)},
		"deprecated profile":     {`{"qosProfile":"QOS_OLD"}`, 400, invalid, since(camara.Version010)[:3]},
		"duration 0":             {`{"duration":0}`, 400, rangeCode, nil},
		"duration as text":       {`{"duration":"60"}`, 400, invalid, nil},
		"fraction of a second":   {`{"duration":60.5}`, 400, invalid, nil},
		"more than a day":        {`{"duration":86401}`, 400, rangeCode, []camara.Version{camara.Version010, camara.HybridA, camara.HybridB}},
		"longer than profile":    {`{"duration":86401}`, 400, "QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE", sinks},
		"shorter than profile":   {`{"qosProfile":"QOS_S","duration":9}`, 400, "QUALITY_ON_DEMAND.DURATION_OUT_OF_RANGE", sinks},
		"0.10, out of profile":   {`{"qosProfile":"QOS_S","duration":3601}`, 400, rangeCode, []camara.Version{camara.Version010, camara.HybridA}},
		"empty device":           {`{"device":{}}`, 400, invalid, nil},
		"device is text":         {`{"device":"` + phone + `"}`, 400, invalid, nil},
		"short number":           {`{"device":{"phoneNumber":"+1234"}}`, 400, invalid, nil},
		"number without plus":    {`{"device":{"phoneNumber":"34666000001"}}`, 400, invalid, sinks},
		"number from zero":       {`{"device":{"phoneNumber":"+04666000001"}}`, 400, invalid, sinks},
		"network id only":        {`{"device":{"networkAccessIdentifier":"a@example.com"}}`, 422, "UNSUPPORTED_IDENTIFIER", since(camara.Version10)},
		"public address only":    {`{"device":{"ipv4Address":{"publicAddress":"192.0.2.1"}}}`, 400, invalid, nil},
		"no public address":      {`{"device":{"ipv4Address":{"privateAddress":"10.0.0.1","publicPort":80}}}`, 400, invalid, nil},
		"public port too high":   {`{"device":{"ipv4Address":{"publicAddress":"192.0.2.1","publicPort":65536}}}`, 400, rangeCode, nil},
		"public port 0":          {`{"device":{"ipv4Address":{"publicAddress":"192.0.2.1","publicPort":0}}}`, 400, rangeCode, since(camara.Version12)},
		"device network":         {`{"device":{"ipv6Address":"2001:db8::/64"}}`, 400, invalid, nil},
		"zone":                   {`{"device":{"ipv6Address":"fe80::1%eth0"}}`, 400, invalid, nil},
		"no ports":               {`{"devicePorts":{}}`, 400, invalid, nil},
		"empty ports":            {`{"devicePorts":{"ports":[]}}`, 400, invalid, nil},
		"port 0":                 {`{"applicationServerPorts":{"ports":[0]}}`, 400, rangeCode, since(camara.Version12)},
		"port 65536":             {`{"applicationServerPorts":{"ports":[65536]}}`, 400, rangeCode, nil},
		"range without end":      {`{"devicePorts":{"ranges":[{"from":1}]}}`, 400, invalid, nil},
		"range backwards":        {`{"devicePorts":{"ranges":[{"from":2,"to":1}]}}`, 400, rangeCode, nil},
		"http sink":              {`{"sink":"http://example.com/"}`, 400, "INVALID_SINK", since(camara.Version11)},
		"relative sink":          {`{"sink":"/path"}`, 400, "INVALID_SINK", since(camara.Version11)},
		"relative sink, before":  {`{"sink":"/path"}`, 400, invalid, since(camara.Version010)[1:3]},
		"no credential type":     {sinkCredential(bearer), 400, invalid, sinks},
		"plain credential":       {sinkCredential(`"credentialType":"PLAIN","identifier":"a","secret":"b"`), 400, "INVALID_CREDENTIAL", sinks},
		"key credential":         {sinkCredential(`"credentialType":"PRIVATE_KEY_JWT"`), 400, "INVALID_CREDENTIAL", since(camara.Version010)[1:4]},
		"no access token":        {sinkCredential(`"credentialType":"ACCESSTOKEN"`), 400, invalid, sinks},
		"time without zone":      {sinkCredential(`"credentialType":"ACCESSTOKEN",` + strings.Replace(bearer, "00Z", "00", 1)), 400, invalid, sinks},
		"Bearer":                 {sinkCredential(`"credentialType":"ACCESSTOKEN",` + strings.Replace(bearer, `"bearer"`, `"Bearer"`, 1)), 400, "INVALID_TOKEN", sinks},
		"webhook without URL":    {`{"webhook":{}}`, 400, invalid, []camara.Version{camara.Version010, camara.HybridA, camara.HybridB}},
		"short webhook token":    {`{"webhook":{"notificationUrl":"https://example.com","notificationAuthToken":"0123456789abcdef012"}}`, 400, invalid, []camara.Version{camara.Version010, camara.HybridA, camara.HybridB}},
		"unknown property":       {`{"webhook":{"notificationUrl":"https://example.com"}}`, 400, invalid, since(camara.Version12)},
		"unknown property below": {`{"device":{"phoneNumber":"` + phone + `","imei":"1"}}`, 400, invalid, since(camara.Version12)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range versions(test.versions...) {
				t.Run(string(v), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, v)
					w.create(session(test.change)).refused(t, test.status, test.code)
					w.wantLive()
				})
			}
		})
	}
}

func addresses(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"192.0.2.%d"`, i+1)
	}
	return strings.Join(all, ",")
}

func TestAcceptedSessions(t *testing.T) {
	t.Parallel()
	const bearer = `"credentialType":"ACCESSTOKEN","accessToken":"t","accessTokenExpiresUtc":"2030-01-01T00:00:00Z","accessTokenType":"bearer"`
	for name, test := range map[string]struct {
		change   string
		versions []camara.Version
	}{
		"number without plus": {`{"device":{"phoneNumber":"34666000001"}}`, []camara.Version{camara.Version010, camara.HybridA, camara.HybridB}},
		"network id":          {`{"device":{"networkAccessIdentifier":"a@example.com"}}`, since(camara.Version010)[:2]},
		"private address":     {`{"device":{"ipv4Address":{"publicAddress":"192.0.2.1","privateAddress":"10.0.0.1"}}}`, nil},
		"public port":         {`{"device":{"ipv4Address":{"publicAddress":"192.0.2.1","publicPort":59765}}}`, nil},
		"port 0":              {`{"devicePorts":{"ports":[0]}}`, since(camara.Version010)[:4]},
		"IPv6 server":         {`{"applicationServer":{"ipv6Address":"2001:db8::/64"}}`, nil},
		"list of servers":     {`{"applicationServer":{"ipAddresses":[` + addresses(15) + `,"2001:db8::1"]}}`, since(camara.Version12)},
		"unknown property":    {`{"colour":"green"}`, since(camara.Version010)[:4]},
		"http sink":           {`{"sink":"http://example.com/"}`, since(camara.Version010)[1:3]},
		"access token":        {`{"sink":"https://example.com/","sinkCredential":{` + bearer + `}}`, since(camara.Version011)},
		"key credential":      {`{"sink":"https://example.com/","sinkCredential":{"credentialType":"PRIVATE_KEY_JWT","clientId":"c","tokenUri":"https://example.com/t"}}`, since(camara.Version12)},
		"webhook":             {`{"webhook":{"notificationUrl":"https://example.com","notificationAuthToken":"` + hooked + `"}}`, []camara.Version{camara.Version010, camara.HybridA, camara.HybridB}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range versions(test.versions...) {
				t.Run(string(v), func(t *testing.T) {
					t.Parallel()
					newWorld(t, v).created(session(test.change))
				})
			}
		})
	}
}

func TestMalformedBodies(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			for _, body := range []string{
				"", "{", "[]", `"x"`, "null", `{"device":null}`,
				session(`{"duration":1}`) + "}",
				strings.Replace(session(), `"duration":3600`, `"duration":null`, 1),
			} {
				w.create(body).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			}
			w.create(session(), with("Content-Type", "text/plain")).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			w.create(session(), without("Content-Type")).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			w.wantLive()
		})
	}
}

func TestRefusedExtensions(t *testing.T) {
	t.Parallel()
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v)
			id := w.available(session())
			w.extend(id, "0").refused(t, http.StatusBadRequest, "OUT_OF_RANGE")
			w.extend(id, "-60").refused(t, http.StatusBadRequest, "OUT_OF_RANGE")
			w.extend(id, `"60"`).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			w.extend(id, `null`).refused(t, http.StatusBadRequest, "INVALID_ARGUMENT")
			if oneOf(v, camara.Version010, camara.HybridA) {
				w.extend(id, "86400").refused(t, http.StatusBadRequest, "OUT_OF_RANGE")
			}
			badID := "INVALID_ARGUMENT"
			if v == camara.HybridB {
				badID = "INVALID_INPUT"
			}
			w.get("not-a-uuid").refused(t, http.StatusBadRequest, badID)
			w.remove("not-a-uuid").refused(t, http.StatusBadRequest, badID)
			w.extend("not-a-uuid", "60").refused(t, http.StatusBadRequest, badID)
		})
	}
}

func TestNoPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.Version12, switched(camara.Switches{NoPrivateKeyJWT: true}))
	w.create(session(`{"sink":"https://example.com/","sinkCredential":{"credentialType":"PRIVATE_KEY_JWT"}}`)).
		refused(t, http.StatusUnprocessableEntity, "PRIVATE_KEY_JWT_NOT_CONFIGURED")
}

func TestHybridBErrorsHaveNoStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, camara.HybridB)
	if got := w.create(`{}`).wants(t, http.StatusBadRequest).object(t); got["status"] != nil {
		t.Errorf("got %v", got)
	}
}
