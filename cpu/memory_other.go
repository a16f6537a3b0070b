//go:build !linux

package cpu

// physicalMemory is the machine's memory in bytes, 0 where unknown, as here.
func physicalMemory() int64 { return 0 }
