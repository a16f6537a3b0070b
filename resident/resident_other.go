//go:build !linux

package resident

import "runtime"

// Now is the memory that Go has from the system and has not given back, in bytes: of address space rather than of resident
// pages.
func Now() (int64, error) {
	m := stats()
	return int64(m.Sys - m.HeapReleased), nil
}

// Peak is the memory that Go has asked the system for, in bytes: it never shrinks, so it is the peak, though of address
// space rather than of resident pages.
func Peak() (int64, error) { return int64(stats().Sys), nil }

func stats() (m runtime.MemStats) {
	runtime.ReadMemStats(&m)
	return m
}
