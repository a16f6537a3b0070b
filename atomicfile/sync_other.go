//go:build !unix

package atomicfile

// syncFolder does nothing: these systems have no folders that can be synced.
func syncFolder(string) error { return nil }
