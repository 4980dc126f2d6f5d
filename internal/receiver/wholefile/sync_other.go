//go:build !unix

package wholefile

// syncFolder does nothing where folders cannot be synced: the system does so itself.
func syncFolder(string) error { return nil }
