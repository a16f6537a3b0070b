//go:build !linux

package bench

import "runtime"

// peakMemory is the memory that Go has asked the system for, in bytes: it never shrinks, so it is the peak, though of
// address space rather than of resident pages.
func peakMemory() (int64, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys), nil
}
