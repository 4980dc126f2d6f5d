package spool

import (
	"sync/atomic"
	"syscall"
)

// WithDisk lets the disk that options are for take no changes while readOnly is set.
func WithDisk(o Options, readOnly *atomic.Bool) Options {
	actual := realDisk()
	o.disk = disk{
		write: func(path string, content []byte) error {
			if readOnly.Load() {
				return syscall.EROFS
			}
			return actual.write(path, content)
		},
		remove: func(path string) error {
			if readOnly.Load() {
				return syscall.EROFS
			}
			return actual.remove(path)
		},
		rename: func(from, to string) error {
			if readOnly.Load() {
				return syscall.EROFS
			}
			return actual.rename(from, to)
		},
	}
	return o
}
