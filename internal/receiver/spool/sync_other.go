//go:build !unix

package spool

// syncDir does nothing where folders cannot be synced: the system does so itself.
func syncDir(string) error { return nil }
