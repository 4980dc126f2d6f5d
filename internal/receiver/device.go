package receiver

import (
	"slices"
	"strings"
)

const (
	imeiDigits   = 15
	imeisvDigits = 16
)

// DeviceKey is what device ids are compared and found by: case does not tell
// them apart, nor does the last of an IMEI's 16 digits, which ThingSpace writes
// sometimes and sometimes not.
func DeviceKey(id string) string {
	key := strings.ToLower(strings.TrimSpace(id))
	if len(key) == imeisvDigits && strings.Trim(key, "0123456789") == "" {
		return key[:imeiDigits]
	}
	return key
}

// DeviceKeys are the keys of the devices that have an id, sorted, each once.
func DeviceKeys(devices []Device) []string {
	keys := make([]string, 0, len(devices))
	for _, d := range devices {
		if key := DeviceKey(d.ID); key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
