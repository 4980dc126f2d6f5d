package receiver

import (
	"strings"
)

const (
	imeiDigits   = 15
	imeisvDigits = 16
)

// Covers reports whether every one of the named devices is among devices, and
// at least one is named.
func Covers(devices, named []Device) bool {
	for _, d := range named {
		if findDevice(devices, d.ID) < 0 {
			return false
		}
	}
	return len(named) > 0
}

// findDevice returns the index of the device with the id, -1 if there is none.
// ThingSpace writes an IMEI with 15 or with 16 digits; an exact match goes first.
func findDevice(devices []Device, id string) int {
	for i, d := range devices {
		if strings.EqualFold(d.ID, id) {
			return i
		}
	}
	for i, d := range devices {
		if sameIMEI(d.ID, id) || sameIMEI(id, d.ID) {
			return i
		}
	}
	return -1
}

func sameIMEI(short, long string) bool {
	return len(short) == imeiDigits && len(long) == imeisvDigits &&
		strings.HasPrefix(long, short) && strings.Trim(long, "0123456789") == ""
}
